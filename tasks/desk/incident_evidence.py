"""`continuity incident evidence`: what shows that the systems are clean, as a signed pack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tasks.desk.context import desk, say, show, show_files
from tasks.desk.incident_room import Json, fit, room
from tasks.desk.verdict import tell

app = typer.Typer(no_args_is_help=True, help="Evidence of remediation, for CBP.")
Item = Annotated[str, typer.Argument(help="An item of the checklist; see evidence list.")]


def add_to(group: typer.Typer) -> None:
    group.add_typer(app, name="evidence")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """The checklist, and what stands for each item. Exit 1 while a required item lacks its evidence."""
    from tasks.incident import evidence, state

    office = room()
    incident = state.newest(office.journal.rows) or state.require(office.journal.rows)
    found = evidence.standing(office, incident)
    show([{"item": one.item.id, "what": one.item.what, "required": one.item.required,
           "state": str(one.state), "evidence": one.words, "waived": one.waived,
           "rule": f"{one.item.source} [{one.item.mark}]"} for one in found],
         as_json=as_json, title="Evidence of remediation")  # fmt: skip
    raise typer.Exit(1 if any(one.is_open for one in found) else 0)


@app.command()
def attach(
    item: Item,
    file: Annotated[list[Path], typer.Argument(help="Files; kept by their digest.")],
    note: Annotated[str, typer.Option(help="Where they come from.", callback=fit)] = "",
    reason: Annotated[
        str,
        typer.Option(
            help="Why the same file also proves another item or a duty; it is kept.", callback=fit
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Files stand for an item of the checklist. A file proves one item; for a second it needs --reason."""
    from tasks.incident import evidence

    kept = evidence.attach(room(), item, [one.absolute() for one in file], note, desk.actor, reason)
    if as_json:
        show([{"name": one.name, "sha256": one.content, "size": one.size} for one in kept],
             as_json=True)  # fmt: skip
        return
    for one in kept:
        say(f"Stored: {one.name}, SHA-256 {one.content}")


@app.command()
def waive(
    item: Item,
    reason: Annotated[str, typer.Option(help="Why, in words; it is kept.", callback=fit)],
) -> None:
    """An item does not apply, and why."""
    from tasks.incident import evidence

    evidence.waive(room(), item, reason, desk.actor)
    say(f"{item}: does not apply: {reason}")


@app.command()
def build(
    out: Annotated[Path, typer.Option(help="A new folder.")],
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Although items lack their evidence.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The signed pack: cover, files with digest and origin, events, the book's signed head."""
    from tasks.incident import evidence_pack, state
    from tasks.shared import keys

    office = room()
    incident = state.newest(office.journal.rows) or state.require(office.journal.rows)
    paths = evidence_pack.build(office, incident, out, desk.actor, incomplete=incomplete)
    key = keys.key_id(keys.public(desk.home))
    show_files(paths, as_json=as_json, key=key)
    if not as_json:
        say(f"Signed with the key {key}")


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="The pack.")],
    key: Annotated[
        str, typer.Option(help="The public key, or the file that holds it; got another way.")
    ] = "",
    against_journal: Annotated[
        bool, typer.Option("--journal", help="Also against this home's journal: a cut tail shows.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Is the pack whole, and by whom. Needs no home folder. Exit 1 if anything does not hold."""
    from tasks.incident import evidence_verify

    public = evidence_verify.public_key(key) if key else None
    found = evidence_verify.verify(
        folder, public, desk.workspace.journal if against_journal else None
    )
    tell(found, {"head": found.seq}, known=bool(key), as_json=as_json)
