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
from tasks.incident.office import Office
from tasks.incident.state import Given
from tasks.shared import clock, keys
from tasks.shared.errors import ContinuityError, Refused

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


def _require_drill(office: Office) -> None:
    if not office.drill:
        raise Refused("Only a drill makes up an incident")


def begin(office: Office, out: Path, actor: str) -> list[str]:
    """Declared, the hour-zero list, whose numbers are exposed, whom to tell, downtime authorised."""
    _require_drill(office)
    return list(_begin(office, out, actor))


def _begin(office: Office, out: Path, actor: str) -> Iterator[str]:
    now = clock.now()
    made, _ = state.declare(office, Given(now, "files are encrypted"), actor, breach=now)
    _, second = state.declare(office, Given(now, "so I hear"), "bharbor", breach=now)
    yield f"incident {made.id} is declared; declared once more by another it {'IS TWO' if second else 'is one'}"
    for taken in hour_zero.take(office, actor):
        yield f"{taken.file}: {taken.items} items were open when the systems went down"
    notice_facts.note(office, made, _FACTS, actor)
    listed, _ = exposure.record(office, ["client-files"], actor)
    social = sum(one.number.startswith("~") for one in listed)
    yield f"{len(listed)} importer numbers stood in client-files, {social} of them an SSN, masked here"
    yield from _tell(office, out, actor)
    for name in ("disconnected", "downtime_requested", "downtime_authorised", "downtime_running"):
        given = Given(reference="DRILL-2026-117" if name == "downtime_authorised" else "")
        state.step(office, name, given, actor)
    yield from _tell(office, out, actor)
    yield "CBP authorised downtime (DRILL-2026-117): entries go out on paper"
    yield from _bites(office)


def _tell(office: Office, out: Path, actor: str) -> Iterator[str]:
    """Write what is due, and record it as told by hand; a breach notice as mailed, with the mail file
    as its proof."""
    drafted, missing = notices.draft_due(office, actor)
    known = [notices.one_of(office, one.notice) for one in drafted]
    for one in known:
        files = notice_sending.write(office, [one], out / "incident" / "notices")
        if notices.must_be_written(office, one):
            yield from _mail(office, one, files, actor)
        else:
            notices.told(office, one.id, "hand", actor, reference="DRILL: not sent")
    names = ", ".join(dict.fromkeys(one.template for one in known))
    yield f"{len(known)} notices written and printed: {names or 'none'}"
    yield from (f"  nobody to tell: {words}" for words in missing)


def _mail(office: Office, one: Known, files: Sequence[Path], actor: str) -> Iterator[str]:
    """The office is telephoned first, which must not stop the clock."""
    notices.told(office, one.id, "call", actor, reference=_OFFICER)
    runs = _running(office)
    proof = [path for path in files if path.suffix == ".eml"]
    notices.told(office, one.id, "mail", actor, reference="DRILL: not sent", files=proof)
    stopped = ", ".join(sorted(runs - _running(office))) or "NO CLOCK"
    yield f"{one.template}: a call was logged and stopped no clock; the mail with its proof stopped {stopped}"


def _running(office: Office) -> set[str]:
    return {one.rule.id for one in clocks(office, state.require(office.journal.rows))}


def _bites(office: Office) -> Iterator[str]:
    incident, now = state.require(office.journal.rows), clock.now()
    for one in clocks(office, incident)[:_SHOWN]:
        yield f"  {one.words(now):22} {one.rule.id:10} {one.about}"


def clean(office: Office, out: Path, actor: str) -> list[str]:
    """The systems are clean: evidence as a signed pack, verified with the public key, reconnected."""
    _require_drill(office)
    return list(_clean(office, out, actor))


def _clean(office: Office, out: Path, actor: str) -> Iterator[str]:
    for name in ("remediating", "remediated"):
        state.step(office, name, Given(), actor)
    try:
        evidence_pack.build(office, state.require(office.journal.rows), out / "none", actor)
        yield "an empty pack WAS BUILT"
    except Refused as refused:
        yield f"refused, as it must be: {refused}"
    _attach(office, actor)
    notices.acknowledge(office, f"{state.require(office.journal.rows).id}/breach", _OFFICER, actor)
    folder, incident = out / "incident" / "evidence", state.require(office.journal.rows)
    evidence_pack.build(office, incident, folder, actor)
    found = evidence_verify.verify(folder, keys.public(office.settings.home), office.journal)
    yield f"evidence pack of {len(_REPORTS)} reports: {'holds' if found.ok else 'DOES NOT HOLD'}"
    yield from _tell(office, out, actor)
    pack = Given(files=(folder / "manifest.json",), reference="DRILL")
    for name in ("evidence_submitted", "reconnected", "keying_backlog"):
        state.step(office, name, pack, actor)
    yield "CBP has the evidence; the connection stands again"


def _attach(office: Office, actor: str) -> None:
    folder = office.settings.home / "reports"
    folder.mkdir(exist_ok=True)
    for item in _REPORTS:
        path = folder / f"{item}.txt"
        path.write_text(
            f"DRILL: report for the item {item}, as an examiner would write it on the day of the exercise. "
            "Everything in it is made up.\n",
            encoding="utf-8",
        )
        evidence.attach(office, item, [path], "made up for the drill", actor)


def end(office: Office, out: Path, actor: str) -> list[str]:
    """Open work is brought to its end, the close-out is written, the incident closed."""
    _require_drill(office)
    return list(_end(office, out, actor))


def _end(office: Office, out: Path, actor: str) -> Iterator[str]:
    incident = state.require(office.journal.rows)
    try:
        closing.close(office, Given(note="too early"), actor)
        yield "the incident WAS CLOSED with open work"
    except ContinuityError as refused:
        yield f"close refused, as it must be: {str(refused).splitlines()[0]}"
    items = [row["item"] for row in standing.work_rows(office, incident.id)]
    closed = hour_zero.close(office, items, Act("filed", "DRILL: done by hand"), actor)
    yield f"{len(closed)} items of hour zero are closed, each by a recorded act"
    work_page.write(office, incident, out / "incident" / "open-work")
    state.step(office, "reconciled", Given(), actor)
    book = plan.load(office.settings.home)
    notice = book.notice("close-out")
    made = notices.draft(office, state.require(office.journal.rows), notice,
                         notices.recipients(office, notice), actor, book)  # fmt: skip
    known = [notices.one_of(office, one.notice) for one in made]
    notice_sending.write(office, known, out / "incident" / "notices")
    ended = closing.close(office, Given(note="DRILL: all done"), actor)
    yield f"incident {ended.id} is {ended.state}: {len(ended.steps)} steps, each with who and when"


CHAPTERS: Mapping[str, Callable[[Office, Path, str], list[str]]] = {
    "begin": begin,
    "discretion": after.chapter,
    "clean": clean,
    "end": end,
}
