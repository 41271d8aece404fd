"""Versions in force: what is taken, what is refused until a named person says yes, and ageing."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.screening.lists import loading, own, tables, versions
from tasks.shared import clock, kinds
from tasks.shared.errors import BadInput, Refused
from tasks.shared.journal_check import verify


def only(loaded: list[loading.Loaded]) -> loading.Loaded:
    assert len(loaded) == 1
    return loaded[0]


def test_a_folder_of_all_lists(keeper, journal, content, lists: Path) -> None:
    loaded = loading.load_folder(keeper(), lists)
    assert {one.list: one.state for one in loaded if one.state != "new"} == {}
    assert len(loaded) == 8
    sdn = next(one for one in loaded if one.list == "ofac-sdn")
    assert sdn.as_of == "2024-01-08"
    assert {row["state"] for row in versions.standing(journal)} == {"red", "green"}


def test_a_version_is_loaded_once(keeper, journal, january: Path) -> None:
    first = only(loading.load_folder(keeper(), january))
    assert (first.state, first.as_of, first.added) == ("new", "2024-01-08", first.records)
    assert only(loading.load_folder(keeper(), january)).state == "unchanged"
    assert len(list(journal.events(kind="list."))) == 1
    checked = only(loading.load_folder(keeper(as_of="2024-02-01"), january))
    assert checked.state == "unchanged"
    assert versions.in_force(journal)["ofac-sdn"].as_of == "2024-02-01"


def test_the_next_version_tells_its_difference(
    keeper, journal, content, january: Path, lists: Path
) -> None:
    loading.load_folder(keeper(), january)
    shutil.copy(lists.parent / "lists_later" / "ofac_2024-05-03" / "sdn.csv", january / "sdn.csv")
    refused = only(loading.load_folder(keeper(), january))
    assert refused.state == "refused" and {p.code for p in refused.problems} == {"L005"}
    assert versions.in_force(journal)["ofac-sdn"].as_of == "2024-01-08"
    yes = keeper(accept=frozenset({"ofac-sdn"}), reason="ALT held fixed on purpose")
    taken = only(loading.load_folder(yes, january))
    assert taken.state == "new" and taken.added and taken.removed
    force = versions.in_force(journal)["ofac-sdn"]
    assert force.accepted_by == "ada" and force.faults == 2
    assert verify(journal, content).ok


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda data: b"", "L001"),
        (lambda data: b"\x1a", "L001"),
        (lambda data: data[: len(data) // 2], "L002"),
        (lambda data: data[:-1], "L002"),
        (lambda data: b"".join(data.splitlines(keepends=True)[:200]) + b"\x1a", "L006"),
        (lambda data: data.replace(b"Havana", b"Hav\xff\xfena").replace(b'"', b"\xff", 1), "L003"),
        (lambda data: b"<html>The site is being maintained</html>", "L002"),
    ],
)
def test_a_damaged_list_is_refused_and_the_old_one_stays(
    keeper, journal, january: Path, damage, code: str
) -> None:
    loading.load_folder(keeper(), january)
    before = versions.in_force(journal)
    path = january / "sdn.csv"
    path.write_bytes(damage(path.read_bytes()))
    refused = only(loading.load_folder(keeper(), january))
    assert refused.state == "refused" and code in {problem.code for problem in refused.problems}
    assert versions.in_force(journal) == before
    assert all(problem.right for problem in refused.problems)


def test_an_older_list_does_not_take_the_place_of_a_newer_one(
    keeper, journal, january: Path
) -> None:
    loading.load_folder(keeper(as_of="2024-01-09"), january)
    comments = january / "sdn_comments.csv"
    comments.write_bytes(b"".join(comments.read_bytes().splitlines(keepends=True)[1:]))
    refused = only(loading.load_folder(keeper(), january))
    assert refused.state == "refused"
    assert [problem.code for problem in refused.problems] == ["L008"]
    assert "of 2024-01-08, older than the version in force" in refused.problems[0].wrong
    yes = keeper(accept=frozenset({"ofac-sdn"}), reason="OFAC took its last publication back")
    assert only(loading.load_folder(yes, january)).state == "new"
    assert versions.in_force(journal)["ofac-sdn"].as_of == "2024-01-08"
    assert only(loading.load_folder(keeper(), january)).state == "unchanged"


def test_a_missing_file_of_a_list_is_a_fault(keeper, january: Path) -> None:
    (january / "alt.csv").unlink()
    refused = only(loading.load_folder(keeper(), january))
    assert refused.state == "refused" and refused.problems[0].code == "L004"
    assert "alt.csv" in str(refused.problems[0])


def test_a_yes_needs_a_named_person_and_a_reason(keeper, journal, january: Path) -> None:
    with pytest.raises(BadInput, match="--reason"):
        keeper(accept=frozenset({"ofac-sdn"}))
    with pytest.raises(BadInput, match="no list"):
        keeper(accept=frozenset({"odac"}), reason="x")
    with pytest.raises(Refused, match="Nobody"):
        keeper(accept=frozenset({"ofac-sdn"}), reason="x", actor="mallory")


def test_an_empty_folder_says_what_is_looked_for(keeper, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"sdn\.csv"):
        loading.load_folder(keeper(), tmp_path)


def test_of_two_folders_the_whole_one_is_taken(keeper, january: Path, lists: Path) -> None:
    """The later one holds the primary file alone."""
    shutil.copytree(lists.parent / "lists_later", january.parent, dirs_exist_ok=True)
    loaded = only(loading.load_folder(keeper(), january.parent))
    assert (loaded.state, loaded.as_of) == ("new", "2024-01-08")


def test_a_refused_list_keeps_no_other_back(keeper, lists: Path, tmp_path: Path) -> None:
    shutil.copytree(lists / "further", tmp_path / "further")
    (tmp_path / "further" / "dpl_2022-09-07.txt").write_text("Name\tCity\n")
    states = {one.list: one.state for one in loading.load_folder(keeper(), tmp_path)}
    assert states.pop("bis-dpl") == "refused" and set(states.values()) == {"new"}


def test_age_turns_a_list_red(keeper, journal, january: Path) -> None:
    loading.load_folder(keeper(), january)

    def state(day: int) -> tuple[str, str]:
        with clock.held(datetime(2024, 1, day, tzinfo=UTC)):
            rows = {str(row["list"]): row for row in versions.standing(journal)}
        return str(rows["ofac-sdn"]["state"]), str(rows["ofac-sdn"]["why"])

    assert state(15)[0] == "green"
    assert state(16) == ("red", "older than 7 days")


def test_the_embedded_subset_is_red_and_gives_way(keeper, journal, content, lists: Path) -> None:
    loaded = loading.load_embedded(journal, content, "it")
    assert len(loaded) == 8 and {one.state for one in loaded} == {"new"}
    rows = {str(row["list"]): row for row in versions.standing(journal)}
    assert {row["state"] for name, row in rows.items() if name != "own"} == {"red"}
    assert {one.state for one in loading.load_folder(keeper(), lists)} == {"new"}
    assert not any(one.partial for one in versions.in_force(journal).values())


def test_the_csl_leaves_to_a_list_what_is_that_lists(keeper, journal, content, lists: Path) -> None:
    loading.load_folder(keeper(), lists / "csl")
    alone = versions.records(content, versions.used(journal))
    assert any(one.startswith("csl/SDN-") for one in alone["record"].to_pylist())
    loading.load_folder(keeper(), lists / "ofac_2024-01-08")
    both = versions.records(content, versions.used(journal))["record"].to_pylist()
    assert not any(one.startswith("csl/SDN-") for one in both)
    assert any(one.startswith("csl/EL-") for one in both)


def test_the_own_deny_list(journal, content, staff) -> None:
    draft = tables.Draft("", "entity")
    draft.name("Crooked Trading LLC", tables.PRIMARY)
    record = own.deny(journal, content, "ada", draft, "asked us to misdeclare")
    assert record == "own/0001"
    row = versions.records_of(journal, content, "own").to_pylist()[0]
    assert row["remarks"] == "asked us to misdeclare" and row["programs"] == ["own"]
    with pytest.raises(BadInput, match="--reason"):
        own.allow(journal, content, "ada", record, "")
    own.allow(journal, content, "ada", record, "a namesake")
    assert versions.records_of(journal, content, "own").num_rows == 0
    with pytest.raises(Refused, match="not on"):
        own.allow(journal, content, "ada", record, "again")
    events = [event.said for event in journal.events(kind="list.loaded")]
    assert [e.reason for e in events if isinstance(e, kinds.ListLoaded)][-1] == "a namesake"


def test_of_two_files_of_a_list_the_newer_counts_and_the_other_is_told(
    keeper, lists: Path, tmp_path: Path
) -> None:
    sample = lists / "csl" / "csl_sample_2019.csv"
    for name in ("csl_old_2025-05-30.csv", "csl_2025-06-02.csv"):
        shutil.copy(sample, tmp_path / name)
    (tmp_path / "before").mkdir()
    shutil.copy(sample, tmp_path / "before" / "csl_2024-01-01.csv")
    one = only(loading.load_folder(keeper(), tmp_path))
    assert one.passed == ("csl_old_2025-05-30.csv", "before/") and one.as_of == "2025-06-02"
