"""`continuity entries`: a desk's workbook out, what it recorded in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.desk.context import Force, Json, desk, say, show, tell
from tasks.shared.errors import BadInput, Problem, Refused

if TYPE_CHECKING:
    from tasks.entries.ledger import Taken

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
    from tasks.entries import handout

    path = out or Path(f"{handout.file_name(to)}.xlsx")
    count = handout.write(desk.workspace.journal, desk.workspace.settings, to, path, force=force)
    words = f"{path}: {count} numbers for the desk {to}. Print it too: paper works without power."
    tell(as_json, words, file=str(path), desk=to, numbers=count)


@app.command()
def record(
    files: Annotated[list[Path], typer.Argument(exists=True, help="Workbooks or CSV files.")],
    accept_clean: Annotated[
        bool, typer.Option("--accept-clean", help="Take the clean entries, leave the rest.")
    ] = False,
    go_back: Annotated[
        bool,
        typer.Option("--go-back", help="Also undo what was corrected since a file was written."),
    ] = False,
    annotated: Annotated[
        Path | None, typer.Option(help="Folder for annotated copies; else beside each file.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Write an annotated copy over one that somebody worked on."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Take what desks hand in. A faulty file changes nothing; all its faults are told at once, and
    the exit code is 2."""
    from tasks.entries.annotate import annotate
    from tasks.entries.intake import read_files
    from tasks.entries.ledger import profile_of, take

    intakes = read_files(files, profile_of(desk.workspace.settings))
    taken = take(desk.workspace, intakes, desk.actor, accept_clean=accept_clean, go_back=go_back)
    copies: list[list[str]] = []
    in_the_way: list[Problem] = []
    used: set[Path] = set()
    for intake, result in zip(intakes, taken, strict=True):
        copies.append([])
        if result.problems and intake.record.numbers:
            try:
                paths = annotate(intake, annotated, result.problems, force=force, used=used)
                copies[-1] += [str(path) for path in paths]
            except Refused as refused:
                in_the_way += refused.problems
    _report(taken, copies, as_json)
    problems = [problem for one in taken for problem in one.problems]
    if problems:
        files_left = sum(bool(one.problems) for one in taken)
        words = f"{len(problems)} problem(s) in {files_left} file(s)"
        if in_the_way:
            words += f"; {len(in_the_way)} annotated copy or copies not written"
        raise BadInput("input-not-usable", [*problems, *in_the_way], words=words)


def _report(taken: Sequence[Taken], copies: Sequence[list[str]], as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "file": one.file,
                "desk": one.desk,
                "recorded": one.recorded,
                "revised": one.revised,
                "unchanged": one.unchanged,
                "left": one.left,
                "to_void": one.to_void,
                "problems": [problem.as_dict() for problem in one.problems],
                "warnings": [warning.as_dict() for warning in one.warnings],
                "annotated": paths,
            }
            for one, paths in zip(taken, copies, strict=True)
        ]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for one, paths in zip(taken, copies, strict=True):
        say(one.words)
        for number, reason in one.to_void:
            say(
                f"  spoiled: {number} ({reason}). Next: continuity numbers void {number} "
                "--reason WHY --second ID --code CODE"
            )
        for warning in one.warnings:
            say(f"  WARNING {warning}")
        if paths:
            say(f"  faulty cells are marked in {', '.join(paths)}: correct and record that file")


@app.command("list")
def list_(
    at: Annotated[str, typer.Option("--desk", help="Only this desk.")] = "",
    as_json: Json = False,
) -> None:
    """Every recorded entry with its state."""
    from tasks.entries.lookup import recorded

    show(recorded(desk.workspace.journal, at), as_json=as_json, title="Entries")


@app.command("show")
def show_(
    number: Annotated[str, typer.Argument(help="Entry number, XXX-NNNNNNN-C.")],
    revision: Annotated[int, typer.Option(help="An earlier revision; 0 for the last.")] = 0,
    as_json: Json = False,
) -> None:
    """One entry as it was recorded. Private values stay behind their references."""
    from tasks.entries.lookup import entry

    found = entry(
        desk.workspace.journal, desk.workspace.content, desk.workspace.settings, number, revision
    )
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False, default=str))
        return
    for table, rows in found.items():
        say(f"\n{table}")
        for row in rows:
            say("  " + ", ".join(f"{name}: {value}" for name, value in row.items()))


@app.command()
def correct(
    numbers: Annotated[
        list[str] | None,
        typer.Argument(help="Left out: all that ACE sent back, or that cannot be written for it."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for one workbook a desk.")] = Path(),
    force: Force = False,
) -> None:
    """Write workbooks that hold just these entries, filled in, each with the reasons that ACE gave or
    for which it cannot be written, for their desks to correct. A workbook that somebody corrected is not
    written over."""
    from tasks.entries import handout
    from tasks.reconciliation import following
    from tasks.reconciliation.answers import reasons
    from tasks.reconciliation.classify import Step
    from tasks.reconciliation.cycle import verdicts
    from tasks.reconciliation.plan_words import plain

    back = {one.number: verdict.why for one, verdict in verdicts(desk.workspace)
            if verdict.step is Step.DESK}  # fmt: skip
    back |= {number: plain(reason)
             for number, reason in following.held_back(desk.workspace).items()}  # fmt: skip
    wanted = desk.numbers(numbers or ()) or list(back)
    if not wanted:
        say("No entry waits for its desk.")
        return
    why = {number: [Problem(wrong=back[number])] for number in wanted if number in back}
    for path in handout.hand_back(
        desk.workspace.journal,
        desk.workspace.content,
        desk.workspace.vault,
        desk.workspace.settings,
        wanted,
        out,
        why | reasons(desk.workspace.journal, wanted),
        force=force,
    ):
        say(f"{path}: correct it, then continuity entries record {path}")


@app.command()
def chase(as_json: Json = False) -> None:
    """What the summaries still lack, by importer and due date."""
    from tasks.entries.lookup import chase_list

    show(
        chase_list(desk.workspace.journal, desk.workspace.content),
        as_json=as_json,
        title="To ask the importers",
    )
