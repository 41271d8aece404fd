"""Lines of the status page on backups (P6): when the newest was taken, what failed since and still does,
and whether the store guards what it holds. Each red goes when its own kind of check passes: a backup that
succeeds corrects neither an old pack nor the store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from tasks.backup.settings import BackupSettings
from tasks.core import clock
from tasks.core.findings import Finding
from tasks.core.journal.store import EVENTS
from tasks.core.settings import Settings
from tasks.core.status_lines import AMBER, GREEN, RED, Rows, StatusLine, ago, last_event, newest_event
from tasks.workspace import Workspace

_RECENT = 24  # snapshots: several runs of every class there is
JUNK = "junk-on-store"
"""Code of the flag for objects that nobody of this repository wrote. They harm no snapshot, and an
administrator of the server looks at who made them."""
_LONGEST = 200  # characters of findings on one line
EventFact = tuple[datetime, dict[str, Any]]


def lines(workspace: Workspace) -> list[StatusLine]:
    """What events record of backups."""
    rows, settings = workspace.journal.rows, workspace.settings
    return [*_newest_backup(rows, settings), *_verified(rows), *_proved(rows), *_guard(rows)]


def _by(what: str) -> sa.ColumnElement[bool]:
    fragment = f'"what":"{what}"'  # bodies are canonical JSON
    return sa.and_(EVENTS.c.kind == "backup.failed", EVENTS.c.body.contains(fragment, autoescape=True))


def _newest_backup(rows: Rows, settings: Settings) -> Iterator[StatusLine]:
    newest, failed = last_event(rows, "backup.done"), newest_event(rows, _by("run"))
    if newest is None:
        why = f"; it failed {ago(failed[0])}: {_joined(_findings(failed[1]['findings']))}" if failed else ""
        yield _line("newest-backup", "newest backup", RED, f"never done{why}", "continuity backup run")
        return
    at, body = newest
    hours = settings(BackupSettings).home_objective_hours
    late = clock.now() - at > timedelta(hours=hours)
    fact, step = f"taken {ago(at)}, objective {hours:g} h", "continuity backup run" if late else ""
    yield _line("newest-backup", "newest backup", AMBER if late else GREEN, fact, step, clock.text(at))
    if failed and failed[0] > at:
        yield _failed("backup-failed", "backup after that", failed)
    yield from _flagged(rows)
    if not body["customs_territory"]:
        fact = "not declared to lie in the U.S. customs territory (19 CFR 111.23(a))"
        step = "set [backup] place and customs_territory"
        yield _line("store-location", "where the store is", AMBER, fact, step, clock.text(at), "S")


def _line(
    code: str, what: str, light: str, fact: str, step: str = "", since: str = "", confidence: str = "", **values: object
) -> StatusLine:
    return StatusLine(code, "P6", what, light, fact, step, since, confidence, values=values)


def _flagged(rows: Rows) -> Iterator[StatusLine]:
    """Flags of the newest snapshot of each class, and what it is without: one run takes several, and
    the last of them says nothing of the others."""
    query = sa.select(EVENTS.c.at, EVENTS.c.body).where(EVENTS.c.kind == "backup.done")
    newest: dict[tuple[str, str], tuple[str, list[Finding], int]] = {}
    for row in rows(query.order_by(EVENTS.c.seq.desc()).limit(_RECENT)):
        body = json.loads(row.body)
        unread = sum(source["unreadable"] for source in body["sources"])
        newest.setdefault((body["host"], body["retention"]), (row.at, _findings(body["flags"]), unread))
    every = [(at, flag) for at, flags, _ in newest.values() for flag in flags]
    flagged = [(at, flag) for at, flag in every if flag.code != JUNK]
    if junk := [(at, flag) for at, flag in every if flag.code == JUNK]:
        at, flag = max(junk, key=lambda pair: pair[0])
        fact = f"{str(flag)[:200]}. Ask the server's administrator who wrote them"
        yield _line("unsigned-objects-on-store", "what lies on the store", AMBER, fact, "continuity backup list", at)
    if flagged:
        flags = [flag for _, flag in flagged]
        fact, codes = f"look before the next run: {_joined(flags)}", [flag.code for flag in flags]
        step, at = "continuity backup list", flagged[0][0]
        yield _line("snapshot-flagged", "what was backed up", RED, fact, step, at, flags=codes)
    gaps = [(at, unread) for at, flags, unread in newest.values() if unread and not flags]
    if gaps:
        count = sum(unread for _, unread in gaps)
        fact = f"{count} files or folders could not be read, as before"
        step, at = "continuity backup run", gaps[0][0]
        yield _line("files-not-backed-up", "missing from the backup", AMBER, fact, step, at, files=count)


def _findings(stored: list[dict[str, Any]]) -> list[Finding]:
    return msgspec.convert(stored, list[Finding])


def _joined(findings: Sequence[Finding]) -> str:
    """Each once, as many as fit on the line."""
    return "; ".join(dict.fromkeys(map(str, findings)))[:_LONGEST]


def _failed(code: str, what: str, failed: EventFact) -> StatusLine:
    at, body = failed
    findings = _findings(body["findings"])
    fact = f"{body['what']} failed {ago(at)}: {_joined(findings)}"
    codes = [finding.code for finding in findings]
    return _line(code, what, RED, fact, f"continuity backup {body['what']}", clock.text(at), findings=codes)


def _verified(rows: Rows) -> Iterator[StatusLine]:
    """Damage stands until the part of the packs that it lay in, or all of them, was read and is whole."""
    query = sa.select(EVENTS.c.seq, EVENTS.c.at, EVENTS.c.body).order_by(EVENTS.c.seq)
    failures = [(row, json.loads(row.body)) for row in rows(query.where(_by("verify")))]
    if not failures:
        return
    since = sa.and_(EVENTS.c.kind == "backup.verified", EVENTS.c.seq > failures[0][0].seq)
    passed = [(row.seq, json.loads(row.body)) for row in rows(query.where(since))]
    for row, body in reversed(failures):
        if not any(seq > row.seq and _covers(later, body) for seq, later in passed):
            yield _failed("store-damaged", "what lies on the store", (clock.parse(row.at), body))
            return


def _covers(passed: dict[str, Any], damaged: dict[str, Any]) -> bool:
    part = (passed["share"], passed["turn"])
    return passed["share"] == 1 or part == (damaged.get("share"), damaged.get("turn"))


def _proved(rows: Rows) -> Iterator[StatusLine]:
    failed, proved = newest_event(rows, _by("prove")), last_event(rows, "backup.proved")
    if failed and (proved is None or failed[0] > proved[0]):
        yield _failed("backup-proof-failed", "proof of the backup", failed)


def _guard(rows: Rows) -> Iterator[StatusLine]:
    """What the doctor found."""
    failed, passed = newest_event(rows, _by("doctor")), last_event(rows, "backup.examined")
    if failed and (passed is None or failed[0] > passed[0]):
        why = _joined(_findings(failed[1]["findings"]))
        fact, step = f"found wanting {ago(failed[0])}: {why}", "continuity backup doctor"
        yield _line("store-guard", "the store's guard", RED, fact, step, clock.text(failed[0]))
    elif passed:
        at = passed[0]
        yield _line("store-guard", "the store's guard", GREEN, f"held {ago(at)}", since=clock.text(at))
