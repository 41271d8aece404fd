"""`continuity incident notify | sent | acknowledge | notices | fact | contacts | exposure`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.desk.context import Force, desk, say, show
from tasks.desk.incident_room import At, Evidence, Json, Reference, fit, listed, paths, room

if TYPE_CHECKING:
    from tasks.incident.notice_sending import Sending
    from tasks.incident.notices import Drafted
    from tasks.shared.errors import Problem
    from tasks.workspace import Workspace


def add_to(group: typer.Typer) -> None:
    for command in (notify, sent, acknowledge, notices, fact, contacts, exposure):
        group.command()(command)


def notify(
    notice: Annotated[str, typer.Argument(help="One of the plan; else all that are due.")] = "",
    contact: Annotated[
        list[str] | None, typer.Option(help="Only to this contact; may repeat.")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="By mail, where it goes by mail.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder, if not in the home folder.")] = None,
    incident: Annotated[
        str, typer.Option(help="One that is closed, by its id; name the notice.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Write the notices that are due, filled from the book, as PDF, text and mail file; with --send
    also send them, but none to a contact that was dead when tried. Exit 1 if one waits or nobody can be
    told."""
    from tasks.incident import notice_sending, notices as book

    office = room()
    drafted, missing = _drafted(office, notice, contact or (), incident)
    folder = (
        out or desk.home / "incident" / (drafted[0].draft.incident if drafted else "") / "notices"
    )
    known = [book.one_of(office, one.notice) for one in drafted]
    paths = notice_sending.write(office, known, folder)
    done = notice_sending.Sending()
    if send and drafted:
        done = notice_sending.send(office, known, desk.actor)
    if as_json:
        print(json.dumps({
            "drafted": [{"notice": one.notice, "template": one.draft.template, "new": one.new,
                         "contact": one.contact.id, "instead": one.instead} for one in drafted],
            "files": [str(path) for path in paths],
            "missing": [problem.as_dict() for problem in missing],
            "sent": done.sent, "waiting": done.waiting, "by_hand": done.by_hand,
        }, indent=1, ensure_ascii=False, default=str))  # fmt: skip
    else:
        _tell(office, drafted, paths, done, sending=send)
    for problem in missing:
        print(problem, file=sys.stderr)
    if not as_json and not drafted and not missing:
        say("No notice is due.")
    raise typer.Exit(1 if done.waiting or missing else 0)


def _tell(workspace: Workspace, drafted: list[Drafted], paths: list[Path], done: Sending, *,
          sending: bool) -> None:  # fmt: skip
    from tasks.incident import notices as book

    for one in drafted:
        say(_words(one))
    for path in paths:
        say(f"Written: {path}")
    if not sending or not drafted:
        return
    waiting = f": {done.reason}" if done.waiting else ""
    say(f"{len(done.sent)} sent, {len(done.waiting)} wait{waiting}")
    for name in done.by_hand:
        written = book.must_be_written(workspace, book.one_of(workspace, name))
        way = "mail|portal --evidence FILE" if written else "call"
        say(f"by hand: {name}; then continuity incident sent {name} --how {way}")


def _words(one: Drafted) -> str:
    """What was done, in a line."""
    from tasks.shared.messages import Reason

    code = "notice-drafted" if one.new else "notice-draft-unchanged"
    drafted = Reason(code, notice=one.notice, title=one.draft.title).text
    if not one.instead:
        return drafted
    more = Reason(
        "notice-stands-in",
        notice=one.notice,
        instead=one.instead,
        template=one.draft.template,
        way="mail --evidence FILE" if one.written else "call",
    )
    return f"{drafted}. {more.text}"


def _drafted(workspace: Workspace, name: str, only: list[str] | tuple[str, ...], of: str
             ) -> tuple[list[Drafted], list[Problem]]:  # fmt: skip
    from tasks.incident import notices as book, state
    from tasks.incident.plan import load
    from tasks.shared.errors import BadInput

    if of and not name:
        raise BadInput("notice-name-missing")
    if not name:
        return book.draft_due(workspace, desk.actor)
    plan, rows = load(workspace.settings.home), workspace.journal.rows
    notice = plan.notice(name)
    incident = (None if of else state.newest(rows)) or state.require(rows, of)
    to = book.recipients(workspace, notice, only)
    made = book.draft(workspace, incident, notice, to, desk.actor, plan)
    return made, book.unreachable(made)


def sent(
    notice: Annotated[str, typer.Argument(help="Its id, or how it begins.")],
    how: Annotated[
        str,
        typer.Option(
            help="mail, portal, call, letter or hand. Of a breach notice only mail and portal count, "
            "with --evidence."
        ),
    ],
    at: At = "",
    reference: Reference = "",
    evidence: Evidence = None,
) -> None:
    """Record that a person told it. Its clock is met from then. A breach notice must be electronic (19
    CFR 111.21(b)): mail or portal with --evidence, the sent mail or the receipt, meets its clock; a
    call, letter or paper is only logged beside it, and the clock runs on."""
    from tasks.incident import notice_sending, notices as book, tellings
    from tasks.incident.moments import moment

    office = room()
    happened = moment(at, office.zone, "--at")
    one = book.told(office, notice, how, desk.actor, happened=happened, reference=reference,
                    files=paths(evidence))  # fmt: skip
    if not one.sent:
        say(f"{one.id}: {how} logged beside the notice; it is NOT sent, and its clock runs on. "
            f"{tellings.clears(one.template, one.id)}")  # fmt: skip
        return
    say(f"{one.id}: sent, {one.how} {one.reference}".rstrip())
    if notice_sending.take_back(office, one, desk.actor):
        say("Its mail waited in the outbox and does not go as well")


def acknowledge(
    notice: Annotated[str, typer.Argument(help="Its id, or how it begins.")],
    who: Annotated[str, typer.Option(help="Who has it, by name.")],
    at: At = "",
    reference: Reference = "",
    evidence: Evidence = None,
) -> None:
    """The other side says that it has the notice."""
    from tasks.incident import notices as book
    from tasks.incident.moments import moment

    office = room()
    one = book.acknowledge(office, notice, who, desk.actor, reference=reference,
                           happened=moment(at, office.zone, "--at"), files=paths(evidence))  # fmt: skip
    say(f"{one.id}: acknowledged by {one.who}")


def notices(
    incident: Annotated[str, typer.Option(help="One that is closed, by its id.")] = "",
    as_json: Json = False,
) -> None:
    """What was drafted, sent and acknowledged, and which calls were logged beside a breach notice."""
    from tasks.incident import standing, state

    office = room()
    rows = office.journal.rows
    one = state.require(rows, incident) if incident else state.newest(rows)
    found = standing.notice_rows(office, one.id) if one else []
    show(found if as_json else listed(found), as_json=as_json, title="Notices")


def fact(
    given: Annotated[
        list[str] | None, typer.Argument(help="NAME=VALUE; none lists them.", callback=fit)
    ] = None,
    as_json: Json = False,
) -> None:
    """What notices say of the incident, and whether a person said it or the book does: cause, affected
    systems, indicators ... The newest counts."""
    from tasks.incident import drafting, notice_facts, state
    from tasks.incident.plan import load
    from tasks.shared.errors import BadInput, Problem

    office = room()
    incident, plan = state.require(office.journal.rows), load(office.settings.home)
    pairs = [one.partition("=") for one in given or []]
    known = plan.facts.keys() | notice_facts.COMPUTED.keys()
    problems = [
        Problem(
            value=name,
            code="fact-unknown" if mark else "fact-without-value",
            values={"allowed": ", ".join(sorted(known))},
        )
        for name, mark, _ in pairs
        if not mark or name.strip() not in known
    ]
    if problems:
        raise BadInput("facts-not-recorded", problems)
    if pairs:
        facts = {name.strip(): value.strip() for name, _, value in pairs}
        notice_facts.note(office, incident, facts, desk.actor)
        say(f"Written: {', '.join(facts)}")
        return
    listed = drafting.desk_of(office, incident, plan).facts()
    show([{"fact": name, "label": label, "says": text, "from": str(origin)}
          for name, label, text, origin in listed], as_json=as_json, title="Facts")  # fmt: skip


def contacts(
    verify: Annotated[
        list[str] | None, typer.Option(help="This contact was tried and works; may repeat.")
    ] = None,
    dead: Annotated[list[str] | None, typer.Option(help="It was tried and is dead.")] = None,
    how: Annotated[str, typer.Option(help="How it was tried, who answered.", callback=fit)] = "",
    as_json: Json = False,
) -> None:
    """Whom to tell, and when each was tried last. Exit 1 if one is dead or has nothing to reach it by."""
    from tasks.incident import contacts as book, standing
    from tasks.shared.board import RED

    office = room()
    for names, works in ((verify or (), True), (dead or (), False)):
        for name in names:
            one = book.check(office, name, desk.actor, works=works, how=how)
            say(f"{one.id}: {'verified' if works else 'DEAD'}, {one.tried}")
    rows = standing.contact_rows(office)
    if not (verify or dead):
        show(rows, as_json=as_json, title="Contacts")
        raise typer.Exit(1 if any(row["light"] == RED for row in rows) else 0)


def exposure(
    system: Annotated[
        list[str] | None,
        typer.Option(
            help="Only what was in this system; may repeat. Else all of the "
            "settings; our own book only as book."
        ),
    ] = None,
    accept_faulty: Annotated[
        bool, typer.Option("--accept-faulty", help="Take what can be read.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="File for the list, CSV.")] = None,
    force: Force = False,
    clear: Annotated[
        bool, typer.Option("--clear", help="With SSNs written out in that file, for CBP.")
    ] = False,
    inventory: Annotated[bool, typer.Option("--inventory", help="Only the systems.")] = False,
    as_json: Json = False,
) -> None:
    """The importer numbers that stood in compromised systems: the list for the 72-hour notice."""
    from tasks.incident import exposure as book, importers
    from tasks.shared.targets import Target, write_targets

    office = room()
    if inventory:
        rows = [{"system": name, "holds": holds} for name, holds in book.inventory(office).items()]
        show(rows, as_json=as_json, title="Systems")
        return
    listed, read = book.record(office, system or (), desk.actor, accept_faulty=accept_faulty)
    if as_json:
        show([{"importer_number": importers.masked(one.number), "importer": one.importer,
               "systems": list(one.systems)} for one in listed], as_json=True)  # fmt: skip
    else:
        show([{"system": one.system, "holds": one.holds, "numbers": len(one.numbers),
               "unread": one.unread.text if one.unread else ""} for one in read],
             as_json=False, title="Exposure")  # fmt: skip
        say(f"{len(listed):,} importer number(s) in all; the next breach notice lists them")
        if book.BOOK not in {one.system for one in read}:
            say(
                f"Not looked at: our own book of paper entries. Compromised too? --system {book.BOOK} besides"
            )
    for problem in (problem for one in read for problem in one.problems):
        print(f"  {problem}", file=sys.stderr)
    if out:
        data = book.as_csv(listed, clear, office)
        instead = "move it away or take another name with --out"
        write_targets([Target(out, data, "", instead, mode=0o600)], force=force)
        say(
            f"Written: {out}{', SSNs in the clear' if clear and not office.drill else ', SSNs masked'}"
        )
