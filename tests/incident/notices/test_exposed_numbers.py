from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from tasks.core.errors import BadInput
from tasks.incident.notices import exposed_numbers, fact_sources
from tasks.incident.notices.exposed_numbers import UnreadSystem, newest_exposure, record_exposure, unread_systems
from tasks.incident.settings import ClientSystemSettings
from tasks.security.private_data import is_reference
from tasks.workspace import Workspace
from tests.errors import refused
from tests.incident.paper_world import open_world
from tests.incident.world import crm, declared, with_systems


def test_the_list_of_72_hours_is_a_command(office: Workspace, morning: datetime) -> None:
    path = office.settings.home / "tms.sqlite"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE c (ior TEXT, name TEXT)")
        made.executemany("INSERT INTO c VALUES (?, ?)", [("12-3456789AB", ""), ("98-7654321", "Zed")])
    made.close()
    tms = ClientSystemSettings(name="tms", holds="orders", database=SecretStr(f"sqlite+pysqlite:///{path}"),
                 query="SELECT ior, name FROM c")  # fmt: skip
    office = with_systems(office, crm(office), tms)
    declared(office, morning)
    listed, read = record_exposure(office, [], "ada")
    found = {one.importer: one for one in listed}
    assert found["Acme Übersee"].systems == ("crm", "tms") and found["Zed"].systems == ("tms",)
    assert is_reference(found["Abe Doe"].number)
    assert [(one.system, len(one.numbers)) for one in read] == [("crm", 3), ("tms", 2)]
    assert newest_exposure(office, "2026-01") == listed
    assert b"123-45-6789" in exposed_numbers.as_csv(listed, True, office)
    masked = exposed_numbers.as_csv(listed, False, office)
    assert b"123-45-6789" not in masked and b"***-**-****" in masked
    stored = b"".join(one.read_bytes() for one in office.content.root.rglob("*") if one.is_file())
    assert b"123-45-6789" not in stored


def test_only_the_systems_that_were_compromised(office: Workspace, morning: datetime) -> None:
    office = with_systems(office, crm(office))
    declared(office, morning)
    assert len(record_exposure(office, ["crm"], "ada")[0]) == 3
    record_exposure(office, ["crm"], "ada")
    assert len(list(office.journal.events(kind="exposure.listed"))) == 1
    record_exposure(office, ["book"], "ada")
    record_exposure(office, ["crm"], "ada")
    assert len(newest_exposure(office, "2026-01") or []) == 3, "the newest list counts"
    with refused("systems-unknown", BadInput) as caught:
        record_exposure(office, ["erp"], "ada")
    assert caught.codes == ["inventory-system-unknown"]


def test_without_an_inventory_nothing_is_told_as_compromised(office: Workspace, morning: datetime) -> None:
    declared(office, morning)
    with refused("inventory-not-set", BadInput):
        record_exposure(office, [], "ada")
    assert newest_exposure(office, "2026-01") is None


def test_our_own_book_gives_names_and_a_person_stands_once(
    office: Workspace, morning: datetime, tmp_path: Path
) -> None:
    world = open_world(office,
                       tmp_path / "scratch", leave=False)  # fmt: skip
    person = {"importer_number": "123-45-6789", "importer_number_type": "34", "importer_name": "ABE DOE"}
    world.record("11", **person)
    world.record("11", importer_name="ACME FOODS")
    office = with_systems(office, crm(office))
    declared(office, morning)
    assert len(record_exposure(office, [], "ada")[0]) == 3, "the book was begun after the breach"
    listed, _ = record_exposure(office, ["crm", "book"], "ada")
    names = {one.importer: one.systems for one in listed}
    assert names["Abe Doe"] == ("crm", "book") and "ABE DOE" not in names
    assert names["ACME FOODS"] == ("book",) and "" not in names


def test_faults_do_not_hold_up_the_notice(office: Workspace, morning: datetime) -> None:
    office = with_systems(office, crm(office))
    path = office.settings.home / "crm.csv"
    path.write_text(path.read_text(encoding="utf-8") + "123456789,No hyphens\n", encoding="utf-8")
    declared(office, morning)
    with refused("faulty-rows-not-accepted", BadInput) as caught:
        record_exposure(office, [], "ada")
    assert [(one.row, one.value) for one in caught.problems] == [(5, "123...")]
    assert "123456789" not in str(caught.error.as_dict()), "it may be an SSN"
    listed, read = record_exposure(office, [], "ada", accept_faulty=True)
    assert len(listed) == 3 and read[0].faulty == 1


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (ClientSystemSettings(name="crm", holds="x", file=Path("gone.csv")), "inventory-system-unreadable"),
        (ClientSystemSettings(name="crm", holds="x", file=Path("crm.csv"), number="Number"), "csv-heading-missing"),
        (ClientSystemSettings(name="crm", holds="x", database=SecretStr("sqlite://"), query="SELECT x FROM y"),
         "inventory-system-unreadable"),
        (ClientSystemSettings(name="crm", holds="x", database=SecretStr("oracle://h/d"), query="SELECT x"),
         "database-driver-missing"),
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_read(office: Workspace, system: ClientSystemSettings, code: str) -> None:
    """It neither holds up the notice, nor does this pass it over."""
    crm(office)
    office = with_systems(office, system)
    incident = declared(office, None, breach=False)
    with refused("faulty-rows-not-accepted", BadInput) as caught:
        record_exposure(office, [], "ada")
    assert caught.codes == [code]
    record_exposure(office, [], "ada", accept_faulty=True)
    assert unread_systems(office, incident.id) == {"crm": UnreadSystem("all")}
    assert "crm" in fact_sources.COMPUTED["exposed-count"][1](office, incident)


@pytest.mark.parametrize("more", [{}, {"file": "x", "query": "y"}, {"query": "y"}])
def test_an_inventory_that_cannot_be(more: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ClientSystemSettings(name="crm", holds="x", **more)  # type: ignore[arg-type]


def test_a_client_without_a_number_is_told_and_not_passed_over(office: Workspace, morning: datetime) -> None:
    (office.settings.home / "c.csv").write_text("ior,name\n98-7654321,Zed\n,Nemo Ltd\n,\n")
    office = with_systems(office, ClientSystemSettings(name="crm", holds="clients", file=Path("c.csv"), number="ior",
                                         importer="name"))  # fmt: skip
    declared(office, morning)
    with refused("faulty-rows-not-accepted", BadInput) as caught:
        record_exposure(office, [], "ada")
    (problem,) = caught.problems
    assert (problem.row, problem.value, problem.code) == (
        3, "Nemo Ltd", "entry-without-importer-number",
    )  # fmt: skip
    record_exposure(office, [], "ada", accept_faulty=True)
    assert unread_systems(office, "2026-01") == {"crm": UnreadSystem("rows", 1)}, "the notice says that one is missing"
