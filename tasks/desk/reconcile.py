"""`continuity reconcile`: the accounting, the plan, the signature."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.desk import letters, production, requests, signed
from tasks.desk.context import Force, Json, desk, plan_told, say, show, show_files, tell

if TYPE_CHECKING:
    from tasks.reconciliation.cycle import CycleResult

app = typer.Typer(no_args_is_help=True, help="Every number accounted for, and signed.")
letters.add_to(app)
production.add_to(app)
requests.add_to(app)
signed.add_to(app)


@app.command()
def account(
    out: Annotated[Path | None, typer.Option(help="Also write it as a workbook (.xlsx).")] = None,
    force: Force = False,
    every: Annotated[bool, typer.Option("--every", help="A line a number, free ones too.")] = False,
    as_json: Json = False,
) -> None:
    """Where every number stands, by desk and port. Exit 1 while one is unaccounted for."""
    from tasks.reconciliation import account as room

    lines = room.account(desk.workspace.journal)
    rows = [asdict(line) for line in lines] if every else room.totals(lines)
    show(rows, as_json=as_json, title="Accounting")
    if out:
        from tasks.shared.journal import is_drill

        drill = is_drill(desk.workspace.journal)
        say(f"Written: {room.write_workbook(lines, out, drill=drill, force=force)}")
    missing = room.unaccounted(lines)
    if missing and not as_json:
        for name, numbers in sorted(missing.items()):
            say(f"UNACCOUNTED at {name}: {len(numbers)} number(s), {numbers[0]} to {numbers[-1]}")
    if (stray := room.strays(desk.workspace.journal)) and not as_json:
        say(room.strays_in_words(stray))
    raise typer.Exit(1 if missing or stray else 0)


@app.command()
def plan(as_json: Json = False) -> None:
    """Make the plan of what to send, or show the one that waits, and ask for its approval. With
    --json an object: batches, duty, dates, held."""
    from tasks.reconciliation import pending, plan as room, plan_words
    from tasks.reconciliation.terms import sending_day

    today = sending_day(desk.workspace.settings)
    made = room.make(
        desk.workspace.journal, desk.workspace.content, desk.workspace.settings, desk.actor, today
    )
    if made is None:
        if as_json:
            print(json.dumps(None))
        else:
            say("Nothing is ready to be sent.")
            _say_uncovered()
            for plan_, batches in pending.going(
                desk.workspace.journal, desk.workspace.content, desk.workspace.settings, today
            ):
                say(f"{len(batches)} file(s) of plan {plan_.digest[:12]} are approved and not "
                    "written yet: continuity ace batch")  # fmt: skip
        return
    if as_json:
        print(json.dumps(plan_words.facts(made), indent=1, ensure_ascii=False))
        return
    rows = [{"batch": one.batch, "file": one.file, "entries": len(one.numbers),
             "numbers": " ".join(one.numbers)} for one in made.batches]  # fmt: skip
    show(rows, as_json=False, title="Plan")
    for line in plan_words.words(made):
        say(line)
    _say_uncovered()
    say(f"Next: continuity approve {made.digest[:12]} --by ID, then continuity ace batch")


def _say_uncovered() -> None:
    from tasks.reconciliation.covering import without_summary
    from tasks.reconciliation.standings import standings

    for line in without_summary(standings(desk.workspace.journal)):
        say(line)


@app.command("next")
def next_(
    as_json: Json = False,
    step: Annotated[str, typer.Option(help="Only entries at this step.")] = "",
) -> None:
    """What happens next with every recorded entry, and why."""
    from tasks.reconciliation.following import following

    rows = [row for row in following(desk.workspace) if step in ("", row["step"])]
    show(rows, as_json=as_json, title="Next")


@app.command()
def answers(
    numbers: Annotated[list[str] | None, typer.Argument(help="Left out: all entries.")] = None,
    every: Annotated[
        bool, typer.Option("--every", help="Also what was accepted without a code.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What ACE said, code by code: CBP's text, what it means, what to do."""
    from tasks.reconciliation.answers import told

    wanted = desk.numbers(numbers or ())
    rows = [asdict(one) for one in told(desk.workspace.journal, wanted) if every or one.code]
    show(rows, as_json=as_json, title="What ACE said")


@app.command()
def turn(as_json: Json = False) -> None:
    """One cycle: read what came, settle, write what is approved, ask, plan. Run it again and again;
    exit 1 while a plan waits for approval. With --json an object."""
    from tasks.reconciliation import cycle, plan_words
    from tasks.reconciliation.account import strays, strays_in_words
    from tasks.reconciliation.following import with_held
    from tasks.reconciliation.reading import unread
    from tasks.reconciliation.terms import sending_day

    done = cycle.run(desk.workspace, desk.actor, sending_day(desk.workspace.settings))
    steps = with_held(done.steps, done.held)
    rows = [{"step": name, "entries": len(numbers)} for name, numbers in sorted(steps.items())]
    if as_json:
        print(json.dumps(_turn(done, rows), indent=1, ensure_ascii=False))
        raise typer.Exit(1 if done.waiting else 0)
    show(rows, as_json=False, title="Entries by step")
    fresh = [one for one in done.written if not one.again]
    say(f"{len(fresh)} batch file(s) and {len(done.asked)} question(s) written, "
        f"{sum(one.answers for one in done.read)} answer(s) read, {len(done.settled)} settled")  # fmt: skip
    for file, wrong in unread(done.read).items():
        say(f"NOT READ: {file}: {wrong}")
    for odd in (odd for one in done.read for odd in one.odd):
        say(f"CONTRADICTION: {odd}")
    for file, wrong in done.meddled.items():
        say(f"NOT AS WRITTEN: {file}: {wrong}")
    for batch in done.silent:
        say(f"NO ANSWER: {batch.words}")
    if not done.pace.left:
        say(f"Pace: {done.pace}")
    for number, reason in done.reopened.items():
        say(f"open again: {number}: {reason}")
    for outcome in done.carried:
        result = f"not carried out: {outcome.refused}" if outcome.refused else "carried out"
        say(f"approved act {outcome.act} of plan {outcome.plan[:12]}: {result}")
    for reason in done.dropped.values():
        say(f"not written: {reason}")
    for line in plan_words.words(done.waiting) if done.waiting else plan_words.held(done.held):
        say(line)
    for line in done.uncovered:
        say(line)
    if stray := strays(desk.workspace.journal):
        say(strays_in_words(stray))
    if done.waiting:
        say(f"A plan waits: continuity approve {done.waiting.digest[:12]} --by ID")
        raise typer.Exit(1)


def _turn(done: CycleResult, steps: list[dict[str, object]]) -> dict[str, object]:
    from tasks.reconciliation import plan_words
    from tasks.reconciliation.reading import unread

    return {
        "steps": steps,
        "written": [one.batch for one in done.written if not one.again],
        "asked": list(done.asked),
        "answers": sum(one.answers for one in done.read),
        "unread": unread(done.read),
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
        "waiting": plan_words.facts(done.waiting) if done.waiting else None,
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

    from tasks.reconciliation.bond_words import in_words
    from tasks.reconciliation.bonds import confirm

    wanted = desk.number(number)
    done = confirm(desk.workspace, wanted, proof.read_bytes(), proof.name, desk.actor, surety)
    words = [f"{wanted}: confirmed: {in_words(bond)}" for bond in done]
    words = words or [f"{wanted}: every eBond was confirmed before; nothing is written."]
    tell(as_json, "\n".join(words), number=wanted, confirmed=msgspec.to_builtins(done))


@app.command("settle")
def settle_(
    numbers: Annotated[list[str], typer.Argument(help="Entry numbers, XXX-NNNNNNN-C.")],
    how: Annotated[str, typer.Option(help="How it was settled, in words.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Kept by its digest.")],
    not_in_ace: Annotated[
        bool, typer.Option("--not-in-ace", help="Also what ACE does not show.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Settle recorded entries by proof, e.g. a difference that is accepted. Asks for a license
    holder's approval: `continuity approve PLAN` carries it out."""
    from tasks.reconciliation.acts import settle

    wanted = desk.numbers(numbers)
    data = proof.read_bytes()
    with plan_told(as_json):
        digest = settle(desk.workspace, wanted, how, data, desk.actor, not_in_ace=not_in_ace)
    words = f"Settled: {', '.join(wanted)}; proof {digest[:12]}"
    tell(as_json, words, settled=wanted, proof=digest)


@app.command("not-received")
def not_received_(
    batch: Annotated[str, typer.Argument(help="The batch id, as in `reconcile next`.")],
    reason: Annotated[str, typer.Option(help="How it is known that ACE never got it.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Kept by its digest.")],
    as_json: Json = False,
) -> None:
    """Note that ACE never got a batch, so that its entries may go again. Asks for a license
    holder's approval: `continuity approve PLAN` carries it out."""
    from tasks.reconciliation.acts import not_received

    with plan_told(as_json):
        numbers = not_received(desk.workspace, batch, reason, proof.read_bytes(), desk.actor)
    words = f"{batch} never reached ACE: {', '.join(numbers)} may go again once ACE was asked anew"
    tell(as_json, words, not_received=batch, numbers=numbers)


@app.command()
def again(
    numbers: Annotated[list[str], typer.Argument(help="Entry numbers, XXX-NNNNNNN-C.")],
    reason: Annotated[str, typer.Option(help="What was mended, and where.")],
    as_json: Json = False,
) -> None:
    """Let entries go again unchanged that ACE rejected for a cause outside the record."""
    from tasks.reconciliation.acts import send_again

    wanted = desk.numbers(numbers)
    send_again(desk.workspace, wanted, reason, desk.actor)
    words = f"May go again: {', '.join(wanted)}; next: continuity reconcile turn"
    tell(as_json, words, again=wanted, reason=reason)


@app.command("keep-release")
def keep_release_(
    numbers: Annotated[list[str], typer.Argument(help="Entry numbers, XXX-NNNNNNN-C.")],
    reason: Annotated[str, typer.Option(help="What was looked at, or what CBP mended.")],
    as_json: Json = False,
) -> None:
    """Note that a release in ACE stands although its entry was revised since, so that the summary
    may go."""
    from tasks.reconciliation.acts import keep_release

    wanted = desk.numbers(numbers)
    keep_release(desk.workspace, wanted, reason, desk.actor)
    words = f"The release stands: {', '.join(wanted)}; next: continuity reconcile turn"
    tell(as_json, words, kept=wanted, reason=reason)


@app.command("hand-over")
def hand_over_(
    number: Annotated[str, typer.Argument(help="Entry number, XXX-NNNNNNN-C.")],
    other: Annotated[str, typer.Option(help="The other filer's entry number.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Kept by its digest.")],
    as_json: Json = False,
) -> None:
    """Note that another filer filed the entry under a number of its own. Asks for a license holder's
    approval: `continuity approve PLAN` carries it out."""
    from tasks.reconciliation.acts import hand_over

    wanted = desk.number(number)
    with plan_told(as_json):
        filed = hand_over(desk.workspace, wanted, other, proof.read_bytes(), desk.actor)
    tell(as_json, f"{wanted}: filed under {filed}", handed_over=wanted, filed=filed)


@app.command()
def burnt(
    number: Annotated[str, typer.Argument(help="Entry number, XXX-NNNNNNN-C.")],
    reason: Annotated[str, typer.Option(help="Why it was cancelled, with CBP's reason code.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Kept by its digest.")],
    as_json: Json = False,
) -> None:
    """Note that a number was cancelled in ACE and is never used again. Asks for a license holder's
    approval: `continuity approve PLAN` carries it out."""
    from tasks.reconciliation.acts import burn

    wanted = desk.number(number)
    with plan_told(as_json):
        burn(desk.workspace, wanted, reason, proof.read_bytes(), desk.actor)
    tell(as_json, f"{wanted} is burnt: never used again", burnt=wanted)


@app.command("sign-off")
def sign_off_(as_json: Json = False) -> None:
    """Sign the accounting. Refused while a number or an entry lacks its final place. Asks for a license
    holder's approval: `continuity approve PLAN` signs it."""
    from tasks.reconciliation.sign_off import sign_off

    with plan_told(as_json):
        done = sign_off(
            desk.workspace.journal, desk.workspace.content, desk.workspace.settings, desk.actor
        )
    words = f"Signed: {done.numbers} numbers, accounting {done.accounting[:12]}"
    tell(as_json, words, signed=done.accounting, numbers=done.numbers)


@app.command("report")
def report_(
    out: Annotated[Path, typer.Option(help="A new folder.")],
    incident: Annotated[
        str,
        typer.Option(help="Its name in the report and the file names; else the newest incident's."),
    ] = "",
    importer: Annotated[str, typer.Option(help="Only this client's part.")] = "",
    as_json: Json = False,
) -> None:
    """The accounting report for CBP or one client: PDF, workbook, Parquet, signed."""
    from tasks.incident.state import newest
    from tasks.reconciliation import report

    if not incident:
        found = newest(desk.workspace.journal.rows)
        incident = found.id if found else report.CURRENT
    facts = report.build(
        desk.workspace.journal, desk.workspace.content, desk.workspace.settings, incident, importer
    )
    counts = {row["what"]: int(row["figure"].replace(",", "")) for row in facts.figures()}
    show_files(report.write(facts, out, desk.home), as_json=as_json, incident=incident,
               client=facts.client, drill=facts.drill, status=facts.status, head=facts.head.seq,
               counts=counts)  # fmt: skip
