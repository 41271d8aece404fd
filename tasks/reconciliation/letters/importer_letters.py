"""To each importer: what the summaries of his entries still lack, and by when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tasks.entries.api import summary_gaps
from tasks.reconciliation.accounting.report_rows import mask_importer
from tasks.reconciliation.letters.letter_cases import LetterCases, day_text, party_identity, to_be_filed
from tasks.reconciliation.letters.letter_layout import IMPORTERS, CorrespondenceDraft, LetterColumn, file_name

_COLUMNS = (
    LetterColumn("Entry", 21),
    LetterColumn("Released", 15),
    LetterColumn("Summary due", 16),
    LetterColumn("Missing", 48),
)


def importer_drafts(cases: LetterCases, today: date) -> Iterator[CorrespondenceDraft]:
    """One letter an importer, what is due first on top."""
    open_ = cases.where(lambda case: to_be_filed(case) and not case.entry.complete)
    if not open_.entries:
        return
    gaps = _gaps(open_)
    whose = open_.by(lambda case: f"{case.importer}|{party_identity(cases.workspace, case.entry.importer)}")
    for group in whose.values():
        yield _letter(group, gaps, today)


def _letter(cases: LetterCases, gaps: dict[str, str], today: date) -> CorrespondenceDraft:
    first = cases.entries[0]
    ordered = sorted(cases.entries, key=lambda case: (case.due or date.max, case.number))
    late = [case for case in ordered if case.due and case.due < today]
    rows = [
        (case.number, day_text(case.row["release_date"]), _due(case.due, today), gaps.get(case.number, ""))
        for case in ordered
    ]
    soonest = next((case.due for case in ordered if case.due), None)
    by = f"by {soonest}" if soonest and soonest >= today else "at once"
    warned = [f"{len(late)} of them are overdue already."] if late else []
    return CorrespondenceDraft(
        kind=IMPORTERS,
        name=file_name(f"{first.importer} {first.number[4:11]}"),
        to=(first.importer, first.row["importer_address"] or "", mask_importer(first.entry.importer)),
        subject=f"Data needed for {len(rows)} entry summar{'y' if len(rows) == 1 else 'ies'}, {by}",
        text=(
            "Your goods were released on paper while our systems were down. The entry summary and "
            "the estimated duty are due ten working days after the release (19 CFR 142.12(b)); the "
            "outage does not move that day. We cannot file without the data below.",
            *warned,
        ),
        columns=_COLUMNS,
        rows=tuple(rows),
        urgent=frozenset(n for n, case in enumerate(ordered) if case.due and case.due < today),
        after=(
            "Please answer with the entry number, by e-mail or telephone, or send the commercial "
            "documents that show it.",
        ),
        numbers=cases.numbers,
    )


def _due(due: date | None, today: date) -> str:
    if due is None:
        return "not released yet"
    return f"{due} LATE" if due < today else str(due)


def _gaps(open_: LetterCases) -> dict[str, str]:
    """By entry, what is missing in words: `Gross weight (kg) (lines 1, 2); State of destination`."""
    gaps: dict[str, dict[str, list[int]]] = {}
    for row in summary_gaps(open_.record).to_pylist():
        lines = gaps.setdefault(row["entry_number"], {}).setdefault(row["title"], [])
        lines += [row["line"]] if row["line"] and row["line"] not in lines else []
    return {
        number: "; ".join(_title(*title_lines) for title_lines in titles.items()) for number, titles in gaps.items()
    }


def _title(title: str, lines: list[int]) -> str:
    if not lines:
        return title
    listed = ", ".join(map(str, sorted(lines)[:8])) + (", ..." if len(lines) > 8 else "")
    return f"{title} (line{'s' if len(lines) > 1 else ''} {listed})"
