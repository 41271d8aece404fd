"""What ACE said of an entry, code by code: CBP's text, what it means, what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from tasks.ace.api import ACCEPTED, REJECTED, WARNED, look_up_code
from tasks.core.errors import Problem
from tasks.core.journal.journal import Event, Journal
from tasks.entries.api import AceReason
from tasks.reconciliation.events import AnswerLine, AnswerRead
from tasks.reconciliation.restore.restore_queries import parse_range
from tasks.reconciliation.state.entry_state import RANGE

UNKNOWN, UNDECIDED, SURE = "not in our tables", "not certain", ""


@dataclass(frozen=True)
class AnswerCode:
    """One code of one answer. `at`: when it was read. `said`: CBP's text in the answer; `meaning`:
    that of our tables, all candidates where it is not decided. `sure`: empty, or why not."""

    number: str
    at: str
    application: str
    batch: str
    disposition: str
    code: str
    said: str
    meaning: str
    sure: str
    what_to_do: str


@dataclass(frozen=True)
class CodeExplanation:
    """One explanation of ACE with all that it was said of. `said`: each text of CBP that came with it,
    with its entries (or the batch, where it was said of no entry), in the order read."""

    application: str
    disposition: str
    code: str
    meaning: str
    sure: str
    what_to_do: str
    said: dict[str, list[str]]

    @property
    def whom(self) -> list[str]:
        return list(dict.fromkeys(one for some in self.said.values() for one in some))


def group_explanations(found: Iterable[AnswerCode]) -> list[CodeExplanation]:
    """The same explanation once, the one with the most entries first."""
    groups: dict[tuple[str, str, str, str, str, str], dict[str, list[str]]] = {}
    for one in found:
        key = (one.application, one.disposition, one.code, one.meaning, one.sure, one.what_to_do)
        whom = groups.setdefault(key, {}).setdefault(one.said, [])
        name = one.number or f"batch {one.batch}".strip()
        if name not in whom:
            whom.append(name)
    made = [CodeExplanation(*key, said) for key, said in groups.items()]
    return sorted(made, key=lambda one: -len(one.whom))


def explanation_lines(one: CodeExplanation) -> Iterator[str]:
    """The lines for a person: code and whom it concerns, CBP's text, what it means, what to do."""
    doubt = f" ({one.sure})" if one.sure else ""
    head = f"{one.application} {one.code} {one.disposition}{doubt}, {len(one.whom):,}:"
    if len(one.said) == 1:
        (said, whom), *_ = one.said.items()
        yield f"{head} {' '.join(whom)}"
        yield from [f"  CBP: {said}"] if said else []
    else:
        yield head
        yield from (f"  CBP: {said or 'no text'}: {' '.join(whom)}" for said, whom in one.said.items())
    if one.meaning and [one.meaning] != list(one.said):
        yield f"  meaning: {one.meaning}"
    if one.what_to_do:
        yield f"  do: {one.what_to_do}"


def answer_codes(
    journal: Journal, numbers: Collection[str] = (), subjects: Collection[str] = ()
) -> Iterator[AnswerCode]:
    """All that was read of these entries, or of all, oldest first; `subjects`: only these files
    (`answer/<digest>`). An answer without a code has one line with empty code."""
    wanted = set(numbers)
    for event in journal.events(kind=AnswerRead.kind):
        if subjects and event.subject not in subjects:
            continue
        said = event.said
        if isinstance(said, AnswerRead):
            yield from _rejected_whole(event, said, wanted)
            if said.about == RANGE:
                yield from () if wanted else _of_ranges(event, said)
                continue
            for line in said.lines:
                if not wanted or line.number in wanted:
                    yield from _of_line(event, said, line)


def _of_line(event: Event, said: AnswerRead, line: AnswerLine) -> Iterator[AnswerCode]:
    for reason in line.why or (AceReason(),):
        # What CBP did names the act; what explains it has no code of its own.
        if reason.code or not line.code:
            text = _text(reason) if line.codes[1:] else line.message
            yield _told(event, said, line.number, line.disposition, reason.code, text)


def _text(reason: AceReason) -> str:
    return f"{reason.subject}: {reason.text}" if reason.subject else reason.text


def _of_ranges(event: Event, said: AnswerRead) -> Iterator[AnswerCode]:
    """What was asked by acceptance time: the line names no entry but the time from which to which."""
    for line in said.lines:
        begin, end = parse_range(line.number)
        tail = line.message or line.resume_at
        text = f"summaries accepted {begin.isoformat()} to {end.isoformat()}"
        text += f": {tail}" if tail else ""
        yield _told(event, said, "", line.disposition, line.code, text)


def _rejected_whole(event: Event, said: AnswerRead, wanted: Collection[str]) -> Iterator[AnswerCode]:
    """A batch of which nothing was processed: a line without an entry for each reason."""
    if said.rejected and not wanted:
        for reason in said.reasons or (AceReason(),):
            text = f"{reason.text} ({reason.subject})" if reason.subject else reason.text
            yield _told(event, said, "", "batch rejected", reason.code, text)


def _told(event: Event, said: AnswerRead, number: str, disposition: str, code: str, text: str) -> AnswerCode:
    found = look_up_code(said.application, code) if code else None
    sure = SURE if found is None or found.decided else UNDECIDED if found.known else UNKNOWN
    return AnswerCode(
        number=number,
        at=event.at,
        application=said.application,
        batch=said.batch,
        disposition=disposition,
        code=code,
        said=text,
        meaning=" / ".join(found.texts) if found else "",
        sure=sure,
        what_to_do=found.what_to_do if found else "",
    )


def rejection_reasons(journal: Journal, numbers: Collection[str]) -> dict[str, list[Problem]]:
    """Why ACE sent each of these entries back, for its desk: the codes of its last rejection."""
    last: dict[str, list[AnswerCode]] = {}
    for one in answer_codes(journal, numbers):
        if one.disposition in (ACCEPTED, WARNED):
            last.pop(one.number, None)
        elif one.disposition == REJECTED and one.code:
            known = last.get(one.number, [])
            same = [other for other in known if (other.at, other.batch) == (one.at, one.batch)]
            last[one.number] = [*same, one]
    return {number: [_problem(one) for one in some] for number, some in last.items()}


def _problem(one: AnswerCode) -> Problem:
    doubt = f" ({one.sure})" if one.sure else ""
    words = one.said or one.meaning
    return Problem(wrong=f"ACE says {one.application} {one.code}{doubt}: {words}", right=one.what_to_do, code=one.code)
