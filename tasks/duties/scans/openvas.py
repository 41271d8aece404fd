"""OpenVAS and Greenbone reports as XML: a result for each test, host and port."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from xml.etree.ElementTree import Element

from tasks.duties.scans.finding import HIGH, INFO, LOW, MEDIUM, Finding, Report, by_score
from tasks.duties.scans.hostile_xml import elements, refused

ROOTS = ("report", "get_reports_response")
_THREATS = {"critical": by_score(9), "high": HIGH, "medium": MEDIUM, "low": LOW, "log": INFO}
_ENDED = ("", "Done")
_NOT_OPEN = {"false positive", "debug", "error"}


def read(path: Path) -> Report:
    """Raises HostileFile for what cannot be read safely, or has an unknown severity."""
    findings: list[Finding] = []
    taken = None
    wanted = frozenset({"result", "scan_end", "scan_run_status"})
    for _, element in elements(path, frozenset(), wanted):
        if element.tag == "scan_run_status":
            if (said := (element.text or "").strip()) not in _ENDED:
                raise refused(path, "scan-not-finished", status=said)
        elif element.tag == "scan_end":
            taken = _day(element.text) or taken
        elif (test := element.find("nvt")) is not None:
            findings += _finding(path, element, test)
    return Report("OpenVAS", "OpenVAS", tuple(findings), taken)


def _finding(path: Path, result: Element, test: Element) -> list[Finding]:
    """The open finding of a result; none for what is no finding."""
    threat = _text(result, "threat").lower()
    if threat in _NOT_OPEN:
        return []
    score = _text(result, "severity")
    try:
        severity = by_score(float(score)) if score else _THREATS[threat]
    except (ValueError, KeyError):
        said = score or threat
        raise refused(
            path, "scan-severity-unknown", severity=said, right="a number from 0 to 10"
        ) from None
    place = f"{_text(result, 'host')}:{_text(result, 'port')}"
    title = _text(result, "name") or _text(test, "name")
    return [Finding(f"{test.get('oid', '')}|{place}", severity, title, place)]


def _text(element: Element, name: str) -> str:
    child = element.find(name)
    return (child.text or "").strip() if child is not None else ""


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None
