"""`continuity incident redelivery | discretion | handover`: what follows release, and substitute brokers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tasks.desk.context import Json, day, desk, say, show
from tasks.desk.incident_room import fit

redelivery = typer.Typer(
    no_args_is_help=True, help="Conditional release; goods that CBP wants back."
)
discretion = typer.Typer(
    no_args_is_help=True, help="CBP's discretion, and entries that rest on it."
)
handover = typer.Typer(no_args_is_help=True, help="Entries that a substitute broker takes over.")

Number = Annotated[str, typer.Argument(help="The entry.")]
Proof = Annotated[Path, typer.Option(help="A file; kept by its digest.")]


def mount(into: typer.Typer) -> None:
    into.add_typer(redelivery, name="redelivery")
    into.add_typer(discretion, name="discretion")
    into.add_typer(handover, name="handover")


@redelivery.command("list")
def watches(
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    as_json: Json = False,
) -> None:
    """Up to when CBP may demand each released entry back (19 CFR 141.113), and what it did demand. Exit 1
    if a demand is late."""
    from tasks.incident.after import redelivery as room
    from tasks.shared import clock

    found = room.watches(desk.workspace)
    shown = [one for one in found if every or one.state not in (room.OVER, room.ANSWERED)]
    rows = [one.as_dict() for one in shown]
    if not as_json:
        rows = [row | {"why": one.why} for row, one in zip(rows, shown, strict=True)]
    show(rows, as_json=as_json, title="Redelivery")
    today = clock.washington().date()
    late = any(one.state == room.DEMANDED and one.due and one.due < today for one in found)
    raise typer.Exit(1 if late else 0)


@redelivery.command()
def conditional(
    number: Number,
    why: Annotated[str, typer.Option(help="A sample, a CBP 28, marking ...", callback=fit)],
    proof: Proof,
    until: Annotated[str, typer.Option(help="The day on which the condition ended.")] = "",
) -> None:
    """Note that a release stands under a condition, or that the condition ended."""
    from tasks.incident.after import redelivery as room

    room.conditional(
        desk.workspace, desk.number(number), why, day(until) if until else None, proof, desk.actor
    )
    say(
        f"{desk.number(number)}: {why}"
        + (f"; ended {until}" if until else "; the importer keeps the goods")
    )


@redelivery.command()
def demanded(
    number: Number,
    notice: Annotated[str, typer.Option(help="The notice's number or date.")],
    on: Annotated[str, typer.Option(help="Its day.")],
    what: Annotated[str, typer.Option(help="Redeliver, mark, export ...", callback=fit)],
    proof: Proof,
    due: Annotated[str, typer.Option(help="By when, as it says; else the usual 30 days [G].")] = "",
) -> None:
    """Note a notice to redeliver or mark (CBP Form 4647)."""
    from tasks.incident.after import redelivery as room

    wanted = desk.number(number)
    last = room.demanded(desk.workspace, wanted, notice, day(on), day(due) if due else None, what, proof,
                         desk.actor)  # fmt: skip
    say(
        f"{wanted}: {what}, by {last}. Tell the importer today; damages run to the goods' value and more"
    )


@redelivery.command()
def answered(
    number: Number,
    notice: Annotated[str, typer.Option(help="As it was recorded.")],
    how: Annotated[str, typer.Option(help="complied, extended or withdrawn.")],
    on: Annotated[str, typer.Option(help="The day.")],
    proof: Proof,
    until: Annotated[str, typer.Option(help="The new day, if extended.")] = "",
) -> None:
    """Note what became of a demand."""
    from tasks.incident.after import redelivery as room

    room.answered(
        desk.workspace,
        desk.number(number),
        notice,
        how,
        day(on),
        day(until) if until else None,
        proof,
        desk.actor,
    )
    say(f"{desk.number(number)}: {notice} {how} on {on}")


@discretion.command()
def grant(
    reference: Annotated[str, typer.Option(help="CBP's reference.")],
    first: Annotated[str, typer.Option("--from", help="First day.")],
    last: Annotated[str, typer.Option("--to", help="Last day.")],
    reason: Annotated[str, typer.Option(help="As CBP wrote it.", callback=fit)],
    act: Annotated[list[str], typer.Option(help="late-summary, late-deposit ...; may repeat.")],
    proof: Proof,
) -> None:
    """Record the discretion that CBP granted. What statute sets (PSC, protest, drawback ...) is refused."""
    from tasks.incident.after import discretion as room

    room.grant(desk.workspace, reference, day(first), day(last), reason, act, proof, desk.actor)
    say(f"{reference}: {', '.join(act)} from {first} to {last}")


@discretion.command()
def rely(
    numbers: Annotated[list[str], typer.Argument(help="Entries, production's too.")],
    reference: Annotated[str, typer.Option(help="Of the grant.")],
    act: Annotated[str, typer.Option(help="What was done late.")],
    out: Annotated[Path, typer.Option(help="A new folder for the attachments.")],
    as_json: Json = False,
) -> None:
    """Note that entries rest on a grant, and write the document that goes with each summary. Refused for an
    entry made after the grant's last day, or whose summary was due before its first."""
    from tasks.incident.after import discretion as room

    made = room.rely(desk.workspace, numbers, reference, act, out, desk.actor)
    rows = [{"number": one.number, "act": one.act, "attachment": str(one.path or ""),
             "released_on_paper": one.path is None, "day_covered": one.dated} for one in made]  # fmt: skip
    show(rows, as_json=as_json, title=f"Resting on {reference}")
    if not as_json and not all(one.dated for one in made):
        say("The day of an entry that is not covered is not known here: compare it with the grant")


@discretion.command("list")
def relied(as_json: Json = False) -> None:
    """Every entry that rests on CBP's discretion."""
    from tasks.incident.after import discretion as room

    show(room.relied(desk.workspace), as_json=as_json, title="Discretion")


@handover.command()
def prepare(
    numbers: Annotated[list[str], typer.Argument(help="Entries that CBP has not seen.")],
    broker: Annotated[str, typer.Option(help="The other broker.")],
    filer: Annotated[str, typer.Option(help="Its filer code.")],
    recipient: Annotated[
        Path, typer.Option("--key", help="Its public key, a .pub file: it made one with kit key.")
    ],
    authorised: Annotated[list[str], typer.Option(help="CLIENT=FILE: its leave (19 CFR 111.24).")],
    power: Annotated[
        list[str], typer.Option(help="CLIENT=FILE: the other broker's power of attorney.")
    ],
    out: Annotated[Path, typer.Option(help="A new folder.")],
    as_json: Json = False,
) -> None:
    """Seal entries for a substitute broker: workbook, documents, manifest. CLIENT is the importer number, or
    the name where that is a Social Security number. From then on we do not file them."""
    from tasks.incident.after import handover as room
    from tasks.reconciliation.acts import require_ours_alone
    from tasks.shared import seal

    wanted = desk.numbers(numbers)
    require_ours_alone(desk.workspace, wanted)
    other = room.Other(broker, filer.upper(), seal.read_public(recipient))
    made = room.prepare(desk.workspace, wanted, other, _pairs(authorised, "--authorised"),
                        _pairs(power, "--power"), out, desk.actor)  # fmt: skip
    show([{"handover": made.handover, "entries": len(made.numbers), "documents": made.documents,
           "key": made.recipient, "file": str(made.path)}], as_json=as_json, title="Sealed")  # fmt: skip
    if not as_json:
        say(f"Have {broker} read its key id to you: {made.recipient}. Yours, that signed it: {made.signer}. "
            "Then give it the file; it opens it with: continuity incident handover open FILE --key ITS-KEY "
            "--out FOLDER. When it tells you its entry number: continuity incident handover filed NUMBER "
            "--other ITS-NUMBER --proof FILE")  # fmt: skip


def _pairs(given: list[str], option: str) -> dict[str, Path]:
    from tasks.shared.errors import BadInput

    found = {}
    for text in given:
        client, mark, path = text.partition("=")
        if not mark or not client.strip() or not path.strip():
            raise BadInput("client-file-malformed", option=option, text=text)
        found[client.strip()] = Path(path.strip())
    return found


@handover.command()
def filed(
    number: Number,
    other: Annotated[str, typer.Option(help="The number under which the other broker filed it.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Kept by its digest.")],
) -> None:
    """Note that the other broker filed it: our number is void, filed by another broker. Asks for a license
    holder's approval: `continuity approve PLAN` carries it out."""
    from tasks.reconciliation.acts import hand_over

    taken = hand_over(desk.workspace, desk.number(number), other, proof.read_bytes(), desk.actor)
    say(f"{desk.number(number)} is void: filed by other broker {taken[:3]} under {taken}")


@handover.command()
def recall(
    name: Annotated[str, typer.Argument(metavar="HANDOVER", help="Like HO-1A2B3C4D.")],
    reason: Annotated[
        str, typer.Option(help="Why the other broker does not file them.", callback=fit)
    ],
    proof: Proof,
) -> None:
    """Take back what the other broker did not file: ours again."""
    from tasks.incident.after import handover as room

    say(
        f"Ours again: {', '.join(room.recall(desk.workspace, name.upper(), reason, proof, desk.actor))}"
    )


@handover.command("list")
def list_(as_json: Json = False) -> None:
    """What was sealed for whom, and where each number stands."""
    from tasks.incident.after import handover as room

    show(room.listing(desk.workspace), as_json=as_json, title="Handed over")


@handover.command("open")
def open_(
    file: Annotated[Path, typer.Argument(help="What another broker sealed to us.")],
    private: Annotated[Path, typer.Option("--key", help="Our key, a .key file.")],
    out: Annotated[Path, typer.Option(help="A new folder.")],
) -> None:
    """Open what another broker sealed to us."""
    from tasks.desk.backup_asking import passphrase_of
    from tasks.incident.after.opening import open_package
    from tasks.shared import seal

    seed = seal.read_key(private, passphrase_of(private))
    opened = open_package(file, seed, out)
    for name in opened.names:
        say(str(out / name))
    say(f"It says that it comes from {opened.broker}: have it read the id of its key to you, by a number you "
        f"know. This was signed with {opened.signer}")  # fmt: skip
