"""`continuity init | status | approve | drill`: the commands that stand on their own."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tasks.desk.context import desk, say, show
from tasks.shared.errors import MissingPart

TEMPLATE = """\
# Settings of this home folder. Environment variables CONTINUITY_<TABLE>__<NAME> go on top.

[broker]
name = {name}
filer_code = "{filer}"
licence = ""
contact_name = ""
contact_phone = ""

[numbers]
# CBP's factor, if this filer used up ten million numbers (CATAIR Appendix E)
check_digit_offset = 0
# serials that the production system can issue; the reserve must lie outside
production_first = 0
production_last = 8999999
daily_volume = 50
alarm_days = 10

[ace]
# nearest port to the sender, and the sender's three characters, as CBP set them up
site_code = ""
sender_id = ""
# password_file = "/path/to/a/file/only/you/can/read"
# outbound = "/path/to/the/folder/your/sender/reads"
# inbox = "/path/to/the/folder/your/sender/puts/answers/in"
# either may be smb://server/share/folder, with share_user and share_password_file beside it

[screening]
# who is told of new hits and red lists: roles of [mail.recipients], or addresses
mail_to = ["compliance"]

[approval]
# 1 sole broker, 2 preparer and approver, 3 preparer and two approvers
persons = 2

[duties]
# where the broker's days begin
zone = "America/New_York"

[mail]
# reminders go out through this server, with TLS; without one they wait in the folder outbox
server = ""
port = 587
# user = ""
# password_file = "/path/to/a/file/only/you/can/read"
sender = ""

[mail.recipients]
it = []
compliance = []
deputy = []
licence-holder = []
"""


MOST = 20
"""Rows of what needs a person on one screen."""


def add_to(app: typer.Typer) -> None:
    """Put these commands on the top level."""
    app.command()(init)
    app.command()(status)
    app.command()(approve)
    app.command()(drill)


def init(
    name: Annotated[str, typer.Option(help="The broker's name.")] = "The broker",
    filer: Annotated[str, typer.Option(help="Filer code, three characters.")] = "",
    sample: Annotated[bool, typer.Option("--sample", help="The made-up brokerage.")] = False,
    from_kit: Annotated[
        Path | None, typer.Option("--from-kit", help="Go on with the journal copy in this folder.")
    ] = None,
) -> None:
    """Make a home folder: settings, host keys, journal."""
    if sample:
        from tasks.entries.sample import make

        made = make(desk.home, desk.given_actor or "sample")
        say(f"The sample brokerage stands in {desk.home}. Its desks' workbooks: {made.inbox}")
        return
    from tasks.shared.opening import make_home

    if not filer and not from_kit:
        raise typer.BadParameter("CBP's three characters", param_hint="--filer")
    text = TEMPLATE.format(name=json.dumps(name), filer=filer.upper() or "XXX")
    if from_kit:
        from tasks.shared.opening import continue_home

        settings, head = continue_home(desk.home, text, from_kit, desk.actor)
        say(f"{settings.home} goes on from event {head.seq}. Only this book issues numbers now.")
        return
    settings = make_home(desk.home, text, desk.actor)
    say(f"Home folder made: {settings.home}")
    say("Next: edit continuity.toml, then continuity people add, numbers reserve, numbers issue.")


def status(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Are we ready: CBP's ten recommendations, and what needs a person, newest first. Exit 1 if
    something is red."""
    from tasks.desk.status import lines
    from tasks.duties.records import Office
    from tasks.shared import board

    found = lines(Office(desk.journal, desk.content, desk.settings))
    page, needs = board.page(found), board.needs(found)
    if as_json:
        print(json.dumps(board.as_dict(found), indent=1, ensure_ascii=False))
    else:
        show([{"": one.id, "recommendation": one.title, "light": one.light, "because": one.fact}
              for one in page], as_json=False, title="Are we ready")  # fmt: skip
        show([{"since": one.since[:10], "what": one.label, "light": one.light, "fact": one.fact,
               "next": one.next} for one in needs[:MOST]],
             as_json=False, title="What needs a person, newest first")  # fmt: skip
        say(
            "[W] weak source, [G] general knowledge or our default: verify the rule before relying on it"
        )
        if len(needs) > MOST:
            say(f"and {len(needs) - MOST} more: continuity duties list, or status --json")
    raise typer.Exit(1 if any(one.light == board.RED for one in found) else 0)


def approve(
    plan: Annotated[str, typer.Argument(help="The plan's digest, or its first digits.")],
    code: Annotated[
        str, typer.Option(help="One-time code; left out, it is asked for when all is shown.")
    ] = "",
    given_at: Annotated[
        str, typer.Option(help="When the code was read off, if not now: 2026-11-24T08:03:00Z.")
    ] = "",
) -> None:
    """Approve a plan with your licence and one-time code: duty by day and payer, dates that differ
    and what is held back are shown first."""
    from tasks.reconciliation.plan_words import before_approval
    from tasks.reconciliation.terms import sending_day
    from tasks.shared import approval

    moment = datetime.fromisoformat(given_at) if given_at else None
    waits = approval.find(desk.journal, plan)
    for line in before_approval(desk.content, waits, sending_day(desk.settings)):
        say(line)
    code = code or typer.prompt("Code", hide_input=True)
    asked = approval.grant(
        desk.journal,
        desk.home,
        plan,
        desk.actor,
        code,
        persons=desk.settings.approval.persons,
        given_at=moment,
    )
    missing = approval.needed(desk.settings.approval.persons) - len(asked.granted_by)
    say(f"Plan {asked.plan[:12]} ({asked.what}) approved by {', '.join(asked.granted_by)}.")
    say(f"{missing} more approval(s) needed." if missing > 0 else "Next: continuity ace batch")


def drill(
    out: Annotated[Path | None, typer.Option("--out", help="Where to leave what it makes.")] = None,
    here: Annotated[
        bool, typer.Option("--here", help="On the Prefect server that the environment names.")
    ] = False,
) -> None:
    """The whole exercise, through Prefect, on the sample brokerage. Sends nothing outside."""
    from importlib.util import find_spec

    from tasks.desk.drill import run

    if find_spec("prefect") is None:
        raise MissingPart(
            "The drill runs through Prefect, which is not installed here. Run it on the server; "
            "every other command works without Prefect"
        )
    raise typer.Exit(run(out, here=here))
