"""Rules on what the port did, on dates, and on entry numbers that an entry refers to."""

from __future__ import annotations

import numpy as np

from tasks.core.arrow_compute import to_list
from tasks.core.errors import BadNumber
from tasks.entries.numbers import entry_numbers
from tasks.entries.numbers.entry_numbers import parse_entry_number
from tasks.entries.record.code_lists import codes_where
from tasks.entries.validation.conditions.header_conditions import exported_after_import
from tasks.entries.validation.release_rules import FROM_WAREHOUSE
from tasks.entries.validation.rule_checks import RuleChecks

ENTRIES = "entries"
QUOTA = codes_where("entry_type", "quota")
PAST = ("arrival_date", "release_date", "import_date", "export_date", "in_bond_date")
EARLY = np.timedelta64(5, "D")
"""Papers may be handed in, and goods released, up to five days before the conveyance arrives
(19 CFR 142.2(b))."""


def all_outcome(checks: RuleChecks) -> None:
    """Every rule of this module on one record."""
    outcome_facts(checks)
    consent(checks)
    dates(checks)
    references(checks)


def outcome_facts(checks: RuleChecks) -> None:
    """A release has a day; a day or an hour belongs to a release; `cleared otherwise` says how."""
    dated = checks.among(ENTRIES, "paper_outcome", codes_where("paper_outcome", "dated"))
    checks.need(ENTRIES, "release_date", dated, "E350", "the day on the stamped copy")
    checks.bar(
        ENTRIES, "release_date", ~dated, "E350", "leave empty, or set What the port did to released or provisional"
    )
    undated = ~checks.given(ENTRIES, "release_date")
    checks.bar(ENTRIES, "release_time", undated, "E350", "leave empty, or fill in Paper release date")
    otherwise = checks.among(ENTRIES, "paper_outcome", ["cleared otherwise"])
    checks.need(ENTRIES, "cleared_under", otherwise, "E350", "the number that the goods were cleared under")


def consent(checks: RuleChecks) -> None:
    """Quota goods need summary and duty before release, so paper release needs CBP's written
    consent (19 CFR 142.13(b))."""
    papers = checks.has("documents", checks.among("documents", "document_type", ["CBP consent"]))
    freed = checks.among(ENTRIES, "paper_outcome", codes_where("paper_outcome", "dated"))
    checks.report(
        ENTRIES,
        "paper_outcome",
        checks.among(ENTRIES, "entry_type", QUOTA) & freed & ~papers,
        "E351",
        "quota goods are not released on paper without CBP's written consent:",
        "list it on the sheet Documents as CBP consent, or correct the outcome",
    )


def dates(checks: RuleChecks) -> None:
    """Nothing that has happened lies ahead, and what happened did so in a possible order."""
    last = np.datetime64(checks.profile.last_day)
    for name in PAST:
        checks.report(ENTRIES, name, checks.days(name) > last, "E352", "in the future:", "the day it happened")
    arrival = checks.days("arrival_date")
    checks.report(
        ENTRIES,
        "release_date",
        checks.days("release_date") < arrival - EARLY,
        "E353",
        "more than five days before arrival:",
        "check both dates",
    )
    for name in ("import_date", "arrival_date"):
        wrong, right = "after the goods came in:", "the day they left the country of export"
        checks.report_condition(
            "E354", exported_after_import, checks.bind(ENTRIES, {"import_date": name}), wrong, right
        )


def references(checks: RuleChecks) -> None:
    """Entry numbers of others parse; they may be another filer's (CATAIR SE v40 p.39, 54)."""
    for name, mask in (
        ("warehouse_entry", checks.among(ENTRIES, "entry_type", FROM_WAREHOUSE)),
        ("consolidated_summary", checks.given(ENTRIES, "consolidated_summary")),
    ):
        faults = {}
        for text in to_list(checks.column(ENTRIES, name).unique().drop_null()):
            try:
                parse_entry_number(text, None, _any_factor(text, checks))
            except BadNumber as bad:
                faults[text] = bad.problems[0].wrong, bad.problems[0].right
        checks.report(
            ENTRIES,
            name,
            mask & checks.among(ENTRIES, name, faults),
            "E101",
            lambda value, reasons=faults: reasons[value][0],
            lambda value, reasons=faults: reasons[value][1],
        )


def _any_factor(text: str, checks: RuleChecks) -> dict[str, range | tuple[int, ...]]:
    """Our own factors for our own numbers; CBP does not tell us another filer's, so any goes."""
    filer = text[:3].upper()
    ours = filer in (checks.profile.filers or ()) or filer in checks.profile.offsets
    return {filer: entry_numbers.allowed_offsets(filer, checks.profile.offsets) if ours else range(10)}
