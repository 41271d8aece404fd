"""`continuity journal`: is the book whole, and how it travels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.context import Json, invocation, print_result, print_table, print_text

if TYPE_CHECKING:
    from tasks.core.journal.copies import Adoption

app = typer.Typer(no_args_is_help=True, help="Is the book whole, and how it travels.")


@app.command()
def verify(as_json: Json = False) -> None:
    """Check chain, bodies, projections and content. Exit 1 if anything does not hold."""
    from tasks.core.journal.verification import verify_journal

    verdict = verify_journal(invocation.workspace.journal, invocation.workspace.content)
    if as_json:
        facts = {"ok": verdict.ok, "seq": verdict.head.seq, "digest": verdict.head.digest}
        print(json.dumps({**facts, "problems": [entry.as_dict() for entry in verdict.problems]}))
    else:
        for problem in verdict.problems:
            print_text(f"event {problem.row}: {problem.column} {problem.wrong} {problem.value}".strip())
        outcome = "holds" if verdict.ok else "DOES NOT HOLD"
        print_text(f"The journal {outcome}: {verdict.head.seq} events, head {verdict.head.digest[:16]}")
    raise typer.Exit(0 if verdict.ok else 1)


@app.command()
def purge() -> None:
    """Destroy the keys of private values whose day has come: birth dates, licences and plates of drivers,
    \\[private] keep_days after they were recorded. The flow upkeep does it by itself."""
    from tasks.security.api import purge_private_values

    count = purge_private_values(invocation.workspace.journal, invocation.workspace.vault, invocation.actor)
    print_text(f"{count} private value(s) can no longer be read, by anybody")


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="A new or empty folder.")],
    private_to: Annotated[list[Path] | None, typer.Option(help="A .pub file of who takes the book back.")] = None,
    private: Annotated[bool, typer.Option("--private", help="Private values too, sealed with a passphrase.")] = False,
    as_json: Json = False,
) -> None:
    """Write a signed copy of the book, with its content, into a folder. Private values stay behind
    their references, unless they are sealed to somebody."""
    from tasks.core.journal.copies import copy_signer, export_journal

    head = export_journal(invocation.workspace.journal, invocation.workspace.content, invocation.workspace.signer, out)
    facts = {"folder": str(out), "events": head.seq, "head": head.digest, "signer": copy_signer(out)}
    if not as_json:
        print_text(f"{head.seq} events written to {out}; signed head {head.digest[:16]}")
        print_text(f"Signed with the key {copy_signer(out)}: whoever takes the copy names it with --signed-by.")
    if private or private_to:
        from tasks.cli.kit import kit_passphrase
        from tasks.security.api import PRIVATE_COPY_FILE, SealRecipient, read_seal_public_key, write_private_copy

        phrase = kit_passphrase(out / PRIVATE_COPY_FILE, new=True) if private else ""
        to = SealRecipient([read_seal_public_key(path) for path in private_to or ()], phrase)
        count = write_private_copy(invocation.workspace.vault, out, to)
        facts |= {"private": count, "sealed": str(out / PRIVATE_COPY_FILE)}
        if not as_json:
            print_text(f"{out / PRIVATE_COPY_FILE}: {count} private value(s), sealed")
    if as_json:
        print_result(True, "", **facts)


@app.command()
def tail(count: Annotated[int, typer.Argument(help="How many events.")] = 20, as_json: Json = False) -> None:
    """The last events."""
    from tasks.core.journal.copies import last_events

    rows = [vars(event) for event in last_events(invocation.workspace.journal, count)]
    if not as_json:
        rows = [{**row, "body": row["body"][:60], "digest": row["digest"][:12]} for row in rows]
        rows = [{name: row[name] for name in ("seq", "at", "actor", "subject", "kind", "body")} for row in rows]
    print_table(rows, as_json=as_json, title="Journal")


@app.command()
def rebuild(as_json: Json = False) -> None:
    """Drop the projections and fold them anew from the events."""
    count = invocation.workspace.journal.rebuild()
    print_result(as_json, f"Projections rebuilt from {count} events.", events=count)


@app.command()
def adopt(
    copy: Annotated[Path, typer.Argument(help="A copy made by journal export.")],
    leave_conflicts: Annotated[
        bool, typer.Option("--leave-conflicts", help="Adopt the rest; write the clashes down.")
    ] = False,
    key: Annotated[Path | None, typer.Option("--key", help="A key file that opens the copy's private values.")] = None,
    signed_by: Annotated[
        str, typer.Option("--signed-by", help="Id of the key that signed the copy, as export said.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Take back what the desks of another copy of this journal did after the two parted, and the
    private values sealed beside it. People, approvals, settlements and signatures are listed and
    never taken: they are done again here."""
    from tasks.core.journal.copies import adopt_copy, read_copy
    from tasks.security.api import PRIVATE_COPY_FILE

    read_copy(copy, signed_by)
    count = 0
    if (copy / PRIVATE_COPY_FILE).is_file():
        from tasks.cli.kit import open_kit
        from tasks.security.api import take_private_copy

        # Before the events: an entry without its private values could be planned and not filed.
        count = take_private_copy(invocation.workspace.vault, copy, open_kit(copy / PRIVATE_COPY_FILE, key))
        if not as_json:
            print_text(f"{count} private value(s) taken.")
    adoption = adopt_copy(
        invocation.workspace.journal,
        copy,
        invocation.workspace.content,
        invocation.actor,
        leave_conflicts=leave_conflicts,
        signed_by=signed_by,
    )
    if as_json:
        print(json.dumps(_adoption(adoption) | {"private": count}, indent=1, ensure_ascii=False))
        return
    same = "as you said" if signed_by else "compare it with what journal export said there"
    print_text(f"Signed with the key {adoption.signer}: {same}.")
    print_text(f"The books agree up to event {adoption.prefix}.")
    for event in adoption.taken:
        print_text(f"  adopted {event.seq}: {event.kind} {event.subject}")
    for problem in adoption.conflicts:
        print_text(f"  left out {problem.row}: {problem.column} {problem.value}: {problem.wrong}")
    for problem in adoption.unlike:
        print_text(f"  not taken {problem.row}: {problem.column} {problem.value}: {problem.wrong}")
    unlike = f", {len(adoption.unlike)} told otherwise here" if adoption.unlike else ""
    print_text(f"{len(adoption.taken)} event(s) adopted, {len(adoption.conflicts)} left out{unlike}.")
    _tell_listed(adoption)


def _tell_listed(adoption: Adoption) -> None:
    """What was not taken and needs a person, as a table; the rest is counted."""
    due = [passed.row() for passed in adoption.listed if passed.rule.to_do]
    columns = ("seq", "kind", "subject", "by", "next", "why")
    if due:
        print_table(
            [{name: row[name] for name in columns} for row in due],
            as_json=False,
            title="Listed, never taken from another copy",
        )
    others_count = len(adoption.listed) - len(due)
    if adoption.listed:
        print_text(
            f"{len(due)} event(s) need a person here; {others_count} more tell of the other machine alone. "
            f"All of them stay in the stored copy {adoption.copy[:16]}, by their digests: --json "
            "lists them."
        )


def _adoption(adoption: Adoption) -> dict[str, object]:
    return {
        "prefix": adoption.prefix,
        "signer": adoption.signer,
        "copy": adoption.copy,
        "adopted": [
            {"seq": event.seq, "kind": event.kind, "subject": event.subject, "digest": event.digest}
            for event in adoption.taken
        ],
        "conflicts": [problem.as_dict() for problem in adoption.conflicts],
        "unlike": [problem.as_dict() for problem in adoption.unlike],
        "listed": [passed.row() for passed in adoption.listed],
    }
