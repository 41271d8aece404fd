"""`continuity incident letters`: downtime letters to the ports, their documents, what is to follow.

`continuity incident letters forms`: what is found in the official forms that the broker put there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.cli.context import Json, invocation, parse_day, print_table, print_text
from tasks.cli.incident import after_release_commands, agency_commands
from tasks.cli.incident.agency_commands import look_up_entries
from tasks.cli.incident.incident_options import plain_rows, refuse_ssn

if TYPE_CHECKING:
    from tasks.incident.api import IssueOutcome


def add_to(app: typer.Typer) -> None:
    app.command("forms")(forms)


def forms(as_json: Json = False) -> None:
    """Official forms in <home>/forms: which boxes are found, which are not. A box to tick is ticked where
    cbp3461.csv or cbp7501.csv beside the form says for what: field,value,when. Exit 1 if a form that lies
    there cannot be used."""
    from tasks.incident.api import CBP_3461, CBP_7501, LetterSettings, form_named

    rows, bad = list[dict[str, str]](), False
    for name in (CBP_3461, CBP_7501):
        official, problems = form_named(invocation.home, name, invocation.workspace.settings(LetterSettings))
        bad = bad or bool(problems)
        if official is None:
            rows += [
                _row(name, "problem", value=problem.column, label=str(problem), code=problem.code)
                for problem in problems
            ] or [_row(name, "absent")]
            continue
        rows += [
            _row(name, "field", field, official.where.get(field, ""), form_field.label)
            for field, form_field in official.fields.items()
        ]
        rows += [
            _row(name, "checkbox", box, " ".join(official.ticks.get(box, ())), tick.label)
            for box, tick in official.boxes.items()
        ]
        rows += [_row(name, "without-field", value=value) for value in official.unused]
    print_table(rows, as_json=as_json, title="Official forms")
    raise typer.Exit(1 if bad else 0)


def _row(form: str, kind: str, field: str = "", value: str = "", label: str = "", code: str = "") -> dict[str, str]:
    """`kind`: field, checkbox, without-field (a value that no field takes), problem or absent."""
    return {"form": form, "kind": kind, "field": field, "value": value, "label": label, "code": code}


app = typer.Typer(no_args_is_help=True, help="Downtime letters, and the documents behind them.")
Letter = Annotated[str, typer.Argument(help="Its id, like DL-1A2B3C4D.")]
Reason = Annotated[str, typer.Option(help="Why, in words; it is kept.", callback=refuse_ssn)]


def mount(into: typer.Typer) -> None:
    """Put these groups under `continuity incident`."""
    add_to(app)
    into.add_typer(app, name="letters")
    into.add_typer(agency_commands.app, name="pga")
    after_release_commands.mount(into)


@app.command()
def issue(
    out: Annotated[Path, typer.Option(help="A new folder.")],
    numbers: Annotated[list[str] | None, typer.Argument(help="Entries; or give --port.")] = None,
    port: Annotated[str, typer.Option(help="All entries of a port that wait for a letter, and are not released.")] = "",
    per: Annotated[str, typer.Option(help="One letter a shipment, or one a port.")] = "",
    signer: Annotated[str, typer.Option(help="Who signs, by id; else \\[letters] signer.")] = "",
    again: Annotated[str, typer.Option(help="Replace the letters that stand; why.", callback=refuse_ssn)] = "",
    without_authorisation: Annotated[
        str, typer.Option(help="Issue without CBP's authorisation on record; why. It is kept.", callback=refuse_ssn)
    ] = "",
    leave_out: Annotated[bool, typer.Option("--leave-out", help="Issue those that can be, name the others.")] = False,
    as_json: Json = False,
) -> None:
    """Make letters for the ports, to be signed and handed in: one a shipment, or one a port. All are
    issued or none. Refused for want of what CBP asks of the mode, for a number that cannot be used, for
    an agency's paper that is missing, or without CBP's authorisation; and before all of that while the
    broker's license, permit, address or phone is not set. All else is "to follow". With --port, entries
    that are recorded as released are left out and listed: one goes on a letter only by its number.

    Exit 1 if an entry that waits was left out."""
    from tasks.incident.api import (
        PORT,
        SHIPMENT,
        LetterRequest,
        entries_decided_by_port,
        entries_to_letter,
        issue_letters,
        require_port,
    )

    if port:
        require_port(invocation.workspace, port)
    chosen = invocation.numbers(numbers or [])
    if port and not chosen:
        chosen = entries_to_letter(invocation.workspace.journal, port)
        for decision in entries_decided_by_port(invocation.workspace.journal, port):
            typer.echo(f"left out, {decision.reason}", err=True)
    kind = per or (PORT if port else SHIPMENT)
    wish = LetterRequest(tuple(chosen), kind, signer, again, without_authorisation, leave_out)
    outcome = issue_letters(invocation.workspace, wish, out, invocation.actor)
    _tell(outcome, out, as_json)
    raise typer.Exit(1 if outcome.left else 0)


def _tell(outcome: IssueOutcome, out: Path, as_json: bool) -> None:
    rows = [
        {
            "letter": letter.letter,
            "port": letter.port,
            "entries": len(letter.numbers),
            "pages": letter.pages,
            "replaces": list(letter.replaces),
            "to_follow": len(letter.follows),
            "file": str(letter.path),
        }
        for letter in outcome.issued
    ]
    print_table(rows if as_json else plain_rows(rows), as_json=as_json, title="Downtime letters")
    for problem in outcome.left:
        typer.echo(f"left out: {problem}", err=True)
    for note in dict.fromkeys(str(note) for letter in outcome.issued for note in letter.notes):
        typer.echo(f"official form not used: {note}", err=True)
    if advice := look_up_entries([number for letter in outcome.issued for number in letter.numbers]):
        typer.echo(advice, err=True)
    if as_json:
        return
    print_text(
        f"{len(rows)} written to {out}. Nothing was sent: have them signed and handed in, then "
        "continuity incident letters sent LETTER --way WAY --to OFFICER --proof FILE"
    )


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every downtime letter: port, state, who signs it under whose licence, and which of its entries were
    revised since: issue these again. Also which entries on paper have none."""
    from tasks.incident.api import by_letter, entries_without_letter, issued_letters, letters_to_renew

    old = letters_to_renew(invocation.workspace)
    since = by_letter(old)
    rows = [
        letter.as_dict() | {"revised": since.get(letter.said.letter, [])}
        for letter in issued_letters(invocation.workspace)
    ]
    print_table(rows if as_json else plain_rows(rows), as_json=as_json, title="Downtime letters")
    if old and not as_json:
        print_table(plain_rows(letter.as_dict() for letter in old), as_json=False, title="Older than their record")
    for port, lacking in entries_without_letter(invocation.workspace.journal).items():
        rest_text = f" and {len(lacking) - 3} more" if lacking[3:] else ""
        typer.echo(f"NO LETTER, port {port or 'not given'}: {', '.join(lacking[:3])}{rest_text}", err=True)


@app.command()
def chase(as_json: Json = False) -> None:
    """What letters said would follow and is not here yet, by importer."""
    from tasks.incident.api import chase_list

    rows = chase_list(invocation.workspace)
    print_table(rows if as_json else [_chased(row) for row in rows], as_json=as_json, title="To follow")


def _chased(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the table."""
    gaps = [f"{gap['name']} ({gap['file']})" if gap["file"] else gap["name"] for gap in row["to_follow"]]
    releases = [
        f"{release['agency']}, line {release['line']}: {release['reason']} (without its paper)"
        for release in row["without"]
    ]
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
    from tasks.core.errors import BadInput
    from tasks.incident.api import attach_document

    if reference and len(files) > 1:
        raise BadInput("reference-needs-single-file")
    entry_number = invocation.number(number)
    attached = [
        attach_document(invocation.workspace, entry_number, path, document, invocation.actor, reference)
        for path in files
    ]
    print_table([document.as_dict() for document in attached], as_json=as_json, title=f"Attached to {entry_number}")


@app.command()
def gather(
    folder: Annotated[Path, typer.Argument(help="Where the scans lie.")],
    numbers: Annotated[list[str] | None, typer.Argument(help="Entries; else all recorded.")] = None,
    as_json: Json = False,
) -> None:
    """Attach every file of a folder that the desks listed on their sheet Documents. Exit 1 if listed
    files are not in the folder, or are a scan that the entry has under another name."""
    from tasks.entries.api import recorded_entries
    from tasks.incident.api import attach_folder

    chosen = invocation.numbers(numbers or []) or [
        str(row["number"]) for row in recorded_entries(invocation.workspace.journal)
    ]
    batch = attach_folder(invocation.workspace, folder, chosen, invocation.actor)
    print_table([document.as_dict() for document in batch.attached], as_json=as_json, title="Attached")
    for number, file in batch.lacking:
        typer.echo(f"not in {folder}: {file}, {number}", err=True)
    for twin in batch.twins:
        typer.echo(f"not attached: {twin}", err=True)
    if not as_json:
        print_text(
            f"{len(batch.attached)} attached; {len(batch.lacking)} listed by the desks and not in {folder}"
            + (f"; {len(batch.twins)} not attached, the same scan twice" if batch.twins else "")
        )
    raise typer.Exit(1 if batch.lacking or batch.twins else 0)


@app.command()
def documents(numbers: Annotated[list[str], typer.Argument(help="Entries.")], as_json: Json = False) -> None:
    """The files attached to entries, each with its reference and SHA-256."""
    from tasks.incident.api import documents_of

    attached = documents_of(invocation.workspace.journal, invocation.numbers(numbers))
    print_table(
        [document.as_dict() for of_entry in attached.values() for document in of_entry],
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
    from tasks.incident.api import drop_document

    entry_number = invocation.number(number)
    drop_document(invocation.workspace, entry_number, reference, reason, invocation.actor)
    print_text(f"{reference} no longer goes with {entry_number}")


@app.command()
def sent(
    letter: Letter,
    way: Annotated[str, typer.Option(help="driver, messenger, e-mail, DIS ...")],
    to: Annotated[str, typer.Option(help="Officer, desk or address.")],
    proof: Annotated[Path, typer.Option(help="Stamped copy, mail, receipt.")],
    on: Annotated[str, typer.Option(help="The day, if not today.")] = "",
) -> None:
    """Note that a letter went to the port, with its proof."""
    from tasks.core import clock
    from tasks.incident.api import record_sending

    when = parse_day(on) if on else clock.washington().date()
    digest = record_sending(invocation.workspace, letter, way, to, when, proof, invocation.actor)
    print_text(f"{letter.upper()} went to {to} on {when}; proof {digest[:12]}")


@app.command()
def withdraw(letter: Letter, reason: Reason) -> None:
    """Take a letter back before the port has it: its entries are free for another."""
    from tasks.incident.api import withdraw_letter

    numbers = withdraw_letter(invocation.workspace, letter, reason, invocation.actor)
    print_text(f"{letter.upper()} no longer counts: {', '.join(numbers)}")


@app.command("print")
def print_(letter: Letter, out: Annotated[Path, typer.Option(help="The PDF to write.")]) -> None:
    """Write a letter's packet once more, as it was printed. Exit 1 if private data was purged since:
    then it is written with these hidden."""
    from tasks.incident.api import reprint_letter

    path, complete = reprint_letter(invocation.workspace, letter, out)
    print_text(f"{path} written" + ("" if complete else ": private data was purged and is hidden"))
    raise typer.Exit(0 if complete else 1)


@app.command()
def export(letter: Letter, out: Annotated[Path, typer.Option(help="A new folder.")], as_json: Json = False) -> None:
    """Write the documents of a letter's entries for CBP's image system: document, entry number and
    unique reference of each in index.csv. Nothing is sent."""
    from tasks.incident.api import export_documents

    rows = export_documents(invocation.workspace, letter, out, invocation.actor)
    print_table(rows, as_json=as_json, title=f"Written to {out}")


@app.command()
def blank(out: Annotated[Path, typer.Option(help="The PDF to write.")]) -> None:
    """A letter to be filled in by hand, to be kept on paper."""
    from tasks.core import clock
    from tasks.core.files import write_atomic
    from tasks.core.journal.journal import is_drill
    from tasks.core.settings import BrokerSettings
    from tasks.incident.api import blank_letter, missing_fields

    data = blank_letter(
        invocation.workspace.settings(BrokerSettings), clock.now(), drill=is_drill(invocation.workspace.journal)
    )
    print_text(f"{write_atomic(out, data)} written")
    if names := missing_fields(invocation.workspace.settings(BrokerSettings)):
        settings = ", ".join(f"[broker] {name}" for name in names)
        typer.echo(f"NOT SET in continuity.toml, and a gap on the letter: {settings}", err=True)
