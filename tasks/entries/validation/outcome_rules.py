"""Rules on what the port did, on dates, and on entry numbers that an entry refers to."""

from __future__ import annotations

import numpy as np

from tasks.core.errors import BadNumber
from tasks.entries.numbers import entry_numbers
from tasks.entries.numbers.entry_numbers import parse_entry_number
from tasks.entries.record.code_lists import codes_where
from tasks.entries.validation.release_rules import FROM_WAREHOUSE
from tasks.entries.validation.rule_checks import RuleChecks

E = "entries"
QUOTA = codes_where("entry_type", "quota")
PAST = ("arrival_date", "release_date", "import_date", "export_date", "in_bond_date")
EARLY = np.timedelta64(5, "D")
"""Papers may be handed in, and goods released, up to five days before the conveyance arrives
(19 CFR 142.2(b))."""


def all_outcome(c: RuleChecks) -> None:
    """Every rule of this module on one record."""
    outcome_facts(c)
    consent(c)
    dates(c)
    references(c)


def outcome_facts(c: RuleChecks) -> None:
    """A release has a day; a day or an hour belongs to a release; `cleared otherwise` says how."""
    dated = c.among(E, "paper_outcome", codes_where("paper_outcome", "dated"))
    c.need(E, "release_date", dated, "E350", "the day on the stamped copy")
    c.bar(E, "release_date", ~dated, "E350", "leave empty, or set What the port did to released or provisional")
    undated = ~c.given(E, "release_date")
    c.bar(E, "release_time", undated, "E350", "leave empty, or fill in Paper release date")
    other = c.among(E, "paper_outcome", ["cleared otherwise"])
    c.need(E, "cleared_under", other, "E350", "the number that the goods were cleared under")


def consent(c: RuleChecks) -> None:
    """Quota goods need summary and duty before release, so paper release needs CBP's written
    consent (19 CFR 142.13(b))."""
    papers = c.has("documents", c.among("documents", "document_type", ["CBP consent"]))
    freed = c.among(E, "paper_outcome", codes_where("paper_outcome", "dated"))
    c.report(
        E,
        "paper_outcome",
        c.among(E, "entry_type", QUOTA) & freed & ~papers,
        "E351",
        "quota goods are not released on paper without CBP's written consent:",
        "list it on the sheet Documents as CBP consent, or correct the outcome",
    )


def dates(c: RuleChecks) -> None:
    """Nothing that has happened lies ahead, and what happened did so in a possible order."""
    last = np.datetime64(c.profile.last_day)
    for name in PAST:
        c.report(E, name, c.days(name) > last, "E352", "in the future:", "the day it happened")
    arrival = c.days("arrival_date")
    c.report(
        E,
        "release_date",
        c.days("release_date") < arrival - EARLY,
        "E353",
        "more than five days before arrival:",
        "check both dates",
    )
    for name in ("import_date", "arrival_date"):
        c.report(
            E,
            "export_date",
            c.days("export_date") > c.days(name),
            "E354",
            "after the goods came in:",
            "the day they left the country of export",
        )


def references(c: RuleChecks) -> None:
    """Entry numbers of others parse; they may be another filer's (CATAIR SE v40 p.39, 54)."""
    for name, mask in (
        ("warehouse_entry", c.among(E, "entry_type", FROM_WAREHOUSE)),
        ("consolidated_summary", c.given(E, "consolidated_summary")),
    ):
        faults = {}
        for text in c.column(E, name).unique().drop_null().to_pylist():
            try:
                parse_entry_number(text, None, _any_factor(text, c))
            except BadNumber as bad:
                faults[text] = bad.problems[0].wrong, bad.problems[0].right
        c.report(
            E,
            name,
            mask & c.among(E, name, faults),
            "E101",
            lambda value, known=faults: known[value][0],
            lambda value, known=faults: known[value][1],
        )


def _any_factor(text: str, c: RuleChecks) -> dict[str, range | tuple[int, ...]]:
    """Our own factors for our own numbers; CBP does not tell us another filer's, so any goes."""
    filer = text[:3].upper()
    ours = filer in (c.profile.filers or ()) or filer in c.profile.offsets
    return {filer: entry_numbers.allowed_offsets(filer, c.profile.offsets) if ours else range(10)}
