"""What did not go as it should, and how each was settled: found in ACE, different there, rejected, answered
twice or never, an importer that ACE does not know, an entry settled by proof although ACE never showed it.
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
    history: NumberHistory, entries: Mapping[str, EntryState]
) -> Iterator[tuple[str, FinalState, str, ReportedAnswer | None]]:
    """Number, its end, what ACE did not show then, and the answer that showed it later, if one did."""
    for number, entry in sorted(entries.items()):
        end = history.ends.get(number)
        if entry.state != "settled" or end is None or not end.proof:
            continue
        if entry.outcome in CLOSED or entry.route == "none":
            continue  # nothing is filed for it
        about = _OF_RELEASE if entry.covered_by else (SUMMARY,)
        showings = [answer for answer in history.answers.get(number, ()) if answer.stands and answer.about in about]
        if any(answer.position.seq < end.position.seq for answer in showings):
            continue
        what = "release" if entry.covered_by else "summary"
        yield number, end, what, next(iter(showings), None)


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
    found_on: object
    what: str
    settled: str | None


def discrepancy_rows(history: NumberHistory, entries: Mapping[str, EntryState]) -> pa.Table:
    """Every discrepancy by kind, then as it was found, with `SCHEMA`."""
    discrepancies = [
        *(found for number in sorted(history.answers) for found in _number_discrepancies(history, entries, number)),
        *(found for sending in history.sendings.values() for found in _batch_discrepancies(history, sending)),
        *_importer_discrepancies(history),
        *(
            Discrepancy(
                UNSEEN,
                number,
                end.position.seq,
                end.position.day,
                f"ACE had shown no {what} of it",
                f"{_end_text(history, number)}{f'; ACE shows it since {later.position.day}' if later else ''}",
            )
            for number, end, what, later in settled_unseen(history, entries)
        ),
        *(
            Discrepancy(
                FILE_REFUSED,
                file.name,
                file.position.seq,
                file.position.day,
                f"{file.desk}: {'; '.join(file.reasons[:3])}",
                "handed back to the desk, nothing of it recorded",
            )
            for file in history.refused
        ),
    ]
    discrepancies.sort(key=lambda discrepancy: (KINDS.index(discrepancy.kind), discrepancy.seq, discrepancy.subject))
    rows = [
        {
            "kind": discrepancy.kind,
            "subject": discrepancy.subject,
            "found": discrepancy.found_on,
            "what": discrepancy.what,
            "settled": discrepancy.settled or OPEN,
            "open": discrepancy.settled is None,
        }
        for discrepancy in discrepancies
    ]
    return scrub_private(pa.Table.from_pylist(rows, SCHEMA))


def _number_discrepancies(
    history: NumberHistory, entries: Mapping[str, EntryState], number: str
) -> Iterator[Discrepancy]:
    answers = history.answers[number]
    if first := history.first_found(number):
        own_sending = history.sendings.get(first.batch)
        applications = sorted(
            {sending.application for sending in history.sent.get(number, ()) if sending is not own_sending}
        )
        how = (
            f"ACE answered our first {own_sending.application} with already on file"
            if own_sending
            else "ACE held it before anything of ours was sent"
        )
        then = f"only {' and '.join(applications)} sent after it" if applications else "nothing was sent for it"
        yield Discrepancy(
            FOUND,
            number,
            first.position.seq,
            first.position.day,
            f"{how}: keyed by CBP from the paper",
            then if number in history.ends else None,
        )
    yield from _field_discrepancies(history, number, answers)
    if number in entries:
        yield from _date_discrepancies(history, entries[number], answers)
    yield from _rejection_discrepancies(history, number, answers)
    yield from _request_discrepancies(history, number, answers)


def _request_discrepancies(
    history: NumberHistory, number: str, answers: Sequence[ReportedAnswer]
) -> Iterator[Discrepancy]:
    """What CBP asked of the summary, and how that was answered."""
    for answer in answers:
        if answer.about != REQUEST or answer.line.code not in CALLS:
            continue
        replies = (
            f"{how} ({position.actor}, {position.day})"
            for position, how in history.replies.get(number, ())
            if position.seq > answer.position.seq
        )
        what = f"{answer.line.code} {answer.line.message}".strip()
        yield Discrepancy(CALLED, number, answer.position.seq, answer.position.day, what, next(replies, None))


def _field_discrepancies(
    history: NumberHistory, number: str, answers: Sequence[ReportedAnswer]
) -> Iterator[Discrepancy]:
    """Each difference by its first showing; gone when a later answer no longer shows it."""
    comparisons = [answer for answer in answers if answer.about == SUMMARY and answer.application == "ER"]
    comparisons = comparisons or [answer for answer in answers if answer.line.differs]
    first_showings: dict[Difference, ReportedAnswer] = {}
    for answer in comparisons:
        for difference in answer.line.differs:
            first_showings.setdefault(difference, answer)
    for difference, first in first_showings.items():
        last = max(answer.position.seq for answer in comparisons if difference in answer.line.differs)
        agreeing = next((answer for answer in comparisons if answer.position.seq > last), None)
        resolution = f"ACE and paper agree since {agreeing.position.day}" if agreeing else None
        text = difference_text(difference)
        yield Discrepancy(
            DIFFERS, number, first.position.seq, first.position.day, text, resolution or _end_text(history, number)
        )


def _date_discrepancies(
    history: NumberHistory, entry: EntryState, answers: Sequence[ReportedAnswer]
) -> Iterator[Discrepancy]:
    if not entry.released:
        return
    dated_answers = [answer for answer in answers if answer.line.release_date]
    differing_answers = [answer for answer in dated_answers if answer.line.release_date != entry.released]
    if not differing_answers:
        return
    first, last = differing_answers[0], dated_answers[-1]
    agrees = last.line.release_date == entry.released
    resolution = f"ACE shows {entry.released} since {last.position.day}" if agrees else None
    what = f"paper {entry.released}, ACE {first.line.release_date}"
    yield Discrepancy(
        DATE, entry.number, first.position.seq, first.position.day, what, resolution or _end_text(history, entry.number)
    )


def _rejection_discrepancies(
    history: NumberHistory, number: str, answers: Sequence[ReportedAnswer]
) -> Iterator[Discrepancy]:
    seen_batches: set[str] = set()
    for answer in answers:
        rejected = answer.line.disposition in ("rejected", "system failure")
        if not rejected or answer.batch not in history.sendings or answer.batch in seen_batches:
            continue
        seen_batches.add(answer.batch)
        reasons = reasons_text(answer.line.why)
        application = history.sendings[answer.batch].application
        what = f"{application} in batch {answer.batch} {answer.line.disposition}: {reasons}"
        yield Discrepancy(
            ENTRY_REJECTED,
            number,
            answer.position.seq,
            answer.position.day,
            what,
            _later_resolution(history, number, application, answer.position.seq),
        )


_SHOWN_BY = {"AE": (SUMMARY,), "SE": (RELEASE, SUMMARY)}
"""What shows that a message came through after all: a summary stands for its release too."""


def _later_resolution(history: NumberHistory, number: str, application: str, seq: int) -> str | None:
    """How what a message was to bring about came to stand in ACE after all, or the number to its
    end."""
    showing = next(
        (
            answer
            for answer in history.answers.get(number, ())
            if answer.position.seq > seq and answer.stands and answer.about in _SHOWN_BY.get(application, ())
        ),
        None,
    )
    if showing is None:
        return _end_text(history, number)
    files = [file for file in history.recorded.get(number, ()) if seq < file.position.seq < showing.position.seq]
    correction = f"corrected in {files[-1].name}, " if files else ""
    where = f"in batch {showing.batch}" if showing.batch in history.sendings else "when asked"
    return f"{correction}{showing.line.disposition} {where} {showing.position.day}"


def _end_text(history: NumberHistory, number: str) -> str | None:
    end = history.ends.get(number)
    return _final_state_text(end) if end else None


def _final_state_text(end: FinalState) -> str:
    proof = f", proof {end.proof[:12]}" if end.proof else ""
    return f"{end.how} ({end.position.actor}, {end.position.day}{proof})"


def _batch_discrepancies(history: NumberHistory, sending: BatchSending) -> Iterator[Discrepancy]:
    size, written = len(sending.numbers), sending.written or sending.named
    if sending.rejected:
        position = sending.answers[0][0]
        resolution = _batch_resolution(history, sending, position.seq)
        yield Discrepancy(
            BATCH_REJECTED,
            sending.batch,
            position.seq,
            position.day,
            f"{sending.application}, {size} entries: nothing of it was processed"
            f"{f': {reasons_text(sending.reasons)}' if sending.reasons else ''}",
            resolution,
        )
    if sending.written and not sending.answers:
        resolution = _batch_resolution(history, sending, written.seq)
        why = f"never reached ACE: {_final_state_text(sending.lost)}" if sending.lost else "no answer of ACE was read"
        yield Discrepancy(
            NO_ANSWER,
            sending.batch,
            written.seq,
            written.day,
            f"{sending.application}, {size} entries: {why}",
            resolution,
        )
    if len(sending.answers) > 1:
        position = sending.answers[1][0]
        yield Discrepancy(
            TWICE,
            sending.batch,
            position.seq,
            position.day,
            f"{sending.application}, {size} entries: {len(sending.answers)} answers",
            "the first counts; what came later changed nothing",
        )


def _batch_resolution(history: NumberHistory, sending: BatchSending, seq: int) -> str | None:
    """In words, once every number of a batch has come to stand in ACE, or to its end."""
    size, message = len(sending.numbers), sending.application
    if any(_later_resolution(history, number, message, seq) is None for number in sending.numbers):
        return None
    resent_count = sum(
        any(resending.named.seq > seq and resending.application == message for resending in history.sent[number])
        for number in sending.numbers
    )
    return f"all {size} settled: {resent_count} sent again, {size - resent_count} found in ACE"


def _importer_discrepancies(history: NumberHistory) -> Iterator[Discrepancy]:
    """Importers that ACE does not take; those with private numbers each count, without number."""
    for importer, answers in sorted(history.importers.items()):
        inactive = next((answer for answer in answers if answer.line.disposition != "active"), None)
        if inactive is None:
            continue
        last = answers[-1]
        resolution = f"active since {last.position.day}" if last.line.disposition == "active" else None
        subject = MASK if is_reference(importer) else mask_importer(importer)
        yield Discrepancy(
            IMPORTER,
            subject,
            inactive.position.seq,
            inactive.position.day,
            f"ACE says {inactive.line.disposition}: Form 5106",
            resolution,
        )
