"""OpenVAS and Greenbone reports as XML: a result for each test, host and port."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from xml.etree.ElementTree import Element

from tasks.duties.scans.scan_findings import HIGH, INFO, LOW, MEDIUM, ScanFinding, ScanReport, by_score
from tasks.duties.scans.untrusted_xml import refused_report, xml_elements

ROOTS = ("report", "get_reports_response")
_THREATS = {"critical": by_score(9), "high": HIGH, "medium": MEDIUM, "low": LOW, "log": INFO}
_ENDED = ("", "Done")
_NOT_OPEN = {"false positive", "debug", "error"}


def read_nessus(path: Path) -> ScanReport:
    """Raises HostileFile for what cannot be read safely, or has an unknown severity."""
    findings: list[ScanFinding] = []
    taken = None
    wanted = frozenset({"result", "scan_end", "scan_run_status"})
    for _, element in xml_elements(path, frozenset(), wanted):
        if element.tag == "scan_run_status":
            if (said := (element.text or "").strip()) not in _ENDED:
                raise refused_report(path, "scan-not-finished", status=said)
        elif element.tag == "scan_end":
            taken = _openvas_day(element.text) or taken
        elif (test := element.find("nvt")) is not None:
            findings += _finding(path, element, test)
    return ScanReport("OpenVAS", "OpenVAS", tuple(findings), taken)


def _finding(path: Path, result: Element, test: Element) -> list[ScanFinding]:
    """The open finding of a result; none for what is no finding."""
    threat = _text(result, "threat").lower()
    if threat in _NOT_OPEN:
        return []
    score = _text(result, "severity")
    try:
        severity = by_score(float(score)) if score else _THREATS[threat]
    except (ValueError, KeyError):
        said = score or threat
        raise refused_report(path, "scan-severity-unknown", severity=said, right="a number from 0 to 10") from None
    place = f"{_text(result, 'host')}:{_text(result, 'port')}"
    title = _text(result, "name") or _text(test, "name")
    return [ScanFinding(f"{test.get('oid', '')}|{place}", severity, title, place)]


def _text(element: Element, name: str) -> str:
    child = element.find(name)
    return (child.text or "").strip() if child is not None else ""


def _openvas_day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None
