"""`continuity entries`: a desk's workbook out, what it recorded in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.context import Force, Json, invocation, print_result, print_table, print_text
from tasks.core.errors import BadInput, Problem, Refused

if TYPE_CHECKING:
    from tasks.entries.api import RecordingResult

app = typer.Typer(no_args_is_help=True, help="A desk's workbook out, what it recorded in.")


@app.command()
def workbook(
    to: Annotated[str, typer.Option("--desk", help="The desk it is for.")],
    out: Annotated[Path | None, typer.Option(help="The file to write (.xlsx).")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write a desk's workbook with its issued, unused numbers pre-printed. A file that somebody filled
    in is not written over."""
    from tasks.entries.api import workbook_name, write_workbooks

    path = out or Path(f"{workbook_name(to)}.xlsx")
    count = write_workbooks(invocation.workspace.journal, invocation.workspace.settings, to, path, force=force)
    text = f"{path}: {count} numbers for the desk {to}. Print it too: paper works without power."
    print_result(as_json, text, file=str(path), desk=to, numbers=count)


@app.command()
def record(
    files: Annotated[list[Path], typer.Argument(exists=True, help="Workbooks or CSV files.")],
    accept_clean: Annotated[
        bool, typer.Option("--accept-clean", help="Take the clean entries, leave the rest.")
    ] = False,
    go_back: Annotated[
        bool, typer.Option("--go-back", help="Also undo what was corrected since a file was written.")
    ] = False,
    annotated: Annotated[Path | None, typer.Option(help="Folder for annotated copies; else beside each file.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write an annotated copy over one that somebody worked on.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take what desks hand in. A faulty file changes nothing; all its faults are told at once, and
    the exit code is 2."""
    from tasks.entries.api import annotate_workbook, profile_of, read_entry_files, record_intake

    intakes = read_entry_files(files, profile_of(invocation.workspace.settings))
    results = record_intake(invocation.workspace, intakes, invocation.actor, accept_clean=accept_clean, go_back=go_back)
    copies: list[list[str]] = []
    in_the_way: list[Problem] = []
    used: set[Path] = set()
    for intake, result in zip(intakes, results, strict=True):
        copies.append([])
        if result.problems and intake.record.numbers:
            try:
                paths = annotate_workbook(intake, annotated, result.problems, force=force, used=used)
                copies[-1] += [str(path) for path in paths]
            except Refused as refused:
                in_the_way += refused.problems
    _report(results, copies, as_json)
    problems = [problem for file_result in results for problem in file_result.problems]
    if problems:
        files_left = sum(bool(file_result.problems) for file_result in results)
        text = f"{len(problems)} problem(s) in {files_left} file(s)"
        if in_the_way:
            text += f"; {len(in_the_way)} annotated copy or copies not written"
        raise BadInput("input-not-usable", [*problems, *in_the_way], words=text)


def _report(results: Sequence[RecordingResult], copies: Sequence[list[str]], as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "file": result.file,
                "desk": result.desk,
                "recorded": result.recorded,
                "revised": result.revised,
                "unchanged": result.unchanged,
                "left": result.left,
                "to_void": result.to_void,
                "problems": [problem.as_dict() for problem in result.problems],
                "warnings": [warning.as_dict() for warning in result.warnings],
                "annotated": paths,
            }
            for result, paths in zip(results, copies, strict=True)
        ]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for result, paths in zip(results, copies, strict=True):
        print_text(result.words)
        for number, reason in result.to_void:
            print_text(
                f"  spoiled: {number} ({reason}). Next: continuity numbers void {number} "
                "--reason WHY --second ID --code CODE"
            )
        for warning in result.warnings:
            print_text(f"  WARNING {warning}")
        if paths:
            print_text(f"  faulty cells are marked in {', '.join(paths)}: correct and record that file")


@app.command("list")
def list_(at: Annotated[str, typer.Option("--desk", help="Only this desk.")] = "", as_json: Json = False) -> None:
    """Every recorded entry with its state."""
    from tasks.entries.api import recorded_entries

    print_table(recorded_entries(invocation.workspace.journal, at), as_json=as_json, title="Entries")


@app.command("show")
def show_(
    number: Annotated[str, typer.Argument(help="Entry number, XXX-NNNNNNN-C.")],
    revision: Annotated[int, typer.Option(help="An earlier revision; 0 for the last.")] = 0,
    as_json: Json = False,
) -> None:
    """One entry as it was recorded. Private values stay behind their references."""
    from tasks.entries.api import entry_rows

    tables = entry_rows(
        invocation.workspace.journal, invocation.workspace.content, invocation.workspace.settings, number, revision
    )
    if as_json:
        print(json.dumps(tables, indent=1, ensure_ascii=False, default=str))
        return
    for table, rows in tables.items():
        print_text(f"\n{table}")
        for row in rows:
            print_text("  " + ", ".join(f"{name}: {value}" for name, value in row.items()))


@app.command()
def correct(
    numbers: Annotated[
        list[str] | None, typer.Argument(help="Left out: all that ACE sent back, or that cannot be written for it.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for one workbook a desk.")] = Path(),
    force: Force = False,
) -> None:
    """Write workbooks that hold just these entries, filled in, each with the reasons that ACE gave or
    for which it cannot be written, for their desks to correct. A workbook that somebody corrected is not
    written over."""
    from tasks.entries.api import write_corrections
    from tasks.reconciliation.api import NextStep, entry_decisions, held_reasons, reason_text, rejection_reasons

    back = {
        state.number: verdict.why
        for state, verdict in entry_decisions(invocation.workspace)
        if verdict.step is NextStep.DESK
    }
    back |= {number: reason_text(reason) for number, reason in held_reasons(invocation.workspace).items()}
    selected = invocation.numbers(numbers or ()) or list(back)
    if not selected:
        print_text("No entry waits for its desk.")
        return
    why = {number: [Problem(wrong=back[number])] for number in selected if number in back}
    for path in write_corrections(
        invocation.workspace.journal,
        invocation.workspace.content,
        invocation.workspace.vault,
        invocation.workspace.settings,
        selected,
        out,
        why | rejection_reasons(invocation.workspace.journal, selected),
        force=force,
    ):
        print_text(f"{path}: correct it, then continuity entries record {path}")


@app.command()
def chase(as_json: Json = False) -> None:
    """What the summaries still lack, by importer and due date."""
    from tasks.entries.api import chase_list

    print_table(
        chase_list(invocation.workspace.journal, invocation.workspace.content),
        as_json=as_json,
        title="To ask the importers",
    )
