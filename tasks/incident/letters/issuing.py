"""Letters are made and issued: all that were asked for, or none. Content first, then the event, then the
file in the folder; a letter whose file is lost is printed again from the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput, Busy, Problem, Refused
from tasks.core.files import write_atomic
from tasks.core.journal.journal import Pen, is_drill
from tasks.core.journal.table_columns import rows_among
from tasks.core.settings import BrokerSettings
from tasks.core.untrusted_input import MIB
from tasks.entries.api import ENTRIES, NUMBERS, codes_where
from tasks.incident.agencies.agency_requirements import LET_GO
from tasks.incident.letters import official_forms
from tasks.incident.letters.entry_case import GONE, PRIVATE
from tasks.incident.letters.letter_draft import (
    PORT,
    SHIPMENT,
    LetterDraft,
    LetterPart,
    LetterSigner,
    letter_name,
    letter_signer,
    require_complete,
)
from tasks.incident.letters.letter_events import LetterEntry, LetterGap, LetterIssued, LetterReissued, LetterRelease
from tasks.incident.letters.letter_readiness import (
    EntryReadiness,
    LetterRules,
    entry_readiness,
    leave_problems,
    require_port,
)
from tasks.incident.letters.letter_records import seal_packet
from tasks.incident.letters.letter_values import WITHDRAWALS
from tasks.incident.letters.official_forms import fill_form, form_named
from tasks.incident.letters.packet_assembly import Packet, assemble
from tasks.incident.settings import LetterSettings
from tasks.incident.tables import LETTERS
from tasks.incident.timeline.downtime_authorization import LetterAuthorization, letter_authorization
from tasks.security.api import write_manifest
from tasks.workspace import Workspace

_QUOTA = codes_where("entry_type", "quota")


@dataclass(frozen=True)
class LetterRequest:
    """What is asked for. `again`: why earlier letters are replaced; `without`: why there is no wait
    for CBP's authorization; `leave_out`: issue those that can be, and name the others."""

    numbers: tuple[str, ...]
    per: str = SHIPMENT
    signer: str = ""
    again: str = ""
    without: str = ""
    leave_out: bool = False


@dataclass(frozen=True)
class LetterFile:
    """One letter that was issued. `follows`: what is to be chased, by entry; `notes`: why an
    official form could not be used."""

    letter: str
    path: Path
    port: str
    numbers: tuple[str, ...]
    pages: int
    replaces: tuple[str, ...]
    follows: dict[str, list[LetterGap]]
    notes: tuple[Problem, ...]


@dataclass(frozen=True)
class IssueOutcome:
    """`left`: why entries were left out, where that was asked for."""

    issued: tuple[LetterFile, ...]
    left: tuple[Problem, ...]


def issue_letters(workspace: Workspace, wish: LetterRequest, folder: Path, actor: str) -> IssueOutcome:
    """Issue the letters into an empty folder with a signed manifest; nothing is sent by this.

    Raises Refused, naming every reason by entry, for data that CBP wants and the record lacks, a number
    that cannot be used, an agency's paper that holds an entry, or CBP's authorization; with `leave_out` only if
    nothing is left. BadInput for an unknown port, no number, a folder that is not empty, or a setting of
    the broker that every letter names and that is missing.
    """
    require_complete(workspace.settings(BrokerSettings))
    if folder.exists() and any(folder.iterdir()):
        raise BadInput("letter-folder-not-empty", folder=folder)
    if not wish.numbers:
        raise BadInput("letter-without-entries")
    signs = letter_signer(workspace.journal, workspace.settings, wish.signer)
    entries = entry_readiness(LetterRules.of(workspace), wish.numbers, bool(wish.again))
    for entry in entries:
        if entry.port:
            require_port(workspace, entry.port)
    authorization, day = letter_authorization(workspace.journal), clock.washington().date()
    left = _refused(entries, authorization, day, wish)
    parts = [entry for entry in entries if entry.clean and entry.part is not None]
    drafts = [_draft(workspace, wish, group, signs, authorization, day) for group in _groups(parts, wish.per)]
    # All are drawn before the first is written down: what cannot be drawn must refuse them all.
    packets = [(draft, *_packets(workspace, draft)) for draft in drafts]
    ready_ = [(draft, printed, _stored(workspace, draft, printed, masked)) for draft, printed, masked, _ in packets]
    with workspace.journal.write(actor) as pen:
        for draft, _, body in ready_:
            _require_unchanged(pen, draft)
            if pen.append(body, f"letter/{draft.id}", key=f"letter:{draft.id}") is None:
                raise Busy("letter-just-issued", id=draft.id)
    issued = tuple(
        _written(draft, printed, body, notes, folder)
        for (draft, printed, body), (*_, notes) in zip(ready_, packets, strict=True)
    )
    what = f"{'DRILL ' if is_drill(workspace.journal) else ''}downtime letters of {day}"
    write_manifest(folder, workspace.settings.home, what)
    return IssueOutcome(issued, left)


def _refused(
    entries: Sequence[EntryReadiness], authorization: LetterAuthorization, day: date, wish: LetterRequest
) -> tuple[Problem, ...]:
    ports = [entry.port for entry in entries if entry.port]
    barred = [] if wish.without else leave_problems(authorization, ports, day)
    faults = [problem for entry in entries for problem in entry.problems]
    if barred:
        raise Refused("letter-not-issued", [*barred, *faults])
    if faults and (not wish.leave_out or all(not entry.clean for entry in entries)):
        raise Refused(
            "entries-not-allowed-on-letter",
            faults,
            names=sum(not entry.clean for entry in entries),
            found_count=len(entries),
        )
    return tuple(faults)


def _groups(entries: Sequence[EntryReadiness], per: str) -> list[list[EntryReadiness]]:
    if per not in (SHIPMENT, PORT):
        raise BadInput("letter-grouping-unknown", per=per, shipment=SHIPMENT, port=PORT)
    if per == SHIPMENT:
        return [[entry] for entry in entries]
    ports: dict[str, list[EntryReadiness]] = {}
    for entry in entries:
        ports.setdefault(entry.port, []).append(entry)
    return [group for _, group in sorted(ports.items())]


def _draft(
    workspace: Workspace,
    wish: LetterRequest,
    group: Sequence[EntryReadiness],
    signs: LetterSigner,
    authorization: LetterAuthorization,
    day: date,
) -> LetterDraft:
    parts = tuple(entry.part for entry in group if entry.part is not None)
    replaces = tuple(sorted({entry.live for entry in group if entry.live}))
    reason = wish.again if replaces else ""
    return LetterDraft(
        id=letter_name(parts, day, signs, replaces, reason, _letters_so_far(workspace, parts)),
        per=wish.per,
        port=group[0].port,
        day=day,
        issued_at=clock.now(),
        broker=workspace.settings(BrokerSettings),
        signer=signs,
        authorization=authorization,
        override=wish.without if authorization.lacking(group[0].port, day) else "",
        parts=parts,
        replaces=replaces,
        reason=reason,
        drill=is_drill(workspace.journal),
    )


def _letters_so_far(workspace: Workspace, parts: Sequence[LetterPart]) -> int:
    """So that a letter of the same data, issued after one that was withdrawn, is another letter."""
    query = sa.select(LETTERS.c.letter, LETTERS.c.number)
    return len(list(rows_among(workspace.journal.rows, query, LETTERS.c.number, [part.case.number for part in parts])))


def _packets(workspace: Workspace, draft: LetterDraft) -> tuple[Packet, Packet | None, tuple[Problem, ...]]:
    """The packet as printed, the one with private values hidden if it differs, and notes."""
    size = sum(document.size for part in draft.parts for document in part.documents)
    most = workspace.settings(LetterSettings).packet_mib
    if size > most * MIB:
        raise Refused("letter-packet-too-large", id=draft.id, size=size / MIB, most=most)
    filled, complete, notes = _forms(workspace, draft.parts)
    printed = assemble(draft, workspace.content.get, filled, complete, hidden=False)
    private = any(part.case.opened.get(name, GONE) != GONE for part in draft.parts for name in PRIVATE)
    masked = assemble(draft, workspace.content.get, filled, complete, hidden=True) if private else None
    return printed, masked, notes


def _forms(
    workspace: Workspace, parts: Sequence[LetterPart]
) -> tuple[list[list[bytes]], list[bool], tuple[Problem, ...]]:
    home, limits = workspace.settings.home, workspace.settings(LetterSettings)
    entry, faults = form_named(home, official_forms.CBP_3461, limits)
    summary, summary_faults = form_named(home, official_forms.CBP_7501, limits)
    filled, complete = list[list[bytes]](), list[bool]()
    for part in parts:
        pages = [fill_form(entry, part.case)] if entry else []
        complete.append(bool(pages) and pages[0].complete)
        if summary and part.case.entry["entry_type"] in (*_QUOTA, *WITHDRAWALS):
            pages.append(fill_form(summary, part.case))
        filled.append([copy.data for copy in pages])
    return filled, complete, (*faults, *summary_faults)


def _stored(workspace: Workspace, draft: LetterDraft, printed: Packet, masked: Packet | None) -> LetterIssued:
    """The letter's contents put away, and the event that will name them."""
    content = workspace.content.put((masked or printed).data)
    sealed, key = "", ""
    if masked is not None:
        sealed, key = seal_packet(workspace, draft.parts[0].case.number, draft.id, printed.data)
    return _body(draft, printed, content, sealed, key)


def _written(
    draft: LetterDraft, printed: Packet, body: LetterIssued, notes: tuple[Problem, ...], folder: Path
) -> LetterFile:
    path = write_atomic(folder / draft.file, printed.data, mode=0o600)
    return LetterFile(
        draft.id,
        path,
        draft.port,
        tuple(entry.number for entry in body.entries),
        printed.pages,
        draft.replaces,
        {entry.number: entry.follows for entry in body.entries if entry.follows},
        notes,
    )


def _body(draft: LetterDraft, printed: Packet, content: str, sealed: str, key: str) -> LetterIssued:
    common: dict[str, Any] = {
        "letter": draft.id,
        "per": draft.per,
        "port": draft.port,
        "content": content,
        "sealed": sealed,
        "key": key,
        "printed": sha256(printed.data).hexdigest(),
        "pages": printed.pages,
        "entries": [_entry(part) for part in draft.parts],
        "documents": sorted({document.content for part in draft.parts for document in part.documents}),
        "signer": draft.signer.person,
        "signer_name": draft.signer.name,
        "licence": draft.signer.licence,
        "override": draft.override,
        "authorisation": draft.authorization.text(draft.port),
    }
    if not draft.replaces:
        return LetterIssued(**common)
    return LetterReissued(**common, replaces=list(draft.replaces), reason=draft.reason)


def _entry(part: LetterPart) -> LetterEntry:
    releases = [
        LetterRelease(agency=demand.agency, line=demand.line, reason=demand.have)
        for demand in part.demands
        if demand.state == LET_GO
    ]
    return LetterEntry(
        number=part.case.number, digest=part.case.digest, asks=part.asks, follows=list(part.follows), let_go=releases
    )


def _require_unchanged(pen: Pen, draft: LetterDraft) -> None:
    """Under the writer's lock: nobody recorded, ended or issued one of these meanwhile."""
    numbers = [part.case.number for part in draft.parts]
    query = sa.select(ENTRIES.c.number, ENTRIES.c.digest, NUMBERS.c.state, LETTERS.c.letter)
    query = query.join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number)
    query = query.outerjoin(LETTERS, LETTERS.c.live == ENTRIES.c.number)
    now = {row.number: row for row in rows_among(pen.rows, query, ENTRIES.c.number, numbers)}
    for part in draft.parts:
        row = now[part.case.number]
        other_letter = row.letter is not None and row.letter not in draft.replaces
        if row.digest != part.case.digest or row.state != "recorded" or other_letter:
            raise Refused("entry-changed-during-letter", number=part.case.number)
