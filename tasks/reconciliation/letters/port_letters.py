"""To each port: releases that ACE shows on another day than the stamped paper, or not at all, to be
posted as stamped. The day decides rates, fees and when the summary is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from tasks.ace.api import date_differences
from tasks.reconciliation.accounting.report_rows import ace_release
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.letters.letter_cases import LetterCase, LetterCases, day_text, port_name
from tasks.reconciliation.letters.letter_layout import PORTS, CorrespondenceDraft, LetterColumn

_COLUMNS = (
    LetterColumn("Entry", 19),
    LetterColumn("Importer", 25),
    LetterColumn("Stamped", 13),
    LetterColumn("ACE", 13),
    LetterColumn("What it changes", 15),
    LetterColumn("Officer, stamped copy", 15),
)


def port_drafts(cases: LetterCases) -> Iterator[CorrespondenceDraft]:
    """One letter a port."""
    differing = cases.where(lambda case: case.decision.step is NextStep.DATE)
    for port, group in differing.by(lambda case: case.entry.port).items():
        yield _letter(port, group)


def _letter(port: str, cases: LetterCases) -> CorrespondenceDraft:
    ace_days = {case.number: day for case in cases.entries if (day := ace_release(case.entry))}
    differ = {row["entry_number"]: row for row in date_differences(cases.record, ace_days).to_pylist()}
    return CorrespondenceDraft(
        kind=PORTS,
        name=f"port-{port or 'unknown'}-release-dates",
        to=("U.S. Customs and Border Protection", port_name(port)),
        subject=f"Please post the paper release date of {len(cases.entries)} entr"
        f"{'y' if len(cases.entries) == 1 else 'ies'}",
        text=(
            "These goods were released on paper under the downtime procedure. The entries have since "
            "been filed, and ACE shows another release date than the stamped paper, or none. We ask that "
            "the date be posted as stamped; copies are enclosed.",
        ),
        columns=_COLUMNS,
        rows=tuple(_row(case, ace_days, differ) for case in cases.entries),
        after=("We keep the entries open until ACE shows the stamped date.",),
        numbers=cases.numbers,
    )


def _row(case: LetterCase, ace_days: Mapping[str, date], differ: Mapping[str, dict]) -> tuple[str, ...]:
    row = differ.get(case.number, {})
    changes = [row["crosses"]] if row.get("crosses") else []
    changes += [f"fees {row['fees']}"] if row.get("fees") else []
    copy = case.row["stamped_copy"] or "copy MISSING: ask the desk"
    return (
        case.number,
        case.importer,
        day_text(case.row["release_date"]),
        day_text(ace_days.get(case.number)) or "none",
        "; ".join(changes) or "the due day",
        "; ".join(filter(None, (case.row["officer"], copy))),
    )
