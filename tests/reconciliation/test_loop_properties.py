"""Whatever goes wrong between us and ACE, no entry is lost, none is accepted twice, none is
implicitly deleted, no burnt number is used again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import Phase, given, seed, settings, strategies as st

from tasks.ace.stand_in import StandIn, StandInDied
from tasks.entries import reserve
from tasks.reconciliation.classify import Step
from tasks.reconciliation.loop import verdicts
from tasks.reconciliation.plan import load
from tasks.shared import approval, opening
from tasks.shared.journal_check import verify
from tests.ace import made_record, made_summary
from tests.entries.house import FIRST
from tests.reconciliation.ace_world import World, open_world, record_summaries, take_record, today
from tests.reconciliation.house import Office, make_office

KINDS = ["01", "23", "02"]
"""Release then summary; a temporary import; quota, certified and live."""

action = st.one_of(
    st.just(("turn",)),
    st.just(("approve",)),
    st.just(("exchange",)),
    st.sampled_from(["drop", "twice", "late", "reject", "ZZZ", "die"]).map(lambda k: ("wrong", k)),
    st.just(("late answers",)),
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
        reserve.reserve(office.journal, office.settings, "entry", FIRST, 40, "tests", "it")
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
        office = Office(opening.journal(settings), settings, phone)
        ace = StandIn(self.folder / "ace" / "ace.sqlite", today())
        world = World(office, ace, self.folder / "ace" / "inbox")
        yield world
        _close(world)


def _close(world: World) -> None:
    world.ace.close()
    world.office.journal.close()


@cache
def stage() -> Stage:
    return Stage()


class Story:
    """Three entries and what happens to them."""

    def __init__(self, world: World, numbers: list[str]) -> None:
        self.world = world
        self.numbers = numbers
        self.spoiled: set[int] = set()

    def do(self, name: str, *given_: object) -> None:
        getattr(self, name.replace(" ", "_"))(*given_)

    def turn(self) -> None:
        self.world.turn()

    def approve(self) -> None:
        for asked in approval.waiting(self.world.office.journal, 2):
            self.world.office.approve(load(self.world.office.book.content, asked.plan))

    def exchange(self) -> None:
        with suppress(StandInDied):
            self.world.exchange()

    def wrong(self, kind: str) -> None:
        self.world.ace.misbehave(kind)  # type: ignore[arg-type]

    def late_answers(self) -> None:
        with suppress(StandInDied):
            self.world.ace.process_folder(self.world.office.outbound, self.world.inbox, late=True)

    def officer(self, place: int) -> None:
        """An officer keys the paper entry, if ACE has never heard of it."""
        number = self.numbers[place]
        if number not in self.world.ace.book() and KINDS[place] == "01":
            self.world.ace.seed_officer_entry(
                number, port="3801", released=made_summary.RELEASED, notified=place == 0
            )

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
        before: list[tuple[str, str, str]] = []
        for _ in range(16):
            self.turn()
            self.approve()
            self.late_answers()
            now = [(one.number, str(v.step), v.ask) for one, v in verdicts(self.world.house)]
            if now == before and not approval.waiting(self.world.office.journal, 2):
                return
            before = now

    def holds(self) -> None:
        book = self.world.ace.book()
        for holding in book.values():
            assert holding.count("summary implicitly deleted") == 0, holding
            assert holding.stands_once or not (holding.entry or holding.summary), holding
            assert not holding.burnt, holding
        assert set(self.world.steps()) == set(self.numbers), "an entry was lost"
        assert set(book) <= set(self.numbers)


def tell(actions: list[tuple]) -> None:
    with stage().set() as made:
        story = Story(made, stage().numbers)
        for one in actions:
            story.do(*one)
            story.holds()
        story.end_well()
        story.holds()
        resting = {
            Step.SETTLE, Step.DESK, Step.DIFFERS, Step.DATE, Step.PERSON, Step.TASK, Step.WAIT,
        }  # fmt: skip
        steps = made.steps()
        assert set(steps.values()) <= set(map(str, resting)), steps
        assert verify(made.office.journal, made.office.book.content).ok


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
