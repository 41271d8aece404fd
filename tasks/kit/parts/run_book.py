"""The run-book: what people do, step by step, from data; the broker's own replaces the shipped one."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, cast

from tasks.core.errors import BadInput, Problem
from tasks.core.settings import Settings
from tasks.documents.api import Paper, PaperColumn
from tasks.kit.part_model import HOME_FOLDER, KitFile, KitPage, KitPart, Provider, state_of
from tasks.workspace import Workspace

FILE = "run-book.toml"


def run_book_text(settings: Settings) -> str:
    """The broker's own run-book, else the one that is shipped."""
    path = settings.home / FILE
    if path.is_file():
        return path.read_text(encoding="utf-8")
    return files("continuity_data").joinpath("kit", "run_book.toml").read_text(encoding="utf-8")


def read_run_book(text: str) -> dict[str, Any]:
    """Title and chapters. Raises BadInput, naming every malformed chapter."""
    try:
        run_book = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(file=FILE, code="runbook-not-toml", values={"reason": error})
        raise BadInput("runbook-unreadable", [problem]) from None
    chapters = run_book.get("chapter", [])
    problems = [
        Problem(
            file=FILE,
            value=str(chapter.get("title", ""))[:60],
            code="runbook-chapter-malformed",
            values={"location": number},
        )
        for number, chapter in enumerate(chapters, 1)
        if not isinstance(chapter.get("title"), str) or not _steps(chapter.get("steps"))
    ]
    if not chapters or not isinstance(run_book.get("title"), str):
        problems.append(Problem(file=FILE, code="runbook-without-chapters"))
    if problems:
        raise BadInput("runbook-not-printable", problems)
    return run_book


def _steps(steps: object) -> bool:
    texts = cast("list[object]", steps) if isinstance(steps, list) else []
    return bool(texts) and all(isinstance(text, str) for text in texts)


def make(workspace: Workspace) -> KitPart:
    text = run_book_text(workspace.settings)
    run_book = read_run_book(text)
    is_own = (workspace.settings.home / FILE).is_file()
    origin = "the broker's own" if is_own else "as shipped"
    return KitPart(
        f"run-book with {len(run_book['chapter'])} chapters, {origin}",
        [KitFile(HOME_FOLDER + FILE, text.encode())] if is_own else [],
        [KitPage(run_book["title"], lambda paper: _page(paper, run_book))],
    )


def _page(paper: Paper, run_book: dict[str, Any]) -> None:
    paper.text(
        "[S] reliable secondary source, [W] weak source, [G] general knowledge: verify before "
        "relying. The box is for the hour and initials.",
        8,
    )
    columns = [PaperColumn("", 7, "R"), PaperColumn("What to do", paper.sheet.inner - 37), PaperColumn("Done", 30)]
    for chapter in run_book["chapter"]:
        paper.heading(chapter["title"])
        rows = [(str(n), step, "") for n, step in enumerate(chapter["steps"], 1)]
        paper.table(columns, rows, 9)


def state(workspace: Workspace) -> str:
    return state_of(run_book_text(workspace.settings))


PROVIDER = Provider("run-book", make, state, "the run-book changed since")
