"""The incident's chapters of the drill: hour zero, clean again, the end. Nothing leaves the house; what
would be told is printed and recorded as told by hand.

The drill's chapter on discretion (R8): asked of CBP for what production owes after release, granted in
a made-up letter, kept in the book, and relied on by an entry of production and one that went on paper.
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


def play_discretion(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """From asking to the record, into `out/incident/discretion`; says what came of it. Raises Refused
    outside a drill: a made-up grant must never stand behind a real entry."""
    if not workspace.drill:
        raise Refused("simulated-grant-drill-only")
    return list(_chapter(workspace, out / "incident", actor))


def _chapter(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
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
    for one in record_use(workspace, numbers, REFERENCE, ACT, out / FOLDER / "attachments", actor):
        what = f"attachment {one.path.name}" if one.path else "no attachment: released on downtime"
        yield f"  {one.number} rests on it, {what}"


def _ask(workspace: Workspace, out: Path, actor: str) -> str:
    """The request, written for headquarters and ports, and recorded as told by hand."""
    found = load_notice_plan(workspace.settings.home)
    notice = found.notice("discretion-request")
    incident = require_incident(workspace.journal.rows)
    to = recipients(workspace, notice)
    made = draft(workspace, incident, notice, to, actor, found)
    known = [find_notice(workspace, one.notice) for one in made]
    write_notices(workspace, known, out / "notices")
    for one in known:
        record_notice(workspace, one.id, "hand", actor, reference="DRILL: not sent")
    return f"asked of {', '.join(one.contact for one in known)}: what falls due after release will be late"


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
        one.reference
        for one in open_work_items(workspace.journal.rows, incident.id, rules)
        if one.is_open and one.work == "summary" and one.port == PORT
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
_SHOWN = 5
_OFFICER = "Officer Diaz (made up)"


def _require_drill(workspace: Workspace) -> None:
    if not workspace.drill:
        raise Refused("simulated-incident-drill-only")


def begin_incident(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """Declared, the hour-zero list, whose numbers are exposed, whom to tell, downtime authorised."""
    _require_drill(workspace)
    return list(_begin(workspace, out, actor))


def _begin(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    now = clock.now()
    made, _ = declare_incident(workspace, StepDetails(now, "files are encrypted"), actor, breach=now)
    _, second = declare_incident(workspace, StepDetails(now, "so I hear"), "bharbor", breach=now)
    yield f"incident {made.id} is declared; declared once more by another it {'IS TWO' if second else 'is one'}"
    for taken in load_exports(workspace, actor):
        yield f"{taken.file}: {taken.items} items were open when the systems went down"
    record_facts(workspace, made, _FACTS, actor)
    listed, _ = record_exposure(workspace, ["client-files"], actor)
    social = sum(one.number.startswith("~") for one in listed)
    yield f"{len(listed)} importer numbers stood in client-files, {social} of them an SSN, masked here"
    yield from _tell(workspace, out, actor)
    for name in ("disconnected", "downtime_requested", "downtime_authorised", "downtime_running"):
        given = StepDetails(reference="DRILL-2026-117" if name == "downtime_authorised" else "")
        take_step(workspace, name, given, actor)
    yield from _tell(workspace, out, actor)
    yield "CBP authorised downtime (DRILL-2026-117): entries go out on paper"
    yield from _bites(workspace)


def _tell(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    """Write what is due, and record it as told by hand; a breach notice as mailed, with the mail file
    as its proof."""
    drafted, missing = draft_due(workspace, actor)
    known = [find_notice(workspace, one.notice) for one in drafted]
    for one in known:
        files = write_notices(workspace, [one], out / "incident" / "notices")
        if requires_written_notice(workspace, one):
            yield from _mail(workspace, one, files, actor)
        else:
            record_notice(workspace, one.id, "hand", actor, reference="DRILL: not sent")
    names = ", ".join(dict.fromkeys(one.template for one in known))
    yield f"{len(known)} notices written and printed: {names or 'none'}"
    yield from (f"  nobody to tell: {problem}" for problem in missing)


def _mail(workspace: Workspace, one: NoticeRecord, files: Sequence[Path], actor: str) -> Iterator[str]:
    """The office is telephoned first, which must not stop the clock."""
    record_notice(workspace, one.id, "call", actor, reference=_OFFICER)
    runs = _running(workspace)
    proof = [path for path in files if path.suffix == ".eml"]
    record_notice(workspace, one.id, "mail", actor, reference="DRILL: not sent", files=proof)
    stopped = ", ".join(sorted(runs - _running(workspace))) or "NO CLOCK"
    yield f"{one.template}: a call was logged and stopped no clock; the mail with its proof stopped {stopped}"


def _running(workspace: Workspace) -> set[str]:
    return {one.rule.id for one in running_clocks(workspace, require_incident(workspace.journal.rows))}


def _bites(workspace: Workspace) -> Iterator[str]:
    incident, now = require_incident(workspace.journal.rows), clock.now()
    for one in running_clocks(workspace, incident)[:_SHOWN]:
        yield f"  {one.words(now):22} {one.rule.id:10} {one.about}"


def clean_systems(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """The systems are clean: evidence as a signed pack, verified with the public key, reconnected."""
    _require_drill(workspace)
    return list(_clean(workspace, out, actor))


def _clean(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
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
    found = verify(folder, host_public_key(workspace.settings.home), workspace.journal)
    yield f"evidence pack of {len(_REPORTS)} reports: {'holds' if found.ok else 'DOES NOT HOLD'}"
    yield from _tell(workspace, out, actor)
    pack = StepDetails(files=(folder / "manifest.json",), reference="DRILL")
    for name in ("evidence_submitted", "reconnected", "keying_backlog"):
        take_step(workspace, name, pack, actor)
    yield "CBP has the evidence; the connection stands again"


def _attach(workspace: Workspace, actor: str) -> None:
    folder = workspace.settings.home / "reports"
    folder.mkdir(exist_ok=True)
    for item in _REPORTS:
        path = folder / f"{item}.txt"
        path.write_text(
            f"DRILL: report for the item {item}, as an examiner would write it on the day of the exercise. "
            "Everything in it is made up.\n",
            encoding="utf-8",
        )
        attach_evidence(workspace, item, [path], "made up for the drill", actor)


def end_incident(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """Open work is brought to its end, the close-out is written, the incident closed."""
    _require_drill(workspace)
    return list(_end(workspace, out, actor))


def _end(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
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
    book = load_notice_plan(workspace.settings.home)
    notice = book.notice("close-out")
    made = draft(
        workspace, require_incident(workspace.journal.rows), notice, recipients(workspace, notice), actor, book
    )
    known = [find_notice(workspace, one.notice) for one in made]
    write_notices(workspace, known, out / "incident" / "notices")
    ended = close(workspace, StepDetails(note="DRILL: all done"), actor)
    yield f"incident {ended.id} is {ended.state}: {len(ended.steps)} steps, each with who and when"


CHAPTERS: Mapping[str, Callable[[Workspace, Path, str], list[str]]] = {
    "begin": begin_incident,
    "discretion": play_discretion,
    "clean": clean_systems,
    "end": end_incident,
}
