"""The open findings of a scan report, whichever tool wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tasks.duties.duty_definition import SEVERITIES

CRITICAL, HIGH, MEDIUM, LOW, INFO = SEVERITIES


@dataclass(frozen=True, order=True)
class ScanFinding:
    """`key` names the same weakness at the same place in every report of one tool."""

    key: str
    severity: str
    title: str
    where: str


@dataclass(frozen=True)
class ScanReport:
    """The open findings of a report. `taken`: the day on which the scan ended, if it says so."""

    format: str
    tool: str
    findings: tuple[ScanFinding, ...]
    ended_on: date | None = None


def by_score(score: float) -> str:
    """Severity of a CVSS 3 base score: the rating scale of its specification, section 5."""
    for least, severity in ((9.0, CRITICAL), (7.0, HIGH), (4.0, MEDIUM), (0.1, LOW)):
        if score >= least:
            return severity
    return INFO
