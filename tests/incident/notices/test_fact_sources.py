"""Other agencies' share and the discretion relied on: read from the book where it knows, else typed, and
shown as such."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.entries.record.trade_history import load_history
from tasks.incident.after_release.discretion_grants import record_grant, record_use
from tasks.incident.agencies.flag_tables import FLAGS, HISTORY, load_table
from tasks.incident.notices import fact_sources
from tasks.incident.notices.drafting import DraftingContext, drafting_context
from tasks.incident.notices.fact_sources import FactOrigin, record_facts
from tasks.incident.notices.notice_plan import load_notice_plan
from tasks.incident.timeline.incident_state import require_incident
from tasks.workspace import Workspace
from tests.entries import one
from tests.entries.desk_cells import read_report
from tests.entries.house import book_of
from tests.incident.notice_helpers import drafted
from tests.incident.paper_world import World, open_world, pdf
from tests.incident.world import with_contacts

SHARE, DISCRETION = "agency-share", "discretion"


@pytest.fixture
def world(journal: Journal, house: Settings, tmp_path: Path) -> World:
    return open_world(book_of(house, journal), tmp_path / "scratch")


@pytest.fixture
def office(world: World) -> Workspace:
    return world.book


def desk(office: Workspace) -> DraftingContext:
    home = office.settings.home
    return drafting_context(office, require_incident(office.journal.rows), load_notice_plan(home))


def say(office: Workspace, **facts: str) -> None:
    named = {name.replace("_", "-"): words for name, words in facts.items()}
    record_facts(office, require_incident(office.journal.rows), named, "ada")


def origins(office: Workspace) -> dict[str, FactOrigin]:
    return {name: origin for name, _, _, origin in desk(office).facts()}


def entry(agency: str = "", hts: str = "8203200000") -> one.Rows:
    rows = one.rows(mode="11")
    rows["tariffs"] = [{**row, "hts_number": hts} for row in rows["tariffs"][:1]]
    rows["pga"] = [{"line": 1, "position": 1, "agency": agency, "program": "FOO", "form": "prior notice",
                    "reference": "261100000001"}] if agency else []  # fmt: skip
    return rows


def test_the_share_is_counted_over_recorded_entries(world: World, office: Workspace) -> None:
    say(office, agency_share="about a third")
    assert desk(office).fact(SHARE)[1].count("about a third") == 1
    assert origins(office)[SHARE] == FactOrigin.HAND
    plain = "8204110030"
    world.record_many([entry(hts=plain), entry("FDA"), entry(hts=plain), entry("FDA")])
    said = desk(office).fact(SHARE)[1]
    assert said.startswith("2 of 4 ") and "(50%): FDA 2; " in said
    assert said.count("about a third") == 1
    assert origins(office)[SHARE] == FactOrigin.BOTH
    flags = world.file("flags.csv", b"hts,flag\n8204110030,EP7\n8203200000,EP7\n")
    load_table(world.book, FLAGS, flags, date(2026, 11, 1), "CBP 0875-0419", "it")
    said = desk(office).fact(SHARE)[1]
    assert said.startswith("4 of 4 ") and "(100%): EPA 4, FDA 2; " in said and "2026-11-01" in said


def test_before_any_entry_it_is_counted_over_what_clients_imported(world: World, office: Workspace) -> None:
    report = world.file("report.csv", b"Importer,IOR,HTS,Origin\nAcme,12-3456789,8203200000,CN\n"
                        b"Acme,12-3456789,8204110030,CN\nBasil,98-7654321,0306170004,TH\n")  # fmt: skip
    load_history(office.journal, office.content, "it",
                 ("report.csv", read_report(report), date(2026, 11, 1)))  # fmt: skip
    seen = world.file("pga.csv", b"client,importer,hts,agency,program\nAcme,12-3456789,8203200000,FDA,FOO\n")
    load_table(world.book, HISTORY, seen, date(2026, 11, 1), "ACE report", "it")
    said = desk(office).fact(SHARE)[1]
    assert said.startswith("1 of 3 ") and "(33%): FDA 1;" in said
    flags = world.file("flags.csv", b"hts,flag\n0306170004,FD3\n")
    load_table(world.book, FLAGS, flags, date(2026, 11, 1), "CBP 0875-0419", "it")
    assert "2 of 3" in desk(office).fact(SHARE)[1]
    world.record_many([entry("FDA")])
    assert desk(office).fact(SHARE)[1].startswith("1 of 1 ")


def test_a_hint_of_the_chapter_is_no_regulation(world: World, office: Workspace) -> None:
    world.record_many([entry(hts="9503000073"), entry(hts="0306170004")])
    said = desk(office).fact(SHARE)[1]
    assert said.startswith("0 of 2 ") and "(0%)" in said and "EPA" not in said


def test_nobody_knows_anything(world: World, office: Workspace) -> None:
    assert desk(office).fact(SHARE)[1] == fact_sources.UNKNOWN
    found = origins(office)
    assert found[SHARE] == found[DISCRETION] == FactOrigin.NOBODY
    assert found["broker"] == FactOrigin.JOURNAL and found["procedure"] == FactOrigin.PLAN


def test_discretion_stands_in_the_close_out_with_its_entries(world: World, office: Workspace) -> None:
    with_contacts(office)
    say(office, discretion="CBP said so by telephone")
    assert origins(office)[DISCRETION] == FactOrigin.HAND
    proof = world.file("cbp.pdf", pdf())
    record_grant(world.book, "OT-2026-9", date(2026, 11, 20), date(2026, 12, 20), "ransomware",
                     ["late-summary", "late-deposit"], proof, "ada")  # fmt: skip
    numbers = world.record_many([entry(), entry()])
    record_use(world.book, numbers, "OT-2026-9", "late-summary", world.out(), "ada")
    said = desk(office).fact(DISCRETION)[1]
    for fact in ("OT-2026-9 (late-summary, late-deposit, 2026-11-20 to 2026-12-20): 2 ",
                 "CBP said so by telephone"):  # fmt: skip
        assert fact in said
    assert origins(office)[DISCRETION] == FactOrigin.BOTH
    (made, *_) = drafted(office, "close-out", "cbp-hq")
    (table,) = [one for one in made.draft.tables if numbers[0] in str(one.rows)]
    assert [row[0] for row in table.rows] == numbers
    assert {row[2] for row in table.rows} == {"OT-2026-9"}
