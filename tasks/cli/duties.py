"""`continuity duties`: what recurs, its proofs, its reminders, its dates, its evidence."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.context import Json, invocation, print_result, print_table, print_text
from tasks.core.errors import BadInput, Problem

if TYPE_CHECKING:
    from tasks.duties.api import DutyState

app = typer.Typer(
    no_args_is_help=True, help="Recurring duties: the ISA, policies, scans, reports; proofs, reminders, evidence."
)
Duty = Annotated[str, typer.Argument(help="A duty's id; see continuity duties list.")]
For = Annotated[str, typer.Option("--for", help="Which policy, provider, client ... it is.")]


def _day(text: str, option: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong = Problem(column=option, value=text, code="option-not-a-date")
        raise BadInput("option-not-understood", [wrong]) from None


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="With rule and proof of each.")] = False,
    as_json: Json = False,
) -> None:
    """Every duty: its light, the fact behind it, when it is due. Exit 1 if one is red."""
    from tasks.core import status_lines
    from tasks.duties.api import catalog_of, duty_states, next_duty_command, states_table
    from tasks.entries.api import reserve_line

    workspace = invocation.workspace
    states = duty_states(workspace.journal.rows, catalog_of(workspace), workspace.zone)
    rows = states_table(states, workspace.today())
    if everything or as_json:
        for row, state in zip(rows, states, strict=True):
            duty = state.duty
            row |= {"what": duty.what, "proof": duty.proof, "rule": duty.source}
            row["next"] = "" if duty.by else next_duty_command(state)
    watched = [state for state in catalog_of(workspace).duties.values() if state.watched]
    reserve = reserve_line(workspace.journal.rows, workspace.settings)
    rows += [
        {
            **dict.fromkeys(rows[0], ""),
            "about": state.about,
            "duty": state.id,
            "code": reserve.code,
            "mark": state.mark,
            "light": reserve.light,
            "fact": reserve.fact,
            "owner": state.owner,
        }
        for state in watched
    ]
    print_table(rows, as_json=as_json, title="Duties")
    if not as_json:
        for name, reason in catalog_of(workspace).without.items():
            print_text(f"left out: {name}: {reason}")
        print_text("mark: P read in CBP's own text, S secondary source; verify W (weak source), G (default)")
    raise typer.Exit(1 if any(row["light"] == status_lines.RED for row in rows) else 0)


@app.command()
def fulfil(
    duty: Duty,
    proof: Annotated[Path | None, typer.Option(help="The file that proves it.")] = None,
    statement: Annotated[str, typer.Option(help="Words, where no file is needed.")] = "",
    item: For = "",
    on: Annotated[str, typer.Option(help="Day it was done or signed, if not today.")] = "",
    until: Annotated[str, typer.Option(help="Day on which the proof itself ends.")] = "",
    fact: Annotated[list[str] | None, typer.Option("--fact", help="NAME=VALUE, as the duty asks; may repeat.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Further proof of the last term.")] = False,
    reason: Annotated[str, typer.Option(help="Why the same file also proves another duty or item; it is kept.")] = "",
    as_json: Json = False,
) -> None:
    """Store a proof by its digest and write that the duty was done. Scan reports are read.

    A file proves one duty or evidence item; for a second it needs --reason."""
    from tasks.duties.api import FulfillmentInput, fulfill_duty

    proof_input = FulfillmentInput(
        proof, statement, item, _day(on, "--on"), _day(until, "--until"), _facts(fact), again, reason
    )
    _tell(fulfill_duty(invocation.workspace, duty, proof_input, invocation.actor), as_json)


def _facts(options: list[str] | None) -> dict[str, str]:
    facts: dict[str, str] = {}
    for option in options or []:
        name, equals_sign, value = option.partition("=")
        if not equals_sign:
            raise BadInput(
                "option-not-understood", [Problem(column="--fact", value=option, code="equals-sign-missing")]
            )
        facts[name.strip()] = value.strip()
    return facts


def _tell(state: DutyState, as_json: bool, text: str = "", *, stored: bool = True) -> None:
    """Where a duty stands after an act; with `stored` also which proof was taken."""
    from tasks.duties.api import states_table

    last = state.last if stored else None
    new = max(state.proofs, key=lambda duty_proof: duty_proof.seq) if last else None
    (row,) = states_table([state], invocation.workspace.today())
    if as_json:
        proof = {"event": new.seq, "file": new.file, "sha256": new.proof} if new else {}
        print_result(True, "", **row, **proof)
        return
    if text:
        print_text(text)
    if new and new.proof:
        print_text(f"Stored: {new.file}, SHA-256 {new.proof}, event {new.seq}")
    if new and last and new.seq != last.seq:
        print_text(f"It is of {new.on}: the newer proof, of {last.on}, goes on counting")
    print_text(f"{state.name}: {row['light']}: {row['fact']}")


@app.command()
def acknowledge(
    duty: Duty,
    item: For = "",
    note: Annotated[str, typer.Option(help="What is being done.")] = "",
    as_json: Json = False,
) -> None:
    """Say that you have it in hand. Silences the rung that was reached; the next comes all the same."""
    from tasks.duties.api import acknowledge_duty

    rungs = acknowledge_duty(invocation.workspace, duty, item, note, invocation.actor)
    text = f": acknowledged up to {rungs[-1]}. Only proof ends the reminders."
    print_result(as_json, f"{duty} {item}".strip() + text, **{"duty": duty, "for": item, "acknowledged": rungs})


@app.command()
def change(
    duty: Duty,
    what: Annotated[str, typer.Option(help="What changed, in the catalogue's words.")],
    on: Annotated[str, typer.Option(help="Day of the change, if not today.")] = "",
    item: For = "",
    as_json: Json = False,
) -> None:
    """Something changed that makes the duty due out of its turn, such as a new address for the ISA."""
    from tasks.duties.api import change_duty

    workspace = invocation.workspace
    state = change_duty(workspace, duty, item, what, _day(on, "--on") or workspace.today(), invocation.actor)
    _tell(state, as_json, stored=False)


@app.command()
def end(
    duty: Duty,
    item: For,
    reason: Annotated[str, typer.Option(help="Why, in words; it is kept.")],
    as_json: Json = False,
) -> None:
    """A provider, client or policy is no more: its proofs stay, its reminders end."""
    from tasks.duties.api import end_duty

    end_duty(invocation.workspace, duty, item, reason, invocation.actor)
    text = f"{duty} {item}: ended. Its proofs stay in the journal."
    print_result(as_json, text, **{"duty": duty, "for": item, "ended": True, "reason": reason})


@app.command()
def withdraw(
    duty: Duty,
    reason: Annotated[str, typer.Option(help="Why, in words; it is kept.")],
    item: For = "",
    as_json: Json = False,
) -> None:
    """The newest proof was a mistake: it stays in the journal and no longer counts."""
    from tasks.duties.api import withdraw_proof

    state = withdraw_proof(invocation.workspace, duty, item, reason, invocation.actor)
    _tell(state, as_json, "The newest proof no longer counts.", stored=False)


@app.command()
def remind(as_json: Json = False) -> None:
    """Send the reminders that are due, each once, and whatever waits in the outbox. Exit 1 if any
    letter still waits."""
    import json

    from tasks.duties.api import send_due_reminders

    result = send_due_reminders(invocation.workspace, invocation.actor)
    if as_json:
        print(json.dumps(vars(result), indent=1))
    else:
        for title in result.letters:
            print_text(f"told: {title}")
        print_text(f"{len(result.rungs)} reminder(s) new, {result.sent} letter(s) sent")
        if result.waiting:
            print_text(f"{len(result.waiting)} letter(s) wait in {invocation.home / 'outbox'}: {result.reason}")
    raise typer.Exit(1 if result.waiting else 0)


@app.command()
def calendar(
    year: Annotated[int | None, typer.Option(min=2000, max=2100, help="If not this one.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the two files.")] = Path(),
    as_json: Json = False,
) -> None:
    """The year's dates: a calendar file (.ics) and a page to print (PDF)."""
    from tasks.core.files import write_atomic
    from tasks.core.settings import BrokerSettings
    from tasks.duties.api import calendar_file, catalog_of, duty_states, render_year, year_dates

    workspace = invocation.workspace
    year = year or workspace.today().year
    states = duty_states(workspace.journal.rows, catalog_of(workspace), workspace.zone)
    days = year_dates(states, year)
    if as_json:
        print_table(
            [
                {
                    "day": due_day.day,
                    "what": due_day.what,
                    "duty": due_day.state.duty.id,
                    "for": due_day.state.item,
                    "ahead": due_day.ahead,
                }
                for due_day in days
            ],
            as_json=True,
        )
        return
    names = list(dict.fromkeys(due_day.state.name for due_day in days if not due_day.ahead))
    reminders = [(due_day.state, due_day.ahead, due_day.day) for due_day in days if due_day.ahead]
    file = calendar_file(
        [due_day for due_day in states if due_day.name in names],
        workspace.settings(BrokerSettings).filer_code,
        reminders,
    )
    for path, data in (
        (out / f"duties-{year}.ics", file),
        (out / f"duties-{year}.pdf", render_year(workspace, days, year)),
    ):
        print_text(f"Written: {write_atomic(path, data)}")


@app.command()
def export(
    out: Annotated[Path | None, typer.Option(help="A new folder.")] = None,
    proofs: Annotated[bool, typer.Option("--proofs", help="With the files themselves.")] = False,
    as_json: Json = False,
) -> None:
    """For an auditor: per recommendation the evidence, with digests and dates (CSV, PDF, manifest)."""
    from tasks.duties.api import evidence_json, export_evidence, gather_evidence
    from tasks.status.api import status_lines

    workspace = invocation.workspace
    if as_json:
        print(evidence_json(gather_evidence(workspace)))
        return
    if out is None:
        raise typer.BadParameter("a new folder", param_hint="--out")
    if out.exists() and any(out.iterdir()):
        raise BadInput("output-folder-not-empty", out=out)
    for path in export_evidence(workspace, out, proofs=proofs, page=status_lines(workspace)):
        print_text(f"Written: {path}")
