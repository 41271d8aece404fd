"""The entries room's steps as Prefect tasks: a whole hand-in at once, safe to run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger

from tasks.entries import sample
from tasks.entries.intake import read_files
from tasks.entries.ledger import profile_of, take
from tasks.shared.steps import task
from tasks.workspace import Workspace


@task(name="make the sample brokerage")
def make_sample(home: str) -> dict[str, Any]:
    """A home with people, a reserve, issued numbers, and the desks' filled-in workbooks."""
    made = sample.make(Path(home), "drill")
    get_run_logger().info("sample brokerage made, %d workbooks", len(made.handed_in))
    later = {when: [str(path) for path in paths] for when, paths in made.later.items()}
    handed_in = [str(path) for path in made.handed_in]
    return {"handed_in": handed_in, "later": later, "issued": made.issued}


@task(name="record what the desks handed in", retries=1)
def record_files(home: str, paths: list[str], actor: str, accept_clean: bool) -> list[Any]:
    """Take each file into the book; the answer says what became of each."""
    workspace = Workspace.open(Path(home))
    intakes = read_files([Path(path) for path in paths], profile_of(workspace.settings))
    taken = take(workspace, intakes, actor, accept_clean=accept_clean)
    get_run_logger().info("%d file(s) read", len(taken))
    return taken


@task(name="void spoiled numbers")
def void_spoiled(home: str, numbers: list[tuple[str, str]]) -> list[str]:
    """Void what the desks gave up, confirmed by two persons of the sample brokerage."""
    workspace = Workspace.open(Path(home))
    voided = sample.void(workspace.journal, workspace.home, numbers)
    get_run_logger().info("%d number(s) voided", len(voided))
    return voided
