"""Versions in force: what is taken, what is refused until a named person says yes, and ageing."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.errors import BadInput, Refused
from tasks.core.journal.verification import verify_journal
from tasks.core.messages import Reason
from tasks.screening.events import ListLoaded
from tasks.screening.lists import list_loading, list_schema, list_versions
from tasks.screening.lists.list_loading import LoadedList
from tasks.screening.lists.list_schema import RecordDraft
from tasks.screening.lists.list_versions import contents_in_force, list_states, records_screened
from tests.errors import refused


def only(loaded: list[LoadedList]) -> LoadedList:
    assert len(loaded) == 1
    return loaded[0]


def test_a_folder_of_all_lists(load, journal, lists: Path) -> None:
    loaded = load(lists)
    assert {one.list: one.state for one in loaded if one.state != "new"} == {}
    assert len(loaded) == 8
    sdn = next(one for one in loaded if one.list == "ofac-sdn")
    assert sdn.as_of == "2024-01-08"
    assert {row["state"] for row in list_states(journal)} == {"red", "green"}


def test_a_version_is_loaded_once(load, journal, january: Path) -> None:
    first = only(load(january))
    assert (first.state, first.as_of, first.added) == ("new", "2024-01-08", first.records)
    assert only(load(january)).state == "unchanged"
    assert len(list(journal.events(kind="list."))) == 1
    checked = only(load(january, as_of="2024-02-01"))
    assert checked.state == "unchanged"
    assert list_versions.in_force(journal)["ofac-sdn"].as_of == "2024-02-01"


def test_the_next_version_tells_its_difference(load, journal, content, january: Path, lists: Path) -> None:
    load(january)
    shutil.copy(lists.parent / "lists_later" / "ofac_2024-05-03" / "sdn.csv", january / "sdn.csv")
    rejected = only(load(january))
    assert rejected.state == "refused" and {p.code for p in rejected.problems} == {"list-rows-orphaned"}
    assert list_versions.in_force(journal)["ofac-sdn"].as_of == "2024-01-08"
    yes = {"accept": frozenset({"ofac-sdn"}), "reason": "ALT held fixed on purpose"}
    taken = only(load(january, **yes))
    assert taken.state == "new" and taken.added and taken.removed
    force = list_versions.in_force(journal)["ofac-sdn"]
    assert force.accepted_by == "ada" and force.faults == 2
    assert verify_journal(journal, content).ok


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda data: b"", "list-file-empty"),
        (lambda data: b"\x1a", "list-without-records"),
        (lambda data: data[: len(data) // 2], "list-end-missing"),
        (lambda data: data[:-1], "list-end-missing"),
        (lambda data: b"".join(data.splitlines(keepends=True)[:200]) + b"\x1a", "list-shrunken"),
        (lambda data: data.replace(b"Havana", b"Hav\xff\xfena").replace(b'"', b"\xff", 1), "list-file-unreadable"),
        (lambda data: b"<html>The site is being maintained</html>", "list-end-missing"),
    ],
)
def test_a_damaged_list_is_refused_and_the_old_one_stays(load, journal, january: Path, damage, code: str) -> None:
    load(january)
    before = list_versions.in_force(journal)
    path = january / "sdn.csv"
    path.write_bytes(damage(path.read_bytes()))
    rejected = only(load(january))
    assert rejected.state == "refused" and code in {problem.code for problem in rejected.problems}
    assert list_versions.in_force(journal) == before
    assert all(problem.right for problem in rejected.problems)


def test_an_older_list_does_not_take_the_place_of_a_newer_one(load, journal, january: Path) -> None:
    load(january, as_of="2024-01-09")
    comments = january / "sdn_comments.csv"
    comments.write_bytes(b"".join(comments.read_bytes().splitlines(keepends=True)[1:]))
    rejected = only(load(january))
    assert rejected.state == "refused"
    assert [problem.code for problem in rejected.problems] == ["list-older-than-loaded"]
    assert rejected.problems[0].values == {"as_of": "2024-01-08", "before": "2024-01-09"}
    yes = {"accept": frozenset({"ofac-sdn"}), "reason": "OFAC took its last publication back"}
    assert only(load(january, **yes)).state == "new"
    assert list_versions.in_force(journal)["ofac-sdn"].as_of == "2024-01-08"
    assert only(load(january)).state == "unchanged"


def test_a_missing_file_of_a_list_is_a_fault(load, january: Path) -> None:
    (january / "alt.csv").unlink()
    rejected = only(load(january))
    assert rejected.state == "refused" and rejected.problems[0].code == "list-file-missing"
    assert rejected.problems[0].file == "alt.csv"


def test_a_yes_needs_a_named_person_and_a_reason(load, journal, january: Path) -> None:
    with refused("faulty-list-reason-missing", BadInput):
        load(january, accept=frozenset({"ofac-sdn"}))
    with refused("accepted-list-unknown", BadInput) as caught:
        load(january, accept=frozenset({"odac"}), reason="x")
    assert caught.values["unknown"] == "odac"
    with refused("person-id-unknown", Refused):
        load(january, accept=frozenset({"ofac-sdn"}), reason="x", actor="mallory")
    assert list_versions.in_force(journal) == {}


def test_an_empty_folder_says_what_is_looked_for(load, tmp_path: Path) -> None:
    with refused("list-files-not-found", BadInput) as caught:
        load(tmp_path)
    assert "sdn.csv" in caught.values["names"]


def test_of_two_folders_the_whole_one_is_taken(load, january: Path, lists: Path) -> None:
    """The later one holds the primary file alone."""
    shutil.copytree(lists.parent / "lists_later", january.parent, dirs_exist_ok=True)
    loaded = only(load(january.parent))
    assert (loaded.state, loaded.as_of) == ("new", "2024-01-08")


def test_a_refused_list_keeps_no_other_back(load, lists: Path, tmp_path: Path) -> None:
    shutil.copytree(lists / "further", tmp_path / "further")
    (tmp_path / "further" / "dpl_2022-09-07.txt").write_text("Name\tCity\n")
    states = {one.list: one.state for one in load(tmp_path)}
    assert states.pop("bis-dpl") == "refused" and set(states.values()) == {"new"}


def test_age_turns_a_list_red(load, journal, january: Path) -> None:
    load(january)

    def state(day: int) -> tuple[str, Reason | None]:
        with clock.held(datetime(2024, 1, day, tzinfo=UTC)):
            rows = {str(row["list"]): row for row in list_states(journal)}
        return rows["ofac-sdn"]["state"], rows["ofac-sdn"]["reason"]

    assert state(15)[0] == "green"
    assert state(16) == ("red", Reason("list-too-old", days=7))


def test_the_embedded_subset_is_red_and_gives_way(load, workspace, journal, lists: Path) -> None:
    loaded = list_loading.load_embedded(workspace, "it")
    assert len(loaded) == 8 and {one.state for one in loaded} == {"new"}
    rows = {str(row["list"]): row for row in list_states(journal)}
    assert {row["state"] for name, row in rows.items() if name != "own"} == {"red"}
    assert {one.state for one in load(lists)} == {"new"}
    assert not any(one.partial for one in list_versions.in_force(journal).values())


def test_the_csl_leaves_to_a_list_what_is_that_lists(load, workspace, journal, lists: Path) -> None:
    load(lists / "csl")
    alone = records_screened(workspace.content, contents_in_force(journal))
    assert any(one.startswith("csl/SDN-") for one in alone["record"].to_pylist())
    load(lists / "ofac_2024-01-08")
    both = records_screened(workspace.content, contents_in_force(journal))["record"].to_pylist()
    assert not any(one.startswith("csl/SDN-") for one in both)
    assert any(one.startswith("csl/EL-") for one in both)


def test_the_own_deny_list(workspace, journal, staff) -> None:
    draft = RecordDraft("", "entity")
    draft.add_name("Crooked Trading LLC", list_schema.PRIMARY)
    record = list_loading.deny(workspace, "ada", draft, "asked us to misdeclare")
    assert record == "own/0001"
    row = list_versions.records_of(workspace, "own").to_pylist()[0]
    assert row["remarks"] == "asked us to misdeclare" and row["programs"] == ["own"]
    with refused("reason-missing", BadInput):
        list_loading.allow(workspace, "ada", record, "")
    list_loading.allow(workspace, "ada", record, "a namesake")
    assert list_versions.records_of(workspace, "own").num_rows == 0
    with refused("deny-record-not-found", Refused):
        list_loading.allow(workspace, "ada", record, "again")
    events = [event.said for event in journal.events(kind="list.loaded")]
    assert [e.reason for e in events if isinstance(e, ListLoaded)][-1] == "a namesake"


def test_of_two_files_of_a_list_the_newer_counts_and_the_other_is_told(load, lists: Path, tmp_path: Path) -> None:
    sample = lists / "csl" / "csl_sample_2019.csv"
    for name in ("csl_old_2025-05-30.csv", "csl_2025-06-02.csv"):
        shutil.copy(sample, tmp_path / name)
    (tmp_path / "before").mkdir()
    shutil.copy(sample, tmp_path / "before" / "csl_2024-01-01.csv")
    one = only(load(tmp_path))
    assert one.passed == ("csl_old_2025-05-30.csv", "before/") and one.as_of == "2025-06-02"
