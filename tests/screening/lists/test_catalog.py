"""A list below its floor is refused on its first load, and clears nobody when a person accepts it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.errors import BadInput
from tasks.core.status_lines import StatusLine
from tasks.duties.duty_history import catalog_of
from tasks.duties.term_schedule import duty_states as duty_standings
from tasks.screening import status as screening_status
from tasks.screening.hits.hit_decisions import current_hits
from tasks.screening.hits.name_screening import NameQuery, screen_name
from tasks.screening.hits.screening_run import screen_register
from tasks.screening.lists import catalog, list_loading, list_versions
from tasks.screening.lists.catalog import READERS
from tasks.screening.lists.list_loading import ListIntake, LoadedList
from tasks.screening.lists.list_versions import list_states
from tasks.screening.risk import partner_state
from tasks.screening.risk.partner_state import PartnerState, partner_states
from tasks.screening.risk.screening_coverage import unscreened_partners
from tasks.workspace import Workspace
from tests.errors import refused
from tests.screening import full_size_lists
from tests.screening.conftest import LISTS
from tests.screening.screening_world import World

TWO_ROWS = {"EL": 1, "SDN": 1} | dict.fromkeys(full_size_lists.SOURCES.keys() - {"EL", "SDN"}, 0)


@pytest.fixture
def empty(journal, content, house, staff, tmp_path: Path) -> World:
    """A broker's first day: no list, no partner, the real floors."""
    return World(Workspace(house, journal=journal), tmp_path, tmp_path / "lists")


@pytest.fixture
def two_rows(empty: World) -> World:
    """The same with a CSL of two rows, neither of them Hizballah, that Ada accepted."""
    path = full_size_lists.csl(empty.lists / "csl", **TWO_ROWS)
    path.write_text(path.read_text().replace(full_size_lists.HIZBALLAH, "Somebody Else"))
    (loaded,) = load(empty, accept=frozenset({"csl"}), reason="to try it out")
    assert loaded.state == "new" and loaded.short
    empty.take("P1,Hizballah,supplier,LB,,\n")
    empty.screen()
    return empty


def load(world: World, **options) -> list[LoadedList]:
    options.setdefault("as_of", clock.now().date().isoformat())
    return list_loading.load_folder(world.house, ListIntake("ada", **options), world.lists)


def state(world: World, partner: str = "P1") -> PartnerState:
    (found,) = partner_states(world.house, [partner])
    return found


def status(world: World) -> dict[str, StatusLine]:
    return {line.code: line for line in screening_status.lines(world.house)}


def test_a_first_csl_of_two_rows_is_refused(empty: World) -> None:
    full_size_lists.csl(empty.lists / "csl", **TWO_ROWS)
    (loaded,) = load(empty)
    assert loaded.state == "refused" and {one.code for one in loaded.problems} == {
        "list-smaller-than-published",
        "list-not-whole",
    }
    first = loaded.problems[0].values
    assert (first["counted"], first["count"], first["least"]) == ("records", 2, 12_000)
    assert (first["real_records"], first["dated"]) == (25_757, "2026-06")
    assert list_versions.in_force(empty.house.journal) == {}
    with refused("faulty-list-reason-missing", BadInput):
        load(empty, accept=frozenset({"csl"}))


def test_a_list_that_is_not_whole_clears_nobody(two_rows: World) -> None:
    found = state(two_rows)
    assert found.state == partner_state.NOT_SCREENED
    reasons = {name: reason.values["reason"] for reason in found.not_screened for name in reason.values["lists"]}
    assert reasons["csl"].code == "list-incomplete" and reasons["csl"].values["person"] == "ada"
    assert reasons["csl"].values["parts"][0].values["count"] == 2
    assert {"ofac-sdn", "ofac-cons"} <= reasons.keys()
    answer = screen_name(two_rows.house, NameQuery("Hizballah"), "ada")
    assert (answer.state, answer.hits) == ("not screened", []) and answer.not_screened
    lines = status(two_rows)
    assert lines["partners-not-screened"].light == lines["screening-lists"].light == "red"
    waiting = unscreened_partners(two_rows.house)
    assert (waiting.count, waiting.partners, waiting.red) == (1, 1, True)


def test_a_list_that_is_not_whole_proves_no_duty(two_rows: World) -> None:
    workspace = two_rows.house

    def fresh() -> set[str]:
        found = duty_standings(workspace.journal.rows, catalog_of(workspace), workspace.zone)
        return {one.item for one in found if one.duty.id == "list-freshness" and one.proofs}

    assert fresh() == set()
    full_size_lists.csl(two_rows.lists / "csl")
    load(two_rows)
    assert fresh() == {"csl"}


def test_whole_and_current_lists_clear_and_find(two_rows: World) -> None:
    """The whole list takes the place of the short one without a yes; then Hizballah is found."""
    full_size_lists.csl(two_rows.lists / "csl")
    full_size_lists.forced_labor(two_rows.lists / "orders")
    assert {one.state for one in load(two_rows)} == {"new"}
    two_rows.take("P1,Hizballah,supplier,LB,,\nP2,Nordsee Trading,carrier,DE,,\n")
    reasons = {reason.code: reason.values for reason in state(two_rows, "P2").not_screened}
    changed = reasons["lists-changed-since-screening"]["lists"]
    assert {"cbp-wro", "csl"} <= set(changed)
    assert status(two_rows)["partners-not-screened"].next == "continuity screen run"
    two_rows.screen()
    assert state(two_rows).state == partner_state.STOP
    assert state(two_rows, "P2").state == partner_state.CLEAR
    assert "partners-not-screened" not in status(two_rows)
    house = two_rows.house
    assert screen_name(house, NameQuery("Nordsee Trading"), "ada").state == "clear"
    assert screen_name(house, NameQuery("Hizballah"), "ada").state == "stop"
    two_rows.take("P3,Ostsee Trading,carrier,DE,,\n")
    assert [reason.code for reason in state(two_rows, "P3").not_screened] == ["partner-changed-since-screening"]
    assert state(two_rows, "P2").state == partner_state.CLEAR
    waiting = unscreened_partners(two_rows.house)
    assert (waiting.count, waiting.partners) == (1, 3) and "partners-not-screened" in status(two_rows)
    old = clock.now() + loading_limit()
    with clock.held(old):
        assert state(two_rows, "P2").state == partner_state.NOT_SCREENED, "the CSL is too old"


def loading_limit():
    from datetime import timedelta

    return timedelta(days=8)


@pytest.mark.parametrize("source", ["SDN", "EL", "DPL", "UVL", "DTC"])
@pytest.mark.parametrize("count", [0, 5])
def test_a_csl_without_a_source_is_not_whole(empty: World, source: str, count: int) -> None:
    full_size_lists.csl(empty.lists / "csl", **{"SDN": 9000, "EL": 3400, source: count})
    (rejected,) = load(empty)
    assert rejected.state == "refused" and source in {one.source for one in rejected.short}
    facts = [one.values for one in rejected.problems]
    assert (source, count) in {(each.get("source"), each["count"]) for each in facts}
    load(empty, accept=frozenset({"csl"}), reason="the source was taken off")
    (row,) = [row for row in list_states(empty.house.journal) if row["list"] == "csl"]
    assert row["state"] == "red"
    parts = [part.values for part in row["reason"].values["parts"]]
    assert (source, count) in {(part.get("source"), part["count"]) for part in parts}


def test_a_source_that_a_whole_list_of_its_own_brings_is_not_missed(empty: World) -> None:
    full_size_lists.csl(empty.lists / "csl", SDN=9000, SSI=0, PLC=0, CMIC=0)
    full_size_lists.consolidated(empty.lists / "ofac")
    load(empty, accept=frozenset({"csl"}), reason="OFAC's lists come from OFAC")
    rows = {row["list"]: row for row in list_states(empty.house.journal)}
    assert rows["csl"]["state"] == "amber"
    assert rows["csl"]["reason"].code == "list-faults-accepted"
    assert rows["ofac-cons"]["state"] == "green" and rows["ofac-sdn"]["state"] == "green"


def test_a_short_list_gives_way_to_a_whole_one_of_an_earlier_day(two_rows: World) -> None:
    full_size_lists.csl(two_rows.lists / "csl")
    (loaded,) = load(two_rows, as_of="2026-01-05")
    assert loaded.state == "new" and list_versions.in_force(two_rows.house.journal)["csl"].complete


def test_a_sample_is_marked_and_never_whole(empty: World) -> None:
    empty.take("P1,Hizballah,supplier,LB,,\n")
    screen_register(empty.house, "ada")
    assert all(one.partial for one in list_versions.in_force(empty.house.journal).values())
    assert not [hit for hit in current_hits(empty.house) if hit.undecided]
    assert state(empty).state == partner_state.NOT_SCREENED


def test_the_floors_are_data_with_a_source_and_well_below_the_real_size() -> None:
    listed = {floor.list for floor in catalog.floors() if not floor.source}
    assert listed == READERS.keys()
    for floor in catalog.floors():
        assert floor.records > 0 and floor.dated and len(floor.basis) > 20
        assert not floor.real_records or floor.records <= 0.7 * floor.real_records


def test_no_excerpt_of_the_tests_passes_for_a_whole_list(empty: World) -> None:
    empty.lists = LISTS
    assert {one.state for one in load(empty)} == {"refused"}


def test_the_whole_lists_of_these_tests_are_in_the_publishers_layout(tmp_path: Path) -> None:
    path = full_size_lists.csl(tmp_path)
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    assert len(rows) > 12_000 and rows[0]["name"] == full_size_lists.HIZBALLAH
