"""The room on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tasks.backup import status
from tasks.duties.fulfil import Given, acknowledge, change, fulfil, withdraw
from tasks.duties.readiness import lines
from tasks.duties.reminding import remind
from tasks.shared import clock
from tasks.shared.board import page
from tasks.shared.content import ContentStore
from tasks.shared.findings import Finding
from tasks.shared.journal import Journal
from tasks.shared.journal_check import verify
from tasks.shared.kinds.backup import BackupDone, BackupFailed
from tasks.shared.kinds.book import JournalStarted
from tasks.shared.mail import waiting
from tasks.shared.settings import Settings
from tasks.workspace import Workspace


def at(day: int) -> datetime:
    return datetime(2026, 11, day, 17, tzinfo=UTC)


def test_the_room_on_either(book: Journal, content: ContentStore, house: Settings, proof) -> None:
    office = Workspace(house, journal=book)
    with clock.held(at(1)):
        book.append(JournalStarted(filer="ABC"), "journal", "it")
        facts = {"holder": "self", "connection": "sFTP", "legal-name": "x"}
        fulfil(office, "isa", Given(proof(), on=date(2024, 5, 20), facts=facts), "ada")
        first = remind(office, "flow")
        assert first.rungs and first.waiting
    with clock.held(at(24)):
        acknowledge(office, "isa", "", "submitted", "ada")
        change(office, "isa", "", "merger", date(2026, 11, 24), "ada")
        assert remind(office, "flow").waiting
        assert {letter.at[:10] for letter in waiting(book)} == {"2026-11-24"}, (
            "the old are superseded"
        )
        withdraw(office, "isa", "", "mistake", "ada")
        remind(office, "flow")
        assert remind(office, "flow").rungs == []
        assert [one.light for one in page(lines(office))] == ["red"] * 10
    assert verify(book, content).ok
    book.rebuild()
    assert verify(book, content).ok


def test_backup_lines_by_their_events(
    book: Journal, content: ContentStore, house: Settings
) -> None:
    office = Workspace(house, journal=book)
    done = BackupDone(
        repository="r", host="d", sequence=1, manifest="m", head="h", retention="records", place="Reno",
        retain_until="", customs_territory=False, sources=[], stored_bytes=1, flags=[],
    )  # fmt: skip
    with clock.held(at(1)):
        book.append(done, "backup/d:1", "it")
        found = {line.code: line.light for line in status.lines(office)}
        assert found == {"newest-backup": "green", "store-location": "amber"}
        assert {line.subject: line.light for line in lines(office)}["backup-restored"] == "red"
    with clock.held(at(3)):
        fault = Finding("store-full", "", {"subject": "packs/ab12"})
        book.append(BackupFailed(what="run", findings=[fault]), "backup", "it")
        found = {line.code: line for line in status.lines(office)}
        assert found["newest-backup"].light == "amber"
        assert found["backup-failed"].values == {"findings": ["store-full"]}
