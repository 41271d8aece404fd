"""The incident's chapters of the drill: hour zero, clean again, the end. Nothing is sent; notices are
printed and recorded as delivered by hand.

The chapter on discretion (R8): asked of CBP for what production has to file after release, granted in
a made-up letter, kept in the journal, and relied on by an entry of production and one on paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput, ContinuityError, Refused
from tasks.core.files import write_atomic
from tasks.core.settings import BrokerSettings
from tasks.documents.api import LetterPaper, PageFrame
from tasks.entries.api import ENTRIES
from tasks.incident.api import (
    ON_PAPER,
    NoticeRecord,
    OpenWorkAct,
    StepDetails,
    acknowledge,
    attach_evidence,
    build_pack,
    close,
    close_items,
    declare_incident,
    draft,
    draft_due,
    find_notice,
    load_deadlines,
    load_exports,
    load_notice_plan,
    open_work_items,
    recipients,
    record_exposure,
    record_facts,
    record_grant,
    record_notice,
    record_use,
    require_incident,
    requires_written_notice,
    running_clocks,
    take_step,
    verify,
    work_rows,
    write,
    write_notices,
)
from tasks.security.api import host_public_key
from tasks.workspace import Workspace

PORT, REFERENCE, ACT = "2304", "DRILL-2304-26", "late-summary"
REASON = "cyber incident: the broker cannot transmit (made up)"
DAYS = 21
FOLDER = "discretion"


def _discretion(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    """From asking to the record, into `out/incident/discretion`."""
    out = out / "incident"
    yield _ask(workspace, out, actor)
    first, last = _days(workspace)
    letter = write_atomic(out / FOLDER / f"granted-{REFERENCE}.pdf", _letter(workspace, first, last))
    term = (REFERENCE, first, last, REASON)
    try:
        record_grant(workspace, *term, ["psc"], letter, actor)
        yield "discretion for a post-summary correction WAS RECORDED"
    except BadInput as refused:
        yield f"refused, as it must be: {refused.problems[0]}"
    record_grant(workspace, *term, [ACT], letter, actor)
    yield f"port {PORT} grants it: {REFERENCE}, {ACT}, {term[1]} to {term[2]}; its letter is kept"
    numbers = [_production(workspace), _on_paper(workspace)]
    for use in record_use(workspace, numbers, REFERENCE, ACT, out / FOLDER / "attachments", actor):
        attachment = f"attachment {use.path.name}" if use.path else "no attachment: released on downtime"
        yield f"  {use.number} rests on it, {attachment}"


def _ask(workspace: Workspace, out: Path, actor: str) -> str:
    """The request, written for headquarters and ports, and recorded as delivered by hand."""
    notices = _issue_notice(workspace, "discretion-request", out / "notices", actor)
    for notice in notices:
        record_notice(workspace, notice.id, "hand", actor, reference="DRILL: not sent")
    return f"asked of {', '.join(notice.contact for notice in notices)}: what falls due after release will be late"


def _issue_notice(workspace: Workspace, name: str, folder: Path, actor: str) -> list[NoticeRecord]:
    """A notice of the plan, drafted and printed for each of its recipients."""
    plan, incident = load_notice_plan(workspace.settings.home), require_incident(workspace.journal.rows)
    notice = plan.notice(name)
    drafts = draft(workspace, incident, notice, recipients(workspace, notice), actor, plan)
    notices = [find_notice(workspace, drafted.notice) for drafted in drafts]
    write_notices(workspace, notices, folder)
    return notices


def _days(workspace: Workspace) -> tuple[date, date]:
    """The outage, from the first entry that was released on paper, and some weeks to come."""
    query = sa.select(sa.func.min(ENTRIES.c.released)).where(ENTRIES.c.released != "")
    today, first = clock.washington().date(), workspace.journal.rows(query)[0][0]
    return min(today, date.fromisoformat(first)), today + timedelta(days=DAYS)


def _letter(workspace: Workspace, first: date, last: date) -> bytes:
    """CBP's answer, as a drill has it."""
    paper = LetterPaper(
        PageFrame(
            title="Enforcement discretion granted",
            left="Port director (made up)",
            right=f"port {PORT}",
            foot=REFERENCE,
            mark="DRILL: made-up entries",
            made=clock.now(),
        )
    )
    paper.page()
    name = workspace.settings(BrokerSettings).name
    paper.text(
        f"{name}: discretion is used for entry summaries that are late because of the incident, for "
        f"the days from {first} to {last}. Reason: {REASON}. Interest is not affected.",
        11,
    )
    return paper.bytes()


def _production(workspace: Workspace) -> str:
    """An entry that production had released before, whose summary falls due. Its number is ours."""
    incident = require_incident(workspace.journal.rows)
    rules = load_deadlines(workspace.settings.home)
    return next(
        entry.reference
        for entry in open_work_items(workspace.journal.rows, incident.id, rules)
        if entry.is_open and entry.work == "summary" and entry.port == PORT
    )


def _on_paper(workspace: Workspace) -> str:
    query = sa.select(ENTRIES.c.number).where(ENTRIES.c.port == PORT, ENTRIES.c.outcome.in_(ON_PAPER))
    return str(workspace.journal.rows(query.order_by(ENTRIES.c.number).limit(1))[0].number)


_FACTS = {
    "cause": "a mail with a link, then a stolen password (made up)",
    "incident-type": "ransomware",
    "affected-systems": "entry system, file server, mail",
    "records": "client files with importer numbers",
    "site": "office in Laredo",
    "indicators": "being collected",
    "restoration": "within five days",
}
_REPORTS = (
    "cause",
    "scope",
    "clean-build",
    "restore-proof",
    "scans",
    "credentials",
    "isa",
    "second-factor",
    "monitoring",
    "attestation",
)
_CLOCKS_LISTED = 5
_OFFICER = "Officer Diaz (made up)"


def _begin(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    """Declared, the hour-zero list, whose numbers are exposed, whom to notify, downtime authorized."""
    now = clock.now()
    incident, _ = declare_incident(workspace, StepDetails(now, "files are encrypted"), actor, breach=now)
    _, is_second = declare_incident(workspace, StepDetails(now, "so I hear"), "bharbor", breach=now)
    yield f"incident {incident.id} is declared; declared once more by another it {'IS TWO' if is_second else 'is one'}"
    for export in load_exports(workspace, actor):
        yield f"{export.file}: {export.items} items were open when the systems went down"
    record_facts(workspace, incident, _FACTS, actor)
    listed, _ = record_exposure(workspace, ["client-files"], actor)
    social = sum(number.number.startswith("~") for number in listed)
    yield f"{len(listed)} importer numbers stood in client-files, {social} of them an SSN, masked here"
    yield from _notify(workspace, out, actor)
    for name in ("disconnected", "downtime_requested", "downtime_authorised", "downtime_running"):
        details = StepDetails(reference="DRILL-2026-117" if name == "downtime_authorised" else "")
        take_step(workspace, name, details, actor)
    yield from _notify(workspace, out, actor)
    yield "CBP authorised downtime (DRILL-2026-117): entries go out on paper"
    yield from _due_next(workspace)


def _notify(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    """Write what is due, and record it as delivered by hand; a breach notice as mailed, with the mail file
    as its proof."""
    drafted, missing = draft_due(workspace, actor)
    notices = [find_notice(workspace, notice.notice) for notice in drafted]
    for notice in notices:
        paths = write_notices(workspace, [notice], out / "incident" / "notices")
        if requires_written_notice(workspace, notice):
            yield from _mail(workspace, notice, paths, actor)
        else:
            record_notice(workspace, notice.id, "hand", actor, reference="DRILL: not sent")
    names = ", ".join(dict.fromkeys(notice.template for notice in notices))
    yield f"{len(notices)} notices written and printed: {names or 'none'}"
    yield from (f"  nobody to tell: {problem}" for problem in missing)


def _mail(workspace: Workspace, notice: NoticeRecord, files: Sequence[Path], actor: str) -> Iterator[str]:
    """The office is telephoned first, which must not stop the clock."""
    record_notice(workspace, notice.id, "call", actor, reference=_OFFICER)
    running = _running(workspace)
    proof = [path for path in files if path.suffix == ".eml"]
    record_notice(workspace, notice.id, "mail", actor, reference="DRILL: not sent", files=proof)
    stopped = ", ".join(sorted(running - _running(workspace))) or "NO CLOCK"
    yield f"{notice.template}: a call was logged and stopped no clock; the mail with its proof stopped {stopped}"


def _running(workspace: Workspace) -> set[str]:
    return {clock_run.rule.id for clock_run in running_clocks(workspace, require_incident(workspace.journal.rows))}


def _due_next(workspace: Workspace) -> Iterator[str]:
    incident, now = require_incident(workspace.journal.rows), clock.now()
    for running in running_clocks(workspace, incident)[:_CLOCKS_LISTED]:
        yield f"  {running.words(now):22} {running.rule.id:10} {running.about}"


def _clean(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    """The systems are clean: evidence as a signed pack, verified with the public key, reconnected."""
    for name in ("remediating", "remediated"):
        take_step(workspace, name, StepDetails(), actor)
    try:
        build_pack(workspace, require_incident(workspace.journal.rows), out / "none", actor)
        yield "an empty pack WAS BUILT"
    except Refused as refused:
        yield f"refused, as it must be: {refused}"
    _attach(workspace, actor)
    acknowledge(workspace, f"{require_incident(workspace.journal.rows).id}/breach", _OFFICER, actor)
    folder, incident = out / "incident" / "evidence", require_incident(workspace.journal.rows)
    build_pack(workspace, incident, folder, actor)
    verification = verify(folder, host_public_key(workspace.settings.home), workspace.journal)
    yield f"evidence pack of {len(_REPORTS)} reports: {'holds' if verification.ok else 'DOES NOT HOLD'}"
    yield from _notify(workspace, out, actor)
    pack = StepDetails(files=(folder / "manifest.json",), reference="DRILL")
    for name in ("evidence_submitted", "reconnected", "keying_backlog"):
        take_step(workspace, name, pack, actor)
    yield "CBP has the evidence; the connection stands again"


def _attach(workspace: Workspace, actor: str) -> None:
    folder = workspace.settings.home / "reports"
    folder.mkdir(exist_ok=True)
    for report in _REPORTS:
        path = folder / f"{report}.txt"
        path.write_text(
            f"DRILL: report for the item {report}, as an examiner would write it on the day of the exercise. "
            "Everything in it is made up.\n",
            encoding="utf-8",
        )
        attach_evidence(workspace, report, [path], "made up for the drill", actor)


def _end(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    """Open work is brought to its end, the close-out is written, the incident closed."""
    incident = require_incident(workspace.journal.rows)
    try:
        close(workspace, StepDetails(note="too early"), actor)
        yield "the incident WAS CLOSED with open work"
    except ContinuityError as refused:
        yield f"close refused, as it must be: {str(refused).splitlines()[0]}"
    items = [row["item"] for row in work_rows(workspace, incident.id)]
    closed = close_items(workspace, items, OpenWorkAct("filed", "DRILL: done by hand"), actor)
    yield f"{len(closed)} items of hour zero are closed, each by a recorded act"
    write(workspace, incident, out / "incident" / "open-work")
    take_step(workspace, "reconciled", StepDetails(), actor)
    _issue_notice(workspace, "close-out", out / "incident" / "notices", actor)
    ended = close(workspace, StepDetails(note="DRILL: all done"), actor)
    yield f"incident {ended.id} is {ended.state}: {len(ended.steps)} steps, each with who and when"


_CHAPTERS: Mapping[str, Callable[[Workspace, Path, str], Iterator[str]]] = {
    "begin": _begin,
    "discretion": _discretion,
    "clean": _clean,
    "end": _end,
}


def play_incident(workspace: Workspace, out: Path, actor: str, chapter: str) -> list[str]:
    """Play `begin`, `discretion`, `clean` or `end`; what happened, in words. Raises Refused outside a
    drill: a made-up incident or grant must never stand behind a real entry."""
    if not workspace.drill:
        raise Refused("simulated-grant-drill-only" if chapter == "discretion" else "simulated-incident-drill-only")
    return list(_CHAPTERS[chapter](workspace, out, actor))
