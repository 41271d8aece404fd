"""The office and a stand-in ACE on the other side of two folders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tasks.ace.stand_in import StandIn
from tasks.reconciliation.asking import House
from tasks.reconciliation.loop import Turn, turn, verdicts
from tasks.shared import clock
from tests.reconciliation.house import Office


@dataclass
class World:
    office: Office
    ace: StandIn
    inbox: Path

    @property
    def house(self) -> House:
        book = self.office.book
        return House(book.journal, book.content, book.vault, book.settings)

    def turn(self) -> Turn:
        return turn(self.house, "bo", today())

    def exchange(self) -> None:
        """The sender takes what lies in the outbound folder; ACE answers into the inbox."""
        self.ace.process_folder(self.office.outbound, self.inbox)

    def run(self, turns: int = 12, approve: bool = True) -> Turn:
        """Turns until the steps stay the same twice; each plan is approved as it comes."""
        seen: list[dict[str, list[str]]] = []
        for _ in range(turns):
            last = self.turn()
            seen.append(last.steps)
            if last.waiting is not None and approve:
                self.office.approve(last.waiting)
            elif seen[-3:] == [last.steps] * 3:
                return last
            self.exchange()
        raise AssertionError(f"still moving after {turns} turns: {last.steps}")

    def steps(self) -> dict[str, str]:
        return {one.number: str(verdict.step) for one, verdict in verdicts(self.house)}


def today() -> date:
    return clock.now().date()


def open_world(office: Office, folder: Path) -> World:
    """`ask_first` on, an inbox, and a stand-in that knows this filer."""
    inbox = folder / "inbox"
    inbox.mkdir(parents=True)
    ace = office.settings.ace.model_copy(
        update={"ask_first": True, "inbox": inbox, "ask_again_minutes": 0}
    )
    office.settings = office.settings.model_copy(update={"ace": ace})
    stand_in = StandIn(folder / "ace.sqlite", today())
    stand_in.seed_filer("ABC")
    return World(office, stand_in, inbox)
