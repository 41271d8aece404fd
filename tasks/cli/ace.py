"""`continuity ace`: ACE files, checked, shown and written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from tasks.cli.context import Json, invocation, print_result, print_table, print_text
from tasks.core.errors import BadInput, NotApproved

if TYPE_CHECKING:
    from tasks.drill.api import Kind
    from tasks.reconciliation.api import AnswerCode

app = typer.Typer(no_args_is_help=True, help="ACE files: checked, shown, written.")

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="ACE file.")]


@app.command()
def check(
    file: File,
    profile: Annotated[bool, typer.Option("--profile", help="Also against the filer profile in the settings.")] = False,
    as_json: Json = False,
) -> None:
    """Check a file as CBP would: envelope, records, structure, rules. Exit 1 with errors, 2 for a
    file that is no ACE file."""
    from tasks.ace.api import check_file, require_ace
    from tasks.entries.api import unjudged_text

    require_ace(file)
    ours, offsets = _of_this_house(profile)
    result = check_file(file, ours, offsets=offsets)
    if as_json:
        findings = [asdict(entry_finding) for entry_finding in result.findings]
        facts = {"ok": result.ok, "scope": result.scope, "counts": result.counts, "unjudged": result.unjudged}
        print(json.dumps({**facts, "findings": findings}, indent=1))
    else:
        for finding in result.findings:
            print_text(str(finding))
        if result.untold:
            print_text(f"... and {result.untold} more")
        print_text(f"{file.name}: {result.summary}")
        print_text(result.scope)
        if open_ := unjudged_text(result.unjudged):
            print_text(open_)
    raise typer.Exit(0 if result.ok else 1)


def _of_this_house(with_profile: bool):
    """Profile and check digit factor of the home folder; without one, neither is judged."""
    from tasks.ace.api import filer_profile, number_offsets
    from tasks.core.errors import BadSettings

    try:
        return filer_profile(invocation.workspace.settings) if with_profile else None, number_offsets(
            invocation.workspace.settings
        )
    except BadSettings:
        if with_profile:
            raise
        return None, None


@app.command("show")
def show_(file: File) -> None:
    """Print a file for a person: each record with its fields. Private numbers are masked. Exit 1
    where a part cannot be read, 2 for a file that is no ACE file."""
    from tasks.ace.api import read_damaged, require_ace, show_bytes

    require_ace(file)
    data = file.read_bytes()
    for line in show_bytes(data):
        print_text(line)
    raise typer.Exit(1 if read_damaged(data)[1] else 0)


@app.command()
def batch(as_json: Json = False) -> None:
    """Write the batches of approved plans to the outbound folder. Exit 1 if a plan
    still waits, 2 if entries are held back. With
    --json an object: written, dropped, paced, waiting, held."""
    from tasks.reconciliation.api import (
        held_lines,
        plan_facts,
        plan_lines,
        sending_day,
        sending_pace,
        waiting_plan,
        write_approved,
    )

    batches, dropped = write_approved(invocation.workspace, invocation.actor)
    rows = [
        {
            "batch": written.batch,
            "file": written.where,
            "entries": written.numbers,
            "when": "before" if written.again else "now",
        }
        for written in batches
    ]
    pace = sending_pace(invocation.workspace.journal, invocation.workspace.settings)
    paced, waiting, held_back = "" if pace.left else str(pace), None, {}
    if not any(row["when"] == "now" for row in rows):
        waiting, held_back = waiting_plan(
            invocation.workspace, invocation.actor, sending_day(invocation.workspace.settings)
        )
    if as_json:
        facts = plan_facts(waiting) if waiting else None
        reasons = {number: reason.as_dict() for number, reason in held_back.items()}
        result = {"written": rows, "dropped": dropped, "paced": paced, "waiting": facts, "held": reasons}
        print(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        for reason in dropped.values():
            print_text(f"not written: {reason}")
        if paced:
            print_text(f"Pace: {paced}")
        print_table(rows, as_json=False, title="Written")
        if any(row["when"] == "before" for row in rows):
            print_text("'before': named by an earlier run or by another desk just now, and not written again")
        for line in [] if waiting else held_lines(held_back):
            print_text(line)
    if waiting:
        raise NotApproved("plan-waits-for-approval", words=plan_lines(waiting)[0], digest=waiting.digest[:12])
    if held_back:
        raise typer.Exit(2)


@app.command()
def query(as_json: Json = False) -> None:
    """Ask ACE what is not known yet: summaries, entries, bills, importers. Needs no approval."""
    from tasks.reconciliation.api import sending_day, write_cycle_queries

    rows = [
        {"file": str(path)}
        for path in write_cycle_queries(
            invocation.workspace, invocation.actor, sending_day(invocation.workspace.settings)
        )
    ]
    print_table(rows, as_json=as_json, title="Questions written")


@app.command()
def read(
    files: Annotated[list[Path], typer.Argument(exists=True, help="What ACE sent back.")], as_json: Json = False
) -> None:
    """Read answers into the book. A file that was read before changes nothing. Each explanation is
    said once, with its entries; --json has a line for each code of each entry."""
    from tasks.core.errors import BadInput
    from tasks.reconciliation.api import read_file

    results = [read_file(invocation.workspace, path, invocation.actor) for path in files]
    rows: list[dict[str, Any]] = [
        {
            "file": answer.file,
            "answers": answer.answers,
            "known before": bool(answer.known),
            "problems": len(answer.problems),
            "contradictions": [asdict(contradiction) for contradiction in answer.odd],
        }
        for answer in results
    ]
    explained = [answer for answer in _told(files) if answer.code]
    if as_json:
        codes = [asdict(answer) for answer in explained]
        print(json.dumps({"files": rows, "told": codes}, indent=1, ensure_ascii=False))
    else:
        print_table(
            [{**row, "contradictions": len(row["contradictions"])} for row in rows], as_json=False, title="Read"
        )
        for contradiction in (contradiction for answer in results for contradiction in answer.odd):
            print_text(f"CONTRADICTION: {contradiction}")
        _explain(explained)
    problems = [problem for answer in results for problem in answer.problems]
    if problems:
        raise BadInput("answers-damaged", problems)


_MOST = 50


def _explain(codes: list[AnswerCode]) -> None:
    from tasks.reconciliation.api import explanation_lines, group_explanations

    explanations = group_explanations(codes)
    if explanations:
        print_text(f"What ACE said: {len(codes):,} code(s), {len(explanations):,} explanation(s)")
    for explanation in explanations[:_MOST]:
        for line in explanation_lines(explanation):
            print_text(line)
    if len(explanations) > _MOST:
        print_text(f"... and {len(explanations) - _MOST} more: continuity reconcile answers")


def _told(files: list[Path]):
    """What the book holds of these files, new or read before."""
    from tasks.reconciliation.api import answer_codes, answer_subject

    return answer_codes(invocation.workspace.journal, subjects={answer_subject(path.read_bytes()) for path in files})


@app.command()
def compare(
    files: Annotated[list[Path], typer.Argument(exists=True, help="ER answers with stored summaries.")],
    as_json: Json = False,
) -> None:
    """Summaries that ACE stored against our record, field by field, also what the paper cannot say.
    Changes nothing; exit 1 where anything differs."""
    from tasks.ace.api import field_title, read_answers
    from tasks.reconciliation.api import compare_summaries

    def seal(triples: Iterable[tuple[str, str, str]]) -> list[str]:
        return invocation.workspace.vault.seal(triples, None)

    answers = [answer for path in files for answer in read_answers(path.read_bytes(), path.name, seal)]
    rows = [
        row for comparison in compare_summaries(invocation.workspace, answers) for row in comparison.table.to_pylist()
    ]
    differences = [
        {
            "number": row["entry_number"],
            "where": row["subject"],
            "field": row["field"],
            "title": field_title(row["field"], row["qualifier"]),
            "paper": row["paper"] or "",
            "ACE": row["ace"] or "",
            "code": row["code"],
        }
        for row in rows
    ]
    print_table(differences, as_json=as_json, title="Paper and ACE")
    raise typer.Exit(1 if any(row["code"] != "not-on-paper" for row in rows) else 0)


@app.command("stand-in")
def stand_in(
    inbox: Annotated[Path, typer.Argument(exists=True, file_okay=False, metavar="IN", help="Folder of files for ACE.")],
    outbox: Annotated[Path, typer.Argument(file_okay=False, metavar="OUT", help="Folder for answers.")],
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
    from tasks.core import clock
    from tasks.core.settings import BrokerSettings
    from tasks.drill.api import AceSimulator

    wrongs = _misbehaviours(misbehave or ())
    outbox.mkdir(parents=True, exist_ok=True)
    with AceSimulator(state or outbox / "stand-in.sqlite", clock.washington().date()) as ace:
        ace.seed_filer(invocation.workspace.settings(BrokerSettings).filer_code)
        for kind in wrongs:
            ace.misbehave(kind)
        report = ace.process_folder(inbox, outbox, late=late)
    text = f"{len(report.read)} file(s) answered, {len(report.written)} written to {outbox}"
    print_result(as_json, text, answered=len(report.read), written=[str(path) for path in report.written])


def _misbehaviours(names: Sequence[str]) -> list[Kind]:
    from tasks.drill.api import Kind

    kinds = {kind.lower(): kind for kind in get_args(Kind)}
    if unknown := [name for name in names if name.lower() not in kinds]:
        raise BadInput("fault-kind-unknown", unknown=", ".join(unknown), allowed=", ".join(kinds.values()))
    return [kinds[name.lower()] for name in names]
