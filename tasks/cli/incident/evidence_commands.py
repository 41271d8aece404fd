"""`continuity incident evidence`: what shows that the systems are clean, as a signed pack.

What is said of a signed folder that was looked at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tasks.cli.context import Json, invocation, print_files, print_table, print_text
from tasks.cli.incident.incident_options import incident_workspace, refuse_ssn


def print_verdict(verdict: Any, head: dict[str, int], *, known: bool, as_json: bool) -> None:
    """Say an `evidence_verify.Verdict` and end with 1 where it does not hold. `head`: what is told
    beside it, by name; `known`: the signer's key was given, got another way."""
    if as_json:
        print_table(
            [
                {
                    "ok": verdict.ok,
                    "what": verdict.what,
                    "made": verdict.made,
                    "key": verdict.key,
                    **head,
                    "problems": [one.as_dict() for one in verdict.problems],
                }
            ],
            as_json=True,
        )
    else:
        further = "".join(f", journal {name} {value}" for name, value in head.items())
        print_text(f"{verdict.what}, made {verdict.made[:16]}Z{further}")
        for problem in verdict.problems:
            print_text(f"  {problem}")
        print_text("DOES NOT HOLD" if verdict.problems else f"holds; signed with the key {verdict.key}")
        if not known:
            print_text("No key was given: make sure by telephone that this fingerprint is the broker's")
    raise typer.Exit(0 if verdict.ok else 1)


app = typer.Typer(no_args_is_help=True, help="Evidence of remediation, for CBP.")
Item = Annotated[str, typer.Argument(help="An item of the checklist; see evidence list.")]


def add_to(group: typer.Typer) -> None:
    group.add_typer(app, name="evidence")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """The checklist, and what stands for each item. Exit 1 while a required item lacks its evidence."""
    from tasks.incident.api import checklist_state, newest_incident, require_incident

    workspace = incident_workspace()
    incident = newest_incident(workspace.journal.rows) or require_incident(workspace.journal.rows)
    states = checklist_state(workspace, incident)
    print_table(
        [
            {
                "item": state.item.id,
                "what": state.item.what,
                "required": state.item.required,
                "state": str(state.state),
                "evidence": state.words,
                "waived": state.waived,
                "rule": f"{state.item.source} [{state.item.mark}]",
            }
            for state in states
        ],
        as_json=as_json,
        title="Evidence of remediation",
    )
    raise typer.Exit(1 if any(state.is_open for state in states) else 0)


@app.command()
def attach(
    item: Item,
    file: Annotated[list[Path], typer.Argument(help="Files; kept by their digest.")],
    note: Annotated[str, typer.Option(help="Where they come from.", callback=refuse_ssn)] = "",
    reason: Annotated[
        str, typer.Option(help="Why the same file also proves another item or a duty; it is kept.", callback=refuse_ssn)
    ] = "",
    as_json: Json = False,
) -> None:
    """Files stand for an item of the checklist. A file proves one item; for a second it needs --reason."""
    from tasks.incident.api import attach_evidence

    stored = attach_evidence(
        incident_workspace(), item, [evidence_file.absolute() for evidence_file in file], note, invocation.actor, reason
    )
    if as_json:
        print_table(
            [
                {"name": evidence_file.name, "sha256": evidence_file.content, "size": evidence_file.size}
                for evidence_file in stored
            ],
            as_json=True,
        )
        return
    for evidence_file in stored:
        print_text(f"Stored: {evidence_file.name}, SHA-256 {evidence_file.content}")


@app.command()
def waive(
    item: Item, reason: Annotated[str, typer.Option(help="Why, in words; it is kept.", callback=refuse_ssn)]
) -> None:
    """An item does not apply, and why."""
    from tasks.incident.api import waive_item

    waive_item(incident_workspace(), item, reason, invocation.actor)
    print_text(f"{item}: does not apply: {reason}")


@app.command()
def build(
    out: Annotated[Path, typer.Option(help="A new folder.")],
    incomplete: Annotated[bool, typer.Option("--incomplete", help="Although items lack their evidence.")] = False,
    as_json: Json = False,
) -> None:
    """The signed pack: cover, files with digest and origin, events, the book's signed head."""
    from tasks.incident.api import build_pack, newest_incident, require_incident
    from tasks.security.api import host_public_key, key_id

    workspace = incident_workspace()
    incident = newest_incident(workspace.journal.rows) or require_incident(workspace.journal.rows)
    paths = build_pack(workspace, incident, out, invocation.actor, incomplete=incomplete)
    key = key_id(host_public_key(invocation.home))
    print_files(paths, as_json=as_json, key=key)
    if not as_json:
        print_text(f"Signed with the key {key}")


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="The pack.")],
    key: Annotated[str, typer.Option(help="The public key, or the file that holds it; got another way.")] = "",
    against_journal: Annotated[
        bool, typer.Option("--journal", help="Also against this home's journal: a cut tail shows.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Is the pack whole, and by whom. Needs no home folder. Exit 1 if anything does not hold."""
    from tasks.incident import api
    from tasks.incident.api import public_key

    public = public_key(key) if key else None
    verdict = api.verify(folder, public, invocation.workspace.journal if against_journal else None)
    print_verdict(verdict, {"head": verdict.seq}, known=bool(key), as_json=as_json)
