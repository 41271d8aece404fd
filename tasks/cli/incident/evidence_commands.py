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
                    "problems": [problem.as_dict() for problem in verdict.problems],
                }
            ],
            as_json=True,
        )
    else:
        head_text = "".join(f", journal {name} {value}" for name, value in head.items())
        print_text(f"{verdict.what}, made {verdict.made[:16]}Z{head_text}")
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
    checklist = checklist_state(workspace, incident)
    print_table(
        [
            {
                "item": evidence.item.id,
                "what": evidence.item.what,
                "required": evidence.item.required,
                "state": str(evidence.state),
                "evidence": evidence.text,
                "waived": evidence.waived,
                "rule": f"{evidence.item.source} [{evidence.item.mark}]",
            }
            for evidence in checklist
        ],
        as_json=as_json,
        title="Evidence of remediation",
    )
    raise typer.Exit(1 if any(evidence.is_open for evidence in checklist) else 0)


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

    attached = attach_evidence(
        incident_workspace(), item, [path.absolute() for path in file], note, invocation.actor, reason
    )
    if as_json:
        print_table(
            [{"name": piece.name, "sha256": piece.content, "size": piece.size} for piece in attached], as_json=True
        )
        return
    for piece in attached:
        print_text(f"Stored: {piece.name}, SHA-256 {piece.content}")


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
    from tasks.core.signatures import key_id
    from tasks.incident.api import build_pack, newest_incident, require_incident
    from tasks.security.api import host_public_key

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
    from tasks.incident.api import public_key, verify

    public = public_key(key) if key else None
    verdict = verify(folder, public, invocation.workspace.journal if against_journal else None)
    print_verdict(verdict, {"head": verdict.seq}, known=bool(key), as_json=as_json)
