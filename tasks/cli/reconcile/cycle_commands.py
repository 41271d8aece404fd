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
from tasks.cli.reconcile import paper_commands, production_commands, request_commands, signed_report

if TYPE_CHECKING:
    from tasks.reconciliation.api import CycleResult

app = typer.Typer(no_args_is_help=True, help="Every number accounted for, and signed.")
paper_commands.add_to(app)
production_commands.add_to(app)
request_commands.add_to(app)
signed_report.add_to(app)


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
    made = make_sending_plan(
        invocation.workspace.journal,
        invocation.workspace.content,
        invocation.workspace.settings,
        invocation.actor,
        today,
    )
    if made is None:
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
        print(json.dumps(plan_facts(made), indent=1, ensure_ascii=False))
        return
    rows = [
        {"batch": one.batch, "file": one.file, "entries": len(one.numbers), "numbers": " ".join(one.numbers)}
        for one in made.batches
    ]
    print_table(rows, as_json=False, title="Plan")
    for line in plan_lines(made):
        print_text(line)
    _say_uncovered()
    print_text(f"Next: continuity approve {made.digest[:12]} --by ID, then continuity ace batch")


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

    wanted = invocation.numbers(numbers or ())
    rows = [asdict(one) for one in answer_codes(invocation.workspace.journal, wanted) if every or one.code]
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
    rows = [{"step": name, "entries": len(numbers)} for name, numbers in sorted(steps.items())]
    if as_json:
        print(json.dumps(_turn(done, rows), indent=1, ensure_ascii=False))
        raise typer.Exit(1 if done.waiting else 0)
    print_table(rows, as_json=False, title="Entries by step")
    fresh = [one for one in done.written if not one.again]
    print_text(
        f"{len(fresh)} batch file(s) and {len(done.asked)} question(s) written, "
        f"{sum(one.answers for one in done.read)} answer(s) read, {len(done.settled)} settled"
    )
    for file, wrong in unreadable_files(done.read).items():
        print_text(f"NOT READ: {file}: {wrong}")
    for odd in (odd for one in done.read for odd in one.odd):
        print_text(f"CONTRADICTION: {odd}")
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


def _turn(done: CycleResult, steps: list[dict[str, object]]) -> dict[str, object]:
    from tasks.reconciliation.api import plan_facts, unreadable_files

    return {
        "steps": steps,
        "written": [one.batch for one in done.written if not one.again],
        "asked": list(done.asked),
        "answers": sum(one.answers for one in done.read),
        "unread": unreadable_files(done.read),
        "settled": list(done.settled),
        "reopened": done.reopened,
        "carried_out": [outcome.as_dict() for outcome in done.carried],
        "dropped": done.dropped,
        "held": {number: reason.as_dict() for number, reason in done.held.items()},
        "uncovered": done.uncovered,
        "contradictions": [asdict(odd) for one in done.read for odd in one.odd],
        "meddled": done.meddled,
        "silent": [batch.words for batch in done.silent],
        "paced": "" if done.pace.left else str(done.pace),
        "waiting": plan_facts(done.waiting) if done.waiting else None,
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

    wanted = invocation.number(number)
    done = confirm_bonds(invocation.workspace, wanted, proof.read_bytes(), proof.name, invocation.actor, surety)
    words = [f"{wanted}: confirmed: {bond_text(bond)}" for bond in done]
    words = words or [f"{wanted}: every eBond was confirmed before; nothing is written."]
    print_result(as_json, "\n".join(words), number=wanted, confirmed=msgspec.to_builtins(done))


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

    wanted = invocation.numbers(numbers)
    data = proof.read_bytes()
    with report_waiting_plan(as_json):
        digest = settle_by_proof(invocation.workspace, wanted, how, data, invocation.actor, not_in_ace=not_in_ace)
    words = f"Settled: {', '.join(wanted)}; proof {digest[:12]}"
    print_result(as_json, words, settled=wanted, proof=digest)


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
    words = f"{batch} never reached ACE: {', '.join(numbers)} may go again once ACE was asked anew"
    print_result(as_json, words, not_received=batch, numbers=numbers)


@app.command()
def again(
    numbers: Annotated[list[str], typer.Argument(help="Entry numbers, XXX-NNNNNNN-C.")],
    reason: Annotated[str, typer.Option(help="What was mended, and where.")],
    as_json: Json = False,
) -> None:
    """Let entries go again unchanged that ACE rejected for a cause outside the record."""
    from tasks.reconciliation.api import allow_resend

    wanted = invocation.numbers(numbers)
    allow_resend(invocation.workspace, wanted, reason, invocation.actor)
    words = f"May go again: {', '.join(wanted)}; next: continuity reconcile turn"
    print_result(as_json, words, again=wanted, reason=reason)


@app.command("keep-release")
def keep_release_(
    numbers: Annotated[list[str], typer.Argument(help="Entry numbers, XXX-NNNNNNN-C.")],
    reason: Annotated[str, typer.Option(help="What was looked at, or what CBP mended.")],
    as_json: Json = False,
) -> None:
    """Note that a release in ACE stands although its entry was revised since, so that the summary
    may go."""
    from tasks.reconciliation.api import keep_release

    wanted = invocation.numbers(numbers)
    keep_release(invocation.workspace, wanted, reason, invocation.actor)
    words = f"The release stands: {', '.join(wanted)}; next: continuity reconcile turn"
    print_result(as_json, words, kept=wanted, reason=reason)


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

    wanted = invocation.number(number)
    with report_waiting_plan(as_json):
        filed = hand_over(invocation.workspace, wanted, other, proof.read_bytes(), invocation.actor)
    print_result(as_json, f"{wanted}: filed under {filed}", handed_over=wanted, filed=filed)


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

    wanted = invocation.number(number)
    with report_waiting_plan(as_json):
        cancel_number(invocation.workspace, wanted, reason, proof.read_bytes(), invocation.actor)
    print_result(as_json, f"{wanted} is burnt: never used again", burnt=wanted)


@app.command("sign-off")
def sign_off_(as_json: Json = False) -> None:
    """Sign the accounting. Refused while a number or an entry lacks its final place. Asks for a license
    holder's approval: `continuity approve PLAN` signs it."""
    from tasks.reconciliation.api import sign_final_accounting

    with report_waiting_plan(as_json):
        done = sign_final_accounting(
            invocation.workspace.journal, invocation.workspace.content, invocation.workspace.settings, invocation.actor
        )
    words = f"Signed: {done.numbers} numbers, accounting {done.accounting[:12]}"
    print_result(as_json, words, signed=done.accounting, numbers=done.numbers)


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
        found = newest_incident(invocation.workspace.journal.rows)
        incident = found.id if found else CURRENT
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
