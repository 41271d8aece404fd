"""`continuity incident letters`: downtime letters to the ports, their documents, what is to follow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.desk import incident_after, incident_forms, incident_pga
from tasks.desk.context import Json, day, desk, say, show
from tasks.desk.incident_room import fit, listed

if TYPE_CHECKING:
    from tasks.incident.letters.issuing import Outcome

app = typer.Typer(no_args_is_help=True, help="Downtime letters, and the documents behind them.")
Letter = Annotated[str, typer.Argument(help="Its id, like DL-1A2B3C4D.")]
Reason = Annotated[str, typer.Option(help="Why, in words; it is kept.", callback=fit)]


def mount(into: typer.Typer) -> None:
    """Put these groups under `continuity incident`."""
    incident_forms.add_to(app)
    into.add_typer(app, name="letters")
    into.add_typer(incident_pga.app, name="pga")
    incident_after.mount(into)


@app.command()
def issue(
    out: Annotated[Path, typer.Option(help="A new folder.")],
    numbers: Annotated[list[str] | None, typer.Argument(help="Entries; or give --port.")] = None,
    port: Annotated[
        str,
        typer.Option(help="All entries of a port that wait for a letter, and are not released."),
    ] = "",
    per: Annotated[str, typer.Option(help="One letter a shipment, or one a port.")] = "",
    signer: Annotated[str, typer.Option(help="Who signs, by id; else \\[letters] signer.")] = "",
    again: Annotated[
        str, typer.Option(help="Replace the letters that stand; why.", callback=fit)
    ] = "",
    without_authorisation: Annotated[
        str,
        typer.Option(
            help="Issue without CBP's authorisation on record; why. It is kept.", callback=fit
        ),
    ] = "",
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Issue those that can be, name the others.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make letters for the ports, to be signed and handed in: one a shipment, or one a port. All are
    issued or none. Refused for want of what CBP asks of the mode, for a number that cannot be used, for
    an agency's paper that is missing, or without CBP's authorisation; and before all of that while the
    broker's license, permit, address or phone is not set. All else is "to follow". With --port, entries
    that are recorded as released are left out and listed: one goes on a letter only by its number.

    Exit 1 if an entry that waits was left out."""
    from tasks.incident.letters import issuing, readying

    if port:
        readying.require_port(desk.workspace, port)
    chosen = desk.numbers(numbers or [])
    if port and not chosen:
        chosen = readying.waiting(desk.workspace.journal, port)
        for some in readying.decided(desk.workspace.journal, port):
            typer.echo(f"left out, {some.reason}", err=True)
    kind = per or (issuing.PORT if port else issuing.SHIPMENT)
    wish = issuing.Wish(tuple(chosen), kind, signer, again, without_authorisation, leave_out)
    outcome = issuing.issue(desk.workspace, wish, out, desk.actor)
    _tell(outcome, out, as_json)
    raise typer.Exit(1 if outcome.left else 0)


def _tell(outcome: Outcome, out: Path, as_json: bool) -> None:
    rows = [{"letter": one.letter, "port": one.port, "entries": len(one.numbers), "pages": one.pages,
             "replaces": list(one.replaces), "to_follow": len(one.follows),
             "file": str(one.path)} for one in outcome.issued]  # fmt: skip
    show(rows if as_json else listed(rows), as_json=as_json, title="Downtime letters")
    for problem in outcome.left:
        typer.echo(f"left out: {problem}", err=True)
    for note in dict.fromkeys(str(note) for one in outcome.issued for note in one.notes):
        typer.echo(f"official form not used: {note}", err=True)
    if told := incident_pga.look_up([number for one in outcome.issued for number in one.numbers]):
        typer.echo(told, err=True)
    if as_json:
        return
    say(f"{len(rows)} written to {out}. Nothing was sent: have them signed and handed in, then "
        "continuity incident letters sent LETTER --way WAY --to OFFICER --proof FILE")  # fmt: skip


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every downtime letter: port, state, who signs it under whose licence, and which of its entries were
    revised since: issue these again. Also which entries on paper have none."""
    from tasks.incident.letters import outdated, readying
    from tasks.incident.letters.sending import letters

    old = outdated.outdated(desk.workspace)
    since = outdated.by_letter(old)
    rows = [one.as_dict() | {"revised": since.get(one.said.letter, [])}
            for one in letters(desk.workspace)]  # fmt: skip
    show(rows if as_json else listed(rows), as_json=as_json, title="Downtime letters")
    if old and not as_json:
        show(listed(one.as_dict() for one in old), as_json=False, title="Older than their record")
    for port, some in readying.without(desk.workspace.journal).items():
        more = f" and {len(some) - 3} more" if some[3:] else ""
        typer.echo(f"NO LETTER, port {port or 'not given'}: {', '.join(some[:3])}{more}", err=True)


@app.command()
def chase(as_json: Json = False) -> None:
    """What letters said would follow and is not here yet, by importer."""
    from tasks.incident.letters.chasing import chase_list

    rows = chase_list(desk.workspace)
    show(rows if as_json else [_chased(row) for row in rows], as_json=as_json, title="To follow")


def _chased(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the table."""
    gaps = [f"{gap['name']} ({gap['file']})" if gap["file"] else gap["name"]
            for gap in row["to_follow"]]  # fmt: skip
    releases = [f"{one['agency']}, line {one['line']}: {one['reason']} (without its paper)"
                for one in row["without"]]  # fmt: skip
    named = {name: value for name, value in row.items() if name not in ("to_follow", "without")}
    return named | {"to_follow": "; ".join([*gaps, *releases])}


@app.command()
def attach(
    number: Annotated[str, typer.Argument(help="The entry.")],
    files: Annotated[list[Path], typer.Argument(help="PDF, PNG, JPEG or TIFF.")],
    document: Annotated[str, typer.Option("--type", help="Invoice, Packing list, Permit ...")],
    reference: Annotated[str, typer.Option(help="For the image system; else one is made.")] = "",
    as_json: Json = False,
) -> None:
    """Attach files to an entry; they go behind its letter. The same file again changes nothing."""
    from tasks.incident.letters import documents
    from tasks.shared.errors import BadInput

    if reference and len(files) > 1:
        raise BadInput("reference-needs-single-file")
    wanted = desk.number(number)
    made = [
        documents.attach(desk.workspace, wanted, path, document, desk.actor, reference)
        for path in files
    ]
    show([one.as_dict() for one in made], as_json=as_json, title=f"Attached to {wanted}")


@app.command()
def gather(
    folder: Annotated[Path, typer.Argument(help="Where the scans lie.")],
    numbers: Annotated[list[str] | None, typer.Argument(help="Entries; else all recorded.")] = None,
    as_json: Json = False,
) -> None:
    """Attach every file of a folder that the desks listed on their sheet Documents. Exit 1 if listed
    files are not in the folder, or are a scan that the entry has under another name."""
    from tasks.entries.lookup import recorded
    from tasks.incident.letters import documents

    chosen = desk.numbers(numbers or []) or [
        str(row["number"]) for row in recorded(desk.workspace.journal)
    ]
    made = documents.attach_folder(desk.workspace, folder, chosen, desk.actor)
    show([one.as_dict() for one in made.done], as_json=as_json, title="Attached")
    for number, file in made.lacking:
        typer.echo(f"not in {folder}: {file}, {number}", err=True)
    for twin in made.twins:
        typer.echo(f"not attached: {twin}", err=True)
    if not as_json:
        say(f"{len(made.done)} attached; {len(made.lacking)} listed by the desks and not in {folder}"
            + (f"; {len(made.twins)} not attached, the same scan twice" if made.twins else ""))  # fmt: skip
    raise typer.Exit(1 if made.lacking or made.twins else 0)


@app.command()
def documents(
    numbers: Annotated[list[str], typer.Argument(help="Entries.")], as_json: Json = False
) -> None:
    """The files attached to entries, each with its reference and SHA-256."""
    from tasks.incident.letters.documents import attached

    found = attached(desk.workspace.journal, desk.numbers(numbers))
    show(
        [one.as_dict() for some in found.values() for one in some],
        as_json=as_json,
        title="Documents",
    )


@app.command()
def drop(
    number: Annotated[str, typer.Argument(help="The entry.")],
    reference: Annotated[str, typer.Argument(help="As `letters documents` shows it.")],
    reason: Reason,
) -> None:
    """Take a file off an entry. It stays in the book."""
    from tasks.incident.letters import documents

    wanted = desk.number(number)
    documents.drop(desk.workspace, wanted, reference, reason, desk.actor)
    say(f"{reference} no longer goes with {wanted}")


@app.command()
def sent(
    letter: Letter,
    way: Annotated[str, typer.Option(help="driver, messenger, e-mail, DIS ...")],
    to: Annotated[str, typer.Option(help="Officer, desk or address.")],
    proof: Annotated[Path, typer.Option(help="Stamped copy, mail, receipt.")],
    on: Annotated[str, typer.Option(help="The day, if not today.")] = "",
) -> None:
    """Note that a letter went to the port, with its proof."""
    from tasks.incident.letters import sending
    from tasks.shared import clock

    when = day(on) if on else clock.washington().date()
    kept = sending.sent(desk.workspace, letter, way, to, when, proof, desk.actor)
    say(f"{letter.upper()} went to {to} on {when}; proof {kept[:12]}")


@app.command()
def withdraw(letter: Letter, reason: Reason) -> None:
    """Take a letter back before the port has it: its entries are free for another."""
    from tasks.incident.letters import sending

    numbers = sending.withdraw(desk.workspace, letter, reason, desk.actor)
    say(f"{letter.upper()} no longer counts: {', '.join(numbers)}")


@app.command("print")
def print_(letter: Letter, out: Annotated[Path, typer.Option(help="The PDF to write.")]) -> None:
    """Write a letter's packet once more, as it was printed. Exit 1 if private data was purged since:
    then it is written with these hidden."""
    from tasks.incident.letters import sending

    path, whole = sending.reprint(desk.workspace, letter, out)
    say(f"{path} written" + ("" if whole else ": private data was purged and is hidden"))
    raise typer.Exit(0 if whole else 1)


@app.command()
def export(
    letter: Letter,
    out: Annotated[Path, typer.Option(help="A new folder.")],
    as_json: Json = False,
) -> None:
    """Write the documents of a letter's entries for CBP's image system: document, entry number and
    unique reference of each in index.csv. Nothing is sent."""
    from tasks.incident.letters import sending

    rows = sending.export(desk.workspace, letter, out, desk.actor)
    show(rows, as_json=as_json, title=f"Written to {out}")


@app.command()
def blank(out: Annotated[Path, typer.Option(help="The PDF to write.")]) -> None:
    """A letter to be filled in by hand, to be kept on paper."""
    from tasks.incident.letters import blank as room, letterhead
    from tasks.shared import clock
    from tasks.shared.files import write_atomic
    from tasks.shared.journal import is_drill

    data = room.blank(
        desk.workspace.settings.broker, clock.now(), drill=is_drill(desk.workspace.journal)
    )
    say(f"{write_atomic(out, data)} written")
    if names := letterhead.missing(desk.workspace.settings.broker):
        settings = ", ".join(f"[broker] {name}" for name in names)
        typer.echo(f"NOT SET in continuity.toml, and a gap on the letter: {settings}", err=True)
