"""To each surety: the single transaction bonds that must stand in ACE as its eBonds before the
entries can go (errors 752 to 757)."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.ace.money.sureties import sureties
from tasks.reconciliation.bond_words import DESIGNATIONS
from tasks.reconciliation.letters.cases import Cases, day, joined, to_be_filed
from tasks.reconciliation.letters.draft import SURETIES, Draft, Head
from tasks.reconciliation.report_rows import masked
from tasks.reconciliation.view import ADDITIONAL
from tasks.shared.kinds.entries import SingleBond

_COLUMNS = (Head("Entry", 19), Head("Type, port", 13), Head("Importer", 30), Head("Bond", 12),
            Head("Amount, dollars", 13), Head("Released", 13))  # fmt: skip


def drafts(cases: Cases) -> Iterator[Draft]:
    """One list a surety."""
    open_ = cases.where(lambda one: to_be_filed(one) and not one.one.bonded)
    if not open_.entries:
        return
    waiting = {one.number: one.one.open_bonds for one in open_.entries}
    rows = [row for row in sureties(open_.record).to_pylist()
            if _is_open(row, waiting[row["entry_number"]])]  # fmt: skip
    for code in sorted({row["surety_code"] or "" for row in rows}):
        yield _list(code, [row for row in rows if (row["surety_code"] or "") == code])


def _is_open(row: dict, open_: tuple[SingleBond, ...]) -> bool:
    own = SingleBond(
        designation=row["designation"] or "B",
        surety=row["surety_code"] or "",
        amount=row["amount"] or 0,
    )
    return own in open_ or (own.designation != ADDITIONAL and SingleBond() in open_)


def _list(code: str, rows: list[dict]) -> Draft:
    total = sum(row["amount"] or 0 for row in rows)
    return Draft(
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
        joined((row["entry_type"] or "", row["port_of_entry"] or "")),
        joined((row["importer_name"] or "", masked(row["importer_number"] or ""))),
        joined((bond, row["account"] or "")),
        "" if row["amount"] is None else f"{row['amount']:,}",
        day(row["release_date"]),
    )
