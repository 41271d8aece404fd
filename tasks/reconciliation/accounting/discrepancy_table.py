"""What did not go as it should, and how each was settled: found in ACE, different there, rejected,
answered twice or never, an importer that ACE does not know.

Entries that a licence holder settled by proof although ACE never showed them: an auditor looks at
these first, and 'settled' alone does not tell them from what ACE shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from tasks.entries.api import Difference
from tasks.reconciliation.accounting.number_history import BatchSending, FinalState, NumberHistory, ReportedAnswer
from tasks.reconciliation.accounting.report_rows import MASK, mask_importer, scrub_private
from tasks.reconciliation.decisions.entry_facts import CLOSED
from tasks.reconciliation.state.entry_state import NOTICE, RELEASE, REQUEST, SUMMARY, EntryState, difference_text
from tasks.reconciliation.state.rejections import reasons_text
from tasks.reconciliation.tables import CALLS
from tasks.security.api import is_reference

_OF_RELEASE = (RELEASE, NOTICE)


def settled_unseen(
    story: NumberHistory, standing: Mapping[str, EntryState]
) -> Iterator[tuple[str, FinalState, str, ReportedAnswer | None]]:
    """Number, its end, what ACE did not show then, and the answer that showed it later, if one did."""
    for number, one in sorted(standing.items()):
        end = story.ends.get(number)
        if one.state != "settled" or end is None or not end.proof:
            continue
        if one.outcome in CLOSED or one.route == "none":
            continue  # nothing is filed for it
        about = _OF_RELEASE if one.covered_by else (SUMMARY,)
        shown = [told for told in story.told.get(number, ()) if told.stands and told.about in about]
        if any(told.mark.seq < end.mark.seq for told in shown):
            continue
        what = "release" if one.covered_by else "summary"
        yield number, end, what, next(iter(shown), None)


FOUND, DIFFERS, DATE = "found in ACE", "differs from the paper", "release dates differ"
ENTRY_REJECTED, BATCH_REJECTED = "entry rejected", "batch rejected"
UNSEEN = "settled by proof alone"
NO_ANSWER, TWICE, IMPORTER = "no answer", "answered twice", "importer in ACE"
FILE_REFUSED, CALLED = "desk file refused", "CBP asked"
KINDS = (FOUND, DIFFERS, DATE, UNSEEN, ENTRY_REJECTED, BATCH_REJECTED, NO_ANSWER, TWICE, IMPORTER, FILE_REFUSED, CALLED)
OPEN = "open"

SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("subject", pa.string()),
        ("found", pa.date32()),
        ("what", pa.string()),
        ("settled", pa.string()),
        ("open", pa.bool_()),
    ]
)
"""`subject`: an entry number, batch id, file name or (masked) importer."""


class Discrepancy(NamedTuple):
    """`settled`: how, or None while it is open."""

    kind: str
    subject: str
    seq: int
    found: object
    what: str
    settled: str | None


def discrepancy_rows(story: NumberHistory, standing: Mapping[str, EntryState]) -> pa.Table:
    """Every matter by kind, then as it was found, with `SCHEMA`."""
    found = [
        *(matter for number in sorted(story.told) for matter in _of_number(story, standing, number)),
        *(matter for sending in story.sendings.values() for matter in _of_batch(story, sending)),
        *_of_importers(story),
        *(
            Discrepancy(
                UNSEEN,
                number,
                end.mark.seq,
                end.mark.day,
                f"ACE had shown no {what} of it",
                f"{_ended(story, number)}{f'; ACE shows it since {later.mark.day}' if later else ''}",
            )
            for number, end, what, later in settled_unseen(story, standing)
        ),
        *(
            Discrepancy(
                FILE_REFUSED,
                file.name,
                file.mark.seq,
                file.mark.day,
                f"{file.desk}: {'; '.join(file.reasons[:3])}",
                "handed back to the desk, nothing of it recorded",
            )
            for file in story.refused
        ),
    ]
    found.sort(key=lambda one: (KINDS.index(one.kind), one.seq, one.subject))
    rows = [
        {
            "kind": one.kind,
            "subject": one.subject,
            "found": one.found,
            "what": one.what,
            "settled": one.settled or OPEN,
            "open": one.settled is None,
        }
        for one in found
    ]
    return scrub_private(pa.Table.from_pylist(rows, SCHEMA))


def _of_number(story: NumberHistory, standing: Mapping[str, EntryState], number: str) -> Iterator[Discrepancy]:
    told = story.told[number]
    if found := story.first_found(number):
        own = story.sendings.get(found.batch)
        sent = sorted({one.application for one in story.sent.get(number, ()) if one is not own})
        how = (
            f"ACE answered our first {own.application} with already on file"
            if own
            else "ACE held it before anything of ours was sent"
        )
        then = f"only {' and '.join(sent)} sent after it" if sent else "nothing was sent for it"
        yield Discrepancy(
            FOUND,
            number,
            found.mark.seq,
            found.mark.day,
            f"{how}: keyed by CBP from the paper",
            then if number in story.ends else None,
        )
    yield from _differences(story, number, told)
    if number in standing:
        yield from _dates(story, standing[number], told)
    yield from _rejections(story, number, told)
    yield from _calls(story, number, told)


def _calls(story: NumberHistory, number: str, told: Sequence[ReportedAnswer]) -> Iterator[Discrepancy]:
    """What CBP asked of the summary, and how that was answered."""
    for one in told:
        if one.about != REQUEST or one.line.code not in CALLS:
            continue
        later = (
            f"{how} ({mark.actor}, {mark.day})"
            for mark, how in story.replies.get(number, ())
            if mark.seq > one.mark.seq
        )
        what = f"{one.line.code} {one.line.message}".strip()
        yield Discrepancy(CALLED, number, one.mark.seq, one.mark.day, what, next(later, None))


def _differences(story: NumberHistory, number: str, told: Sequence[ReportedAnswer]) -> Iterator[Discrepancy]:
    """Each difference by its first showing; gone when a later answer no longer shows it."""
    looks = [one for one in told if one.about == SUMMARY and one.application == "ER"]
    looks = looks or [one for one in told if one.line.differs]
    seen: dict[Difference, ReportedAnswer] = {}
    for one in looks:
        for difference in one.line.differs:
            seen.setdefault(difference, one)
    for difference, first in seen.items():
        last = max(one.mark.seq for one in looks if difference in one.line.differs)
        same = next((one for one in looks if one.mark.seq > last), None)
        gone = f"ACE and paper agree since {same.mark.day}" if same else None
        text = difference_text(difference)
        yield Discrepancy(DIFFERS, number, first.mark.seq, first.mark.day, text, gone or _ended(story, number))


def _dates(story: NumberHistory, one: EntryState, told: Sequence[ReportedAnswer]) -> Iterator[Discrepancy]:
    if not one.released:
        return
    shown = [each for each in told if each.line.release_date]
    other = [each for each in shown if each.line.release_date != one.released]
    if not other:
        return
    first, last = other[0], shown[-1]
    same = last.line.release_date == one.released
    gone = f"ACE shows {one.released} since {last.mark.day}" if same else None
    what = f"paper {one.released}, ACE {first.line.release_date}"
    yield Discrepancy(DATE, one.number, first.mark.seq, first.mark.day, what, gone or _ended(story, one.number))


def _rejections(story: NumberHistory, number: str, told: Sequence[ReportedAnswer]) -> Iterator[Discrepancy]:
    seen: set[str] = set()
    for one in told:
        refused = one.line.disposition in ("rejected", "system failure")
        if not refused or one.batch not in story.sendings or one.batch in seen:
            continue
        seen.add(one.batch)
        said = reasons_text(one.line.why)
        sent = story.sendings[one.batch].application
        what = f"{sent} in batch {one.batch} {one.line.disposition}: {said}"
        yield Discrepancy(
            ENTRY_REJECTED, number, one.mark.seq, one.mark.day, what, _later(story, number, sent, one.mark.seq)
        )


_SHOWN_BY = {"AE": (SUMMARY,), "SE": (RELEASE, SUMMARY)}
"""What shows that a message came through after all: a summary stands for its release too."""


def _later(story: NumberHistory, number: str, application: str, seq: int) -> str | None:
    """How what a message was to bring about came to stand in ACE after all, or the number to its
    end."""
    again = next(
        (
            one
            for one in story.told.get(number, ())
            if one.mark.seq > seq and one.stands and one.about in _SHOWN_BY.get(application, ())
        ),
        None,
    )
    if again is None:
        return _ended(story, number)
    files = [file for file in story.recorded.get(number, ()) if seq < file.mark.seq < again.mark.seq]
    by = f"corrected in {files[-1].name}, " if files else ""
    where = f"in batch {again.batch}" if again.batch in story.sendings else "when asked"
    return f"{by}{again.line.disposition} {where} {again.mark.day}"


def _ended(story: NumberHistory, number: str) -> str | None:
    end = story.ends.get(number)
    return _by_proof(end) if end else None


def _by_proof(end: FinalState) -> str:
    proof = f", proof {end.proof[:12]}" if end.proof else ""
    return f"{end.how} ({end.mark.actor}, {end.mark.day}{proof})"


def _of_batch(story: NumberHistory, one: BatchSending) -> Iterator[Discrepancy]:
    size, written = len(one.numbers), one.written or one.named
    if one.rejected:
        mark = one.answers[0][0]
        after = _all_settled(story, one, mark.seq)
        yield Discrepancy(
            BATCH_REJECTED,
            one.batch,
            mark.seq,
            mark.day,
            f"{one.application}, {size} entries: nothing of it was processed"
            f"{f': {reasons_text(one.reasons)}' if one.reasons else ''}",
            after,
        )
    if one.written and not one.answers:
        after = _all_settled(story, one, written.seq)
        why = f"never reached ACE: {_by_proof(one.lost)}" if one.lost else "no answer of ACE was read"
        yield Discrepancy(
            NO_ANSWER, one.batch, written.seq, written.day, f"{one.application}, {size} entries: {why}", after
        )
    if len(one.answers) > 1:
        mark = one.answers[1][0]
        yield Discrepancy(
            TWICE,
            one.batch,
            mark.seq,
            mark.day,
            f"{one.application}, {size} entries: {len(one.answers)} answers",
            "the first counts; what came later changed nothing",
        )


def _all_settled(story: NumberHistory, sending: BatchSending, seq: int) -> str | None:
    """In words, once every number of a batch has come to stand in ACE, or to its end."""
    size, message = len(sending.numbers), sending.application
    if any(_later(story, number, message, seq) is None for number in sending.numbers):
        return None
    again = sum(
        any(sent.named.seq > seq and sent.application == message for sent in story.sent[number])
        for number in sending.numbers
    )
    return f"all {size} settled: {again} sent again, {size - again} found in ACE"


def _of_importers(story: NumberHistory) -> Iterator[Discrepancy]:
    """Importers that ACE does not take; those with private numbers each count, without number."""
    for importer, told in sorted(story.importers.items()):
        wrong = next((one for one in told if one.line.disposition != "active"), None)
        if wrong is None:
            continue
        last = told[-1]
        gone = f"active since {last.mark.day}" if last.line.disposition == "active" else None
        subject = MASK if is_reference(importer) else mask_importer(importer)
        yield Discrepancy(
            IMPORTER, subject, wrong.mark.seq, wrong.mark.day, f"ACE says {wrong.line.disposition}: Form 5106", gone
        )
