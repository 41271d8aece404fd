"""To each port: releases that ACE shows on another day than the stamped paper, or not at all, to be
posted as stamped. The day decides rates, fees and when the summary is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from tasks.ace.summary.dates import date_differences
from tasks.reconciliation.classify import Step
from tasks.reconciliation.letters.cases import Case, Cases, day, port_name
from tasks.reconciliation.letters.draft import PORTS, Draft, Head
from tasks.reconciliation.report_rows import ace_release

_COLUMNS = (Head("Entry", 19), Head("Importer", 25), Head("Stamped", 13), Head("ACE", 13),
            Head("What it changes", 15), Head("Officer, stamped copy", 15))  # fmt: skip


def drafts(cases: Cases) -> Iterator[Draft]:
    """One letter a port."""
    other = cases.where(lambda one: one.verdict.step is Step.DATE)
    for port, some in other.by(lambda one: one.one.port).items():
        yield _letter(port, some)


def _letter(port: str, some: Cases) -> Draft:
    shown = {one.number: found for one in some.entries if (found := ace_release(one.one))}
    differ = {row["entry_number"]: row for row in date_differences(some.record, shown).to_pylist()}
    return Draft(
        kind=PORTS,
        name=f"port-{port or 'unknown'}-release-dates",
        to=("U.S. Customs and Border Protection", port_name(port)),
        subject=f"Please post the paper release date of {len(some.entries)} entr"
                f"{'y' if len(some.entries) == 1 else 'ies'}",
        text=(
            "These goods were released on paper under the downtime procedure. The entries have since "
            "been filed, and ACE shows another release date than the stamped paper, or none. We ask that "
            "the date be posted as stamped; copies are enclosed.",
        ),
        columns=_COLUMNS,
        rows=tuple(_row(one, shown, differ) for one in some.entries),
        after=("We keep the entries open until ACE shows the stamped date.",),
        numbers=some.numbers,
    )  # fmt: skip


def _row(one: Case, shown: Mapping[str, date], differ: Mapping[str, dict]) -> tuple[str, ...]:
    row = differ.get(one.number, {})
    changes = [row["crosses"]] if row.get("crosses") else []
    changes += [f"fees {row['fees']}"] if row.get("fees") else []
    copy = one.row["stamped_copy"] or "copy MISSING: ask the desk"
    return (
        one.number, one.importer, day(one.row["release_date"]), day(shown.get(one.number)) or "none",
        "; ".join(changes) or "the due day", "; ".join(filter(None, (one.row["officer"], copy))),
    )  # fmt: skip
