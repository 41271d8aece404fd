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
        return list(dict.fromkeys(name for names in self.said.values() for name in names))


def group_explanations(codes: Iterable[AnswerCode]) -> list[CodeExplanation]:
    """The same explanation once, the one with the most entries first."""
    groups: dict[tuple[str, str, str, str, str, str], dict[str, list[str]]] = {}
    for code in codes:
        key = (code.application, code.disposition, code.code, code.meaning, code.sure, code.what_to_do)
        whom = groups.setdefault(key, {}).setdefault(code.said, [])
        name = code.number or f"batch {code.batch}".strip()
        if name not in whom:
            whom.append(name)
    explanations = [CodeExplanation(*key, texts) for key, texts in groups.items()]
    return sorted(explanations, key=lambda code: -len(code.whom))


def explanation_lines(explanation: CodeExplanation) -> Iterator[str]:
    """The lines for a person: code and whom it concerns, CBP's text, what it means, what to do."""
    doubt = f" ({explanation.sure})" if explanation.sure else ""
    head = f"{explanation.application} {explanation.code} {explanation.disposition}{doubt}, {len(explanation.whom):,}:"
    if len(explanation.said) == 1:
        (text, whom), *_ = explanation.said.items()
        yield f"{head} {' '.join(whom)}"
        yield from [f"  CBP: {text}"] if text else []
    else:
        yield head
        yield from (f"  CBP: {text or 'no text'}: {' '.join(whom)}" for text, whom in explanation.said.items())
    if explanation.meaning and [explanation.meaning] != list(explanation.said):
        yield f"  meaning: {explanation.meaning}"
    if explanation.what_to_do:
        yield f"  do: {explanation.what_to_do}"


def answer_codes(
    journal: Journal, numbers: Collection[str] = (), subjects: Collection[str] = ()
) -> Iterator[AnswerCode]:
    """All that was read of these entries, or of all, oldest first; `subjects`: only these files
    (`answer/<digest>`). An answer without a code has one line with empty code."""
    selected = set(numbers)
    for event in journal.events(kind=AnswerRead.kind):
        if subjects and event.subject not in subjects:
            continue
        body = event.said
        if isinstance(body, AnswerRead):
            yield from _batch_rejection_codes(event, body, selected)
            if body.about == RANGE:
                yield from () if selected else _range_codes(event, body)
                continue
            for line in body.lines:
                if not selected or line.number in selected:
                    yield from _line_codes(event, body, line)


def _line_codes(event: Event, body: AnswerRead, line: AnswerLine) -> Iterator[AnswerCode]:
    for reason in line.why or (AceReason(),):
        # What CBP did names the act; what explains it has no code of its own.
        if reason.code or not line.code:
            text = _reason_text(reason) if line.codes[1:] else line.message
            yield _answer_code(event, body, line.number, line.disposition, reason.code, text)


def _reason_text(reason: AceReason) -> str:
    return f"{reason.subject}: {reason.text}" if reason.subject else reason.text


def _range_codes(event: Event, body: AnswerRead) -> Iterator[AnswerCode]:
    """What was asked by acceptance time: the line names no entry but the time from which to which."""
    for line in body.lines:
        begin, end = parse_range(line.number)
        tail = line.message or line.resume_at
        text = f"summaries accepted {begin.isoformat()} to {end.isoformat()}"
        text += f": {tail}" if tail else ""
        yield _answer_code(event, body, "", line.disposition, line.code, text)


def _batch_rejection_codes(event: Event, body: AnswerRead, selected: Collection[str]) -> Iterator[AnswerCode]:
    """A batch of which nothing was processed: a line without an entry for each reason."""
    if body.rejected and not selected:
        for reason in body.reasons or (AceReason(),):
            text = f"{reason.text} ({reason.subject})" if reason.subject else reason.text
            yield _answer_code(event, body, "", "batch rejected", reason.code, text)


def _answer_code(event: Event, body: AnswerRead, number: str, disposition: str, code: str, text: str) -> AnswerCode:
    meaning = look_up_code(body.application, code) if code else None
    sure = SURE if meaning is None or meaning.decided else UNDECIDED if meaning.known else UNKNOWN
    return AnswerCode(
        number=number,
        at=event.at,
        application=body.application,
        batch=body.batch,
        disposition=disposition,
        code=code,
        said=text,
        meaning=" / ".join(meaning.texts) if meaning else "",
        sure=sure,
        what_to_do=meaning.what_to_do if meaning else "",
    )


def rejection_reasons(journal: Journal, numbers: Collection[str]) -> dict[str, list[Problem]]:
    """Why ACE sent each of these entries back, for its desk: the codes of its last rejection."""
    last: dict[str, list[AnswerCode]] = {}
    for answer_code in answer_codes(journal, numbers):
        if answer_code.disposition in (ACCEPTED, WARNED):
            last.pop(answer_code.number, None)
        elif answer_code.disposition == REJECTED and answer_code.code:
            earlier = last.get(answer_code.number, [])
            same = [
                earlier_code
                for earlier_code in earlier
                if (earlier_code.at, earlier_code.batch) == (answer_code.at, answer_code.batch)
            ]
            last[answer_code.number] = [*same, answer_code]
    return {number: [_problem(answer_code) for answer_code in codes] for number, codes in last.items()}


def _problem(answer_code: AnswerCode) -> Problem:
    doubt = f" ({answer_code.sure})" if answer_code.sure else ""
    text = answer_code.said or answer_code.meaning
    return Problem(
        wrong=f"ACE says {answer_code.application} {answer_code.code}{doubt}: {text}",
        right=answer_code.what_to_do,
        code=answer_code.code,
    )
