from __future__ import annotations

from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.operations.alert_records import AlertManager, lines, open_alerts
from tasks.transport import mail
from tasks.transport.mail import waiting_letters


def alarm(journal: Journal, content: ContentStore, settings: Settings) -> AlertManager:
    return AlertManager(journal, content, settings, "operations")


def test_an_alert_is_told_once_while_it_is_open(journal, content, told: Settings) -> None:
    bell = alarm(journal, content, told)
    assert bell.raise_("run-failed", "backup", "backup ended Failed", "look")
    assert not bell.raise_("run-failed", "backup", "backup ended Failed", "look")
    (letter,) = waiting_letters(journal)
    assert letter.title == "[continuity] backup ended Failed" and letter.to == ("it",)
    (line,) = lines(journal)
    assert (line.code, line.subject, line.light) == ("alert-open", "run-failed/backup", "red")
    assert bell.close("run-failed", "backup", "it went well")
    assert not bell.close("run-failed", "backup", "it went well")
    assert open_alerts(journal) == {} and lines(journal) == []
    assert bell.raise_("run-failed", "backup", "backup ended Failed", "look")
    assert len(waiting_letters(journal)) == 2


def test_what_is_escalated_goes_to_those_who_decide(journal, content, told: Settings) -> None:
    alarm(journal, content, told).raise_("plan-waits-too-long", "1", "waits", "approve", escalate=True)
    (letter,) = waiting_letters(journal)
    assert set(letter.to) == {"deputy", "licence-holder"}


def test_without_a_mail_server_the_letter_waits_in_the_outbox(journal, content, told: Settings) -> None:
    bell = alarm(journal, content, told)
    bell.raise_("run-failed", "backup", "backup ended Failed", "look at the run")
    done = bell.deliver()
    assert done.sent == [] and len(done.waiting) == 1 and done.codes == ["mail-server-not-set"]
    (path,) = mail.outbox(told.home).glob("*.eml")
    text = path.read_text()
    assert "it@harbor.example" in text and "look at the run" in text
