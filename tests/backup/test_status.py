"""Backups in the readiness lines: each red goes when its own kind of look finds all well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from tasks.backup import status
from tasks.backup.events import BackupDone, BackupExamined, BackupFailed, BackupProved, BackupSource, BackupVerified
from tasks.backup.status import JUNK
from tasks.core import clock
from tasks.core.findings import make_finding
from tasks.core.journal.bodies import Body
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.core.status_lines import AMBER, GREEN, RED, StatusLine, worst_light
from tasks.workspace import Workspace

START = datetime(2026, 11, 23, 2, tzinfo=UTC)
DONE = BackupDone(
    repository="r", host="desk1", sequence=1, manifest="m", head="h", retention="records",
    retain_until="", place="Reno", customs_territory=True, sources=[], stored_bytes=1, flags=[],
)  # fmt: skip
LETS_GO = BackupFailed(
    what="doctor", findings=[make_finding("store-not-guarded"), make_finding("attack-allowed", "delete a file")]
)
HOLDS = BackupExamined(repository="r", checks=["delete"])
BROKE = BackupFailed(
    what="run", findings=[make_finding("unexpected-error", kind="OSError", reason='said "what":"doctor"')]
)


def backup_lines(journal: Journal, house: Settings, *bodies: Body) -> list[StatusLine]:
    """P6 after these events, a minute apart, as it is at the end of them."""
    for body in bodies:
        with clock.held(START + timedelta(minutes=journal.head().seq)):
            journal.append(body, "backup", "ada")
    with clock.held(START + timedelta(minutes=journal.head().seq)):
        return status.lines(Workspace(house, journal=journal))


def test_a_store_that_lets_go_is_red_until_the_doctor_passes(journal: Journal, house: Settings) -> None:
    lines = backup_lines(journal, house, DONE, LETS_GO)
    assert worst_light(line.light for line in lines) == RED
    found = lines[-1]
    assert (found.what, found.next) == ("the store's guard", "continuity backup doctor")
    assert all(str(finding) in found.fact for finding in LETS_GO.findings)
    assert backup_lines(journal, house, DONE)[-1].light == RED  # a night's backup mends nothing
    lines = backup_lines(journal, house, HOLDS, DONE)
    assert [line.light for line in lines] == [GREEN, GREEN]


def test_a_failed_run_is_told_as_a_run(journal: Journal, house: Settings) -> None:
    lines = backup_lines(journal, house, DONE, HOLDS, BROKE)
    assert [(line.code, line.light) for line in lines] == [
        ("newest-backup", GREEN),
        ("backup-failed", RED),
        ("store-guard", GREEN),
    ]


def test_a_flag_of_one_class_is_not_hidden_by_the_next(journal: Journal, house: Settings) -> None:
    """One run takes the records and then the private keys, whose snapshot has no flag."""
    flag = make_finding("files-changed-in-mass", "papers", new=79, files=80)
    flagged = replace(DONE, flags=[flag])
    lines = backup_lines(journal, house, flagged, replace(DONE, retention="private"))
    (line,) = [line for line in lines if line.light == RED]
    assert str(flag) in line.fact and "79" in line.fact
    lines = backup_lines(journal, house, DONE, replace(DONE, retention="private"))
    assert [line.light for line in lines] == [GREEN]


def test_what_a_backup_is_without_stands_on_the_board(journal: Journal, house: Settings) -> None:
    """A gap that is no new one is no alarm, and is not forgotten either."""
    source = BackupSource(name="papers", files=320, bytes=1, new_bytes=0, unreadable=2, changed=0)
    gaps = replace(DONE, sources=[source])
    lines = backup_lines(journal, house, gaps, replace(DONE, retention="private"))
    (line,) = [line for line in lines if line.light == AMBER]
    assert line.fact.startswith("2 ")
    flag = make_finding("source-not-all-read", "papers", count=2, before=0)
    flagged = replace(gaps, flags=[flag])
    (line,) = [line for line in backup_lines(journal, house, flagged) if line.light == RED]
    assert str(flag) in line.fact
    lines = backup_lines(journal, house, DONE, replace(DONE, retention="private"))
    assert [line.light for line in lines] == [GREEN]


def test_junk_on_the_store_is_no_alarm_about_the_backup(journal: Journal, house: Settings) -> None:
    junk = make_finding(JUNK, count=2, examples="holds/x, holds/y")
    (_, line) = backup_lines(journal, house, replace(DONE, flags=[junk]))
    assert line.light == AMBER and str(junk) in line.fact


def verified(share: int, turn: int) -> BackupVerified:
    return BackupVerified(repository="r", snapshots=1, packs=9, packs_read=3, share=share, turn=turn)


DAMAGED = BackupFailed(
    what="verify",
    findings=[make_finding("objects-damaged", count=1), make_finding("object-missing", "packs/ab12")],
    share=3,
    turn=1,
)
UNPROVED = BackupFailed(what="prove", findings=[make_finding("pack-of-file-lost", "papers/a")])
PROVED = BackupProved(
    repository="r", host="desk1", sequence=1, manifest="m", proof="p", drill="d", scope="all",
    files=1, bytes=1, seconds=1.0, restored_at="2026-11-23T02:00:00Z",
)  # fmt: skip


def test_damage_stands_until_its_own_part_is_read_and_whole(journal: Journal, house: Settings) -> None:
    lines = backup_lines(journal, house, DONE, DAMAGED, DONE, verified(3, 2), verified(3, 0))
    assert [(line.code, line.light) for line in lines[1:]] == [("store-damaged", RED)]
    assert "packs/ab12" in lines[1].fact and lines[1].next == "continuity backup verify"
    assert len(backup_lines(journal, house, verified(3, 1))) == 1
    assert len(backup_lines(journal, house, DAMAGED, DONE)) == 2
    assert len(backup_lines(journal, house, verified(1, 0))) == 1


def test_a_proof_that_failed_stands_until_one_holds(journal: Journal, house: Settings) -> None:
    lines = backup_lines(journal, house, DONE, UNPROVED, DONE)
    assert [(line.code, line.light) for line in lines[1:]] == [("backup-proof-failed", RED)]
    assert len(backup_lines(journal, house, PROVED)) == 1
