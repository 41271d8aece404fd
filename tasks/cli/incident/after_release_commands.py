"""`continuity incident redelivery | discretion | handover`: what follows release, and substitute brokers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tasks.cli.context import Json, invocation, parse_day, print_table, print_text
from tasks.cli.incident.incident_options import refuse_ssn

redelivery = typer.Typer(no_args_is_help=True, help="Conditional release; goods that CBP wants back.")
discretion = typer.Typer(no_args_is_help=True, help="CBP's discretion, and entries that rest on it.")
handover = typer.Typer(no_args_is_help=True, help="Entries that a substitute broker takes over.")

Number = Annotated[str, typer.Argument(help="The entry.")]
Proof = Annotated[Path, typer.Option(help="A file; kept by its digest.")]


def mount(into: typer.Typer) -> None:
    into.add_typer(redelivery, name="redelivery")
    into.add_typer(discretion, name="discretion")
    into.add_typer(handover, name="handover")


@redelivery.command("list")
def watches(
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False, as_json: Json = False
) -> None:
    """Up to when CBP may demand each released entry back (19 CFR 141.113), and what it did demand. Exit 1
    if a demand is late."""
    from tasks.core import clock
    from tasks.incident.api import ANSWERED, DEMANDED, OVER, watches

    watched = watches(invocation.workspace)
    listed = [watch for watch in watched if every or watch.state not in (OVER, ANSWERED)]
    rows = [watch.as_dict() for watch in listed]
    if not as_json:
        rows = [row | {"why": watch.why} for row, watch in zip(rows, listed, strict=True)]
    print_table(rows, as_json=as_json, title="Redelivery")
    today = clock.washington().date()
    late = any(watch.state == DEMANDED and watch.due and watch.due < today for watch in watched)
    raise typer.Exit(1 if late else 0)


@redelivery.command()
def conditional(
    number: Number,
    why: Annotated[str, typer.Option(help="A sample, a CBP 28, marking ...", callback=refuse_ssn)],
    proof: Proof,
    until: Annotated[str, typer.Option(help="The day on which the condition ended.")] = "",
) -> None:
    """Note that a release stands under a condition, or that the condition ended."""
    from tasks.incident.api import record_condition

    record_condition(
        invocation.workspace,
        invocation.number(number),
        why,
        parse_day(until) if until else None,
        proof,
        invocation.actor,
    )
    print_text(
        f"{invocation.number(number)}: {why}" + (f"; ended {until}" if until else "; the importer keeps the goods")
    )


@redelivery.command()
def demanded(
    number: Number,
    notice: Annotated[str, typer.Option(help="The notice's number or date.")],
    on: Annotated[str, typer.Option(help="Its day.")],
    what: Annotated[str, typer.Option(help="Redeliver, mark, export ...", callback=refuse_ssn)],
    proof: Proof,
    due: Annotated[str, typer.Option(help="By when, as it says; else the usual 30 days [G].")] = "",
) -> None:
    """Note a notice to redeliver or mark (CBP Form 4647)."""
    from tasks.incident.api import record_demand

    entry_number = invocation.number(number)
    last = record_demand(
        invocation.workspace,
        entry_number,
        notice,
        parse_day(on),
        parse_day(due) if due else None,
        what,
        proof,
        invocation.actor,
    )
    print_text(f"{entry_number}: {what}, by {last}. Tell the importer today; damages run to the goods' value and more")


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
    from tasks.incident.api import record_answer

    record_answer(
        invocation.workspace,
        invocation.number(number),
        notice,
        how,
        parse_day(on),
        parse_day(until) if until else None,
        proof,
        invocation.actor,
    )
    print_text(f"{invocation.number(number)}: {notice} {how} on {on}")


@discretion.command()
def grant(
    reference: Annotated[str, typer.Option(help="CBP's reference.")],
    first: Annotated[str, typer.Option("--from", help="First day.")],
    last: Annotated[str, typer.Option("--to", help="Last day.")],
    reason: Annotated[str, typer.Option(help="As CBP wrote it.", callback=refuse_ssn)],
    act: Annotated[list[str], typer.Option(help="late-summary, late-deposit ...; may repeat.")],
    proof: Proof,
) -> None:
    """Record the discretion that CBP granted. What statute sets (PSC, protest, drawback ...) is refused."""
    from tasks.incident.api import record_grant

    record_grant(
        invocation.workspace, reference, parse_day(first), parse_day(last), reason, act, proof, invocation.actor
    )
    print_text(f"{reference}: {', '.join(act)} from {first} to {last}")


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
    from tasks.incident.api import record_use

    uses = record_use(invocation.workspace, numbers, reference, act, out, invocation.actor)
    rows = [
        {
            "number": use.number,
            "act": use.act,
            "attachment": str(use.path or ""),
            "released_on_paper": use.path is None,
            "day_covered": use.dated,
        }
        for use in uses
    ]
    print_table(rows, as_json=as_json, title=f"Resting on {reference}")
    if not as_json and not all(use.dated for use in uses):
        print_text("The day of an entry that is not covered is not known here: compare it with the grant")


@discretion.command("list")
def relied(as_json: Json = False) -> None:
    """Every entry that rests on CBP's discretion."""
    from tasks.incident.api import grant_uses

    print_table(grant_uses(invocation.workspace), as_json=as_json, title="Discretion")


@handover.command()
def prepare(
    numbers: Annotated[list[str], typer.Argument(help="Entries that CBP has not seen.")],
    broker: Annotated[str, typer.Option(help="The other broker.")],
    filer: Annotated[str, typer.Option(help="Its filer code.")],
    recipient: Annotated[Path, typer.Option("--key", help="Its public key, a .pub file: it made one with kit key.")],
    authorised: Annotated[list[str], typer.Option(help="CLIENT=FILE: its leave (19 CFR 111.24).")],
    power: Annotated[list[str], typer.Option(help="CLIENT=FILE: the other broker's power of attorney.")],
    out: Annotated[Path, typer.Option(help="A new folder.")],
    as_json: Json = False,
) -> None:
    """Seal entries for a substitute broker: workbook, documents, manifest. CLIENT is the importer number, or
    the name where that is a Social Security number. From then on we do not file them."""
    from tasks.incident.api import SubstituteBroker, prepare_handover
    from tasks.reconciliation.api import require_ours_alone
    from tasks.security.api import read_seal_public_key

    entry_numbers = invocation.numbers(numbers)
    require_ours_alone(invocation.workspace, entry_numbers)
    substitute = SubstituteBroker(broker, filer.upper(), read_seal_public_key(recipient))
    handover = prepare_handover(
        invocation.workspace,
        entry_numbers,
        substitute,
        _pairs(authorised, "--authorised"),
        _pairs(power, "--power"),
        out,
        invocation.actor,
    )
    print_table(
        [
            {
                "handover": handover.handover,
                "entries": len(handover.numbers),
                "documents": handover.documents,
                "key": handover.recipient,
                "file": str(handover.path),
            }
        ],
        as_json=as_json,
        title="Sealed",
    )
    if not as_json:
        print_text(
            f"Have {broker} read its key id to you: {handover.recipient}. Yours, that signed it: {handover.signer}. "
            "Then give it the file; it opens it with: continuity incident handover open FILE --key ITS-KEY "
            "--out FOLDER. When it tells you its entry number: continuity incident handover filed NUMBER "
            "--other ITS-NUMBER --proof FILE"
        )


def _pairs(texts: list[str], option: str) -> dict[str, Path]:
    from tasks.core.errors import BadInput

    pairs: dict[str, Path] = {}
    for text in texts:
        client, separator, path = text.partition("=")
        if not separator or not client.strip() or not path.strip():
            raise BadInput("client-file-malformed", option=option, text=text)
        pairs[client.strip()] = Path(path.strip())
    return pairs


@handover.command()
def filed(
    number: Number,
    other: Annotated[str, typer.Option(help="The number under which the other broker filed it.")],
    proof: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Kept by its digest.")],
) -> None:
    """Note that the other broker filed it: our number is void, filed by another broker. Asks for a license
    holder's approval: `continuity approve PLAN` carries it out."""
    from tasks.reconciliation.api import hand_over

    effect = hand_over(invocation.workspace, invocation.number(number), other, proof.read_bytes(), invocation.actor)
    print_text(f"{invocation.number(number)} is void: filed by other broker {effect[:3]} under {effect}")


@handover.command()
def recall(
    name: Annotated[str, typer.Argument(metavar="HANDOVER", help="Like HO-1A2B3C4D.")],
    reason: Annotated[str, typer.Option(help="Why the other broker does not file them.", callback=refuse_ssn)],
    proof: Proof,
) -> None:
    """Take back what the other broker did not file: ours again."""
    from tasks.incident.api import recall_handover

    print_text(
        f"Ours again: {', '.join(recall_handover(invocation.workspace, name.upper(), reason, proof, invocation.actor))}"
    )


@handover.command("list")
def list_(as_json: Json = False) -> None:
    """What was sealed for whom, and where each number stands."""
    from tasks.incident.api import handover_rows

    print_table(handover_rows(invocation.workspace), as_json=as_json, title="Handed over")


@handover.command("open")
def open_(
    file: Annotated[Path, typer.Argument(help="What another broker sealed to us.")],
    private: Annotated[Path, typer.Option("--key", help="Our key, a .key file.")],
    out: Annotated[Path, typer.Option(help="A new folder.")],
) -> None:
    """Open what another broker sealed to us."""
    from tasks.cli.backup.repository_options import passphrase_of
    from tasks.incident.api import open_package
    from tasks.security.api import read_seal_key

    seed = read_seal_key(private, passphrase_of(private))
    opened = open_package(file, seed, out)
    for name in opened.names:
        print_text(str(out / name))
    print_text(
        f"It says that it comes from {opened.broker}: have it read the id of its key to you, by a number you "
        f"know. This was signed with {opened.signer}"
    )
