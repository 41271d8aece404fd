"""Two levels of completeness. Release-complete: what a record needs to be recorded, to print the
letter and to send the cargo release. Summary-complete: what only the entry summary needs; it is
never an error at recording and becomes a list of what to ask each importer for.

Codes of problems: E0xx files, sheets, headings and cells (reading); E1xx numbers and which rows
belong together; E2xx single values; E3xx the entry; E4xx bills, conveyances, equipment; E5xx lines,
tariff numbers, parties; E6xx other agencies and documents.
"""

from __future__ import annotations

from tasks.entries.checks import Checks, Profile
from tasks.entries.findings import Findings, Place
from tasks.entries.record import Record
from tasks.entries.rules_bills import all_bills
from tasks.entries.rules_forms import all_forms
from tasks.entries.rules_lines import all_lines
from tasks.entries.rules_outcome import all_outcome
from tasks.entries.rules_parties import all_parties
from tasks.entries.rules_release import all_release
from tasks.entries.rules_special import all_special
from tasks.entries.rules_summary import summary_gaps
from tasks.shared.errors import Problem

__all__ = ["Profile", "release_findings", "release_problems", "summary_gaps"]

_RULES = (
    all_forms,
    all_release,
    all_special,
    all_outcome,
    all_bills,
    all_lines,
    all_parties,
)


def release_findings(record: Record, profile: Profile | None = None) -> Findings:
    """Everything that keeps entries of a record from being recorded, and which entries."""
    checks = Checks(record, profile or Profile())
    for rules in _RULES:
        rules(checks)
    return checks.findings


def release_problems(
    record: Record, profile: Profile | None = None, place: Place | None = None
) -> list[Problem]:
    """The same as problems for a person. `place` tells where a row stands; without it the
    entry number does."""
    return release_findings(record, profile).problems(place)
