"""`continuity people`: who may act, and their one-time codes."""

from __future__ import annotations

from typing import Annotated

import typer

from tasks.cli.context import Json, invocation, print_result, print_table, print_text

app = typer.Typer(no_args_is_help=True, help="Who may act, and their one-time codes.")
Id = Annotated[str, typer.Argument(help="Short id, as people list shows it.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Everybody who may act or once could."""
    from tasks.security.api import all_people

    rows = [
        {
            "id": person.person,
            "name": person.name,
            "licence": person.licence,
            "roles": " ".join(person.roles),
            "state": "revoked" if person.revoked else "enrolled" if person.enrolled else "not enrolled",
        }
        for person in all_people(invocation.workspace.journal)
    ]
    print_table(rows, as_json=as_json, title="People")


@app.command()
def add(
    person: Annotated[str, typer.Argument(help="Short id, e.g. mlopez.")],
    name: Annotated[str, typer.Option(help="Full name.")],
    licence: Annotated[str, typer.Option(help="Customs broker licence number, of a licence holder.")] = "",
    role: Annotated[
        list[str] | None, typer.Option(help="approver, preparer, desk, it, compliance; may repeat. Else desk.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List a person who may act. Whoever approves needs the role approver, a licence, and a code: enrol."""
    from tasks.security.api import add_person

    roles = role or ["desk"]
    add_person(invocation.workspace.journal, person, name, licence, roles, invocation.actor)
    print_result(
        as_json,
        f"{name} is listed as {person}. Next: continuity people enrol {person}",
        added=person,
        name=name,
        licence=licence,
        roles=roles,
    )


@app.command()
def enrol(person: Id) -> None:
    """Make a person's one-time-code secret and show it once, for the phone."""
    from tasks.security.api import enroll_person

    address = enroll_person(invocation.workspace.journal, invocation.home, person, invocation.actor)
    print_text("Put this into the authenticator on the phone now; it is not shown again:")
    print_text(address)


@app.command()
def revoke(
    person: Id, reason: Annotated[str, typer.Option(help="Why, in words; it is kept.")], as_json: Json = False
) -> None:
    """Take away a person's right to act. What they approved and is not sent yet waits for another."""
    from tasks.security.api import revoke_person

    revoke_person(invocation.workspace.journal, invocation.home, person, reason, invocation.actor)
    print_result(
        as_json,
        f"{person} can no longer act; what {person} approved and is not carried out yet waits "
        "for another approver: continuity status",
        revoked=person,
        reason=reason,
    )
