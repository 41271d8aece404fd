"""To each importer whose continuous bond does not cover his entries: what ACE shows, and what he and
his surety can do. A bond is the surety's to file, so no Form 5106 is asked for here."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.reconciliation.continuous import fault
from tasks.reconciliation.letters.cases import Case, Cases, day, identity, joined, to_be_filed
from tasks.reconciliation.letters.draft import BONDS, Draft, Head, file_name
from tasks.reconciliation.report_rows import masked

_COLUMNS = (Head("Entry", 19), Head("Type, port", 14), Head("Released", 14), Head("Due", 14),
            Head("What ACE shows", 39))  # fmt: skip


def drafts(cases: Cases) -> Iterator[Draft]:
    """One letter an importer, what is due first on top."""
    open_ = cases.where(lambda case: to_be_filed(case) and fault(case.one) is not None)
    whose = open_.by(lambda one: f"{one.importer}|{identity(cases.workspace, one.one.importer)}")
    for some in whose.values():
        yield _letter(some)


def _letter(some: Cases) -> Draft:
    first = some.entries[0]
    ordered = sorted(some.entries, key=lambda one: (day(one.due), one.number))
    count = len(ordered)
    return Draft(
        kind=BONDS,
        name=file_name(f"{first.importer} {first.number[4:11]}"),
        to=(first.importer, first.row["importer_address"] or "", masked(first.one.importer)),
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
        after=("If you think that ACE is wrong, the surety clears it with CBP's Revenue Division; "
               "send us its answer.",),
        numbers=some.numbers,
    )  # fmt: skip


def _row(case: Case) -> tuple[str, ...]:
    return (
        case.number,
        joined((case.one.entry_type, case.one.port)),
        day(case.row["release_date"]),
        day(case.due),
        problem.wrong if (problem := fault(case.one)) else "",
    )
