"""The duties room's steps as Prefect tasks. Each handles all duties at once and is safe to run again:
the journal says what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from tasks.duties import readiness, reminding, sample
from tasks.duties.records import Office
from tasks.duties.terms import standings
from tasks.shared import board, opening
from tasks.shared.settings import load
from tasks.shared.steps import task


def _office(home: str) -> Office:
    settings = load(Path(home))
    return Office(opening.journal(settings), opening.content(settings), settings)


@task(name="remind", retries=2, retry_delay_seconds=60)
def remind(home: str, actor: str) -> dict[str, Any]:
    """Queue the reminders that are due and deliver every letter that waits."""
    office = _office(home)
    done = reminding.remind(office, actor)
    office.journal.close()
    get_run_logger().info("%d reminder(s), %d letter(s) sent, %d wait", len(done.rungs), done.sent,
                          len(done.waiting))  # fmt: skip
    return vars(done)


@task(name="publish readiness")
def publish(home: str) -> dict[str, str]:
    """The artifacts `readiness` and `duties`; returns the light of each recommendation."""
    office = _office(home)
    lines = readiness.lines(office)
    create_markdown_artifact(board.markdown(lines), key="readiness", description="Are we ready")
    found = standings(office.journal.rows, office.catalogue, office.zone)
    create_table_artifact(table=readiness.table(found, office.today()), key="duties",
                          description="Every duty, and when it is due")  # fmt: skip
    office.journal.close()
    lights = {one.id: one.light for one in board.page(lines)}
    get_run_logger().info(
        "red: %s", ", ".join(k for k, v in lights.items() if v == board.RED) or "none"
    )
    return lights


@task(name="readiness of the sample brokerage")
def show_sample(home: str, actor: str, out: str) -> list[str]:
    """Proofs and reminders of the sample brokerage, and its evidence in `out`; the board in words."""
    office = _office(home)
    sample.live(office, actor)
    said = [*sample.words(office), *sample.leave(office, Path(out))]
    office.journal.close()
    return said
