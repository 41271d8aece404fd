"""The room on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tasks.backup import status
from tasks.backup.events import BackupDone, BackupFailed
from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.findings import Finding
from tasks.core.journal.events import JournalStarted
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings
from tasks.core.status_lines import recommendations
from tasks.duties.fulfillment import FulfillmentInput, acknowledge_duty, change_duty, fulfill_duty, withdraw_proof
from tasks.duties.reminder_letters import send_due_reminders
from tasks.duties.status import lines
from tasks.transport.mail import waiting_letters
from tasks.workspace import Workspace


def at(day: int) -> datetime:
    return datetime(2026, 11, day, 17, tzinfo=UTC)


def test_the_room_on_either(book: Journal, content: ContentStore, house: Settings, proof) -> None:
    office = Workspace(house, journal=book)
    with clock.held(at(1)):
        book.append(JournalStarted(filer="ABC"), "journal", "it")
        facts = {"holder": "self", "connection": "sFTP", "legal-name": "x"}
        fulfill_duty(office, "isa", FulfillmentInput(proof(), on=date(2024, 5, 20), facts=facts), "ada")
        first = send_due_reminders(office, "flow")
        assert first.rungs and first.waiting
    with clock.held(at(24)):
        acknowledge_duty(office, "isa", "", "submitted", "ada")
        change_duty(office, "isa", "", "merger", date(2026, 11, 24), "ada")
        assert send_due_reminders(office, "flow").waiting
        assert {letter.at[:10] for letter in waiting_letters(book)} == {"2026-11-24"}, "the old are superseded"
        withdraw_proof(office, "isa", "", "mistake", "ada")
        send_due_reminders(office, "flow")
        assert send_due_reminders(office, "flow").rungs == []
        assert [one.light for one in recommendations(lines(office))] == ["red"] * 10
    assert verify_journal(book, content).ok
    book.rebuild()
    assert verify_journal(book, content).ok


def test_backup_lines_by_their_events(book: Journal, content: ContentStore, house: Settings) -> None:
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
