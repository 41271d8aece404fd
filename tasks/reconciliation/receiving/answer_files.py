"""Reading what ACE sent back: each file once, each answer into the book before anything is done.

Answers of ACE that contradict what it said before of the same sending, or each other. The first stands
in the book, ACE is asked what is so, and a person is told: nothing is settled on a word alone.
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
    """ACE gave one state of an entry in a batch, and now another one (states of `ace_tables.SENT`)."""

    number: str
    batch: str
    before: str
    now: str

    def __str__(self) -> str:
        return message_text("ace-answers-contradict", asdict(self))


def contradictions(journal: Journal, bodies: Sequence[AnswerRead]) -> Iterator[Contradiction]:
    """One for each entry, in the order of the answers that are about to be written."""
    known: dict[str, dict[str, str]] = {}
    for body in bodies:
        if not body.batch:
            continue
        if body.batch not in known:
            rows = journal.rows(sa.select(SENT).where(SENT.c.batch == body.batch))
            known[body.batch] = {row.number: row.state for row in rows}
        before = known[body.batch]
        said = dict.fromkeys(before, "batch rejected") if body.rejected else {}
        told = [*said.items(), *((line.number, SENT_STATES.get(line.disposition, "")) for line in body.lines)]
        for number, state in told:
            if number not in before or state not in _FINAL:
                continue
            if before[number] in _FINAL and before[number] != state:
                yield Contradiction(number, body.batch, before[number], state)
            else:
                before[number] = state


_Some = TypeVar("_Some")


@dataclass(frozen=True)
class AnswerFile:
    """One file: what became of its answers, or why it could not be read. `odd`: what in it contradicts
    what ACE said before."""

    file: str
    answers: int
    known: int
    problems: tuple[Problem, ...] = ()
    odd: tuple[Contradiction, ...] = ()


def unreadable_files(done: Iterable[AnswerFile]) -> dict[str, str]:
    """Files of which something could not be read, each with its first fault and what to do."""
    return {one.file: f"{_faults(one.problems)}. {_TO_DO}" for one in done if one.problems}


_TO_DO = "Have the sender fetch it anew, or move it away if it is no answer to us"


def _faults(problems: Sequence[Problem]) -> str:
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    # Without what stands there: a log is read by many, and half a record can be anybody's number.
    return f"{replace(problems[0], file='', value='')}{more}"


def read_inbox(workspace: Workspace, actor: str) -> list[AnswerFile]:
    """Read every answer file of the inbox that the book does not know; none without an inbox.
    Damaged files are told and change nothing; the rest is read."""
    settings = workspace.settings(AceSettings)
    if settings.inbox is None:
        return []
    with open_exchange(settings.inbox, settings) as folder:
        return [
            _written(workspace, one, differ, actor)
            for some, differ in _ahead(_compared(workspace, folder))
            for one in some
        ]


TOGETHER = 40 << 20
"""Bytes of answers that are compared at once: many are faster than one by one, all need room."""


def _compared(
    workspace: Workspace, folder: ExchangeFolder
) -> Iterator[tuple[Sequence[_OpenedFile], Mapping[int, ByEntry]]]:
    """Files of the inbox, some at a time, with what differs in each answer, by its `id`."""
    for held, ours in _ahead((some, _ours(workspace, some)) for some in _together(workspace, folder)):
        yield held, _differ(workspace, held, ours)


def _together(workspace: Workspace, folder: ExchangeFolder) -> Iterator[Sequence[_OpenedFile]]:
    """Files of the inbox, opened, some at a time."""
    held: list[_OpenedFile] = []
    for name in folder.names():
        held.append(_opened(workspace, name, folder.read(name)))
        if sum(one.size for one in held) > TOGETHER:
            yield held
            held = []
    yield held


def _ahead(items: Iterator[_Some]) -> Iterator[_Some]:
    """The items in order; each is made, in a thread of its own, while the one before it is used."""
    make = partial(next, items, None)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(make)
        while (item := coming.result()) is not None:
            coming = pool.submit(make)
            yield item


def read_file(workspace: Workspace, path: Path, actor: str) -> AnswerFile:
    """AnswerFile one file. Reading it again changes nothing."""
    return read_bytes(workspace, path.name, path.read_bytes(), actor)


def read_bytes(workspace: Workspace, name: str, data: bytes, actor: str) -> AnswerFile:
    """AnswerFile the bytes of one file."""
    one = _opened(workspace, name, data)
    return _written(workspace, one, _differ(workspace, [one], _ours(workspace, [one])), actor)


@dataclass(frozen=True)
class _OpenedFile:
    """One file, read but not in the book yet; `told` is what is said of one that stays out,
    `foreign` of answers in it that are for others."""

    name: str
    digest: str
    size: int = 0
    answers: Sequence[AceAnswer] = ()
    told: AnswerFile | None = None
    foreign: tuple[Problem, ...] = ()


def _opened(workspace: Workspace, name: str, data: bytes) -> _OpenedFile:
    digest = sha256(data).hexdigest()
    known = _known(workspace, digest)
    if known is not None and _is_there(known, name):
        return _OpenedFile(name, digest, told=AnswerFile(name, 0, 1))
    try:
        answers = read_answers(data, name, _seal(workspace))
    except BadInput as wrong:
        problems = wrong.problems or (Problem(file=name, wrong=str(wrong)),)
        return _OpenedFile(name, digest, told=AnswerFile(name, 0, 0, problems))
    others = {id(one): why for one in answers if (why := foreign_answer(workspace, one, name))}
    ours, told = [one for one in answers if id(one) not in others], tuple(others.values())
    if not ours:
        return _OpenedFile(name, digest, told=AnswerFile(name, 0, 0, told))
    return _OpenedFile(name, digest, 0 if known else len(data), ours, foreign=told)


def _differ(workspace: Workspace, held: Sequence[_OpenedFile], ours: RecordedSide) -> Mapping[int, ByEntry]:
    """What differs in the stored summaries of files that are new."""
    stored = _stored(held)
    return dict(zip(map(id, stored), summary_differences(workspace, stored, ours), strict=True))


def _ours(workspace: Workspace, held: Sequence[_OpenedFile]) -> RecordedSide:
    return read_recorded_side(workspace, _stored(held))


def _stored(held: Sequence[_OpenedFile]) -> list[AceAnswer]:
    return [answer for one in held if one.size for answer in one.answers if answer.application == "ER"]


def _written(workspace: Workspace, one: _OpenedFile, differ: Mapping[int, ByEntry], actor: str) -> AnswerFile:
    """Write an opened file into the book."""
    if one.told is not None:
        return one.told
    known = _known(workspace, one.digest)
    if known is not None:
        _note_repeated(workspace, known, one.digest, one.name, one.answers, actor)
        return AnswerFile(one.name, 0, 1)
    faults = (*one.foreign, *(fault for answer in one.answers for fault in answer.faults))
    # Kept without private numbers: those were replaced by references while it was read.
    said = [
        body
        for answer in one.answers
        for body in answer_bodies(workspace, answer, one.digest, one.name, differ.get(id(answer), {}))
    ]
    odd = tuple(contradictions(workspace.journal, said))
    with workspace.journal.write(actor) as pen:
        for place, body in enumerate(said):
            pen.append(body, _subject(one.digest), key=f"answer:{one.digest}:{place}")
    return AnswerFile(one.name, len(one.answers), 0, faults, odd)


_READ: WeakKeyDictionary[Journal, dict[str, str]] = WeakKeyDictionary()


def _known(workspace: Workspace, digest: str) -> str | None:
    """The name under which these bytes were read first, empty if it was not kept; None if they were
    not. What stands in the book stays, and each turn meets the files of all turns before."""
    read = _READ.setdefault(workspace.journal, {})
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


def _is_there(known: str, name: str) -> bool:
    """The same bytes under the same name are the file that still lies there."""
    return known in ("", name)


def _note_repeated(
    workspace: Workspace, known: str, digest: str, name: str, answers: Sequence[AceAnswer], actor: str
) -> None:
    """The same bytes under another name are a second copy, which an auditor may ask about."""
    key = f"repeated:{digest}:{name}"
    if _is_there(known, name) or workspace.journal.holds(key):
        return
    batches = [one.batch_text.strip() for one in answers]
    body = AnswerRepeated(content=f"file:{digest}", file=name, batches=[batch for batch in batches if batch])
    workspace.journal.append(body, _subject(digest), actor, key=key)


def _seal(workspace: Workspace):
    return lambda triples: workspace.vault.seal(triples, None)
