"""`continuity ace`: ACE files, checked, shown and written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from tasks.desk.context import Json, desk, say, show, tell
from tasks.shared.errors import BadInput, NotApproved

if TYPE_CHECKING:
    from tasks.ace.stand_in.faults import Kind
    from tasks.reconciliation.answers import Told

app = typer.Typer(no_args_is_help=True, help="ACE files: checked, shown, written.")

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="ACE file.")
]


@app.command()
def check(
    file: File,
    profile: Annotated[
        bool, typer.Option("--profile", help="Also against the filer profile in the settings.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a file as CBP would: envelope, records, structure, rules. Exit 1 with errors, 2 for a
    file that is no ACE file."""
    from tasks.ace.check import check_file
    from tasks.ace.recognised import require_ace
    from tasks.entries import disclaimers

    require_ace(file)
    ours, offsets = _of_this_house(profile)
    result = check_file(file, ours, offsets=offsets)
    if as_json:
        found = [asdict(one) for one in result.findings]
        told = {"ok": result.ok, "scope": result.scope, "counts": result.counts,
                "unjudged": result.unjudged}  # fmt: skip
        print(json.dumps({**told, "findings": found}, indent=1))
    else:
        for finding in result.findings:
            say(str(finding))
        if result.untold:
            say(f"... and {result.untold} more")
        say(f"{file.name}: {result.summary}")
        say(result.scope)
        if open_ := disclaimers.words(result.unjudged):
            say(open_)
    raise typer.Exit(0 if result.ok else 1)


def _of_this_house(wanted: bool):
    """Profile and check digit factor of the home folder; without one, neither is judged."""
    from tasks.ace.profile import from_settings, offsets_from
    from tasks.shared.errors import BadSettings

    try:
        return from_settings(desk.workspace.settings) if wanted else None, offsets_from(
            desk.workspace.settings
        )
    except BadSettings:
        if wanted:
            raise
        return None, None


@app.command("show")
def show_(file: File) -> None:
    """Print a file for a person: each record with its fields. Private numbers are masked. Exit 1
    where a part cannot be read, 2 for a file that is no ACE file."""
    from tasks.ace.recognised import require_ace
    from tasks.ace.show import show_bytes
    from tasks.ace.wire.reading import read_damaged

    require_ace(file)
    data = file.read_bytes()
    for line in show_bytes(data):
        say(line)
    raise typer.Exit(1 if read_damaged(data)[1] else 0)


@app.command()
def batch(as_json: Json = False) -> None:
    """Write the batches of approved plans to the outbound folder. Exit 1 if a plan
    still waits, 2 if entries are held back. With
    --json an object: written, dropped, paced, waiting, held."""
    from tasks.reconciliation import pacing, plan_words
    from tasks.reconciliation.cycle import waiting_plan, write_approved
    from tasks.reconciliation.terms import sending_day

    done, dropped = write_approved(desk.workspace, desk.actor)
    rows = [{"batch": one.batch, "file": one.where, "entries": one.numbers,
             "when": "before" if one.again else "now"} for one in done]  # fmt: skip
    pace = pacing.pace(desk.workspace.journal, desk.workspace.settings)
    paced, waiting, held = "" if pace.left else str(pace), None, {}
    if not any(row["when"] == "now" for row in rows):
        waiting, held = waiting_plan(
            desk.workspace, desk.actor, sending_day(desk.workspace.settings)
        )
    if as_json:
        facts = plan_words.facts(waiting) if waiting else None
        reasons = {number: reason.as_dict() for number, reason in held.items()}
        told = {"written": rows, "dropped": dropped, "paced": paced, "waiting": facts,
                "held": reasons}  # fmt: skip
        print(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        for reason in dropped.values():
            say(f"not written: {reason}")
        if paced:
            say(f"Pace: {paced}")
        show(rows, as_json=False, title="Written")
        if any(row["when"] == "before" for row in rows):
            say(
                "'before': named by an earlier run or by another desk just now, and not written again"
            )
        for line in [] if waiting else plan_words.held(held):
            say(line)
    if waiting:
        raise NotApproved(
            "plan-waits-for-approval",
            words=plan_words.words(waiting)[0],
            digest=waiting.digest[:12],
        )
    if held:
        raise typer.Exit(2)


@app.command()
def query(as_json: Json = False) -> None:
    """Ask ACE what is not known yet: summaries, entries, bills, importers. Needs no approval."""
    from tasks.reconciliation.cycle import ask
    from tasks.reconciliation.terms import sending_day

    rows = [
        {"file": str(path)}
        for path in ask(desk.workspace, desk.actor, sending_day(desk.workspace.settings))
    ]
    show(rows, as_json=as_json, title="Questions written")


@app.command()
def read(
    files: Annotated[list[Path], typer.Argument(exists=True, help="What ACE sent back.")],
    as_json: Json = False,
) -> None:
    """Read answers into the book. A file that was read before changes nothing. Each explanation is
    said once, with its entries; --json has a line for each code of each entry."""
    from tasks.reconciliation.reading import read_file
    from tasks.shared.errors import BadInput

    done = [read_file(desk.workspace, path, desk.actor) for path in files]
    rows = [
        {"file": one.file, "answers": one.answers, "known before": bool(one.known),
         "problems": len(one.problems), "contradictions": [asdict(odd) for odd in one.odd]}
        for one in done
    ]  # fmt: skip
    said = [one for one in _told(files) if one.code]
    if as_json:
        told = [asdict(one) for one in said]
        print(json.dumps({"files": rows, "told": told}, indent=1, ensure_ascii=False))
    else:
        show([{**row, "contradictions": len(row["contradictions"])} for row in rows], as_json=False,
             title="Read")  # fmt: skip
        for odd in (odd for one in done for odd in one.odd):
            say(f"CONTRADICTION: {odd}")
        _explain(said)
    problems = [problem for one in done for problem in one.problems]
    if problems:
        raise BadInput("answers-damaged", problems)


_MOST = 50


def _explain(said: list[Told]) -> None:
    from tasks.reconciliation.answers import in_words, together

    found = together(said)
    if found:
        say(f"What ACE said: {len(said):,} code(s), {len(found):,} explanation(s)")
    for one in found[:_MOST]:
        for line in in_words(one):
            say(line)
    if len(found) > _MOST:
        say(f"... and {len(found) - _MOST} more: continuity reconcile answers")


def _told(files: list[Path]):
    """What the book holds of these files, new or read before."""
    from tasks.reconciliation.answers import told
    from tasks.reconciliation.reading import subject_of

    return told(desk.workspace.journal, subjects={subject_of(path.read_bytes()) for path in files})


@app.command()
def compare(
    files: Annotated[
        list[Path], typer.Argument(exists=True, help="ER answers with stored summaries.")
    ],
    as_json: Json = False,
) -> None:
    """Summaries that ACE stored against our record, field by field, also what the paper cannot say.
    Changes nothing; exit 1 where anything differs."""
    from tasks.ace.response import read_answers
    from tasks.ace.summary.compared import title as field_title
    from tasks.reconciliation.compare import compared

    def seal(triples):
        return desk.workspace.vault.seal(triples, None)

    answers = [one for path in files for one in read_answers(path.read_bytes(), path.name, seal)]
    rows = [row for found in compared(desk.workspace, answers) for row in found.table.to_pylist()]
    shown = [
        {"number": row["entry_number"], "where": row["subject"], "field": row["field"],
         "title": field_title(row["field"], row["qualifier"]), "paper": row["paper"] or "",
         "ACE": row["ace"] or "", "code": row["code"]}
        for row in rows
    ]  # fmt: skip
    show(shown, as_json=as_json, title="Paper and ACE")
    raise typer.Exit(1 if any(row["code"] != "not-on-paper" for row in rows) else 0)


@app.command("stand-in")
def stand_in(
    inbox: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, metavar="IN", help="Folder of files for ACE."),
    ],
    outbox: Annotated[
        Path, typer.Argument(file_okay=False, metavar="OUT", help="Folder for answers.")
    ],
    state: Annotated[Path | None, typer.Option(help="Its book; else OUT/stand-in.sqlite.")] = None,
    misbehave: Annotated[
        list[str] | None,
        typer.Option(
            help="Go wrong once, now or the next time there is a file: drop, twice or late "
            "(an answer), reject (a batch), ZZZ (a system failure), die. May repeat."
        ),
    ] = None,
    late: Annotated[bool, typer.Option("--late", help="Send also the answers kept back.")] = False,
    as_json: Json = False,
) -> None:
    """A stand-in for ACE, for drills: answers the files of one folder into another."""
    from tasks.ace.stand_in import StandIn
    from tasks.shared import clock

    wrongs = _misbehaviours(misbehave or ())
    outbox.mkdir(parents=True, exist_ok=True)
    with StandIn(state or outbox / "stand-in.sqlite", clock.washington().date()) as ace:
        ace.seed_filer(desk.workspace.settings.broker.filer_code)
        for kind in wrongs:
            ace.misbehave(kind)
        done = ace.process_folder(inbox, outbox, late=late)
    words = f"{len(done.read)} file(s) answered, {len(done.written)} written to {outbox}"
    tell(as_json, words, answered=len(done.read), written=[str(path) for path in done.written])


def _misbehaviours(wanted: Sequence[str]) -> list[Kind]:
    from tasks.ace.stand_in.faults import Kind

    known = {kind.lower(): kind for kind in get_args(Kind)}
    if unknown := [one for one in wanted if one.lower() not in known]:
        raise BadInput(
            "fault-kind-unknown", unknown=", ".join(unknown), allowed=", ".join(known.values())
        )
    return [known[one.lower()] for one in wanted]
