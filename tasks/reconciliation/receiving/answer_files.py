"""Reading what ACE sent back: each file once, each answer into the journal before anything is done.

Answers can contradict what ACE said before of the same sending, or each other. The first stands in the
journal, ACE is asked again, and a person is notified: nothing is settled on one answer alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from tasks.ace.api import AceAnswer, AceSettings, read_answers
from tasks.core.errors import BadInput, Problem
from tasks.core.journal.journal import Journal
from tasks.core.messages import message_text
from tasks.entries.api import SENT
from tasks.reconciliation.events import AnswerRead, AnswerRepeated
from tasks.reconciliation.projections import SENT_STATES
from tasks.reconciliation.receiving.answer_events import answer_bodies, foreign_answer
from tasks.reconciliation.receiving.summary_comparison import (
    ByEntry,
    RecordedSide,
    read_recorded_side,
    summary_differences,
)
from tasks.transport.api import ExchangeFolder, open_exchange
from tasks.workspace import Workspace

_FINAL = ("taken", "rejected", "batch rejected")


@dataclass(frozen=True)
class Contradiction:
    """ACE gave one state of an entry in a batch, and now another one (states of `SENT` of entries)."""

    number: str
    batch: str
    before: str
    now: str

    def __str__(self) -> str:
        return message_text("ace-answers-contradict", asdict(self))


def contradictions(journal: Journal, bodies: Sequence[AnswerRead]) -> Iterator[Contradiction]:
    """One for each entry, in the order of the answers that are about to be written."""
    states: dict[str, dict[str, str]] = {}
    for body in bodies:
        if not body.batch:
            continue
        if body.batch not in states:
            rows = journal.rows(sa.select(SENT).where(SENT.c.batch == body.batch))
            states[body.batch] = {row.number: row.state for row in rows}
        before = states[body.batch]
        rejected = dict.fromkeys(before, "batch rejected") if body.rejected else {}
        reported = [*rejected.items(), *((line.number, SENT_STATES.get(line.disposition, "")) for line in body.lines)]
        for number, state in reported:
            if number not in before or state not in _FINAL:
                continue
            if before[number] in _FINAL and before[number] != state:
                yield Contradiction(number, body.batch, before[number], state)
            else:
                before[number] = state


_Element = TypeVar("_Element")


@dataclass(frozen=True)
class AnswerFile:
    """One file: what became of its answers, or why it could not be read. `odd`: what in it contradicts
    what ACE said before."""

    file: str
    answers: int
    known: int
    problems: tuple[Problem, ...] = ()
    odd: tuple[Contradiction, ...] = ()


def unreadable_files(files: Iterable[AnswerFile]) -> dict[str, str]:
    """Files of which something could not be read, each with its first fault and what to do."""
    return {file.file: f"{_first_fault(file.problems)}. {_TO_DO}" for file in files if file.problems}


_TO_DO = "Have the sender fetch it anew, or move it away if it is no answer to us"


def _first_fault(problems: Sequence[Problem]) -> str:
    omitted = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    # Without what stands there: a log is read by many, and half a record can be anybody's number.
    return f"{replace(problems[0], file='', value='')}{omitted}"


def read_inbox(workspace: Workspace, actor: str) -> list[AnswerFile]:
    """Read every answer file of the inbox that the journal does not know; none without an inbox.
    Damaged files are told and change nothing; the rest is read."""
    settings = workspace.settings(AceSettings)
    if settings.inbox is None:
        return []
    with open_exchange(settings.inbox, settings) as folder:
        return [
            _record_file(workspace, file, differ, actor)
            for files, differ in _prefetch(_compare_files(workspace, folder))
            for file in files
        ]


MOST_BYTES_AT_ONCE = 40 << 20
"""Bytes of answers that are compared at once: many are faster than one by one, all need room."""


def _compare_files(
    workspace: Workspace, folder: ExchangeFolder
) -> Iterator[tuple[Sequence[_OpenedFile], Mapping[int, ByEntry]]]:
    """Files of the inbox, some at a time, with what differs in each answer, by its `id`."""
    for files, ours in _prefetch(
        (opened, _recorded_side(workspace, opened)) for opened in _file_groups(workspace, folder)
    ):
        yield files, _file_differences(workspace, files, ours)


def _file_groups(workspace: Workspace, folder: ExchangeFolder) -> Iterator[Sequence[_OpenedFile]]:
    """Files of the inbox, opened, some at a time."""
    files: list[_OpenedFile] = []
    for name in folder.names():
        files.append(_open_file(workspace, name, folder.read(name)))
        if sum(file.size for file in files) > MOST_BYTES_AT_ONCE:
            yield files
            files = []
    yield files


def _prefetch(items: Iterator[_Element]) -> Iterator[_Element]:
    """The items in order; each is made, in a thread of its own, while the one before it is used."""
    make = partial(next, items, None)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(make)
        while (element := coming.result()) is not None:
            coming = pool.submit(make)
            yield element


def read_file(workspace: Workspace, path: Path, actor: str) -> AnswerFile:
    """Read one file. Reading it again changes nothing."""
    return read_bytes(workspace, path.name, path.read_bytes(), actor)


def read_bytes(workspace: Workspace, name: str, data: bytes, actor: str) -> AnswerFile:
    """Read the bytes of one file."""
    file = _open_file(workspace, name, data)
    return _record_file(workspace, file, _file_differences(workspace, [file], _recorded_side(workspace, [file])), actor)


@dataclass(frozen=True)
class _OpenedFile:
    """One file, read but not in the journal yet; `outcome` is the result of one that stays out,
    `foreign` the problems of answers in it that are for others."""

    name: str
    digest: str
    size: int = 0
    answers: Sequence[AceAnswer] = ()
    outcome: AnswerFile | None = None
    foreign: tuple[Problem, ...] = ()


def _open_file(workspace: Workspace, name: str, data: bytes) -> _OpenedFile:
    digest = sha256(data).hexdigest()
    first_name = _first_name_read(workspace, digest)
    if first_name is not None and _is_same_file(first_name, name):
        return _OpenedFile(name, digest, outcome=AnswerFile(name, 0, 1))
    try:
        answers = read_answers(data, name, _seal(workspace))
    except BadInput as wrong:
        problems = wrong.problems or (Problem(file=name, wrong=str(wrong)),)
        return _OpenedFile(name, digest, outcome=AnswerFile(name, 0, 0, problems))
    foreign = {id(answer): why for answer in answers if (why := foreign_answer(workspace, answer, name))}
    ours, foreign_problems = [answer for answer in answers if id(answer) not in foreign], tuple(foreign.values())
    if not ours:
        return _OpenedFile(name, digest, outcome=AnswerFile(name, 0, 0, foreign_problems))
    return _OpenedFile(name, digest, 0 if first_name else len(data), ours, foreign=foreign_problems)


def _file_differences(workspace: Workspace, files: Sequence[_OpenedFile], ours: RecordedSide) -> Mapping[int, ByEntry]:
    """What differs in the stored summaries of files that are new."""
    stored = _stored_answers(files)
    return dict(zip(map(id, stored), summary_differences(workspace, stored, ours), strict=True))


def _recorded_side(workspace: Workspace, files: Sequence[_OpenedFile]) -> RecordedSide:
    return read_recorded_side(workspace, _stored_answers(files))


def _stored_answers(files: Sequence[_OpenedFile]) -> list[AceAnswer]:
    return [answer for file in files if file.size for answer in file.answers if answer.application == "ER"]


def _record_file(workspace: Workspace, file: _OpenedFile, differ: Mapping[int, ByEntry], actor: str) -> AnswerFile:
    """Write an opened file into the journal."""
    if file.outcome is not None:
        return file.outcome
    first_name = _first_name_read(workspace, file.digest)
    if first_name is not None:
        _note_repeated(workspace, first_name, file.digest, file.name, file.answers, actor)
        return AnswerFile(file.name, 0, 1)
    faults = (*file.foreign, *(fault for answer in file.answers for fault in answer.faults))
    # Kept without private numbers: those were replaced by references while it was read.
    bodies = [
        body
        for answer in file.answers
        for body in answer_bodies(workspace, answer, file.digest, file.name, differ.get(id(answer), {}))
    ]
    found_contradictions = tuple(contradictions(workspace.journal, bodies))
    with workspace.journal.write(actor) as pen:
        for index, body in enumerate(bodies):
            pen.append(body, _subject(file.digest), key=f"answer:{file.digest}:{index}")
    return AnswerFile(file.name, len(file.answers), 0, faults, found_contradictions)


_READ_NAMES: WeakKeyDictionary[Journal, dict[str, str]] = WeakKeyDictionary()


def _first_name_read(workspace: Workspace, digest: str) -> str | None:
    """The name under which these bytes were read first, empty if it was not kept; None if they were
    not. What stands in the journal stays, and each cycle meets the files of all cycles before."""
    read = _READ_NAMES.setdefault(workspace.journal, {})
    if digest not in read:
        first = next(workspace.journal.events(key=f"answer:{digest}:0"), None)
        if first is None:
            return None
        read[digest] = first.said.file if isinstance(first.said, AnswerRead) else ""
    return read[digest]


def answer_subject(data: bytes) -> str:
    """Under which subject the events of an answer file stand."""
    return _subject(sha256(data).hexdigest())


def _subject(digest: str) -> str:
    return f"answer/{digest[:12]}"


def _is_same_file(first_name: str, name: str) -> bool:
    """The same bytes under the same name are the file that still lies there."""
    return first_name in ("", name)


def _note_repeated(
    workspace: Workspace, first_name: str, digest: str, name: str, answers: Sequence[AceAnswer], actor: str
) -> None:
    """The same bytes under another name are a second copy, which an auditor may ask about."""
    key = f"repeated:{digest}:{name}"
    if _is_same_file(first_name, name) or workspace.journal.holds(key):
        return
    batches = [answer.batch_text.strip() for answer in answers]
    body = AnswerRepeated(content=f"file:{digest}", file=name, batches=[batch for batch in batches if batch])
    workspace.journal.append(body, _subject(digest), actor, key=key)


def _seal(workspace: Workspace):
    return lambda triples: workspace.vault.seal(triples, None)
