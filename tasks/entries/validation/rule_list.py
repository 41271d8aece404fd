"""Two levels of completeness. Release-complete: what a record needs to be recorded, to print the
letter and to send the cargo release. Summary-complete: what only the entry summary needs; it is
never an error at recording and becomes a list of what to ask each importer for.

Codes of problems: E0xx files, sheets, headings and cells (reading); E1xx numbers and which rows
belong together; E2xx single values; E3xx the entry; E4xx bills, conveyances, equipment; E5xx lines,
tariff numbers, parties; E6xx other agencies and documents.
"""

from __future__ import annotations

from tasks.core.errors import Problem
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.validation.bill_rules import all_bills
from tasks.entries.validation.form_rules import all_forms
from tasks.entries.validation.line_rules import all_lines
from tasks.entries.validation.outcome_rules import all_outcome
from tasks.entries.validation.party_rules import all_parties
from tasks.entries.validation.release_rules import all_release, all_special
from tasks.entries.validation.rule_checks import FilerRules, RuleChecks
from tasks.entries.validation.rule_findings import Place, RuleFindings

_RULES = (all_forms, all_release, all_special, all_outcome, all_bills, all_lines, all_parties)


def release_findings(record: EntryRecord, profile: FilerRules | None = None) -> RuleFindings:
    """Everything that keeps entries of a record from being recorded, and which entries."""
    checks = RuleChecks(record, profile or FilerRules())
    for rules in _RULES:
        rules(checks)
    return checks.findings


def release_problems(
    record: EntryRecord, profile: FilerRules | None = None, place: Place | None = None
) -> list[Problem]:
    """The same as problems for a person. `place` tells where a row stands; without it the
    entry number does."""
    return release_findings(record, profile).problems(place)
