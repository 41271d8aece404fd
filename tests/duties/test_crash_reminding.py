"""`kill -9` on the reminding command, against a real mail server: no rung twice, no letter lost."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tasks import opening
from tasks.core import clock
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings, load_settings
from tasks.duties.reminder_letters import send_due_reminders
from tasks.opening import open_journal
from tasks.workspace import Workspace
from tests.conftest import SETTINGS, in_zone
from tests.mail_server import mail_server
from tests.process_kills import storm, undisturbed

RECIPIENTS = (
    '{ it = ["it@a.example"], compliance = ["comp@a.example"], deputy = ["dep@a.example"], '
    'licence-holder = ["ada@a.example"] }'
)


@pytest.mark.parametrize("times", [2, pytest.param(60, marks=pytest.mark.long)])
def test_kill_anywhere(tmp_path: Path, times: int) -> None:
    with mail_server(tmp_path) as server:
        homes = [_home(tmp_path / str(turn), server) for turn in range(times + 1)]
        # Undisturbed on a house of its own: afterwards nothing would be due there any more.
        seconds = undisturbed(_command(homes[times]))
        server.received.clear()
        storm(times, lambda turn: _command(homes[turn]), lambda turn: None,
              seconds=seconds, name="duties remind")  # fmt: skip
        for home in homes[:times]:
            _settle(load_settings(home))
        # Two letters of two houses differ: their ids are made of the day, so count by house.
        copies = Counter(message["Message-ID"] for _, message in server.received)
    letters = {_letters(home) for home in homes[:times]}
    assert len(letters) == 1, "every house told the same letters"
    (count,) = letters
    assert len(copies) == count
    # A house that was killed in the middle may have sent one copy more of one letter.
    assert times <= min(copies.values()) and sum(copies.values()) <= times * (count + 1)


def _command(home: Path) -> list[str]:
    return ["duties", "remind", "--home", str(home), "--by", "flow"]


def _home(folder: Path, server) -> Path:
    folder.mkdir()
    text = in_zone(SETTINGS, _midday()) + server.settings(folder, RECIPIENTS)
    return opening.make_home(folder / "home", text, "tests").home


def _midday() -> str:
    """A zone in which it is about noon: at midnight a new day's reminders would fall due meanwhile."""
    ahead = 12 - clock.now().hour
    return f"Etc/GMT{-ahead:+d}"  # such a name counts hours behind


def _settle(settings: Settings) -> None:
    """Run again at once, and once more when a claim that nobody holds is over."""
    book = open_journal(settings)
    office = Workspace(settings, journal=book)
    send_due_reminders(office, "flow")
    with clock.held(clock.now() + timedelta(minutes=11)):
        assert send_due_reminders(office, "flow").waiting == []
    assert verify_journal(book, office.content).ok
    rungs = [
        (event.subject, rung) for event in book.events(kind="duty.reminded") for rung in json.loads(event.body)["rungs"]
    ]
    assert len(rungs) == len(set(rungs)) > 5
    book.close()


def _letters(home: Path) -> int:
    book = open_journal(load_settings(home))
    count = sum(1 for _ in book.events(kind="mail.queued"))
    book.close()
    return count
