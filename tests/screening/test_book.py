"""The screening's facts in the book: on both databases, rebuilt, verified, and after a failure."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
import sqlalchemy as sa

from tasks.screening import decisions, shown, standing, status, stored, watch
from tasks.screening.lists import versions
from tasks.shared import clock, people, screening_tables
from tasks.shared.journal import Journal, Pen
from tasks.shared.journal_check import verify
from tasks.shared.kinds.base import Body
from tasks.shared.kinds.screening import ScreeningDone
from tasks.workspace import Workspace
from tests.screening.conftest import LISTS
from tests.screening.world import World

TIVA = "ofac-sdn/16527"


@pytest.fixture
def anywhere(book: Journal, content, house, excerpts_are_whole, tmp_path) -> World:
    """The world of these tests on SQLite, then on PostgreSQL."""
    people.add(book, "ada", "Ada Vance", "98765", ["approver", "compliance"], "it")
    made = World(Workspace(house, journal=book), tmp_path, LISTS)
    made.load("ofac_2024-01-08")
    return made


def test_it_holds_on_both_databases(anywhere: World) -> None:
    world, journal = anywhere, anywhere.house.journal
    world.take("P1,Tiva Polymer,supplier,DE,,\nP2,Nordsee Trading,carrier,DE,,\n")
    world.screen()
    hit = world.hit("P1", TIVA)
    assert decisions.decide(world.house, hit.hit, "cleared", "a namesake", "ada").state == (
        decisions.WAITS
    )
    standing.review(world.house, "P2", "looked", "ada")
    world.take("P2,Nordsee Trading,carrier,DE,,\n", whole=True)
    world.screen()
    assert world.states() == {("P1", TIVA): "gone"}
    world.take("P1,Tiva Polymer,supplier,DE,,\n")
    world.screen()
    assert world.states() == {("P1", TIVA): decisions.WAITS}
    assert verify(journal, world.house.content).ok
    tables = (
        screening_tables.HITS,
        screening_tables.LISTS,
        screening_tables.SCREENED,
        screening_tables.REVIEWS,
    )
    before = [journal.rows(sa.select(table)) for table in tables]
    journal.rebuild()
    assert [journal.rows(sa.select(table)) for table in tables] == before


def test_a_failure_half_way_leaves_the_book_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.take("P1,Tiva Polymer,supplier,DE,,\n")
    head = world.house.journal.head()
    append = Pen.append

    def fails(self: Pen, body: Body, *rest: object, **more: object):
        if isinstance(body, ScreeningDone):
            raise OSError("the disk is full")
        return append(self, body, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Pen, "append", fails)
    with pytest.raises(OSError, match="full"):
        world.screen()
    assert world.house.journal.head() == head and world.states() == {}
    monkeypatch.undo()
    assert len(world.screen().new) == 1


def test_an_interrupted_load_is_done_again(world: World, lists) -> None:
    """Content without an event is harmless: the same list loads as if nothing had been."""
    force = versions.in_force(world.house.journal)
    digest = force["ofac-sdn"].content
    assert world.house.content.path(digest).is_file()
    world.load("ofac_2024-01-08")
    assert versions.in_force(world.house.journal) == force


def test_what_status_says_is_light_to_ask(world: World) -> None:
    world.take("P1,Tiva Polymer,supplier,DE,,\n")
    world.screen()
    waiting = watch.undecided(world.house.journal)
    assert (waiting.undecided, waiting.blocking) == (1, 1)
    red = [one.values["reason"].code for one in watch.red_lists(world.house.journal)]
    assert "list-too-old" in red


def test_a_list_that_nobody_was_screened_against_is_told(world: World) -> None:
    world.take("P1,Tiva Polymer,supplier,DE,,\n")
    assert watch.unscreened(world.house.journal) == ([], "")
    world.screen()
    assert watch.unscreened(world.house.journal) == ([], "")
    world.change_record(TIVA, remarks="looked at again")
    changed, since = watch.unscreened(world.house.journal)
    assert changed == ["ofac-sdn"] and since
    world.screen()
    assert watch.unscreened(world.house.journal) == ([], "")


def test_reviews_are_due_as_the_risk_is_today(world: World) -> None:
    """Not as it was when they were set; and nobody reviews who is no partner any more."""
    world.take("P1,Nordsee Trading,supplier,DE,,\nP2,Ostsee Trading,supplier,DE,,\n")
    with clock.held(datetime(2026, 1, 5, tzinfo=UTC)):
        for partner in ("P1", "P2"):
            standing.review(world.house, partner, "looked", "ada")
    with clock.held(datetime(2026, 11, 24, tzinfo=UTC)):
        assert watch.overdue_reviews(world.house) == (0, "")
        world.take("P1,Nordsee Trading,supplier,IR,,\n")
        assert watch.overdue_reviews(world.house) == (1, "2026-04-05")
    with clock.held(datetime(2027, 2, 1, tzinfo=UTC)):
        assert watch.overdue_reviews(world.house) == (2, "2027-01-05")
        world.take("P1,Nordsee Trading,supplier,IR,,\n", whole=True)
        assert watch.overdue_reviews(world.house) == (1, "2026-04-05")


def test_a_risky_partner_that_nobody_looked_at_is_counted(world: World) -> None:
    """No list names it: it stood as `review` in the listing alone."""
    world.take("P1,Nordsee Trading,supplier,DE,,\nP2,Isfahan Rugs,supplier,IR,,\n")
    assert watch.unseen(world.house) == (0, ""), "nobody is screened here yet"
    world.screen()
    count, since = watch.unseen(world.house)
    assert count == 1 and since
    lines = {line.code: line for line in status.lines(world.house)}
    assert lines["risky-partners-not-reviewed"].values == {"count": 1}
    standing.review(world.house, "P2", "looked", "ada")
    assert watch.unseen(world.house) == (0, "")
    codes = {line.code for line in status.lines(world.house)}
    assert "risky-partners-not-reviewed" not in codes


def test_a_listing_of_hits_reads_only_the_columns_it_shows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.take("P1,Tiva Polymer,supplier,DE,,\n")
    world.screen()
    hits = decisions.hits(world.house)
    read: list[list[str]] = []
    some = stored.some

    def spied(data: bytes, schema: pa.Schema, **wanted: list[str]) -> pa.Table:
        read.append(schema.names)
        return some(data, schema, **wanted)

    monkeypatch.setattr(stored, "some", spied)
    monkeypatch.setattr(stored, "from_bytes", None)
    (row,) = shown.rows(world.house, hits)
    assert (row["name"], row["listed_name"]) == ("Tiva Polymer", "TIVA POLYMER CO.")
    assert len(read) == 1 and "explanation" not in read[0]
