"""The doctor's word on the store in the readiness lines: only the doctor takes its red away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tasks.shared import clock, kinds
from tasks.shared.board import GREEN, RED, Line, house_lines, worst
from tasks.shared.journal import Journal
from tasks.shared.settings import Settings

START = datetime(2026, 11, 23, 2, tzinfo=UTC)
DONE = kinds.BackupDone(
    repository="r", host="desk1", sequence=1, manifest="m", head="h", retention="records",
    retain_until="", place="Reno", customs_territory=True, sources=[], stored_bytes=1, flags=[],
)  # fmt: skip
LETS_GO = kinds.BackupFailed(
    what="doctor", reason="the store does not guard what it holds", details=["delete: allowed"]
)
HOLDS = kinds.BackupExamined(repository="r", checks=["delete"])
BROKE = kinds.BackupFailed(what="run", reason='said "what":"doctor"', details=[])


def backup_lines(journal: Journal, house: Settings, *bodies: kinds.Body) -> list[Line]:
    """P6 after these events, a minute apart, as it is at the end of them."""
    for body in bodies:
        with clock.held(START + timedelta(minutes=journal.head().seq)):
            journal.append(body, "backup", "ada")
    with clock.held(START + timedelta(minutes=journal.head().seq)):
        return [line for line in house_lines(journal.rows, house) if line.about == "P6"]


def test_a_store_that_lets_go_is_red_until_the_doctor_passes(
    journal: Journal, house: Settings
) -> None:
    lines = backup_lines(journal, house, DONE, LETS_GO)
    assert worst(line.light for line in lines) == RED
    found = lines[-1]
    assert (found.what, found.next) == ("the store's guard", "continuity backup doctor")
    assert "does not guard" in found.fact
    assert "delete: allowed" in found.fact
    assert backup_lines(journal, house, DONE)[-1].light == RED  # a night's backup mends nothing
    lines = backup_lines(journal, house, HOLDS, DONE)
    assert [line.light for line in lines] == [GREEN, GREEN]


def test_a_failed_run_is_told_as_a_run(journal: Journal, house: Settings) -> None:
    lines = backup_lines(journal, house, DONE, HOLDS, BROKE)
    assert [(line.what, line.light) for line in lines] == [
        ("newest backup", GREEN),
        ("backup after that", RED),
        ("the store's guard", GREEN),
    ]
