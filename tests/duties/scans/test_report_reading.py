"""Scan reports: counts of each real format, ages over several reports, and hostile files."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.errors import BadInput, HostileFile
from tasks.duties.fulfillment import FulfillmentInput, fulfill_duty
from tasks.duties.scans import untrusted_xml
from tasks.duties.scans.report_reading import count_findings, date_findings, read_report
from tasks.duties.scans.scan_findings import by_score
from tasks.duties.scans.untrusted_xml import xml_elements
from tasks.duties.scans.xml_reports import read_nessus
from tasks.duties.status import status_findings, status_line
from tasks.workspace import Workspace
from tests.errors import refused

SCANS = Path(__file__).parents[2] / "data" / "scans"
DAY = date(2026, 11, 21)


def counts(path: Path) -> dict[str, int]:
    report = read_report(path)
    return count_findings(report, date_findings(report, DAY, {})).open


@pytest.mark.parametrize(
    ("name", "format", "taken", "open_"),
    [
        ("office.nessus", "Nessus", date(2026, 11, 20),
         {"critical": 2, "high": 1, "medium": 2, "low": 1, "info": 1}),
        ("greenbone.xml", "OpenVAS", date(2026, 11, 18),
         {"critical": 1, "high": 1, "medium": 1, "low": 1, "info": 1}),
        ("web.sarif", "SARIF", date(2026, 11, 21),
         {"critical": 1, "high": 2, "medium": 2, "low": 1}),
    ],
)  # fmt: skip
def test_counts_by_severity(name: str, format: str, taken: date, open_: dict[str, int]) -> None:
    report = read_report(SCANS / name)
    assert (report.format, report.ended_on) == (format, taken)
    assert counts(SCANS / name) == open_


def test_a_name_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(b"\xef\xbb\xbf" + (SCANS / "web.sarif").read_bytes().lstrip())
    assert read_report(path).format == "SARIF"  # Visual Studio writes its logs so
    path.write_bytes((SCANS / "office.nessus").read_bytes())
    assert read_report(path).format == "Nessus"


def test_scores_are_those_of_the_rating_scale() -> None:
    scale = {0.0: "info", 0.1: "low", 3.9: "low", 4.0: "medium", 6.9: "medium", 7.0: "high",
             8.9: "high", 9.0: "critical", 10.0: "critical"}  # fmt: skip
    assert {score: by_score(score) for score in scale} == scale


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


def test_an_open_critical_past_its_limit_turns_the_duty_red(office: Workspace) -> None:
    with clock.held(at(DAY)):
        standing = fulfill_duty(
            office, "vulnerability-scan", FulfillmentInput(SCANS / "office.nessus", item="office"), "it"
        )
        last = standing.last
        assert last and last.scan and last.on == date(2026, 11, 20)
        assert last.scan.oldest["critical"] == "2026-11-20"
    lights = {day: status_line(standing, DAY + timedelta(days=day)) for day in (0, 14, 15, 29, 30)}
    assert {day: one.light for day, one in lights.items()} == {
        0: "green", 14: "green", 15: "red", 29: "red", 30: "red",
    }  # fmt: skip
    (reason,) = status_findings(standing, DAY + timedelta(days=15))[1:2]
    assert (reason.code, reason.values["severity"]) == ("scan-finding-past-limit", "critical")
    assert (reason.values["days"], reason.values["limit"]) == (16, 15)
    with clock.held(at(date(2026, 12, 12))):
        later = fulfill_duty(
            office, "vulnerability-scan", FulfillmentInput(SCANS / "office-later.nessus", item="office"), "it"
        )
    scan = later.last.scan if later.last else None
    assert scan and scan.open == {"critical": 1, "high": 2, "medium": 1, "low": 1, "info": 1}
    assert scan.oldest["critical"] == "2026-11-20", "it stood in the report before"
    assert status_line(later, date(2026, 12, 12)).light == "red"


def test_a_scan_cannot_be_younger_than_it_says(office: Workspace) -> None:
    with clock.held(at(date(2026, 12, 1))), refused("duty-proof-refused", BadInput) as caught:
        given = FulfillmentInput(SCANS / "office.nessus", on=date(2026, 12, 1))
        fulfill_duty(office, "vulnerability-scan", given, "it")
    assert caught.codes == ["duty-item-missing", "date-after-scan"]


def test_a_scan_that_says_no_day_is_not_taken_for_one_of_today(office: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "undated.nessus"
    text = (SCANS / "office.nessus").read_text(encoding="utf-8")
    path.write_text(text.replace("HOST_END_TIMESTAMP", "OTHER"), encoding="utf-8")
    with clock.held(at(date(2026, 12, 1))):
        with refused("duty-proof-refused", BadInput) as caught:
            fulfill_duty(office, "vulnerability-scan", FulfillmentInput(path, item="office"), "it")
        assert caught.codes == ["scan-date-missing"]
        done = fulfill_duty(
            office, "vulnerability-scan", FulfillmentInput(path, item="office", on=date(2026, 11, 20)), "it"
        )
    assert done.proofs[-1].on == date(2026, 11, 20)


def test_a_scan_that_did_not_end_proves_nothing(tmp_path: Path) -> None:
    stopped = tmp_path / "stopped.xml"
    text = (SCANS / "greenbone.xml").read_text(encoding="utf-8")
    stopped.write_text(text.replace("status>Done<", "status>Stopped<"), encoding="utf-8")
    failed = tmp_path / "failed.sarif"
    text = (SCANS / "web.sarif").read_text(encoding="utf-8")
    failed.write_text(text.replace('Successful": true', 'Successful": false'), encoding="utf-8")
    for path in (stopped, failed):
        with refused("scan-report-not-supported", HostileFile) as caught:
            read_report(path)
        assert caught.codes == ["scan-not-finished"]


def test_of_several_runs_the_oldest_dates_the_report(tmp_path: Path) -> None:
    log = json.loads((SCANS / "web.sarif").read_text(encoding="utf-8"))
    older = json.loads(json.dumps(log["runs"][0]).replace("2026-11-21", "2025-03-01"))
    path = tmp_path / "two.sarif"
    path.write_text(json.dumps(log | {"runs": [older, log["runs"][0]]}), encoding="utf-8")
    assert read_report(path).ended_on == date(2025, 3, 1)


BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">{}]><NessusClientData_v2>&z;</NessusClientData_v2>'
ENTITIES = "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefghij", "bcdefghijz", strict=True)
)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (BOMB.format(ENTITIES), "scan-report-unsafe"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><report>&x;</report>', "scan-report-unsafe"),
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><report>&e;</report>', "scan-report-unsafe"),
        ("<report>", "scan-report-not-xml"),
        ("<report>\x00</report>", "scan-report-not-xml"),
        ('<?xml version="1.0" encoding="no-such"?><report/>', "scan-report-unsafe"),
        ("<html></html>", "scan-report-root-unknown"),
        ("a,b\n1,2\n", "scan-report-format-unknown"),
        ("", "scan-report-empty"),
        ("{}", "scan-report-not-sarif"),
        ('{"version": "2.0.0", "runs": []}', "sarif-version-unsupported"),
        ('{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}}]}', "scan-not-finished"),
        ("{" + '"a":{' * 100_000, "scan-report-not-sarif"),
        ('{"version": "2.1.0", "runs": ' + "[" * 100_000, "scan-report-not-sarif"),
    ],
)  # fmt: skip
def test_hostile_files_are_refused(tmp_path: Path, words: str, code: str) -> None:
    path = tmp_path / "report.xml"
    path.write_text(words)
    with refused("scan-report-not-supported", HostileFile) as caught:
        read_report(path)
    assert caught.codes == [code]


@pytest.mark.parametrize("piece", ["<a>", '<ReportItem severity="0">'])
def test_nesting_is_refused_long_before_its_end(tmp_path: Path, piece: str) -> None:
    path = tmp_path / "deep.nessus"
    path.write_text("<NessusClientData_v2>" + piece * 2_000_000)
    with refused("scan-report-not-supported", HostileFile) as caught:
        read_report(path)
    assert caught.codes == ["scan-report-too-deep"]


def test_one_element_that_never_ends_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.nessus"
    path.write_text("<NessusClientData_v2><ReportItem>" + "<a/>" * 300_000)
    with refused("scan-report-not-supported", HostileFile) as caught:
        read_report(path)
    assert caught.codes == ["scan-report-too-deep"]


@pytest.mark.long
def test_a_gigabyte_of_nesting_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.nessus"
    with path.open("wb") as out:
        out.write(b"<NessusClientData_v2>")
        for _ in range(1024):
            out.write(b"<a>" * (untrusted_xml.MIB // 3))
    with refused("scan-report-not-supported", HostileFile):
        read_nessus(path)
    with refused("scan-report-not-supported", HostileFile):
        list(xml_elements(path, frozenset(), frozenset(), most=2 << 30))
    path.unlink()


def test_many_hosts_are_read_with_little_memory(tmp_path: Path) -> None:
    """Twenty thousand items of one host: what was read is let go of."""
    import tracemalloc

    item = '<ReportItem port="{0}" protocol="tcp" severity="1" pluginID="{0}" pluginName="n">' + (
        "<description>" + "x" * 400 + "</description></ReportItem>"
    )
    items = "".join(item.format(n) for n in range(20_000))
    path = tmp_path / "big.nessus"
    head = '<NessusClientData_v2><Report name="r"><ReportHost name="h">'
    path.write_text(head + items + "</ReportHost></Report></NessusClientData_v2>")
    tracemalloc.start()
    assert len(read_report(path).findings) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size, "the tree was kept"


def test_the_same_finding_twice_counts_once_as_the_worse(tmp_path: Path) -> None:
    log = json.loads((SCANS / "web.sarif").read_text())
    log["runs"][0]["results"] = [
        {"ruleId": "r", "level": level, "message": {"text": "m"}} for level in ("note", "error")
    ]
    path = tmp_path / "twice.sarif"
    path.write_text(json.dumps(log))
    assert counts(path) == {"high": 1}
