"""`continuity incident notify | sent | acknowledge | notices | fact | contacts | exposure`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.context import Force, Json, invocation, print_table, print_text
from tasks.cli.incident.incident_options import (
    At,
    Evidence,
    Reference,
    absolute_paths,
    incident_workspace,
    plain_rows,
    refuse_ssn,
)

if TYPE_CHECKING:
    from tasks.core.errors import Problem
    from tasks.incident.api import DraftResult, NoticeSending
    from tasks.workspace import Workspace


def add_to(group: typer.Typer) -> None:
    for command in (notify, sent, acknowledge, notices, fact, contacts, exposure):
        group.command()(command)


def notify(
    notice: Annotated[str, typer.Argument(help="One of the plan; else all that are due.")] = "",
    contact: Annotated[list[str] | None, typer.Option(help="Only to this contact; may repeat.")] = None,
    send: Annotated[bool, typer.Option("--send", help="By mail, where it goes by mail.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder, if not in the home folder.")] = None,
    incident: Annotated[str, typer.Option(help="One that is closed, by its id; name the notice.")] = "",
    as_json: Json = False,
) -> None:
    """Write the notices that are due, filled from the book, as PDF, text and mail file; with --send
    also send them, but none to a contact that was dead when tried. Exit 1 if one waits or nobody can be
    told."""
    from tasks.incident.api import NoticeSending, find_notice, send_notices, write_notices

    workspace = incident_workspace()
    drafted, missing = _drafted(workspace, notice, contact or (), incident)
    folder = out or invocation.home / "incident" / (drafted[0].draft.incident if drafted else "") / "notices"
    notices = [find_notice(workspace, result.notice) for result in drafted]
    paths = write_notices(workspace, notices, folder)
    sending = NoticeSending()
    if send and drafted:
        sending = send_notices(workspace, notices, invocation.actor)
    if as_json:
        print(
            json.dumps(
                {
                    "drafted": [
                        {
                            "notice": result.notice,
                            "template": result.draft.template,
                            "new": result.new,
                            "contact": result.contact.id,
                            "instead": result.instead,
                        }
                        for result in drafted
                    ],
                    "files": [str(path) for path in paths],
                    "missing": [problem.as_dict() for problem in missing],
                    "sent": sending.sent,
                    "waiting": sending.waiting,
                    "by_hand": sending.by_hand,
                },
                indent=1,
                ensure_ascii=False,
                default=str,
            )
        )
    else:
        _tell(workspace, drafted, paths, sending, sending=send)
    for problem in missing:
        print(problem, file=sys.stderr)
    if not as_json and not drafted and not missing:
        print_text("No notice is due.")
    raise typer.Exit(1 if sending.waiting or missing else 0)


def _tell(
    workspace: Workspace, drafted: list[DraftResult], paths: list[Path], outcome: NoticeSending, *, sending: bool
) -> None:
    from tasks.incident.api import find_notice, requires_written_notice

    for result in drafted:
        print_text(_result_text(result))
    for path in paths:
        print_text(f"Written: {path}")
    if not sending or not drafted:
        return
    waiting = f": {outcome.reason}" if outcome.waiting else ""
    print_text(f"{len(outcome.sent)} sent, {len(outcome.waiting)} wait{waiting}")
    for name in outcome.by_hand:
        written = requires_written_notice(workspace, find_notice(workspace, name))
        options = "mail|portal --evidence FILE" if written else "call"
        print_text(f"by hand: {name}; then continuity incident sent {name} --how {options}")


def _result_text(result: DraftResult) -> str:
    """What was done, in a line."""
    from tasks.core.messages import Reason

    code = "notice-drafted" if result.new else "notice-draft-unchanged"
    drafted = Reason(code, notice=result.notice, title=result.draft.title).text
    if not result.instead:
        return drafted
    addition = Reason(
        "notice-stands-in",
        notice=result.notice,
        instead=result.instead,
        template=result.draft.template,
        way="mail --evidence FILE" if result.written else "call",
    )
    return f"{drafted}. {addition.text}"


def _drafted(
    workspace: Workspace, name: str, only: list[str] | tuple[str, ...], of: str
) -> tuple[list[DraftResult], list[Problem]]:
    from tasks.core.errors import BadInput
    from tasks.incident.api import (
        draft,
        draft_due,
        load_notice_plan,
        newest_incident,
        recipients,
        require_incident,
        unreachable_contacts,
    )

    if of and not name:
        raise BadInput("notice-name-missing")
    if not name:
        return draft_due(workspace, invocation.actor)
    plan, rows = load_notice_plan(workspace.settings.home), workspace.journal.rows
    notice = plan.notice(name)
    incident = (None if of else newest_incident(rows)) or require_incident(rows, of)
    to = recipients(workspace, notice, only)
    results = draft(workspace, incident, notice, to, invocation.actor, plan)
    return results, unreachable_contacts(results)


def sent(
    notice: Annotated[str, typer.Argument(help="Its id, or how it begins.")],
    how: Annotated[
        str,
        typer.Option(
            help="mail, portal, call, letter or hand. Of a breach notice only mail and portal count, with --evidence."
        ),
    ],
    at: At = "",
    reference: Reference = "",
    evidence: Evidence = None,
) -> None:
    """Record that a person told it. Its clock is met from then. A breach notice must be electronic (19
    CFR 111.21(b)): mail or portal with --evidence, the sent mail or the receipt, meets its clock; a
    call, letter or paper is only logged beside it, and the clock runs on."""
    from tasks.core.clock import parse_moment
    from tasks.incident.api import clearing_rule, record_notice, take_back

    workspace = incident_workspace()
    happened = parse_moment(at, workspace.zone, "--at")
    record = record_notice(
        workspace, notice, how, invocation.actor, happened=happened, reference=reference, files=absolute_paths(evidence)
    )
    if not record.sent:
        print_text(
            f"{record.id}: {how} logged beside the notice; it is NOT sent, and its clock runs on. "
            f"{clearing_rule(record.template, record.id)}"
        )
        return
    print_text(f"{record.id}: sent, {record.how} {record.reference}".rstrip())
    if take_back(workspace, record, invocation.actor):
        print_text("Its mail waited in the outbox and does not go as well")


def acknowledge(
    notice: Annotated[str, typer.Argument(help="Its id, or how it begins.")],
    who: Annotated[str, typer.Option(help="Who has it, by name.")],
    at: At = "",
    reference: Reference = "",
    evidence: Evidence = None,
) -> None:
    """The other side says that it has the notice."""
    from tasks.core.clock import parse_moment
    from tasks.incident.api import acknowledge

    workspace = incident_workspace()
    record = acknowledge(
        workspace,
        notice,
        who,
        invocation.actor,
        reference=reference,
        happened=parse_moment(at, workspace.zone, "--at"),
        files=absolute_paths(evidence),
    )
    print_text(f"{record.id}: acknowledged by {record.who}")


def notices(
    incident: Annotated[str, typer.Option(help="One that is closed, by its id.")] = "", as_json: Json = False
) -> None:
    """What was drafted, sent and acknowledged, and which calls were logged beside a breach notice."""
    from tasks.incident.api import newest_incident, notice_rows, require_incident

    workspace = incident_workspace()
    rows = workspace.journal.rows
    shown_incident = require_incident(rows, incident) if incident else newest_incident(rows)
    listed = notice_rows(workspace, shown_incident.id) if shown_incident else []
    print_table(listed if as_json else plain_rows(listed), as_json=as_json, title="Notices")


def fact(
    given: Annotated[list[str] | None, typer.Argument(help="NAME=VALUE; none lists them.", callback=refuse_ssn)] = None,
    as_json: Json = False,
) -> None:
    """What notices say of the incident, and whether a person said it or the book does: cause, affected
    systems, indicators ... The newest counts."""
    from tasks.core.errors import BadInput, Problem
    from tasks.incident.api import COMPUTED, drafting_context, load_notice_plan, record_facts, require_incident

    workspace = incident_workspace()
    incident, plan = require_incident(workspace.journal.rows), load_notice_plan(workspace.settings.home)
    pairs = [text.partition("=") for text in given or []]
    names = plan.facts.keys() | COMPUTED.keys()
    problems = [
        Problem(
            value=name,
            code="fact-unknown" if separator else "fact-without-value",
            values={"allowed": ", ".join(sorted(names))},
        )
        for name, separator, _ in pairs
        if not separator or name.strip() not in names
    ]
    if problems:
        raise BadInput("facts-not-recorded", problems)
    if pairs:
        facts = {name.strip(): value.strip() for name, _, value in pairs}
        record_facts(workspace, incident, facts, invocation.actor)
        print_text(f"Written: {', '.join(facts)}")
        return
    listed = drafting_context(workspace, incident, plan).facts()
    print_table(
        [{"fact": name, "label": label, "says": text, "from": str(origin)} for name, label, text, origin in listed],
        as_json=as_json,
        title="Facts",
    )


def contacts(
    verify: Annotated[list[str] | None, typer.Option(help="This contact was tried and works; may repeat.")] = None,
    dead: Annotated[list[str] | None, typer.Option(help="It was tried and is dead.")] = None,
    how: Annotated[str, typer.Option(help="How it was tried, who answered.", callback=refuse_ssn)] = "",
    as_json: Json = False,
) -> None:
    """Whom to tell, and when each was tried last. Exit 1 if one is dead or has nothing to reach it by."""
    from tasks.core.status_lines import RED
    from tasks.incident.api import check, contact_rows

    workspace = incident_workspace()
    for names, works in ((verify or (), True), (dead or (), False)):
        for name in names:
            contact = check(workspace, name, invocation.actor, works=works, how=how)
            print_text(f"{contact.id}: {'verified' if works else 'DEAD'}, {contact.tried}")
    rows = contact_rows(workspace)
    if not (verify or dead):
        print_table(rows, as_json=as_json, title="Contacts")
        raise typer.Exit(1 if any(row["light"] == RED for row in rows) else 0)


def exposure(
    system: Annotated[
        list[str] | None,
        typer.Option(
            help="Only what was in this system; may repeat. Else all of the settings; our own book only as book."
        ),
    ] = None,
    accept_faulty: Annotated[bool, typer.Option("--accept-faulty", help="Take what can be read.")] = False,
    out: Annotated[Path | None, typer.Option(help="File for the list, CSV.")] = None,
    force: Force = False,
    clear: Annotated[bool, typer.Option("--clear", help="With SSNs written out in that file, for CBP.")] = False,
    inventory: Annotated[bool, typer.Option("--inventory", help="Only the systems.")] = False,
    as_json: Json = False,
) -> None:
    """The importer numbers that stood in compromised systems: the list for the 72-hour notice."""
    from tasks.documents.api import TargetFile, write_targets
    from tasks.entries.api import masked_importer
    from tasks.incident.api import BOOK, as_csv, inventory as client_systems, record_exposure

    workspace = incident_workspace()
    if inventory:
        rows = [{"system": name, "holds": holds} for name, holds in client_systems(workspace).items()]
        print_table(rows, as_json=as_json, title="Systems")
        return
    listed, read = record_exposure(workspace, system or (), invocation.actor, accept_faulty=accept_faulty)
    if as_json:
        print_table(
            [
                {
                    "importer_number": masked_importer(number.number),
                    "importer": number.importer,
                    "systems": list(number.systems),
                }
                for number in listed
            ],
            as_json=True,
        )
    else:
        print_table(
            [
                {
                    "system": file.system,
                    "holds": file.holds,
                    "numbers": len(file.numbers),
                    "unread": file.unread.text if file.unread else "",
                }
                for file in read
            ],
            as_json=False,
            title="Exposure",
        )
        print_text(f"{len(listed):,} importer number(s) in all; the next breach notice lists them")
        if BOOK not in {file.system for file in read}:
            print_text(f"Not looked at: our own book of paper entries. Compromised too? --system {BOOK} besides")
    for problem in (problem for file in read for problem in file.problems):
        print(f"  {problem}", file=sys.stderr)
    if out:
        data = as_csv(listed, clear, workspace)
        instead = "move it away or take another name with --out"
        write_targets([TargetFile(out, data, "", instead, mode=0o600)], force=force)
        print_text(f"Written: {out}{', SSNs in the clear' if clear and not workspace.drill else ', SSNs masked'}")
