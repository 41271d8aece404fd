"""The office and a stand-in ACE on the other side of two folders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from tasks.ace.settings import AceSettings
from tasks.core import clock
from tasks.drill.ace_simulator.simulator import AceSimulator
from tasks.entries.record.entry_record import EntryRecord, to_bytes
from tasks.entries.record.entry_recording import record_intake
from tasks.entries.workbook.file_intake import FileIntake, IntakeFile
from tasks.reconciliation.cycle_stages import CycleResult, entry_decisions, run_cycle
from tasks.reconciliation.plan.payment_terms import sending_day
from tasks.reconciliation.plan.plan_store import SendingPlan
from tasks.workspace import Workspace
from tests.ace import made_record, made_summary
from tests.entries import house as desks
from tests.reconciliation.broker_office import Office


@dataclass
class World:
    office: Office
    ace: AceSimulator
    inbox: Path

    @property
    def house(self) -> Workspace:
        return self.office.house

    def turn(self) -> CycleResult:
        return run_cycle(self.house, "bo", sending_day(self.office.settings))

    def exchange(self) -> None:
        """The sender takes what lies in the outbound folder; ACE answers into the inbox."""
        self.ace.process_folder(self.office.outbound, self.inbox)

    def run(self, turns: int = 25, approve: bool = True) -> CycleResult:
        """Turns until the steps stay the same; each plan is approved as it comes."""
        seen: list[dict[str, list[str]]] = []
        for _ in range(turns):
            last = self.turn()
            seen.append(last.steps)
            if last.waiting is not None and approve:
                self.office.approve(last.waiting)
            elif seen[-5:] == [last.steps] * 5:
                return last
            self.exchange()
        raise AssertionError(f"still moving after {turns} turns: {last.steps}")

    def steps(self) -> dict[str, str]:
        return {one.number: str(verdict.step) for one, verdict in entry_decisions(self.house)}


def today() -> date:
    return clock.washington().date()


def open_world(office: Office, folder: Path) -> World:
    """`ask_first` on, an inbox, and a stand-in that knows this filer."""
    inbox = folder / "inbox"
    inbox.mkdir(parents=True)
    ace = office.settings(AceSettings).model_copy(
        update={"ask_first": True, "inbox": inbox, "ask_again_minutes": 0, "batches_per_hour": 10_000}
    )
    office.settings = office.settings.model_copy(update={"ace": ace})
    stand_in = AceSimulator(folder / "ace.sqlite", today())
    stand_in.seed_filer("ABC")
    (office.settings.home / "payment.csv").write_text(
        "importer_number,payment_type,branch,account,periodic_day\n*,2,,filer,\n"
    )
    return World(office, stand_in, inbox)


def record_summaries(world: World, kinds: list[str], **fields: object) -> list[str]:
    """Record entries that are complete for SE and AE, straight into the ledger."""
    office = world.office
    numbers = desks.issue(office.journal, office.settings, "truck", len(kinds))
    parts = []
    for text, kind in zip(numbers, kinds, strict=True):
        rows = made_summary.summary(int(text[4:11]), kind, **fields)
        rows["parties"] = made_record.parties(text)
        parts.append(rows)
    take_record(world, made_record.joined(parts))
    return numbers


def send_one(world: World) -> str:
    """One entry on its way to ACE, which has not answered yet; its number."""
    (number,) = record_summaries(world, ["01"])
    world.ace.seed_paper_release(number, made_summary.RELEASED)
    approve_first(world)
    world.turn()
    return number


def approve_first(world: World) -> None:
    """Turns until the first plan waits, and its approval; what it names is not written yet."""
    last = world.turn()
    while last.waiting is None:
        world.exchange()
        last = world.turn()
    world.office.approve(last.waiting)


def record_released(world: World, kinds: list[str], **fields: object) -> list[str]:
    """The same, and the port has let them go on paper: a release filed in ACE stands at once."""
    numbers = record_summaries(world, kinds, **fields)
    for number in numbers:
        world.ace.seed_paper_release(number, made_summary.RELEASED)
    return numbers


def until_duty(world: World, turns: int = 14) -> SendingPlan:
    """Turns until a plan with summaries waits; releases are approved on the way."""
    steps: dict[str, list[str]] = {}
    for _ in range(turns):
        last = world.turn()
        if last.waiting is not None:
            if last.waiting.duty:
                return last.waiting
            world.office.approve(last.waiting)
        steps = last.steps
        world.exchange()
    raise AssertionError(f"no plan with duty: {steps}")


def take_record(world: World, record: EntryRecord) -> None:
    """Hand a record in as if a desk's clean workbook had held it."""
    digest = sha256(to_bytes(record)).hexdigest()
    source = IntakeFile(Path(f"{digest[:8]}.xlsx"), digest)
    intake = FileIntake((source,), "workbook", "truck", record, ())
    (taken,) = record_intake(world.office.book, [intake], "jo", go_back=True)
    assert not taken.problems
