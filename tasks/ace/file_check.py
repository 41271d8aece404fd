"""`ace check`: everything that can be said of a batch file before CBP sees it.

Bytes, classes, filler and mandatory fields against the layouts; the A/B/Y/Z envelope; record
order and repetition; the conditional rules of cargo release. What was judged is said in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tasks.ace.checker.control_records import control_findings
from tasks.ace.checker.entry_numbers import key_text
from tasks.ace.checker.file_checker import CHUNK, FileChecker
from tasks.ace.checker.finding_report import LIMIT, Reporter
from tasks.ace.checker.record_tables import application_format
from tasks.ace.wire.check_conditions import FileFinding, condition_of_code, make_finding
from tasks.ace.wire.codec import read_damaged
from tasks.ace.wire.data_classes import Bytes
from tasks.ace.wire.envelope_rules import FilerProfile
from tasks.ace.wire.record_layouts import RECORD_WIDTH
from tasks.entries.api import Offsets

_NUMBERED = {"SE": "SE10", "AE": "10"}
_STRUCTURE = {
    "SE": "records, classes, structure, PGA relations and the rules of cargo release",
    "AE": "records, classes, structure, PGA relations and the rules of the entry summary",
    "EQ": "records, classes, structure and the rules of the query",
    "CQ": "records, classes, structure and the rules of the query",
    "KI": "records, classes, structure and the rules of the query",
    "C1": "records, classes and structure, the order within an answer loosely",
    "ER": "records, classes and structure, the order within an answer loosely",
    "KR": "records, classes and structure, the order within an answer loosely",
}
_RECORDS = "records, classes and envelope only"
_ENVELOPE = "envelope and odd characters only: its records are not known here"


@dataclass(frozen=True)
class CheckResult:
    """What was found in a file, in its order, and what was looked at.

    findings: at most the limit that was asked for; `counts` has every code with its number.
    `unjudged`: disclaimers that only their agency's own guide could judge, in words, with their number.
    """

    findings: tuple[FileFinding, ...]
    counts: dict[str, int]
    scope: str
    applications: tuple[str, ...]
    records: int = 0
    batches: int = 0
    blocks: int = 0
    transactions: int = 0
    entries: int = 0
    unjudged: dict[str, int] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[FileFinding, ...]:
        return tuple(finding for finding in self.findings if finding.is_error)

    @property
    def warnings(self) -> tuple[FileFinding, ...]:
        return tuple(finding for finding in self.findings if not finding.is_error)

    @property
    def ok(self) -> bool:
        """No error. Warnings are deviations that CBP was seen to accept, or things to look at."""
        return not any(condition_of_code(code).severity == "error" for code in self.counts)

    @property
    def summary(self) -> str:
        """One line for a person: what was read and how much was found."""
        errors = sum(n for code, n in self.counts.items() if condition_of_code(code).severity == "error")
        warnings = sum(self.counts.values()) - errors
        read = f"{self.records} records, {self.batches} batches, {self.blocks} blocks"
        entries = f", {self.entries} entries" if self.entries else ""
        unlisted = f" ({self.untold} of them not listed)" if self.untold else ""
        return f"{read}{entries}: {errors} errors, {warnings} warnings{unlisted}"

    @property
    def untold(self) -> int:
        """How many findings were counted but not kept."""
        return sum(self.counts.values()) - len(self.findings)


def check_bytes(
    content: bytes,
    profile: FilerProfile | None = None,
    *,
    offsets: Offsets | None = None,
    envelope_only: bool = False,
    limit: int | None = LIMIT,
) -> CheckResult:
    """Checks the bytes of a file, with or without line ends.

    profile: what CBP has on file of the filer; without it X09, X17, X18, X20, X27, X31 are not
    raised. offsets: check digit factors by filer code. envelope_only: for files whose
    transactions are left out, as in CBP's examples.
    """
    matrix, faults = read_damaged(content)
    return _check(_pieces(matrix), profile, offsets, envelope_only, limit, faults)


def check_matrix(
    matrix: Bytes, profile: FilerProfile | None = None, *, offsets: Offsets | None = None, limit: int | None = LIMIT
) -> CheckResult:
    """Checks (n, 80) records; parameters as in `check_bytes`."""
    faults = [] if len(matrix) else [make_finding(0, 0, "C001")]
    return _check(_pieces(matrix), profile, offsets, False, limit, faults)


def check_file(
    path: Path,
    profile: FilerProfile | None = None,
    *,
    offsets: Offsets | None = None,
    envelope_only: bool = False,
    limit: int | None = LIMIT,
) -> CheckResult:
    """Checks a file; one without line ends is read a chunk at a time, so size is no matter."""
    if not _is_stream(path):
        return check_bytes(path.read_bytes(), profile, offsets=offsets, envelope_only=envelope_only, limit=limit)
    return _check(_chunks(path), profile, offsets, envelope_only, limit)


def _pieces(matrix: Bytes) -> Iterator[Bytes]:
    yield from (matrix[start : start + CHUNK] for start in range(0, len(matrix), CHUNK))


def _chunks(path: Path) -> Iterator[Bytes]:
    with path.open("rb") as stream:
        while part := stream.read(CHUNK * RECORD_WIDTH):
            yield np.frombuffer(part, dtype=np.uint8).reshape(-1, RECORD_WIDTH)


def _is_stream(path: Path) -> bool:
    """Whether a file is whole records without line ends."""
    size = path.stat().st_size
    if not size or size % RECORD_WIDTH:
        return False
    with path.open("rb") as stream:
        head = stream.read(4 * RECORD_WIDTH)
        stream.seek(-RECORD_WIDTH, 2)
        tail = stream.read()
    return not any(character in head + tail for character in (b"\n", b"\r", b"\x1a"))


def _check(
    pieces: Iterator[Bytes],
    profile: FilerProfile | None,
    offsets: Offsets | None,
    envelope_only: bool,
    limit: int | None,
    faults: Sequence[FileFinding] = (),
) -> CheckResult:
    reporter = Reporter(limit)
    checking = FileChecker(reporter, offsets or {}, envelope_only)
    for finding in faults:
        reporter.add(finding)
    for piece in pieces:
        checking.feed(piece)
    checking.end()
    matrix, places = checking.control()
    for finding in control_findings(matrix, places, profile):
        reporter.add(finding)
    entries = 0
    for application, parts in checking.keys.items():
        entries += _distinct(application, parts, reporter)
    first = matrix[:, 0]
    return CheckResult(
        findings=tuple(sorted(reporter.findings, key=_place)),
        counts=dict(sorted(reporter.counts.items())),
        scope=_scope(checking),
        applications=tuple(name for name in checking.applications if name),
        records=checking.records,
        batches=int((first == ord("A")).sum()),
        blocks=int((first == ord("B")).sum()),
        transactions=sum(checking.transactions.values()),
        entries=entries,
        unjudged=dict(sorted(checking.unjudged.items())),
    )


def _distinct(application: str, parts: list, reporter: Reporter) -> int:
    """The number of different entries; C105 for each record that repeats one."""
    keys, indexes = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    distinct, first = np.unique(keys, return_index=True)
    if len(distinct) < len(keys):
        repeated = np.ones(len(keys), dtype=bool)
        repeated[first] = False
        for key, index in zip(keys[repeated], indexes[repeated], strict=True):
            entry = key_text(int(key))
            reporter.add(make_finding(int(index), 0, "C105", _NUMBERED[application], entry))
    return len(distinct)


def _scope(checking: FileChecker) -> str:
    if checking.envelope_only:
        return "envelope only, as asked for"
    parts = []
    for application in checking.applications:
        judged = _RECORDS if application_format(application).sets else _ENVELOPE
        parts.append(f"{application or 'no application'}: {_STRUCTURE.get(application, judged)}")
    return "; ".join(parts)


def _place(finding: FileFinding) -> tuple[int, int, str]:
    return finding.record_index, finding.position, finding.code
