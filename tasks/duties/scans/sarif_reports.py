"""SARIF 2.1.0 (OASIS): results of a run, with rules that give the severity.

Open is what failed, is not suppressed (3.27.23) and not gone against the baseline (3.27.24). The level
is the result's, else its rule's, else `warning` (3.27.10); a `security-severity` of the rule goes first.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from datetime import date
from pathlib import Path

import msgspec

from tasks.duties.scans.scan_findings import HIGH, INFO, LOW, MEDIUM, ScanFinding, ScanReport, by_score
from tasks.duties.scans.untrusted_xml import MIB, refused_report

MAX_BYTES = 128 * MIB
_LEVELS = {"error": HIGH, "warning": MEDIUM, "note": LOW, "none": INFO}


class _SarifPart(msgspec.Struct, frozen=True, rename="camel"):
    """Fields that are read; a log may hold any others."""


class _Properties(_SarifPart, frozen=True):
    score: str | float | None = msgspec.field(name="security-severity", default=None)


class _Configuration(_SarifPart, frozen=True):
    level: str = "warning"


class _SarifRule(_SarifPart, frozen=True):
    id: str
    name: str = ""
    default_configuration: _Configuration = _Configuration()
    properties: _Properties = _Properties()


class _Component(_SarifPart, frozen=True):
    name: str
    rules: list[_SarifRule] = []


class _Tool(_SarifPart, frozen=True):
    driver: _Component
    extensions: list[_Component] = []


class _Message(_SarifPart, frozen=True):
    text: str = ""


class _Artifact(_SarifPart, frozen=True):
    uri: str = ""


class _Region(_SarifPart, frozen=True):
    start_line: int = 0


class _Physical(_SarifPart, frozen=True):
    artifact_location: _Artifact = _Artifact()
    region: _Region = _Region()


class _Location(_SarifPart, frozen=True):
    physical_location: _Physical = _Physical()


class _Suppression(_SarifPart, frozen=True):
    status: str = "accepted"


class _Reference(_SarifPart, frozen=True):
    id: str = ""
    index: int = -1


class _SarifResult(_SarifPart, frozen=True):
    rule_id: str = ""
    rule_index: int = -1
    rule: _Reference = _Reference()
    level: str | None = None
    kind: str = "fail"
    baseline_state: str = ""
    message: _Message = _Message()
    locations: list[_Location] = []
    suppressions: list[_Suppression] = []
    fingerprints: dict[str, str] = {}
    partial_fingerprints: dict[str, str] = {}
    properties: _Properties = _Properties()


class _Invocation(_SarifPart, frozen=True):
    end_time_utc: str = ""
    execution_successful: bool = True


class _SarifRun(_SarifPart, frozen=True):
    tool: _Tool
    results: list[_SarifResult] | None = None
    invocations: list[_Invocation] = []


class _Log(_SarifPart, frozen=True):
    version: str
    runs: list[_SarifRun]


def read_sarif(path: Path) -> ScanReport:
    """Raises HostileFile for what is no SARIF 2.1.0, or cannot be read safely."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise refused_report(path, "scan-report-too-large", size=size / MIB, most=MAX_BYTES // MIB)
    try:
        # compilers on Windows put a mark of byte order before their log
        log = msgspec.json.decode(path.read_bytes().removeprefix(BOM_UTF8), type=_Log)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise refused_report(path, "scan-report-not-sarif", reason=error) from None
    if not log.version.startswith("2.1"):
        raise refused_report(path, "sarif-version-unsupported", version=log.version)
    if any(run.results is None or not _run_succeeded(run) for run in log.runs):
        raise refused_report(path, "scan-not-finished", status="a run failed or has no results")
    tools = ", ".join(dict.fromkeys(run.tool.driver.name for run in log.runs))
    findings = tuple(finding for run in log.runs for finding in _findings(path, run))
    return ScanReport("SARIF", tools, findings, _scan_date(log))


def _run_succeeded(run: _SarifRun) -> bool:
    """Of several invocations a later one may have repeated what an earlier one failed at."""
    return not run.invocations or any(invocation.execution_successful for invocation in run.invocations)


def _findings(path: Path, run: _SarifRun) -> list[ScanFinding]:
    rules = {rule.id: rule for part in (run.tool.driver, *run.tool.extensions) for rule in part.rules}
    return [
        _finding(path, run, result, rules)
        for result in run.results or []
        if result.kind == "fail" and result.baseline_state != "absent" and not _suppressed(result)
    ]


def _suppressed(result: _SarifResult) -> bool:
    return bool(result.suppressions) and all(suppression.status == "accepted" for suppression in result.suppressions)


def _finding(path: Path, run: _SarifRun, result: _SarifResult, rules: dict[str, _SarifRule]) -> ScanFinding:
    name = result.rule_id or result.rule.id
    index = max(result.rule_index, result.rule.index)
    rules_list = run.tool.driver.rules
    rule = rules.get(name) or (rules_list[index] if 0 <= index < len(rules_list) else None)
    severity = _severity(path, result, rule)
    location = result.locations[0].physical_location if result.locations else _Physical()
    where = f"{location.artifact_location.uri}:{location.region.start_line}".removesuffix(":0")
    prints = result.fingerprints or result.partial_fingerprints
    exact = "|".join(f"{key}={prints[key]}" for key in sorted(prints)) or where
    key = f"{name or (rule.id if rule else '')}|{location.artifact_location.uri}|{exact}"
    title = result.message.text or (rule.name if rule else "") or name
    return ScanFinding(key, severity, title[:300], where)


def _severity(path: Path, result: _SarifResult, rule: _SarifRule | None) -> str:
    score = result.properties.score
    if score is None and rule:
        score = rule.properties.score
    level = result.level or (rule.default_configuration.level if rule else "warning")
    try:
        return by_score(float(score)) if score is not None else _LEVELS[level]
    except (ValueError, KeyError):
        value = level if score is None else score
        raise refused_report(path, "scan-severity-unknown", severity=value, right="a level or a number") from None


def _scan_date(log: _Log) -> date | None:
    """The end of the oldest run."""
    ends = [
        max(invocation.end_time_utc[:10] for invocation in run.invocations)
        for run in log.runs
        if any(invocation.end_time_utc for invocation in run.invocations)
    ]
    try:
        return date.fromisoformat(min(ends)) if ends else None
    except ValueError:
        return None
