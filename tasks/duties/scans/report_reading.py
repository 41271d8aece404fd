"""Reads a scan report by what it is, not by its name; counts what is open and how old it is.

No scanner's report says since when a finding has been open, so its age is counted from the first
report of this broker that lists it without a gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec

from tasks.core.content import ContentStore
from tasks.duties.duty_definition import SEVERITIES
from tasks.duties.duty_history import DutyProof
from tasks.duties.events import ScanCounts
from tasks.duties.scans.sarif_reports import read_sarif
from tasks.duties.scans.scan_findings import ScanFinding, ScanReport
from tasks.duties.scans.untrusted_xml import refused_report, xml_elements
from tasks.duties.scans.xml_reports import NESSUS_ROOT, OPENVAS_ROOTS, read_nessus, read_openvas


class DatedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as it is kept, with the day it was first seen."""

    key: str
    severity: str
    title: str
    where: str
    first: str


def read_report(path: Path) -> ScanReport:
    """Raises HostileFile for what is none of the three, or cannot be read safely."""
    with path.open("rb") as source:
        head = source.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        raise refused_report(path, "scan-report-empty")
    if head[:1] == b"{":
        return read_sarif(path)
    if head[:1] != b"<" and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refused_report(path, "scan-report-format-unknown")
    root = _root(path)
    if root == NESSUS_ROOT:
        return read_nessus(path)
    if root in OPENVAS_ROOTS:
        return read_openvas(path)
    raise refused_report(path, "scan-report-root-unknown", element=root)


def _root(path: Path) -> str:
    """The outermost element's name; the rest of the file is not checked yet."""
    any_tag = _EveryName()
    for _, element in xml_elements(path, any_tag, frozenset()):
        return element.tag
    raise refused_report(path, "scan-report-without-elements")


class _EveryName(frozenset[str]):
    """Every name is in it."""

    def __contains__(self, name: object) -> bool:
        return True


def date_findings(report: ScanReport, on: date, earlier: Mapping[str, str]) -> list[DatedFinding]:
    """Each finding once, with the day it was first seen: that of `earlier`, by key, or `on`."""
    unique = {finding.key: finding for finding in sorted(report.findings, key=_rank, reverse=True)}
    return [
        DatedFinding(
            key=finding.key,
            severity=finding.severity,
            title=finding.title,
            where=finding.where,
            first=earlier.get(finding.key, on.isoformat()),
        )
        for finding in sorted(unique.values(), key=lambda finding: (_rank(finding), finding.key))
    ]


def _rank(finding: ScanFinding) -> int:
    return SEVERITIES.index(finding.severity)


def count_findings(report: ScanReport, findings: Sequence[DatedFinding]) -> ScanCounts:
    """How many are open by severity, and the oldest of each."""
    oldest: dict[str, str] = {}
    for finding in findings:
        oldest[finding.severity] = min(finding.first, oldest.get(finding.severity, finding.first))
    return ScanCounts(
        format=report.format,
        tool=report.tool,
        open=dict(Counter(finding.severity for finding in findings)),
        oldest=oldest,
    )


def first_seen(content: ContentStore, proofs: Sequence[DutyProof], report: ScanReport, on: date) -> dict[str, str]:
    """Key -> day first seen, from the last report of the same tool that is not younger."""
    for proof in reversed(proofs):
        is_same_tool = proof.scan and (proof.scan.format, proof.scan.tool) == (report.format, report.tool)
        if is_same_tool and proof.content and proof.on <= on:
            dated = msgspec.json.decode(content.get(proof.content), type=list[DatedFinding])
            return {finding.key: finding.first for finding in dated}
    return {}
