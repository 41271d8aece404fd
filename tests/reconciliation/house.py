"""A house that has recorded released entries and can send: outbound folder, password, approver."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pyotp

from tasks.reconciliation import outbound, plan
from tasks.reconciliation.terms import sending_day
from tasks.shared import approval, clock, opening, people
from tasks.shared.journal import Journal
from tasks.shared.opening import make_home
from tasks.shared.settings import Ace, Settings
from tasks.workspace import Workspace
from tests.conftest import SETTINGS
from tests.entries import house as desks

PASSWORD = "S3CRET"

UNPACED = 100_000
"""A crash test writes more files in an hour than any broker; pacing has tests of its own."""


@dataclass
class Office:
    """The office of the tests: bo prepares, ada approves."""

    journal: Journal
    settings: Settings
    phone: pyotp.TOTP
    codes: int = field(default=0)

    @property
    def book(self) -> Workspace:
        return desks.book_of(self.settings, self.journal)

    @property
    def house(self) -> Workspace:
        return self.book

    @property
    def outbound(self) -> Path:
        return Path(self.settings.ace.outbound or "")

    def record(self, seed: int, count: int, folder: Path, **values: object) -> list[str]:
        numbers = desks.issue(self.journal, self.settings, "truck", count)
        record = desks.with_values(desks.filled(seed, numbers, "truck"), **values)
        (taken,) = desks.hand_in(self.book, desks.workbook(folder, f"{seed}.xlsx", "truck", record))
        assert sorted(taken.recorded) == numbers, taken.problems
        return numbers

    def plan(self) -> plan.Plan | None:
        today = sending_day(self.settings)
        return plan.make(self.journal, self.book.content, self.settings, "bo", today)

    def approve(self, made: plan.Plan) -> None:
        self.approve_digest(made.digest)

    def approve_last(self) -> None:
        """What was asked for last."""
        self.approve_digest(approval.waiting(self.journal, 2)[-1].plan)

    def approve_digest(self, digest: str) -> None:
        """Each code counts once, so the clock goes on by a step each time."""
        self.codes += 1
        moment: datetime = clock.now() + timedelta(seconds=60 * self.codes)
        with clock.held(moment):
            approval.grant(self.journal, self.settings.home, digest, "ada",
                           self.phone.at(moment), persons=2)  # fmt: skip

    def write(self, made: plan.Plan) -> list[outbound.Written]:
        book = self.book
        return outbound.write(self.journal, book.content, book.vault, self.settings, made, "bo")


def open_office(journal: Journal, settings: Settings) -> Office:
    """People, outbound folder and password, in the settings file too."""
    folder, secret = settings.home / "outbound", settings.home / "keys" / "ace-password"
    folder.mkdir()
    secret.write_text(PASSWORD)
    toml = settings.home / "continuity.toml"
    lines = f'outbound = "{folder.as_posix()}"\npassword_file = "{secret.as_posix()}"\n'
    toml.write_text(
        toml.read_text()
        + lines
        + "ask_first = false\nentries_per_block = 2\nblocks_per_batch = 2\n"
        + f"batches_per_hour = {UNPACED}\n"
    )
    ace = Ace(site_code="2704", sender_id="ABC", outbound=folder, password_file=secret,
              entries_per_block=2, blocks_per_batch=2, ask_first=False,
              batches_per_hour=UNPACED)  # fmt: skip
    people.add(journal, "ada", "Ada Vance", "12345", ["approver"], "it")
    people.add(journal, "bo", "Bo Harbor", "", ["preparer"], "it")
    phone = pyotp.parse_uri(people.enrol(journal, settings.home, "ada", "it"))
    return Office(journal, settings.model_copy(update={"ace": ace}), phone)


def make_office(home: Path, text: str = SETTINGS) -> Office:
    """A fresh home with an office in it. `text`: its settings, with `[ace]` as the last table."""
    settings = make_home(home, text, "tests")
    return open_office(opening.journal(settings), settings)
