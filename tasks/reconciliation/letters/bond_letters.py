"""To each importer whose continuous bond does not cover his entries: what ACE shows, and what he and
his surety can do. A bond is the surety's to file, so no Form 5106 is asked for here."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.reconciliation.accounting.report_rows import mask_importer
from tasks.reconciliation.decisions.bond_coverage import coverage_fault
from tasks.reconciliation.letters.letter_cases import (
    LetterCase,
    LetterCases,
    day_text,
    join_text,
    party_identity,
    to_be_filed,
)
from tasks.reconciliation.letters.letter_layout import BONDS, CorrespondenceDraft, LetterColumn, file_name

_COLUMNS = (
    LetterColumn("Entry", 19),
    LetterColumn("Type, port", 14),
    LetterColumn("Released", 14),
    LetterColumn("Due", 14),
    LetterColumn("What ACE shows", 39),
)


def bond_drafts(cases: LetterCases) -> Iterator[CorrespondenceDraft]:
    """One letter an importer, what is due first on top."""
    open_ = cases.where(lambda case: to_be_filed(case) and coverage_fault(case.entry) is not None)
    whose = open_.by(lambda case: f"{case.importer}|{party_identity(cases.workspace, case.entry.importer)}")
    for importer_cases in whose.values():
        yield _letter(importer_cases)


def _letter(cases: LetterCases) -> CorrespondenceDraft:
    first = cases.entries[0]
    ordered = sorted(cases.entries, key=lambda case: (day_text(case.due), case.number))
    count = len(ordered)
    return CorrespondenceDraft(
        kind=BONDS,
        name=file_name(f"{first.importer} {first.number[4:11]}"),
        to=(first.importer, first.row["importer_address"] or "", mask_importer(first.entry.importer)),
        subject=f"Your continuous bond does not cover {count} entr{'y' if count == 1 else 'ies'}",
        text=(
            "CBP takes an entry summary that relies on a continuous bond only if the bond covers the "
            "day of the entry, you are an active user of it, and CBP holds it sufficient. ACE "
            "shows otherwise. We hold the entries below until that is mended; duty stays due ten "
            "working days after the release (19 CFR 142.12(b)).",
            "Please have your surety file a bond that covers these days, or have it give a single "
            "transaction bond for each entry, and tell us which of the two.",
        ),
        columns=_COLUMNS,
        rows=tuple(map(_row, ordered)),
        after=(
            "If you think that ACE is wrong, the surety clears it with CBP's Revenue Division; send us its answer.",
        ),
        numbers=cases.numbers,
    )


def _row(case: LetterCase) -> tuple[str, ...]:
    return (
        case.number,
        join_text((case.entry.entry_type, case.entry.port)),
        day_text(case.row["release_date"]),
        day_text(case.due),
        problem.wrong if (problem := coverage_fault(case.entry)) else "",
    )
