"""Loading a folder of list files into versions in force, and the broker's own deny list. A faulty list leaves
the old version in force until a named person accepts it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path

import pyarrow as pa

from tasks.core import arrow_compute as pc, clock
from tasks.core.arrow_compute import to_list
from tasks.core.errors import BadInput, Problem, Refused
from tasks.core.messages import Reason
from tasks.screening.events import ListChecked, ListLoaded, ListShortfall, ListSource
from tasks.screening.lists import catalog, list_schema, list_versions
from tasks.screening.lists.catalog import OWN_LIST, READERS, SIGNS, shortfall_problem
from tasks.screening.lists.list_files import ListFiles, find_file
from tasks.screening.lists.list_schema import RecordDraft, concat_records, names_table, records_table
from tasks.screening.lists.list_versions import ListVersion, published_day, read_version, record_changes
from tasks.security.api import find_person
from tasks.workspace import Workspace


def deny(workspace: Workspace, actor: str, draft: RecordDraft, reason: str) -> str:
    """Put a party on the own deny list. Returns its record."""
    old = list_versions.records_of(workspace, OWN_LIST)
    numbers = [int(record.rpartition("/")[2]) for record in to_list(old["record"])]
    draft.record = f"{OWN_LIST}/{max(numbers, default=0) + 1:04d}"
    draft.remarks, draft.programs = reason, ["own"]
    draft.listed = clock.now().date().isoformat()
    _put_own(workspace, actor, concat_records([old, records_table([draft])]), reason)
    return draft.record


def allow(workspace: Workspace, actor: str, record: str, reason: str) -> None:
    """Take a party off the own deny list. Raises Refused if it is not on it."""
    old = list_versions.records_of(workspace, OWN_LIST)
    left = old.filter(pc.not_equal(old["record"], record))
    if left.num_rows == old.num_rows:
        raise Refused("deny-record-not-found", record=record)
    _put_own(workspace, actor, left, reason)


def _put_own(workspace: Workspace, actor: str, table: pa.Table, reason: str) -> None:
    if not reason:
        raise BadInput("reason-missing")
    body = ListLoaded(
        list_id=OWN_LIST,
        content=workspace.content.put(list_schema.to_bytes(table)),
        sources=[],
        as_of=clock.now().date().isoformat(),
        records=table.num_rows,
        names=names_table(table).num_rows,
        reason=reason,
    )
    workspace.journal.append(body, f"list/{OWN_LIST}", actor)


LEAST_PART = 0.95
"""A list with fewer than this part of its records before is taken for cut off."""

_DATE = re.compile(r"(20\d\d-\d\d-\d\d)")
_MOST_PROBLEMS = 20


@dataclass(frozen=True)
class LoadedList:
    """What became of one list. `state`: new, unchanged or refused; `as_of`: ISO date, `dated_by`
    where it comes from: request, name, or file time, which a copy may have changed; `left_out`: rows
    that name nobody to screen against, by reason; `passed`: files and folders of the same list that
    were not read."""

    list: str
    state: str
    as_of: str
    records: int
    names: int
    added: int = 0
    removed: int = 0
    changed: int = 0
    dated_by: str = ""
    left_out: Mapping[Reason, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    passed: tuple[str, ...] = ()
    short: tuple[ListShortfall, ...] = ()


@dataclass(frozen=True)
class ListIntake:
    """How lists are to be loaded. `accept`: lists that `actor` takes in spite of faults, and `reason`,
    which is then needed. `as_of`: their ISO date, else it is read off the files. `partial`: a sample,
    marked as such in the event: it has no floor and is never whole.

    Raises BadInput for a list without a name of the catalog, or without a reason."""

    actor: str
    accept: frozenset[str] = frozenset()
    reason: str = ""
    as_of: str = ""
    partial: bool = False

    def __post_init__(self) -> None:
        if self.accept and not self.reason:
            raise BadInput("faulty-list-reason-missing")
        if unknown := sorted(self.accept - READERS.keys()):
            raise BadInput("accepted-list-unknown", unknown=unknown[0], readers=", ".join(READERS))


def authorize(workspace: Workspace, intake: ListIntake) -> None:
    """Faulty lists are accepted by a person that the journal names. Raises Refused."""
    if intake.accept:
        find_person(workspace.journal, intake.actor)


def load_folder(workspace: Workspace, intake: ListIntake, folder: Path) -> list[LoadedList]:
    """Load every list whose files lie in a folder or in its folders. Raises BadInput if there is
    none, Refused for an unnamed person who accepts faults. A refused list leaves its old version in
    force and keeps no other list back."""
    authorize(workspace, intake)
    if not folder.is_dir():
        raise BadInput("list-folder-not-found", folder=folder)
    places = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    folders_of = {list_: _places(places, list_) for list_ in READERS}
    folders_of_list = {list_: those for list_, those in folders_of.items() if those}
    if not folders_of_list:
        names = ", ".join(sorted({name for signs in SIGNS.values() for name in signs}))
        raise BadInput("list-files-not-found", folder=folder, names=names)
    loaded = []
    for list_, (first, *further) in folders_of_list.items():
        outcome = load_list(workspace, intake, list_, first)
        passed = (*outcome.passed, *(f"{each.name}/" for each in further))
        loaded.append(replace(outcome, passed=passed))
    return loaded


def _places(places: Sequence[Path], list_: str) -> list[Path]:
    """The folders that hold files of the list: first the one that counts, which holds most of them, of
    equals the latest, of these the one whose name sorts last."""
    counts = [
        (sum(find_file(candidate, [name]) is not None for name in SIGNS[list_]), order)
        for order, candidate in enumerate(places)
    ]
    order = sorted(
        ((count, list_date(ListFiles(places[order]), list_)[0], order) for count, order in counts if count),
        reverse=True,
    )
    return [places[position] for *_, position in order]


def load_embedded(workspace: Workspace, actor: str) -> list[LoadedList]:
    """Load the small real subset that ships with the program: enough to try out, not to rely on."""
    with as_file(files("continuity_data") / "lists") as folder:
        return load_folder(workspace, ListIntake(actor, partial=True), folder)


def load_list(workspace: Workspace, intake: ListIntake, list_: str, folder: Path) -> LoadedList:
    """Read one list from a folder and put it in force, or return its problems."""
    source = ListFiles(folder)
    table = records_table(READERS[list_](source))
    before = list_versions.in_force(workspace.journal).get(list_)
    old = read_version(workspace.content, before) if before else list_schema.RECORDS.empty_table()
    short = () if intake.partial else tuple(catalog.shortfalls(list_, table))
    complete_before = before if before and before.complete else None
    _judge(source, list_, table, old.num_rows if complete_before else 0)
    source.problems += [shortfall_problem(list_, each) for each in short]
    as_of, dated_by = (intake.as_of, "request") if intake.as_of else list_date(source, list_)
    added, removed, changed = map(len, record_changes(old, table))
    loaded_day = published_day(workspace.journal, list_) if complete_before and (added or removed or changed) else ""
    if as_of < loaded_day:  # it would take back what was added since
        source.blame(Problem(list_, code="list-older-than-loaded", values={"as_of": as_of, "before": loaded_day}))
    problems = tuple(source.problems[:_MOST_PROBLEMS])
    names = names_table(table).num_rows
    outcome = LoadedList(
        list_,
        "",
        as_of,
        table.num_rows,
        names,
        added,
        removed,
        changed,
        dated_by,
        source.left_out,
        problems,
        tuple(source.passed),
        short,
    )
    if source.problems and list_ not in intake.accept:
        return replace(outcome, state="refused")
    return replace(outcome, state=_put(workspace, intake, outcome, table, source, before))


def _judge(source: ListFiles, list_: str, table: pa.Table, before: int) -> None:
    if not table.num_rows:
        source.blame(Problem(list_, code="list-without-records"))
    elif table.num_rows < LEAST_PART * before:
        source.blame(
            Problem(
                list_,
                code="list-shrunken",
                values={"records": table.num_rows, "before": before, "part": 1 - LEAST_PART},
            )
        )


def _put(
    workspace: Workspace,
    intake: ListIntake,
    outcome: LoadedList,
    table: pa.Table,
    source: ListFiles,
    before: ListVersion | None,
) -> str:
    content = workspace.content.put(list_schema.to_bytes(table))
    if before and before.content == content and before.partial == intake.partial:
        if outcome.as_of > before.as_of:
            checked = ListChecked(list_id=outcome.list, list_version=content, as_of=outcome.as_of)
            workspace.journal.append(checked, f"list/{outcome.list}", intake.actor)
        return "unchanged"
    faulty = bool(source.problems)
    body = ListLoaded(
        list_id=outcome.list,
        content=content,
        sources=[ListSource(name=n, sha256=d) for n, d in source.sources],
        as_of=outcome.as_of,
        records=outcome.records,
        names=outcome.names,
        partial=intake.partial,
        faults=len(source.problems),
        accepted_by=intake.actor if faulty else "",
        reason=intake.reason if faulty else "",
        short=outcome.short,
    )
    workspace.journal.append(body, f"list/{outcome.list}", intake.actor)
    return "new"


def list_date(source: ListFiles, list_: str) -> tuple[str, str]:
    """The day a list is of, never in the future, and what says so: a date in the name of its file
    or folder, else when the file was written last."""
    path = find_file(source.folder, SIGNS[list_])
    names = [path.name if path else "", source.folder.name]
    today = clock.now().date()
    for name in names:
        if match := _DATE.search(name):
            return min(match[1], today.isoformat()), "name"
    written = date.fromtimestamp(path.stat().st_mtime) if path else today
    return min(written, today).isoformat(), "file time"
