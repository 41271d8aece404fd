"""Reminders over a real mail server, and what they carry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import icalendar
import pytest

from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import load_settings
from tasks.duties.duty_catalog import DutyCatalog, shipped_catalog
from tasks.duties.duty_history import load_workspace_catalog
from tasks.duties.fulfillment import FulfillmentInput, acknowledge_duty, change_duty, fulfill_duty
from tasks.duties.reminder_letters import send_due_reminders
from tasks.transport.mail import outbox
from tasks.workspace import Workspace
from tests.conftest import SETTINGS
from tests.mail_server import MailServer, mail_server

ISA = {"holder": "vendor", "connection": "sFTP", "legal-name": "Harbor <& Vance>"}
RECIPIENTS = (
    '{ it = ["it@a.example"], compliance = ["comp@a.example"], deputy = ["dep@a.example"], '
    'licence-holder = ["ada@a.example"] }'
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as running:
        yield running


@pytest.fixture
def started(tmp_path: Path) -> Iterator[None]:
    """The book begins in May."""
    with clock.held(noon(date(2026, 5, 1))):
        yield


@pytest.fixture
def office(started: None, journal: Journal, content: ContentStore, home: Path, server: MailServer) -> Workspace:
    (home / "continuity.toml").write_text(SETTINGS + server.settings(home, RECIPIENTS))
    made = Workspace(load_settings(home), journal=journal)
    made.keep(load_workspace_catalog, DutyCatalog({"isa": shipped_catalog().duties["isa"]}, {}))
    return made


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 17, tzinfo=UTC)


def on(day: date, office: Workspace):
    with clock.held(noon(day)):
        return send_due_reminders(office, "flow")


def sign(office: Workspace, path: Path, day: date, recorded: date) -> None:
    path.write_text(f"The agreement, signed {day} by the made-up officer of a made-up customs broker")
    with clock.held(noon(recorded)):
        fulfill_duty(office, "isa", FulfillmentInput(path, on=day, facts=ISA), "ada")


def calendar_of(message) -> icalendar.Calendar:
    (attached,) = message.iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached.get_param("method", header="content-type") == "PUBLISH"
    data = attached.get_payload(decode=True)
    assert b"\r\n" in data and max(len(line) for line in data.split(b"\r\n")) <= 75
    return icalendar.Calendar.from_ical(data)  # type: ignore[return-value]


def days_of(calendar: icalendar.Calendar) -> dict[str, tuple[int, date]]:
    return {str(one["uid"]): (int(one["sequence"]), one["dtstart"].dt) for one in calendar.events}


def test_the_second_message_moves_what_the_first_put_into_calendars(
    office: Workspace, server: MailServer, tmp_path: Path
) -> None:
    sign(office, tmp_path / "one.pdf", date(2024, 2, 29), date(2026, 5, 1))
    on(date(2026, 7, 3), office)  # the T-240 of 3 July, as 28 June was a Sunday: told at once
    sign(office, tmp_path / "two.pdf", date(2026, 7, 6), date(2026, 7, 6))
    with clock.held(noon(date(2026, 7, 7))):
        change_duty(office, "isa", "", "legal name", date(2026, 7, 7), "ada")
    on(date(2026, 7, 7), office)
    (_, first), (_, second) = server.received
    before, after = days_of(calendar_of(first)), days_of(calendar_of(second))
    assert before["isa@abc.continuity"][1] == date(2027, 2, 28)
    assert before["isa-submit@abc.continuity"][1] == date(2026, 9, 1)
    assert after["isa@abc.continuity"][1] == date(2026, 7, 7)
    assert after["isa@abc.continuity"][0] > before["isa@abc.continuity"][0]
    calendar = calendar_of(first)
    assert calendar["method"] == "PUBLISH" and len(before) == len(calendar.events)


def test_a_letter_says_what_a_person_needs(office: Workspace, server: MailServer, tmp_path: Path) -> None:
    sign(office, tmp_path / "one.pdf", date(2024, 2, 29), date(2026, 5, 1))
    done = on(date(2026, 9, 1), office)
    assert done.sent == 1 and [rung for _, rung in done.rungs] == ["T-240", "T-210", "T-180"]
    ((to, message),) = server.received
    assert to == ["it@a.example"]
    assert message["Subject"] == "Submit today: Interconnection security agreement (ISA) with CBP"
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for words in ("Submit by: 2026-09-01", "Submit the renewal now: eISA",
                  "held by the vendor", "CBP's acceptance of the renewal",
                  "[S] from a reliable secondary source", "Reminder: T-180 of 2026-09-01",
                  "Not told before: T-240 of 2026-07-02, T-210 of 2026-07-31",
                  "continuity duties fulfil isa --fact holder=..."):  # fmt: skip
        assert words in text, words
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "Submit the renewal now" in html and "<script" not in html


def test_what_was_acknowledged_is_not_told(office: Workspace, server: MailServer, tmp_path: Path) -> None:
    sign(office, tmp_path / "one.pdf", date(2024, 2, 29), date(2026, 5, 1))
    with clock.held(noon(date(2026, 9, 2))):
        acknowledge_duty(office, "isa", "", "submitted", "it")
    assert on(date(2026, 9, 2), office).rungs == []
    assert [rung for _, rung in on(date(2026, 10, 1), office).rungs] == ["T-150"]


def test_it_escalates_and_a_refused_address_keeps_no_other_back(
    office: Workspace, server: MailServer, tmp_path: Path
) -> None:
    sign(office, tmp_path / "one.pdf", date(2024, 2, 29), date(2026, 5, 1))
    server.refused = {"dep@a.example": "550 5.1.1 no such person"}
    done = on(date(2027, 1, 29), office)
    ((to, _),) = server.received
    assert sorted(to) == ["ada@a.example", "it@a.example"]
    assert "mail-address-refused" in done.codes
    assert "dep@a.example" in done.reason and "550 5.1.1 no such person" in done.reason
    assert len(list(outbox(office.settings.home).iterdir())) == 1


def test_overdue_is_told_every_day(office: Workspace, server: MailServer, tmp_path: Path) -> None:
    sign(office, tmp_path / "one.pdf", date(2024, 2, 29), date(2026, 5, 1))
    on(date(2027, 2, 28), office)
    for number in range(1, 6):
        for _ in range(3):
            on(date(2027, 2, 28) + timedelta(days=number), office)
    titles = [message["Subject"] for _, message in server.received]
    assert len(titles) == 6
    assert titles[1].startswith("OVERDUE by 1 day:") and titles[5].startswith("OVERDUE by 5 days:")
    assert verify_journal(office.journal, office.content).ok


def test_several_duties_of_one_owner_come_in_one_letter(office: Workspace, server: MailServer) -> None:
    office.keep(load_workspace_catalog, shipped_catalog())
    done = on(date(2026, 5, 1), office)
    assert len(server.received) == len(done.letters) == done.sent == 4
    again = on(date(2026, 5, 1), office)
    assert (again.rungs, again.sent) == ([], 0)


def test_a_low_reserve_alarms_every_day_in_one_letter(office: Workspace, server: MailServer) -> None:
    duties = {"number-reserve": shipped_catalog().duties["number-reserve"]}
    office.keep(load_workspace_catalog, DutyCatalog(duties, {}))
    on(date(2026, 5, 1), office)
    on(date(2026, 5, 1), office)
    on(date(2026, 5, 2), office)
    assert [message["Subject"].partition(":")[0] for _, message in server.received] == ["Alarm"] * 2
