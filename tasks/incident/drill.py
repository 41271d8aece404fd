"""The incident's chapters of the drill: hour zero, clean again, the end. Nothing leaves the house; what
would be told is printed and recorded as told by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tasks.incident import (
    closing,
    evidence,
    evidence_pack,
    evidence_verify,
    exposure,
    hour_zero,
    notice_facts,
    notice_sending,
    notices,
    plan,
    standing,
    state,
    work_page,
)
from tasks.incident.after import drill as after
from tasks.incident.clocks import clocks
from tasks.incident.hour_zero import Act
from tasks.incident.notices import Known
from tasks.incident.state import Given
from tasks.shared import clock, keys
from tasks.shared.errors import ContinuityError, Refused
from tasks.workspace import Workspace

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


def begin(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """Declared, the hour-zero list, whose numbers are exposed, whom to tell, downtime authorised."""
    _require_drill(workspace)
    return list(_begin(workspace, out, actor))


def _begin(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    now = clock.now()
    made, _ = state.declare(workspace, Given(now, "files are encrypted"), actor, breach=now)
    _, second = state.declare(workspace, Given(now, "so I hear"), "bharbor", breach=now)
    yield f"incident {made.id} is declared; declared once more by another it {'IS TWO' if second else 'is one'}"
    for taken in hour_zero.take(workspace, actor):
        yield f"{taken.file}: {taken.items} items were open when the systems went down"
    notice_facts.note(workspace, made, _FACTS, actor)
    listed, _ = exposure.record(workspace, ["client-files"], actor)
    social = sum(one.number.startswith("~") for one in listed)
    yield f"{len(listed)} importer numbers stood in client-files, {social} of them an SSN, masked here"
    yield from _tell(workspace, out, actor)
    for name in ("disconnected", "downtime_requested", "downtime_authorised", "downtime_running"):
        given = Given(reference="DRILL-2026-117" if name == "downtime_authorised" else "")
        state.step(workspace, name, given, actor)
    yield from _tell(workspace, out, actor)
    yield "CBP authorised downtime (DRILL-2026-117): entries go out on paper"
    yield from _bites(workspace)


def _tell(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    """Write what is due, and record it as told by hand; a breach notice as mailed, with the mail file
    as its proof."""
    drafted, missing = notices.draft_due(workspace, actor)
    known = [notices.one_of(workspace, one.notice) for one in drafted]
    for one in known:
        files = notice_sending.write(workspace, [one], out / "incident" / "notices")
        if notices.must_be_written(workspace, one):
            yield from _mail(workspace, one, files, actor)
        else:
            notices.told(workspace, one.id, "hand", actor, reference="DRILL: not sent")
    names = ", ".join(dict.fromkeys(one.template for one in known))
    yield f"{len(known)} notices written and printed: {names or 'none'}"
    yield from (f"  nobody to tell: {problem}" for problem in missing)


def _mail(workspace: Workspace, one: Known, files: Sequence[Path], actor: str) -> Iterator[str]:
    """The office is telephoned first, which must not stop the clock."""
    notices.told(workspace, one.id, "call", actor, reference=_OFFICER)
    runs = _running(workspace)
    proof = [path for path in files if path.suffix == ".eml"]
    notices.told(workspace, one.id, "mail", actor, reference="DRILL: not sent", files=proof)
    stopped = ", ".join(sorted(runs - _running(workspace))) or "NO CLOCK"
    yield f"{one.template}: a call was logged and stopped no clock; the mail with its proof stopped {stopped}"


def _running(workspace: Workspace) -> set[str]:
    return {one.rule.id for one in clocks(workspace, state.require(workspace.journal.rows))}


def _bites(workspace: Workspace) -> Iterator[str]:
    incident, now = state.require(workspace.journal.rows), clock.now()
    for one in clocks(workspace, incident)[:_SHOWN]:
        yield f"  {one.words(now):22} {one.rule.id:10} {one.about}"


def clean(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """The systems are clean: evidence as a signed pack, verified with the public key, reconnected."""
    _require_drill(workspace)
    return list(_clean(workspace, out, actor))


def _clean(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    for name in ("remediating", "remediated"):
        state.step(workspace, name, Given(), actor)
    try:
        evidence_pack.build(workspace, state.require(workspace.journal.rows), out / "none", actor)
        yield "an empty pack WAS BUILT"
    except Refused as refused:
        yield f"refused, as it must be: {refused}"
    _attach(workspace, actor)
    notices.acknowledge(
        workspace, f"{state.require(workspace.journal.rows).id}/breach", _OFFICER, actor
    )
    folder, incident = out / "incident" / "evidence", state.require(workspace.journal.rows)
    evidence_pack.build(workspace, incident, folder, actor)
    found = evidence_verify.verify(folder, keys.public(workspace.settings.home), workspace.journal)
    yield f"evidence pack of {len(_REPORTS)} reports: {'holds' if found.ok else 'DOES NOT HOLD'}"
    yield from _tell(workspace, out, actor)
    pack = Given(files=(folder / "manifest.json",), reference="DRILL")
    for name in ("evidence_submitted", "reconnected", "keying_backlog"):
        state.step(workspace, name, pack, actor)
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
        evidence.attach(workspace, item, [path], "made up for the drill", actor)


def end(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """Open work is brought to its end, the close-out is written, the incident closed."""
    _require_drill(workspace)
    return list(_end(workspace, out, actor))


def _end(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    incident = state.require(workspace.journal.rows)
    try:
        closing.close(workspace, Given(note="too early"), actor)
        yield "the incident WAS CLOSED with open work"
    except ContinuityError as refused:
        yield f"close refused, as it must be: {str(refused).splitlines()[0]}"
    items = [row["item"] for row in standing.work_rows(workspace, incident.id)]
    closed = hour_zero.close(workspace, items, Act("filed", "DRILL: done by hand"), actor)
    yield f"{len(closed)} items of hour zero are closed, each by a recorded act"
    work_page.write(workspace, incident, out / "incident" / "open-work")
    state.step(workspace, "reconciled", Given(), actor)
    book = plan.load(workspace.settings.home)
    notice = book.notice("close-out")
    made = notices.draft(workspace, state.require(workspace.journal.rows), notice,
                         notices.recipients(workspace, notice), actor, book)  # fmt: skip
    known = [notices.one_of(workspace, one.notice) for one in made]
    notice_sending.write(workspace, known, out / "incident" / "notices")
    ended = closing.close(workspace, Given(note="DRILL: all done"), actor)
    yield f"incident {ended.id} is {ended.state}: {len(ended.steps)} steps, each with who and when"


CHAPTERS: Mapping[str, Callable[[Workspace, Path, str], list[str]]] = {
    "begin": begin,
    "discretion": after.chapter,
    "clean": clean,
    "end": end,
}
