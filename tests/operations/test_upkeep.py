from __future__ import annotations

import inspect
import sqlite3
from datetime import timedelta

import pytest
from pydantic import SecretStr

from flows.alert import alert
from tasks.backup.events import BackupDone, BackupProved
from tasks.backup.settings import BackupSettings
from tasks.core import clock, status_lines
from tasks.core.content import ContentStore
from tasks.core.journal.events import JournalStarted
from tasks.core.journal.journal import Journal
from tasks.core.messages import Reason
from tasks.core.settings import Settings
from tasks.opening import JOURNAL_FILE
from tasks.operations import upkeep
from tasks.operations.alert_records import AlertManager, open_alerts
from tasks.operations.server_health import server_bytes
from tasks.operations.steps import close_alert
from tasks.operations.upkeep import UpkeepProblem, UpkeepReport, inspect_home, record_upkeep, settle_alerts
from tasks.security.approvals import ask_for_approval
from tasks.security.events import Act, ApprovalGranted, PersonEnrolled


def test_a_sound_house_has_no_fault(journal, content, told: Settings) -> None:
    found = inspect_home(journal, content, told, full=False)
    assert found.faults == [] and found.head == journal.head().seq and found.book_bytes > 0
    assert inspect_home(journal, content, told, full=True).head == found.head


def test_the_servers_database_has_a_size_on_postgres_too(told: Settings, postgres: str) -> None:
    def elsewhere(url: str) -> Settings:
        operations = told.operations.model_copy(update={"database": SecretStr(url)})
        return told.model_copy(update={"operations": operations})

    assert server_bytes(elsewhere(postgres)) > 1_000_000
    assert server_bytes(elsewhere("postgresql://nobody@127.0.0.1:1/none")) == 0


def test_on_postgres_too(book: Journal, content, told: Settings) -> None:
    book.append(JournalStarted(filer="ABC"), "journal", "it")
    found = inspect_home(book, content, told, full=True)
    assert found.faults == [] and found.head == 1
    assert found.book_bytes > 0 or book.engine.dialect.name == "sqlite"


@pytest.mark.parametrize("full", [False, True])
def test_an_altered_event_is_found(journal, content, told: Settings, full: bool) -> None:
    for _ in range(3):
        journal.append(PersonEnrolled(person="ada"), "person/ada", "it")
    alter(told, "UPDATE events SET actor = 'eve' WHERE seq = 3")
    (fault,) = inspect_home(journal, content, told, full=full).faults
    assert fault.key == ("journal-invalid", "") and fault.escalate
    assert "3" in str(fault.values["reason"])


def test_a_tail_that_was_cut_after_it_was_verified_is_found(journal, content, told: Settings) -> None:
    journal.append(PersonEnrolled(person="ada"), "person/ada", "it")
    record_upkeep(journal, inspect_home(journal, content, told, full=False), "operations")
    verified = journal.head().seq - 1
    alter(told, f"UPDATE events SET seq = 900 WHERE seq = {verified}")
    found = inspect_home(journal, content, told, full=False)
    (fault,) = found.faults
    missing = Reason("verified-event-missing", event=verified)
    assert (fault.code, fault.values["reason"]) == ("journal-invalid", missing.text)


def alter(settings: Settings, statement: str) -> None:
    """As somebody would who owns the host and takes the guards away."""
    with sqlite3.connect(settings.home / JOURNAL_FILE) as book:
        for verb in ("update", "delete"):
            book.execute(f"DROP TRIGGER events_no_{verb}")
        book.execute(statement)
    book.close()


def test_a_plan_that_waits_too_long_is_escalated_and_closed_when_approved(
    journal: Journal, content: ContentStore, told: Settings
) -> None:
    alarm = AlertManager(journal, content, told, "operations")
    plan = "ab" * 32
    ask_for_approval(journal, plan, Act.SEND_BATCHES, [], "bo")
    assert inspect_home(journal, content, told, full=False).faults == []
    with clock.held(clock.now() + timedelta(hours=3)):
        found = inspect_home(journal, content, told, full=False)
        assert settle_alerts(alarm, journal, found) == [("plan-waits-too-long", plan[:12])]
        assert settle_alerts(alarm, journal, found) == []
        granted = ApprovalGranted(plan=plan, binds=[], person="ada", licence="1", sole=False)
        journal.append(granted, f"plan/{plan}", "ada")
        settle_alerts(alarm, journal, inspect_home(journal, content, told, full=False))
    assert open_alerts(journal) == {}


def test_an_alert_that_was_a_test_does_not_stand_for_ever(journal, content, told: Settings) -> None:
    alarm = AlertManager(journal, content, told, "operations")
    asked = inspect.signature(alert.fn).parameters
    assert alarm.raise_(*(asked[name].default for name in ("code", "subject", "what", "next")))
    assert open_alerts(journal)["test", ""].next
    settle_alerts(alarm, journal, inspect_home(journal, content, told, full=False))
    assert open_alerts(journal) == {}


def test_a_disk_is_told_of_while_there_is_room_to_tell_it(journal, content, told: Settings) -> None:
    wanted = told.operations.model_copy(update={"least_free_gb": 1e9})
    short = told.model_copy(update={"operations": wanted})
    alarm = AlertManager(journal, content, told, "operations")
    assert settle_alerts(alarm, journal, inspect_home(journal, content, short, full=False)) == [
        ("disk-space-short", "")
    ]
    assert str(told.home) in open_alerts(journal)["disk-space-short", ""].what
    settle_alerts(alarm, journal, inspect_home(journal, content, told, full=False))
    assert open_alerts(journal) == {}


def test_an_alert_under_a_name_of_ones_own_is_closed_by_who_mended_it(journal, content, told: Settings) -> None:
    AlertManager(journal, content, told, "ada").raise_("printer", "", "prints no letters", "call Bo")
    settle_alerts(AlertManager(journal, content, told, "it"), journal, inspect_home(journal, content, told, full=False))
    assert ("printer", "") in open_alerts(journal)
    assert close_alert.fn(str(told.home), "bo", "printer", "", "new toner")
    assert not close_alert.fn(str(told.home), "bo", "printer", "", "new toner")
    assert open_alerts(journal) == {}


def test_what_the_server_told_of_a_backup_stands_until_there_is_a_proof(journal, content, told: Settings) -> None:
    """The server counts from when it began to look, also where there was no backup at all."""
    stored = told.model_copy(update={"backup": BackupSettings(store="/s", home_objective_hours=10)})
    alarm = AlertManager(journal, content, stored, "operations")
    assert inspect_home(journal, content, stored, full=False).faults == []
    alarm.raise_(*upkeep.NOT_PROVED, "nothing was proved", "continuity backup list")
    settle_alerts(alarm, journal, inspect_home(journal, content, stored, full=False))
    assert upkeep.NOT_PROVED in open_alerts(journal)
    proof = BackupProved(repository="r", host="h", sequence=1, manifest="m", proof="p",
                               drill="d", scope="all", files=1, bytes=1, seconds=1,
                               restored_at=clock.text())  # fmt: skip
    journal.append(proof, "backup/r", "restore-drill")
    settle_alerts(alarm, journal, inspect_home(journal, content, stored, full=False))
    assert upkeep.NOT_PROVED not in open_alerts(journal)


def test_a_backup_that_nobody_proved_in_time(journal, content, told: Settings) -> None:
    settings = told.model_copy(update={"backup": BackupSettings(store="/store")})
    assert inspect_home(journal, content, settings, full=False).faults == []  # `status` says "never done"
    body = BackupDone(repository="r", host="h", sequence=1, manifest="m", head="h",
                            retention="records", retain_until="", place="", customs_territory=True,
                            sources=[], stored_bytes=0, flags=[])  # fmt: skip
    journal.append(body, "backup/r", "backup")
    assert inspect_home(journal, content, settings, full=False).faults == []
    with clock.held(clock.now() + timedelta(hours=27)):
        (fault,) = inspect_home(journal, content, settings, full=False).faults
    assert fault.key == upkeep.NOT_PROVED


def test_it_is_noted_once_an_hour_and_when_faults_change(journal: Journal) -> None:
    moment = clock.now().replace(minute=10)
    with clock.held(moment):
        assert record_upkeep(journal, UpkeepReport(head=1), "operations")
        assert not record_upkeep(journal, UpkeepReport(head=2), "operations")
        fault = UpkeepProblem("plan-waits-too-long", "ab", "look", what="x", since="2 min ago")
        assert record_upkeep(journal, UpkeepReport(head=3, faults=[fault]), "operations")
        fault = UpkeepProblem("plan-waits-too-long", "ab", "look", what="x", since="5 min ago")
        assert not record_upkeep(journal, UpkeepReport(head=4, faults=[fault]), "operations")
    with clock.held(moment + timedelta(hours=1)):
        assert record_upkeep(journal, UpkeepReport(head=5, faults=[fault]), "operations")


def test_status_says_when_nobody_looks_after_the_house(journal: Journal) -> None:
    assert upkeep.lines(journal) == []
    record_upkeep(journal, UpkeepReport(head=1, workers=1), "operations")
    (line,) = upkeep.lines(journal)
    assert (line.code, line.light, line.next) == ("upkeep", status_lines.GREEN, "")
    with clock.held(clock.now() + timedelta(hours=3)):
        (line,) = upkeep.lines(journal)
    assert line.light == status_lines.RED and "continuity up" in line.next


def test_spare_pages_are_given_back(journal, content, told: Settings) -> None:
    with sqlite3.connect(told.home / JOURNAL_FILE) as book:
        book.execute("CREATE TABLE bulk (x)")
        book.executemany("INSERT INTO bulk VALUES (?)", [("y" * 4000,) for _ in range(2000)])
        book.execute("DROP TABLE bulk")
    book.close()
    before = (told.home / JOURNAL_FILE).stat().st_size
    assert inspect_home(journal, content, told, full=False).book_bytes < before / 4
    assert inspect_home(journal, content, told, full=True).faults == []
