"""Nessus reports, `.nessus` (NessusClientData_v2): a ReportItem for each plugin, host and port."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from tasks.duties.scans.scan_findings import CRITICAL, HIGH, INFO, LOW, MEDIUM, ScanFinding, ScanReport
from tasks.duties.scans.untrusted_xml import refused_report, xml_elements

ROOT = "NessusClientData_v2"
_SEVERITY = {"0": INFO, "1": LOW, "2": MEDIUM, "3": HIGH, "4": CRITICAL}


def read(path: Path) -> ScanReport:
    """Raises HostileFile for what cannot be read safely, or has an unknown severity."""
    findings: list[ScanFinding] = []
    host, taken = "", None
    opened, wanted = frozenset({"ReportHost"}), frozenset({"ReportItem", "tag"})
    for event, element in xml_elements(path, opened, wanted):
        if event == "start":
            host = element.get("name", "")
        elif element.tag == "ReportItem":
            severity = _SEVERITY.get(element.get("severity", ""))
            if severity is None:
                said = element.get("severity")
                raise refused_report(path, "scan-severity-unknown", severity=said, right="0 to 4")
            place = f"{host}:{element.get('port', '')}/{element.get('protocol', '')}"
            key = f"{element.get('pluginID', '')}|{place}"
            findings.append(ScanFinding(key, severity, element.get("pluginName", ""), place))
        elif element.get("name") == "HOST_END_TIMESTAMP":
            taken = max(filter(None, (taken, _day(element.text))), default=None)
    return ScanReport("Nessus", "Nessus", tuple(findings), taken)


def _day(text: str | None) -> date | None:
    digits = (text or "").strip()
    if not digits.isdigit() or len(digits) > 11:
        return None
    return datetime.fromtimestamp(int(digits), UTC).date()
