"""To each surety: the single transaction bonds that must stand in ACE as its eBonds before the
entries can go (errors 752 to 757)."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.ace.api import surety_table
from tasks.entries.api import SingleBond
from tasks.reconciliation.accounting.report_rows import mask_importer
from tasks.reconciliation.decisions.bond_coverage import DESIGNATIONS
from tasks.reconciliation.letters.letter_cases import LetterCases, day_text, join_text, to_be_filed
from tasks.reconciliation.letters.letter_layout import SURETIES, CorrespondenceDraft, LetterColumn
from tasks.reconciliation.state.entry_state import ADDITIONAL

_COLUMNS = (
    LetterColumn("Entry", 19),
    LetterColumn("Type, port", 13),
    LetterColumn("Importer", 30),
    LetterColumn("Bond", 12),
    LetterColumn("Amount, dollars", 13),
    LetterColumn("Released", 13),
)


def surety_drafts(cases: LetterCases) -> Iterator[CorrespondenceDraft]:
    """One list a surety."""
    unbonded = cases.where(lambda case: to_be_filed(case) and not case.entry.bonded)
    if not unbonded.entries:
        return
    waiting = {case.number: case.entry.open_bonds for case in unbonded.entries}
    rows = [row for row in surety_table(unbonded.record).to_pylist() if _is_open(row, waiting[row["entry_number"]])]
    for code in sorted({row["surety_code"] or "" for row in rows}):
        yield _list(code, [row for row in rows if (row["surety_code"] or "") == code])


def _is_open(row: dict, open_: tuple[SingleBond, ...]) -> bool:
    bond = SingleBond(designation=row["designation"] or "B", surety=row["surety_code"] or "", amount=row["amount"] or 0)
    return bond in open_ or (bond.designation != ADDITIONAL and SingleBond() in open_)


def _list(code: str, rows: list[dict]) -> CorrespondenceDraft:
    total = sum(row["amount"] or 0 for row in rows)
    return CorrespondenceDraft(
        kind=SURETIES,
        name=f"surety-{code or 'not-recorded'}",
        to=(f"Surety {code}" if code else "Surety not recorded: ask the desks", "Bond desk"),
        subject=f"{len(rows)} single transaction bond(s) to be filed as eBonds",
        text=(
            "The entries below rely on single transaction bonds. ACE takes the summary only when "
            "the eBond stands under the entry number with the same type, amount and importer. "
            "Please file them and tell us when CBP has accepted each.",
        ),
        columns=_COLUMNS,
        rows=tuple(map(_row, rows)),
        after=(f"In all {total:,} dollars. We file no entry on this list before your notice.",),
        numbers=tuple(dict.fromkeys(row["entry_number"] for row in rows)),
        listed=True,
    )


def _row(row: dict) -> tuple[str, ...]:
    bond = DESIGNATIONS.get(row["designation"] or "B", "")
    return (
        row["entry_number"],
        join_text((row["entry_type"] or "", row["port_of_entry"] or "")),
        join_text((row["importer_name"] or "", mask_importer(row["importer_number"] or ""))),
        join_text((bond, row["account"] or "")),
        "" if row["amount"] is None else f"{row['amount']:,}",
        day_text(row["release_date"]),
    )
