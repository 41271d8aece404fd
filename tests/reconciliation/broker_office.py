"""A house that has recorded released entries and can send: outbound folder, password, approver."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pyotp

from tasks.ace.settings import AceSettings
from tasks.core import clock
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.opening import make_home, open_journal
from tasks.reconciliation.plan.payment_terms import sending_day
from tasks.reconciliation.plan.plan_store import SendingPlan
from tasks.reconciliation.plan.planning import make_sending_plan
from tasks.reconciliation.sending.batch_writing import WrittenBatch, write_plan_batches
from tasks.security.approvals import grant_approval, waiting_approvals
from tasks.security.people import add_person, enroll_person
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
        return Path(self.settings(AceSettings).outbound or "")

    def record(self, seed: int, count: int, folder: Path, **values: object) -> list[str]:
        numbers = desks.issue(self.journal, self.settings, "truck", count)
        record = desks.with_values(desks.filled(seed, numbers, "truck"), **values)
        (taken,) = desks.hand_in(self.book, desks.workbook(folder, f"{seed}.xlsx", "truck", record))
        assert sorted(taken.recorded) == numbers, taken.problems
        return numbers

    def plan(self) -> SendingPlan | None:
        today = sending_day(self.settings)
        return make_sending_plan(self.journal, self.book.content, self.settings, "bo", today)

    def approve(self, made: SendingPlan) -> None:
        self.approve_digest(made.digest)

    def approve_last(self) -> None:
        """What was asked for last."""
        self.approve_digest(waiting_approvals(self.journal, 2)[-1].plan)

    def approve_digest(self, digest: str) -> None:
        """Each code counts once, so the clock goes on by a step each time."""
        self.codes += 1
        moment: datetime = clock.now() + timedelta(seconds=60 * self.codes)
        with clock.held(moment):
            grant_approval(self.journal, self.settings.home, digest, "ada",
                           self.phone.at(moment), persons=2)  # fmt: skip

    def write(self, made: SendingPlan) -> list[WrittenBatch]:
        book = self.book
        return write_plan_batches(self.journal, book.content, book.vault, self.settings, made, "bo")


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
    ace = AceSettings(site_code="2704", sender_id="ABC", outbound=folder, password_file=secret,
              entries_per_block=2, blocks_per_batch=2, ask_first=False,
              batches_per_hour=UNPACED)  # fmt: skip
    add_person(journal, "ada", "Ada Vance", "12345", ["approver"], "it")
    add_person(journal, "bo", "Bo Harbor", "", ["preparer"], "it")
    phone = pyotp.parse_uri(enroll_person(journal, settings.home, "ada", "it"))
    return Office(journal, settings.model_copy(update={"ace": ace}), phone)


def make_office(home: Path, text: str = SETTINGS) -> Office:
    """A fresh home with an office in it. `text`: its settings, with `[ace]` as the last table."""
    settings = make_home(home, text, "tests")
    return open_office(open_journal(settings), settings)
