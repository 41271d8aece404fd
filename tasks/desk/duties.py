"""`continuity duties`: what recurs, its proofs, its reminders, its dates, its evidence."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.desk.context import Json, desk, say, show, tell
from tasks.shared.errors import BadInput, Problem

if TYPE_CHECKING:
    from tasks.duties.terms import Standing

app = typer.Typer(
    no_args_is_help=True,
    help="Recurring duties: the ISA, policies, scans, reports; proofs, reminders, evidence.",
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
    from tasks.duties.readiness import command, table
    from tasks.duties.records import catalogue_of
    from tasks.duties.terms import standings
    from tasks.shared import board, status

    workspace = desk.workspace
    found = standings(workspace.journal.rows, catalogue_of(workspace), workspace.zone)
    rows = table(found, workspace.today())
    if everything or as_json:
        for row, one in zip(rows, found, strict=True):
            duty = one.duty
            row |= {"what": duty.what, "proof": duty.proof, "rule": duty.source}
            row["next"] = "" if duty.by else command(one)
    watched = [one for one in catalogue_of(workspace).duties.values() if one.watched]
    reserve = status.reserve(workspace.journal.rows, workspace.settings)
    rows += [{**dict.fromkeys(rows[0], ""), "about": one.about, "duty": one.id, "code": reserve.code,
              "mark": one.mark,
              "light": reserve.light, "fact": reserve.fact, "owner": one.owner}
             for one in watched]  # fmt: skip
    show(rows, as_json=as_json, title="Duties")
    if not as_json:
        for name, reason in catalogue_of(workspace).without.items():
            say(f"left out: {name}: {reason}")
        say(
            "mark: P read in CBP's own text, S secondary source; verify W (weak source), G (default)"
        )
    raise typer.Exit(1 if any(row["light"] == board.RED for row in rows) else 0)


@app.command()
def fulfil(
    duty: Duty,
    proof: Annotated[Path | None, typer.Option(help="The file that proves it.")] = None,
    statement: Annotated[str, typer.Option(help="Words, where no file is needed.")] = "",
    item: For = "",
    on: Annotated[str, typer.Option(help="Day it was done or signed, if not today.")] = "",
    until: Annotated[str, typer.Option(help="Day on which the proof itself ends.")] = "",
    fact: Annotated[
        list[str] | None, typer.Option("--fact", help="NAME=VALUE, as the duty asks; may repeat.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Further proof of the last term.")] = False,
    reason: Annotated[
        str, typer.Option(help="Why the same file also proves another duty or item; it is kept.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Store a proof by its digest and write that the duty was done. Scan reports are read.

    A file proves one duty or evidence item; for a second it needs --reason."""
    from tasks.duties.fulfil import Given, fulfil as write

    given = Given(
        proof,
        statement,
        item,
        _day(on, "--on"),
        _day(until, "--until"),
        _facts(fact),
        again,
        reason,
    )
    _tell(write(desk.workspace, duty, given, desk.actor), as_json)


def _facts(given: list[str] | None) -> dict[str, str]:
    facts = {}
    for one in given or []:
        name, mark, value = one.partition("=")
        if not mark:
            raise BadInput(
                "option-not-understood",
                [Problem(column="--fact", value=one, code="equals-sign-missing")],
            )
        facts[name.strip()] = value.strip()
    return facts


def _tell(standing: Standing, as_json: bool, words: str = "", *, stored: bool = True) -> None:
    """Where a duty stands after an act; with `stored` also which proof was taken."""
    from tasks.duties.readiness import table

    last = standing.last if stored else None
    new = max(standing.proofs, key=lambda one: one.seq) if last else None
    (row,) = table([standing], desk.workspace.today())
    if as_json:
        proof = {"event": new.seq, "file": new.file, "sha256": new.proof} if new else {}
        tell(True, "", **row, **proof)
        return
    if words:
        say(words)
    if new and new.proof:
        say(f"Stored: {new.file}, SHA-256 {new.proof}, event {new.seq}")
    if new and last and new.seq != last.seq:
        say(f"It is of {new.on}: the newer proof, of {last.on}, goes on counting")
    say(f"{standing.name}: {row['light']}: {row['fact']}")


@app.command()
def acknowledge(
    duty: Duty,
    item: For = "",
    note: Annotated[str, typer.Option(help="What is being done.")] = "",
    as_json: Json = False,
) -> None:
    """Say that you have it in hand. Silences the rung that was reached; the next comes all the same."""
    from tasks.duties.fulfil import acknowledge as write

    rungs = write(desk.workspace, duty, item, note, desk.actor)
    words = f": acknowledged up to {rungs[-1]}. Only proof ends the reminders."
    tell(
        as_json,
        f"{duty} {item}".strip() + words,
        **{"duty": duty, "for": item, "acknowledged": rungs},
    )


@app.command()
def change(
    duty: Duty,
    what: Annotated[str, typer.Option(help="What changed, in the catalogue's words.")],
    on: Annotated[str, typer.Option(help="Day of the change, if not today.")] = "",
    item: For = "",
    as_json: Json = False,
) -> None:
    """Something changed that makes the duty due out of its turn, such as a new address for the ISA."""
    from tasks.duties.fulfil import change as write

    workspace = desk.workspace
    standing = write(workspace, duty, item, what, _day(on, "--on") or workspace.today(), desk.actor)
    _tell(standing, as_json, stored=False)


@app.command()
def end(
    duty: Duty,
    item: For,
    reason: Annotated[str, typer.Option(help="Why, in words; it is kept.")],
    as_json: Json = False,
) -> None:
    """A provider, client or policy is no more: its proofs stay, its reminders end."""
    from tasks.duties.fulfil import end as write

    write(desk.workspace, duty, item, reason, desk.actor)
    words = f"{duty} {item}: ended. Its proofs stay in the journal."
    tell(as_json, words, **{"duty": duty, "for": item, "ended": True, "reason": reason})


@app.command()
def withdraw(
    duty: Duty,
    reason: Annotated[str, typer.Option(help="Why, in words; it is kept.")],
    item: For = "",
    as_json: Json = False,
) -> None:
    """The newest proof was a mistake: it stays in the journal and no longer counts."""
    from tasks.duties.fulfil import withdraw as write

    standing = write(desk.workspace, duty, item, reason, desk.actor)
    _tell(standing, as_json, "The newest proof no longer counts.", stored=False)


@app.command()
def remind(as_json: Json = False) -> None:
    """Send the reminders that are due, each once, and whatever waits in the outbox. Exit 1 if any
    letter still waits."""
    import json

    from tasks.duties.reminding import remind as run

    done = run(desk.workspace, desk.actor)
    if as_json:
        print(json.dumps(vars(done), indent=1))
    else:
        for title in done.letters:
            say(f"told: {title}")
        say(f"{len(done.rungs)} reminder(s) new, {done.sent} letter(s) sent")
        if done.waiting:
            say(f"{len(done.waiting)} letter(s) wait in {desk.home / 'outbox'}: {done.reason}")
    raise typer.Exit(1 if done.waiting else 0)


@app.command()
def calendar(
    year: Annotated[int | None, typer.Option(min=2000, max=2100, help="If not this one.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the two files.")] = Path(),
    as_json: Json = False,
) -> None:
    """The year's dates: a calendar file (.ics) and a page to print (PDF)."""
    from tasks.duties.calendars import calendar_file
    from tasks.duties.records import catalogue_of
    from tasks.duties.terms import standings
    from tasks.duties.year import year_of
    from tasks.duties.year_page import render
    from tasks.shared.files import write_atomic

    workspace = desk.workspace
    year = year or workspace.today().year
    found = standings(workspace.journal.rows, catalogue_of(workspace), workspace.zone)
    days = year_of(found, year)
    if as_json:
        show([{"day": one.day, "what": one.what, "duty": one.standing.duty.id,
               "for": one.standing.item, "ahead": one.ahead} for one in days],
             as_json=True)  # fmt: skip
        return
    own = list(dict.fromkeys(one.standing.name for one in days if not one.ahead))
    more = [(one.standing, one.ahead, one.day) for one in days if one.ahead]
    file = calendar_file(
        [one for one in found if one.name in own], workspace.settings.broker.filer_code, more
    )
    for path, data in ((out / f"duties-{year}.ics", file),
                       (out / f"duties-{year}.pdf", render(workspace, days, year))):  # fmt: skip
        say(f"Written: {write_atomic(path, data)}")


@app.command()
def export(
    out: Annotated[Path | None, typer.Option(help="A new folder.")] = None,
    proofs: Annotated[bool, typer.Option("--proofs", help="With the files themselves.")] = False,
    as_json: Json = False,
) -> None:
    """For an auditor: per recommendation the evidence, with digests and dates (CSV, PDF, manifest)."""
    from tasks.duties import evidence
    from tasks.status.page import lines

    workspace = desk.workspace
    if as_json:
        print(evidence.as_json(evidence.gathered(workspace)))
        return
    if out is None:
        raise typer.BadParameter("a new folder", param_hint="--out")
    if out.exists() and any(out.iterdir()):
        raise BadInput("output-folder-not-empty", out=out)
    for path in evidence.export(workspace, out, proofs=proofs, page=lines(workspace)):
        say(f"Written: {path}")
