from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tasks.ace.file_check import check_file
from tasks.core.journal.verification import verify_journal
from tasks.reconciliation.accounting import number_account
from tasks.reconciliation.accounting.number_account import account_numbers
from tasks.reconciliation.plan.plan_store import SendingPlan
from tests.process_kills import storm, undisturbed
from tests.reconciliation.broker_office import Office


class Sender:
    """The transmission program: takes what it sees in the outbound folder, at once."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.office, self.folder = office, folder
        self.taken: Counter[str] = Counter()

    def fetch(self) -> None:
        for path in self.office.outbound.glob("*.abi"):
            self.taken[path.name] += 1
            path.replace(self.folder / f"{path.name}.{self.taken[path.name]}")


def crash(office: Office, folder: Path, times: int) -> None:
    sender = Sender(office, folder)
    home = str(office.settings.home)
    plans: list[SendingPlan] = []

    def command(turn: int) -> list[str]:
        office.record(turn, 5, folder / "in")
        made = office.plan()
        assert made is not None and len(made.batches) >= 2
        office.approve(made)
        plans.append(made)
        return ["--home", home, "--by", "bo", "ace", "batch"]

    def after(turn: int) -> None:
        sender.fetch()
        assert verify_journal(office.journal, office.book.content).ok
        undisturbed(["--home", home, "--by", "bo", "ace", "batch"])
        sender.fetch()

    seconds = undisturbed(command(1000))
    sender.fetch()
    seen = storm(times, command, after, seconds=seconds, name="ace batch")
    assert seen.killed > 0
    wanted = Counter(batch.file for made in plans for batch in made.batches)
    assert sender.taken == wanted, "each file was visible once, none a second time"
    assert all(check_file(path).ok for path in folder.glob("*.abi.1"))
    places = Counter(line.place for line in account_numbers(office.journal) if line.desk)
    assert places == {number_account.SENT_OUT: 5 * (times + 1)}
    assert verify_journal(office.journal, office.book.content).ok


def test_batches_survive_being_killed(office: Office, tmp_path: Path) -> None:
    crash(office, tmp_path, 5)


@pytest.mark.long
def test_batches_survive_being_killed_fifty_times(office: Office, tmp_path: Path) -> None:
    crash(office, tmp_path, 50)
