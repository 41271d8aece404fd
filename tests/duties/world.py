"""A made-up brokerage that lives through years in seconds: a clock that is set, a mail server that
can be down, power that fails anywhere, and people who do their duties."""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tasks import opening
from tasks.core import clock
from tasks.core.errors import MailUndelivered
from tasks.core.journal.journal import Journal, Pen
from tasks.duties.duty_catalog import DutyCatalog, shipped_catalog
from tasks.duties.duty_history import load_workspace_catalog
from tasks.duties.fulfillment import FulfillmentInput, fulfill_duty
from tasks.duties.reminder_letters import send_due_reminders
from tasks.transport import smtp
from tasks.workspace import Workspace
from tests.conftest import SETTINGS, in_zone

_MAIL = """
[mail]
server = "mail.example"
sender = "continuity@harborvance.example"
[mail.recipients]
it = ["it@harborvance.example"]
compliance = ["compliance@harborvance.example"]
deputy = ["deputy@harborvance.example"]
licence-holder = ["ada@harborvance.example"]
"""
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Years of runs would mostly wait for a disk."""
_RUNG = re.compile(r"(T[-+]\d+) of (\d{4}-\d{2}-\d{2})")
_SPAN = re.compile(r"T\+(\d+) to T\+(\d+), daily from (\S+) to (\S+)")


class PowerFails(BaseException):
    """The process is gone."""


@dataclass
class Arrival:
    """A letter in a person's box. `at`: when; `told`: (rung, its day) of everything in it."""

    at: datetime
    message_id: str
    title: str
    told: list[tuple[str, date]]


@dataclass
class World:
    """`chance` decides when power fails: with the probability `weak` at each step."""

    office: Workspace
    chance: random.Random
    monkey: pytest.MonkeyPatch
    weak: float = 0.0
    down: bool = False
    arrived: list[Arrival] = field(default_factory=list)
    crashes: int = 0

    def run(self, at: datetime) -> bool:
        """One run of the flow; False if power failed in it."""
        with clock.held(at):
            try:
                send_due_reminders(self.office, "flow")
                return True
            except PowerFails:
                self.crashes += 1
                self.restart()
                return False

    def restart(self) -> None:
        self.office.journal.close()
        self.office = Workspace(self.office.settings)
        self.office.keep(load_workspace_catalog, self.catalogue)

    @property
    def catalogue(self) -> DutyCatalog:
        return self._catalogue

    def fulfil(self, at: datetime, duty: str, on: date, **facts: str) -> None:
        path = self.office.settings.home / "proof.txt"
        path.write_text(f"{duty} {on}: done, as the person named in the journal says of this made-up house")
        kept, self.weak = self.weak, 0.0
        with clock.held(at):
            fulfill_duty(self.office, duty, FulfillmentInput(proof=path, on=on, facts=facts), "ada")
        self.weak = kept

    def letters(self) -> list[Arrival]:
        """What arrived, copies of one letter (by its Message-ID) counted once."""
        return list({one.message_id: one for one in self.arrived}.values())

    def take(self, message: EmailMessage) -> None:
        body = message.get_body(("plain",))
        assert body is not None
        text = body.get_content()
        told = [(rung, date.fromisoformat(day)) for rung, day in _RUNG.findall(text)]
        for first, last, since, until in _SPAN.findall(text):
            day = date.fromisoformat(since)
            told += [(f"T+{n}", day + timedelta(days=n - int(first)))
                     for n in range(int(first), int(last) + 1)]  # fmt: skip
            assert told[-1][1].isoformat() == until.strip(",")
        self.arrived.append(Arrival(clock.now(), message["Message-ID"], message["Subject"], told))

    def flicker(self) -> None:
        if self.weak and self.chance.random() < self.weak:
            raise PowerFails

    _catalogue: DutyCatalog = field(default_factory=shipped_catalog)


@contextmanager
def world(start: datetime, zone: str, duties: Sequence[str], seed: int) -> Iterator[World]:
    """A house that began at `start` and has just these duties."""
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder, pytest.MonkeyPatch.context() as monkey:
        with clock.held(start):
            text = in_zone(SETTINGS, zone) + _MAIL
            settings = opening.make_home(Path(folder) / "home", text, "tests")
        office = Workspace(settings)
        made = World(office, random.Random(seed), monkey)
        made._catalogue = DutyCatalog({name: shipped_catalog().duties[name] for name in duties}, {})
        office.keep(load_workspace_catalog, made._catalogue)
        _wire(made, monkey)
        try:
            yield made
        finally:
            made.office.journal.close()


def _wire(made: World, monkey: pytest.MonkeyPatch) -> None:
    """The mail server and the power, in place of the real ones."""

    @contextmanager
    def connection(_: Any) -> Iterator[Any]:
        if made.down:
            raise MailUndelivered("mail server mail.example:587: timed out")
        yield None

    def hand_over(_: Any, message: EmailMessage, sender: str, to: Sequence[str]) -> dict[str, Any]:
        made.flicker()
        made.take(message)
        made.flicker()
        return {}

    append, alone = Pen.append, Journal.append

    def weak_append(pen: Pen, *given: Any, **named: Any) -> Any:
        made.flicker()
        done = append(pen, *given, **named)
        made.flicker()
        return done

    def weak_alone(journal: Journal, *given: Any, **named: Any) -> Any:
        done = alone(journal, *given, **named)
        made.flicker()
        return done

    monkey.setattr(smtp, "connection", connection)
    monkey.setattr(smtp, "hand_over", hand_over)
    monkey.setattr(Pen, "append", weak_append)
    monkey.setattr(Journal, "append", weak_alone)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 17, tzinfo=UTC)
