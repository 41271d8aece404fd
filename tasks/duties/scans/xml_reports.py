"""Reports as XML: Nessus, `.nessus` (NessusClientData_v2), a ReportItem for each plugin, host and port; OpenVAS
and Greenbone, a result for each test, host and port."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree.ElementTree import Element

from tasks.duties.scans.scan_findings import CRITICAL, HIGH, INFO, LOW, MEDIUM, ScanFinding, ScanReport, by_score
from tasks.duties.scans.untrusted_xml import refused_report, xml_elements

NESSUS_ROOT = "NessusClientData_v2"
_NESSUS_SEVERITY = {"0": INFO, "1": LOW, "2": MEDIUM, "3": HIGH, "4": CRITICAL}


def read_nessus(path: Path) -> ScanReport:
    """Raises HostileFile for what cannot be read safely, or has an unknown severity."""
    findings: list[ScanFinding] = []
    host, ended_on = "", None
    containers, leaves = frozenset({"ReportHost"}), frozenset({"ReportItem", "tag"})
    for event, element in xml_elements(path, containers, leaves):
        if event == "start":
            host = element.get("name", "")
        elif element.tag == "ReportItem":
            severity = _NESSUS_SEVERITY.get(element.get("severity", ""))
            if severity is None:
                severity_code = element.get("severity")
                raise refused_report(path, "scan-severity-unknown", severity=severity_code, right="0 to 4")
            where = f"{host}:{element.get('port', '')}/{element.get('protocol', '')}"
            key = f"{element.get('pluginID', '')}|{where}"
            findings.append(ScanFinding(key, severity, element.get("pluginName", ""), where))
        elif element.get("name") == "HOST_END_TIMESTAMP":
            ended_on = max(filter(None, (ended_on, _nessus_day(element.text))), default=None)
    return ScanReport("Nessus", "Nessus", tuple(findings), ended_on)


def _nessus_day(text: str | None) -> date | None:
    digits = (text or "").strip()
    if not digits.isdigit() or len(digits) > 11:
        return None
    return datetime.fromtimestamp(int(digits), UTC).date()


OPENVAS_ROOTS = ("report", "get_reports_response")
_THREATS = {"critical": by_score(9), "high": HIGH, "medium": MEDIUM, "low": LOW, "log": INFO}
_ENDED_STATUSES = ("", "Done")
_NOT_OPEN = {"false positive", "debug", "error"}


def read_openvas(path: Path) -> ScanReport:
    """Raises HostileFile for what cannot be read safely, or has an unknown severity."""
    findings: list[ScanFinding] = []
    ended_on = None
    leaves = frozenset({"result", "scan_end", "scan_run_status"})
    for _, element in xml_elements(path, frozenset(), leaves):
        if element.tag == "scan_run_status":
            if (status := (element.text or "").strip()) not in _ENDED_STATUSES:
                raise refused_report(path, "scan-not-finished", status=status)
        elif element.tag == "scan_end":
            ended_on = _openvas_day(element.text) or ended_on
        elif (test := element.find("nvt")) is not None:
            findings += _finding(path, element, test)
    return ScanReport("OpenVAS", "OpenVAS", tuple(findings), ended_on)


def _finding(path: Path, result: Element, test: Element) -> list[ScanFinding]:
    """The open finding of a result; none for what is no finding."""
    threat = _text(result, "threat").lower()
    if threat in _NOT_OPEN:
        return []
    score = _text(result, "severity")
    try:
        severity = by_score(float(score)) if score else _THREATS[threat]
    except (ValueError, KeyError):
        value = score or threat
        raise refused_report(path, "scan-severity-unknown", severity=value, right="a number from 0 to 10") from None
    where = f"{_text(result, 'host')}:{_text(result, 'port')}"
    title = _text(result, "name") or _text(test, "name")
    return [ScanFinding(f"{test.get('oid', '')}|{where}", severity, title, where)]


def _text(element: Element, name: str) -> str:
    child = element.find(name)
    return (child.text or "").strip() if child is not None else ""


def _openvas_day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None
