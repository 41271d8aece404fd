"""The run-book: what people do, step by step, from data; the broker's own takes the place of ours."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from tasks.core.errors import BadInput, Problem
from tasks.core.settings import Settings
from tasks.documents.api import Paper, PaperColumn
from tasks.kit.part_model import HOME, KitFile, KitPage, KitPart, Provider, state_of
from tasks.workspace import Workspace

FILE = "run-book.toml"


def run_book_text(settings: Settings) -> str:
    """The broker's own run-book, else the one that is shipped."""
    own = settings.home / FILE
    if own.is_file():
        return own.read_text(encoding="utf-8")
    return files("continuity_data").joinpath("kit", "run_book.toml").read_text(encoding="utf-8")


def _not_toml(error: tomllib.TOMLDecodeError) -> Problem:
    return Problem(file=FILE, code="runbook-not-toml", values={"reason": error})


def read_run_book(said: str) -> dict[str, Any]:
    """Title and chapters. Raises BadInput, naming every chapter that has not its shape."""
    try:
        book = tomllib.loads(said)
    except tomllib.TOMLDecodeError as wrong:
        raise BadInput("runbook-unreadable", [_not_toml(wrong)]) from None
    chapters = book.get("chapter", [])
    problems = [
        Problem(
            file=FILE,
            value=str(one.get("title", ""))[:60],
            code="runbook-chapter-malformed",
            values={"location": place},
        )
        for place, one in enumerate(chapters, 1)
        if not isinstance(one.get("title"), str) or not _steps(one.get("steps"))
    ]
    if not chapters or not isinstance(book.get("title"), str):
        problems.append(Problem(file=FILE, code="runbook-without-chapters"))
    if problems:
        raise BadInput("runbook-not-printable", problems)
    return book


def _steps(steps: object) -> bool:
    return isinstance(steps, list) and bool(steps) and all(isinstance(s, str) for s in steps)


def make(workspace: Workspace) -> KitPart:
    said = run_book_text(workspace.settings)
    book = read_run_book(said)
    own = (workspace.settings.home / FILE).is_file()
    whose = "the broker's own" if own else "as shipped"
    return KitPart(
        f"run-book with {len(book['chapter'])} chapters, {whose}",
        [KitFile(HOME + FILE, said.encode())] if own else [],
        [KitPage(book["title"], lambda paper: _page(paper, book))],
    )


def _page(paper: Paper, book: dict[str, Any]) -> None:
    paper.text(
        "[S] reliable secondary source, [W] weak source, [G] general knowledge: verify before "
        "relying. The box is for the hour and initials.",
        8,
    )
    columns = [PaperColumn("", 7, "R"), PaperColumn("What to do", paper.sheet.inner - 37), PaperColumn("Done", 30)]
    for chapter in book["chapter"]:
        paper.heading(chapter["title"])
        rows = [(str(n), step, "") for n, step in enumerate(chapter["steps"], 1)]
        paper.table(columns, rows, 9)


def state(workspace: Workspace) -> str:
    return state_of(run_book_text(workspace.settings))


PROVIDER = Provider("run-book", make, state, "the run-book changed since")
