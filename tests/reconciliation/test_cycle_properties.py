"""Whatever goes wrong between us and ACE, no entry is lost, none is accepted twice, none is
implicitly deleted, no burnt number is used again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, seed, settings, strategies as st

from tasks.core.errors import NotApproved, Refused
from tasks.core.journal import store
from tasks.core.journal.verification import verify_journal
from tasks.drill.ace_simulator.fault_switches import SimulatorStopped
from tasks.drill.ace_simulator.simulator import AceSimulator
from tasks.entries.events import EntriesRecorded, EntryReopened, EntrySettled
from tasks.entries.numbers.number_reserve import reserve_block
from tasks.opening import open_journal
from tasks.reconciliation.cycle_stages import entry_decisions
from tasks.reconciliation.decisions.license_holder_acts import lose_batch
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.decisions.settlements import settle_by_proof
from tasks.reconciliation.events import BatchNamed
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.tables import BATCHES
from tasks.security.approvals import waiting_approvals
from tests.ace import made_record, made_summary
from tests.entries.house import FIRST
from tests.example_counts import FULL
from tests.reconciliation.ace_exchange import World, open_world, record_summaries, take_record, today
from tests.reconciliation.broker_office import Office, make_office

KINDS = ["01", "23", "02"]
"""Release then summary; a temporary import; quota, certified and live."""

action = st.one_of(
    st.just(("turn",)),
    st.just(("approve",)),
    st.just(("exchange",)),
    st.sampled_from(["drop", "twice", "late", "reject", "ZZZ", "die"]).map(lambda k: ("wrong", k)),
    st.integers(0, 12).map(lambda n: ("fail", n)),
    st.just(("late answers",)),
    st.just(("lose",)),
    st.just(("not received",)),
    st.integers(0, 2).map(lambda n: ("settle", n)),
    st.sampled_from(["release", "stop", "cancel", "reject", "cancel summary", "inactivate"]).flatmap(
        lambda what: st.integers(0, 2).map(lambda n: ("cbp", what, n))
    ),
    st.integers(0, 2).map(lambda n: ("refuse", n)),
    st.integers(0, 2).map(lambda n: ("officer", n)),
    st.integers(0, 2).map(lambda n: ("spoil", n)),
    st.integers(0, 2).map(lambda n: ("correct", n)),
    st.just(("crash",)),
)


class Stage:
    """Three recorded entries, made once; each story begins on the same stage."""

    def __init__(self) -> None:
        # In memory where there is such a place: the journal flushes each event to disk.
        room = Path("/dev/shm")
        self._room = tempfile.TemporaryDirectory(dir=room if room.is_dir() else None)
        self.folder = Path(self._room.name) / "stage"
        self._kept = Path(self._room.name) / "kept"
        office = make_office(self.folder / "home")
        reserve_block(office.journal, office.settings, "entry", FIRST, 40, "tests", "it")
        world = open_world(office, self.folder / "ace")
        self.numbers = record_summaries(world, KINDS)
        for number in self.numbers:
            with suppress(ValueError, KeyError):
                world.ace.seed_paper_release(number, made_summary.RELEASED)
        self._office = world.office
        _close(world)
        shutil.copytree(self.folder, self._kept)

    @contextmanager
    def set(self) -> Iterator[World]:
        shutil.rmtree(self.folder)
        shutil.copytree(self._kept, self.folder)
        settings, phone = self._office.settings, self._office.phone
        office = Office(open_journal(settings), settings, phone)
        ace = AceSimulator(self.folder / "ace" / "ace.sqlite", today())
        world = World(office, ace, self.folder / "ace" / "inbox")
        yield world
        _close(world)


def _close(world: World) -> None:
    world.ace.close()
    world.office.journal.close()


@cache
def stage() -> Stage:
    return Stage()


@pytest.fixture(scope="module", autouse=True)
def one_engine() -> Iterator[None]:
    """All stories' books lie in the same place: one engine does for them, with what it has compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "engine", cache(store.engine))
        yield


class Story:
    """Three entries and what happens to them."""

    def __init__(self, world: World, numbers: list[str]) -> None:
        self.world = world
        self.numbers = numbers
        self.spoiled: set[int] = set()
        self.fetched: set[str] = set()
        self.lost: set[str] = set()
        self.burnt: set[str] = set()

    def do(self, name: str, *given_: object) -> None:
        getattr(self, name.replace(" ", "_"))(*given_)

    def turn(self) -> None:
        self.world.turn()

    def approve(self) -> None:
        for asked in waiting_approvals(self.world.office.journal, 2):
            self.world.office.approve_digest(asked.plan)

    def exchange(self, late: bool = False) -> None:
        outbound, inbox = self.world.office.outbound, self.world.inbox
        self.fetched |= {path.name for path in outbound.glob("*.abi")}
        with suppress(SimulatorStopped):
            self.world.ace.process_folder(outbound, inbox, late=late)

    def late_answers(self) -> None:
        self.exchange(late=True)

    def wrong(self, kind: str) -> None:
        self.world.ace.misbehave(kind)  # type: ignore[arg-type]

    def fail(self, skip: int) -> None:
        """ACE fails at one of the next transactions: a filing, or a question of any kind."""
        self.world.ace.misbehave("ZZZ", skip=skip)

    def lose(self) -> None:
        """A file that nobody fetched yet is lost on the way."""
        for path in self.world.office.outbound.glob("*.abi"):
            if path.name not in self.fetched:
                self.lost.add(path.name)
                path.unlink()

    def not_received(self) -> None:
        """The licence holder hears from CBP that ACE never got what was lost."""
        house = self.world.house
        for row in house.journal.rows(sa.select(BATCHES).where(BATCHES.c.file.in_(self.lost))):
            self._allowed(lose_batch, house, row.batch, "never seen", b"CBP's mail", "bo")
        self.lost.clear()

    def settle(self, place: int) -> None:
        """A person settles an entry, approved, at whatever moment."""
        number, house = self.numbers[place], self.world.house
        self._allowed(settle_by_proof, house, [number], "by hand", b"proof", "bo", not_in_ace=True)

    def _allowed(self, act: Callable[..., object], *given_: object, **more: object) -> None:
        with suppress(Refused):
            try:
                act(*given_, **more)
            except NotApproved:
                self.world.office.approve_last()
                act(*given_, **more)

    def cbp(self, what: str, place: int) -> None:
        """CBP acts of its own accord, and tells of it with the next answers."""
        ace, number = self.world.ace, self.numbers[place]
        acts_ = {
            "release": lambda: ace.clear(number, made_summary.RELEASED),
            "stop": lambda: ace.stop(number),
            "cancel": lambda: ace.cancel_entry(number),
            "reject": lambda: ace.reject_summary(number),
            "cancel summary": lambda: self._mark(number, "6", status=3, control=3),
            "inactivate": lambda: self._mark(number, "5", control=3),
        }
        if number in self.burnt:
            return
        with suppress(KeyError):
            acts_[what]()
            if what.startswith("cancel"):
                self.burnt.add(number)

    def _mark(self, number: str, notice: str, **state: int) -> None:
        self.world.ace.mark_summary(number, **state)
        self.world.ace.notify(number, notice)

    def refuse(self, place: int) -> None:
        """The truck was refused after all: the desk says so, and no clearer word may come later."""
        self._revise(place, paper_outcome="refused", release_date=None)

    def officer(self, place: int) -> None:
        """An officer keys the paper entry, if ACE has never heard of it."""
        number = self.numbers[place]
        if number not in self.world.ace.book() and KINDS[place] == "01":
            self.world.ace.seed_officer_entry(number, port="3801", released=made_summary.RELEASED, notified=place == 0)

    def spoil(self, place: int) -> None:
        """The desk hands in a slip that our checks pass and ACE refuses."""
        self.spoiled.add(place)
        self._revise(place, consignee_number="99-999999900")

    def correct(self, place: int) -> None:
        self.spoiled.discard(place)
        self._revise(place, consignee_number=made_summary.IMPORTER)

    def _revise(self, place: int, **fields: object) -> None:
        number = self.numbers[place]
        rows = made_summary.summary(int(number[4:11]), KINDS[place], **fields)
        rows["parties"] = made_record.parties(number)
        with suppress(AssertionError):
            take_record(self.world, made_record.joined([rows]))

    def crash(self) -> None:
        """The power goes while a batch is being written."""
        real, self.left = Path.replace, 1

        def cut(path: Path, target: Path) -> Path:
            if path.suffix == ".part" and path.parent == self.world.office.outbound and self.left:
                self.left -= 1
                raise KeyboardInterrupt
            return real(path, target)

        Path.replace = cut  # type: ignore[method-assign,assignment]
        try:
            with suppress(KeyboardInterrupt):
                self.world.turn()
        finally:
            Path.replace = real  # type: ignore[method-assign]

    def end_well(self) -> None:
        """From here on all goes well; the loop must come to rest."""
        for place in sorted(self.spoiled):
            self.correct(place)
        self.not_received()
        self.world.ace.behave()
        before: list[tuple[str, str, str]] = []
        for _ in range(20):
            self.turn()
            self.approve()
            self.late_answers()
            now = [(one.number, str(v.step), v.ask) for one, v in entry_decisions(self.world.house)]
            if now == before and not waiting_approvals(self.world.office.journal, 2):
                return
            before = now

    def holds(self) -> None:
        book = self.world.ace.book()
        for holding in book.values():
            assert holding.count("summary implicitly deleted") == 0, holding
            assert holding.stands_once or not (holding.entry or holding.summary), holding
            assert holding.canceled == (holding.number in self.burnt), holding
        recorded = {one.number for one in list_entry_states(self.world.house.journal)}
        assert recorded == set(self.numbers), "an entry was lost"
        assert set(book) <= set(self.numbers)

    def ended(self) -> None:
        """Each entry rests, and what still waits for ACE is there."""
        resting = {
            NextStep.SETTLE,
            NextStep.DESK,
            NextStep.DIFFERS,
            NextStep.DATE,
            NextStep.PERSON,
            NextStep.TASK,
            NextStep.WAIT,
            NextStep.CANCEL,
            NextStep.NO_FILING,
            NextStep.CORRECT_IN_ACE,
        }
        steps, book = self.world.steps(), self.world.ace.book()
        assert set(steps.values()) <= set(map(str, resting)), steps
        for number, step in steps.items():
            held = book.get(number)
            assert step != NextStep.WAIT or held, f"{number} waits for what ACE never got"
        self._sent_right()

    def _sent_right(self) -> None:
        """Nothing was named in a batch whose paper did not allow it, or that was settled."""
        outcome: dict[str, str] = {}
        settled: set[str] = set()
        for event in self.world.house.journal.events():
            said = event.said
            if isinstance(said, EntriesRecorded):
                outcome |= {line.number: line.outcome for line in said.entries}
            elif isinstance(said, EntrySettled):
                settled.add(said.number)
            elif isinstance(said, EntryReopened):
                settled.discard(said.number)
            elif isinstance(said, BatchNamed):
                assert not settled & set(said.numbers), said
                assert {outcome[number] for number in said.numbers} == {"released"}, said


def tell(actions: list[tuple]) -> None:
    with stage().set() as made:
        story = Story(made, stage().numbers)
        for one in actions:
            story.do(*one)
            story.holds()
        story.end_well()
        story.holds()
        story.ended()
        if FULL or len(actions) % 4 == 0:
            assert verify_journal(made.office.journal, made.office.book.content).ok


# A failing story is short enough to read; shrinking it takes minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@given(actions=st.lists(action, max_size=14))
@settings(max_examples=200, phases=PHASES)
def test_whatever_goes_wrong_each_entry_stands_once(actions: list[tuple]) -> None:
    tell(actions)


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_whatever_goes_wrong_each_entry_stands_once_at_length(part: int) -> None:
    """2,000 stories, in parts that can be told side by side."""

    @seed(part)
    @given(actions=st.lists(action, max_size=18))
    @settings(max_examples=500, phases=PHASES)
    def told(actions: list[tuple]) -> None:
        tell(actions)

    told()
