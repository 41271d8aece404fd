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
    other = cases.where(lambda one: one.verdict.step is NextStep.DATE)
    for port, some in other.by(lambda one: one.one.port).items():
        yield _letter(port, some)


def _letter(port: str, some: LetterCases) -> CorrespondenceDraft:
    shown = {one.number: found for one in some.entries if (found := ace_release(one.one))}
    differ = {row["entry_number"]: row for row in date_differences(some.record, shown).to_pylist()}
    return CorrespondenceDraft(
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
    )


def _row(one: LetterCase, shown: Mapping[str, date], differ: Mapping[str, dict]) -> tuple[str, ...]:
    row = differ.get(one.number, {})
    changes = [row["crosses"]] if row.get("crosses") else []
    changes += [f"fees {row['fees']}"] if row.get("fees") else []
    copy = one.row["stamped_copy"] or "copy MISSING: ask the desk"
    return (
        one.number,
        one.importer,
        day_text(one.row["release_date"]),
        day_text(shown.get(one.number)) or "none",
        "; ".join(changes) or "the due day",
        "; ".join(filter(None, (one.row["officer"], copy))),
    )
