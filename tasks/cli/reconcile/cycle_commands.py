"""`continuity reconcile`: the accounting, the plan, the signature."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.context import (
    Force,
    Json,
    invocation,
    print_files,
    print_result,
    print_table,
    print_text,
    report_waiting_plan,
)
from tasks.cli.reconcile import paper_commands, production_commands

if TYPE_CHECKING:
    from tasks.reconciliation.api import CycleResult

app = typer.Typer(no_args_is_help=True, help="Every number accounted for, and signed.")
paper_commands.add_to(app)
production_commands.add_to(app)
paper_commands.add_request_commands(app)
paper_commands.add_check_command(app)


@app.command()
def account(
    out: Annotated[Path | None, typer.Option(help="Also write it as a workbook (.xlsx).")] = None,
    force: Force = False,
    every: Annotated[bool, typer.Option("--every", help="A line a number, free ones too.")] = False,
    as_json: Json = False,
) -> None:
    """Where every number stands, by desk and port. Exit 1 while one is unaccounted for."""
    from tasks.reconciliation.api import (
        account_numbers,
        place_totals,
        stray_numbers,
        stray_text,
        unaccounted,
        write_workbook,
    )

    lines = account_numbers(invocation.workspace.journal)
    rows = [asdict(line) for line in lines] if every else place_totals(lines)
    print_table(rows, as_json=as_json, title="Accounting")
    if out:
        from tasks.core.journal.journal import is_drill

        drill = is_drill(invocation.workspace.journal)
        print_text(f"Written: {write_workbook(lines, out, drill=drill, force=force)}")
    missing = unaccounted(lines)
    if missing and not as_json:
        for name, numbers in sorted(missing.items()):
            print_text(f"UNACCOUNTED at {name}: {len(numbers)} number(s), {numbers[0]} to {numbers[-1]}")
    if (stray := stray_numbers(invocation.workspace.journal)) and not as_json:
        print_text(stray_text(stray))
    raise typer.Exit(1 if missing or stray else 0)


@app.command()
def plan(as_json: Json = False) -> None:
    """Make the plan of what to send, or show the one that waits, and ask for its approval. With
    --json an object: batches, duty, dates, held."""
    from tasks.reconciliation.api import make_sending_plan, plan_facts, plan_lines, sending_day, writable_plans

    today = sending_day(invocation.workspace.settings)
    sending_plan = make_sending_plan(
        invocation.workspace.journal,
        invocation.workspace.content,
        invocation.workspace.settings,
        invocation.actor,
        today,
    )
    if sending_plan is None:
        if as_json:
            print(json.dumps(None))
        else:
            print_text("Nothing is ready to be sent.")
            _say_uncovered()
            for plan_, batches in writable_plans(
                invocation.workspace.journal, invocation.workspace.content, invocation.workspace.settings, today
            ):
                print_text(
                    f"{len(batches)} file(s) of plan {plan_.digest[:12]} are approved and not "
                    "written yet: continuity ace batch"
                )
        return
    if as_json:
        print(json.dumps(plan_facts(sending_plan), indent=1, ensure_ascii=False))
        return
    rows = [
        {"batch": batch.batch, "file": batch.file, "entries": len(batch.numbers), "numbers": " ".join(batch.numbers)}
        for batch in sending_plan.batches
    ]
    print_table(rows, as_json=False, title="Plan")
    for line in plan_lines(sending_plan):
        print_text(line)
    _say_uncovered()
    print_text(f"Next: continuity approve {sending_plan.digest[:12]} --by ID, then continuity ace batch")


def _say_uncovered() -> None:
    from tasks.reconciliation.api import list_entry_states, missing_summary_lines

    for line in missing_summary_lines(list_entry_states(invocation.workspace.journal)):
        print_text(line)


@app.command("next")
def next_(as_json: Json = False, step: Annotated[str, typer.Option(help="Only entries at this step.")] = "") -> None:
    """What happens next with every recorded entry, and why."""
    from tasks.reconciliation.api import entry_steps

    rows = [row for row in entry_steps(invocation.workspace) if step in ("", row["step"])]
    print_table(rows, as_json=as_json, title="Next")


@app.command()
def answers(
    numbers: Annotated[list[str] | None, typer.Argument(help="Left out: all entries.")] = None,
    every: Annotated[bool, typer.Option("--every", help="Also what was accepted without a code.")] = False,
    as_json: Json = False,
) -> None:
    """What ACE said, code by code: CBP's text, what it means, what to do."""
    from tasks.reconciliation.api import answer_codes

    selected = invocation.numbers(numbers or ())
    rows = [asdict(code) for code in answer_codes(invocation.workspace.journal, selected) if every or code.code]
    print_table(rows, as_json=as_json, title="What ACE said")


@app.command()
def turn(as_json: Json = False) -> None:
    """One cycle: read what came, settle, write what is approved, ask, plan. Run it again and again;
    exit 1 while a plan waits for approval. With --json an object."""
    from tasks.reconciliation.api import (
        held_lines,
        plan_lines,
        run_cycle,
        sending_day,
        split_held_entries,
        stray_numbers,
        stray_text,
        unreadable_files,
    )

    done = run_cycle(invocation.workspace, invocation.actor, sending_day(invocation.workspace.settings))
    steps = split_held_entries(done.steps, done.held)
    rows: list[dict[str, object]] = [{"step": name, "entries": len(numbers)} for name, numbers in sorted(steps.items())]
    if as_json:
        print(json.dumps(_turn(done, rows), indent=1, ensure_ascii=False))
        raise typer.Exit(1 if done.waiting else 0)
    print_table(rows, as_json=False, title="Entries by step")
    fresh = [entry for entry in done.written if not entry.again]
    print_text(
        f"{len(fresh)} batch file(s) and {len(done.asked)} question(s) written, "
        f"{sum(entry.answers for entry in done.read)} answer(s) read, {len(done.settled)} settled"
    )
    for file, wrong in unreadable_files(done.read).items():
        print_text(f"NOT READ: {file}: {wrong}")
    for contradiction in (contradiction for entry in done.read for contradiction in entry.odd):
        print_text(f"CONTRADICTION: {contradiction}")
    for file, wrong in done.meddled.items():
        print_text(f"NOT AS WRITTEN: {file}: {wrong}")
    for batch in done.silent:
        print_text(f"NO ANSWER: {batch.words}")
    if not done.pace.left:
        print_text(f"Pace: {done.pace}")
    for number, reason in done.reopened.items():
        print_text(f"open again: {number}: {reason}")
    for outcome in done.carried:
        result = f"not carried out: {outcome.refused}" if outcome.refused else "carried out"
        print_text(f"approved act {outcome.act} of plan {outcome.plan[:12]}: {result}")
    for reason in done.dropped.values():
        print_text(f"not written: {reason}")
    for line in plan_lines(done.waiting) if done.waiting else held_lines(done.held):
        print_text(line)
    for line in done.uncovered:
        print_text(line)
    if stray := stray_numbers(invocation.workspace.journal):
        print_text(stray_text(stray))
    if done.waiting:
        print_text(f"A plan waits: continuity approve {done.waiting.digest[:12]} --by ID")
        raise typer.Exit(1)


def _turn(result: CycleResult, steps: list[dict[str, object]]) -> dict[str, object]:
    from tasks.reconciliation.api import plan_facts, unreadable_files

    return {
        "steps": steps,
        "written": [entry.batch for entry in result.written if not entry.again],
        "asked": list(result.asked),
        "answers": sum(entry.answers for entry in result.read),
        "unread": unreadable_files(result.read),
        "settled": list(result.settled),
        "reopened": result.reopened,
        "carried_out": [outcome.as_dict() for outcome in result.carried],
        "dropped": result.dropped,
        "held": {number: reason.as_dict() for number, reason in result.held.items()},
        "uncovered": result.uncovered,
        "contradictions": [asdict(contradiction) for entry in result.read for contradiction in entry.odd],
        "meddled": result.meddled,
        "silent": [batch.words for batch in result.silent],
        "paced": "" if result.pace.left else str(result.pace),
        "waiting": plan_facts(result.waiting) if result.waiting else None,
    }


@app.command()
def bond(
    number: Annotated[str, typer.Argument(help="Entry number, XXX-NNNNNNN-C.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The surety's notice.")],
    surety: Annotated[str, typer.Option(help="Its code, where two sureties stand.")] = "",
    as_json: Json = False,
) -> None:
    """Note that a surety's eBonds for single transaction bonds of an entry stand in ACE. Refused
    for an entry that has none."""
    import msgspec

    from tasks.reconciliation.api import bond_text, confirm_bonds

    entry_number = invocation.number(number)
    confirmed = confirm_bonds(
        invocation.workspace, entry_number, proof.read_bytes(), proof.name, invocation.actor, surety
    )
    lines = [f"{entry_number}: confirmed: {bond_text(bond)}" for bond in confirmed]
    lines = lines or [f"{entry_number}: every eBond was confirmed before; nothing is written."]
    print_result(as_json, "\n".join(lines), number=entry_number, confirmed=msgspec.to_builtins(confirmed))


@app.command("settle")
def settle_(
    numbers: Annotated[list[str], typer.Argument(help="Entry numbers, XXX-NNNNNNN-C.")],
    how: Annotated[str, typer.Option(help="How it was settled, in words.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Kept by its digest.")],
    not_in_ace: Annotated[bool, typer.Option("--not-in-ace", help="Also what ACE does not show.")] = False,
    as_json: Json = False,
) -> None:
    """Settle recorded entries by proof, e.g. a difference that is accepted. Asks for a license
    holder's approval: `continuity approve PLAN` carries it out."""
    from tasks.reconciliation.api import settle_by_proof

    selected = invocation.numbers(numbers)
    data = proof.read_bytes()
    with report_waiting_plan(as_json):
        digest = settle_by_proof(invocation.workspace, selected, how, data, invocation.actor, not_in_ace=not_in_ace)
    text = f"Settled: {', '.join(selected)}; proof {digest[:12]}"
    print_result(as_json, text, settled=selected, proof=digest)


@app.command("not-received")
def not_received_(
    batch: Annotated[str, typer.Argument(help="The batch id, as in `reconcile next`.")],
    reason: Annotated[str, typer.Option(help="How it is known that ACE never got it.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Kept by its digest.")],
    as_json: Json = False,
) -> None:
    """Note that ACE never got a batch, so that its entries may go again. Asks for a license
    holder's approval: `continuity approve PLAN` carries it out."""
    from tasks.reconciliation.api import lose_batch

    with report_waiting_plan(as_json):
        numbers = lose_batch(invocation.workspace, batch, reason, proof.read_bytes(), invocation.actor)
    text = f"{batch} never reached ACE: {', '.join(numbers)} may go again once ACE was asked anew"
    print_result(as_json, text, not_received=batch, numbers=numbers)


@app.command()
def again(
    numbers: Annotated[list[str], typer.Argument(help="Entry numbers, XXX-NNNNNNN-C.")],
    reason: Annotated[str, typer.Option(help="What was mended, and where.")],
    as_json: Json = False,
) -> None:
    """Let entries go again unchanged that ACE rejected for a cause outside the record."""
    from tasks.reconciliation.api import allow_resend

    selected = invocation.numbers(numbers)
    allow_resend(invocation.workspace, selected, reason, invocation.actor)
    text = f"May go again: {', '.join(selected)}; next: continuity reconcile turn"
    print_result(as_json, text, again=selected, reason=reason)


@app.command("keep-release")
def keep_release_(
    numbers: Annotated[list[str], typer.Argument(help="Entry numbers, XXX-NNNNNNN-C.")],
    reason: Annotated[str, typer.Option(help="What was looked at, or what CBP mended.")],
    as_json: Json = False,
) -> None:
    """Note that a release in ACE stands although its entry was revised since, so that the summary
    may go."""
    from tasks.reconciliation.api import keep_release

    selected = invocation.numbers(numbers)
    keep_release(invocation.workspace, selected, reason, invocation.actor)
    text = f"The release stands: {', '.join(selected)}; next: continuity reconcile turn"
    print_result(as_json, text, kept=selected, reason=reason)


@app.command("hand-over")
def hand_over_(
    number: Annotated[str, typer.Argument(help="Entry number, XXX-NNNNNNN-C.")],
    other: Annotated[str, typer.Option(help="The other filer's entry number.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Kept by its digest.")],
    as_json: Json = False,
) -> None:
    """Note that another filer filed the entry under a number of its own. Asks for a license holder's
    approval: `continuity approve PLAN` carries it out."""
    from tasks.reconciliation.api import hand_over

    entry_number = invocation.number(number)
    with report_waiting_plan(as_json):
        filed = hand_over(invocation.workspace, entry_number, other, proof.read_bytes(), invocation.actor)
    print_result(as_json, f"{entry_number}: filed under {filed}", handed_over=entry_number, filed=filed)


@app.command()
def burnt(
    number: Annotated[str, typer.Argument(help="Entry number, XXX-NNNNNNN-C.")],
    reason: Annotated[str, typer.Option(help="Why it was cancelled, with CBP's reason code.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Kept by its digest.")],
    as_json: Json = False,
) -> None:
    """Note that a number was cancelled in ACE and is never used again. Asks for a license holder's
    approval: `continuity approve PLAN` carries it out."""
    from tasks.reconciliation.api import cancel_number

    entry_number = invocation.number(number)
    with report_waiting_plan(as_json):
        cancel_number(invocation.workspace, entry_number, reason, proof.read_bytes(), invocation.actor)
    print_result(as_json, f"{entry_number} is burnt: never used again", burnt=entry_number)


@app.command("sign-off")
def sign_off_(as_json: Json = False) -> None:
    """Sign the accounting. Refused while a number or an entry lacks its final place. Asks for a license
    holder's approval: `continuity approve PLAN` signs it."""
    from tasks.reconciliation.api import sign_final_accounting

    with report_waiting_plan(as_json):
        signed = sign_final_accounting(
            invocation.workspace.journal, invocation.workspace.content, invocation.workspace.settings, invocation.actor
        )
    text = f"Signed: {signed.numbers} numbers, accounting {signed.accounting[:12]}"
    print_result(as_json, text, signed=signed.accounting, numbers=signed.numbers)


@app.command("report")
def report_(
    out: Annotated[Path, typer.Option(help="A new folder.")],
    incident: Annotated[
        str, typer.Option(help="Its name in the report and the file names; else the newest incident's.")
    ] = "",
    importer: Annotated[str, typer.Option(help="Only this client's part.")] = "",
    as_json: Json = False,
) -> None:
    """The accounting report for CBP or one client: PDF, workbook, Parquet, signed."""
    from tasks.incident.api import newest_incident
    from tasks.reconciliation.api import CURRENT, build_report, write_report_files

    if not incident:
        newest = newest_incident(invocation.workspace.journal.rows)
        incident = newest.id if newest else CURRENT
    facts = build_report(
        invocation.workspace.journal, invocation.workspace.content, invocation.workspace.settings, incident, importer
    )
    counts = {row["what"]: int(row["figure"].replace(",", "")) for row in facts.figures()}
    print_files(
        write_report_files(facts, out, invocation.home),
        as_json=as_json,
        incident=incident,
        client=facts.client,
        drill=facts.drill,
        status=facts.status,
        head=facts.head.seq,
        counts=counts,
    )
