"""The screening's facts in the book: on both databases, rebuilt, verified, and after a failure."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
import sqlalchemy as sa

from tasks.core import clock
from tasks.core.journal.bodies import Body
from tasks.core.journal.journal import Journal, Pen
from tasks.core.journal.verification import verify_journal
from tasks.screening import open_items, parquet_content, status, tables as screening_tables
from tasks.screening.events import ScreeningDone
from tasks.screening.hits import hit_decisions, hit_listing
from tasks.screening.hits.hit_decisions import current_hits, decide_hit
from tasks.screening.hits.hit_listing import hit_rows
from tasks.screening.lists import list_versions
from tasks.screening.lists.list_versions import lists_not_screened, red_lists
from tasks.screening.open_items import risky_unreviewed, undecided_hits
from tasks.screening.parquet_content import select_rows
from tasks.screening.risk.partner_state import record_review
from tasks.security.people import add_person
from tasks.workspace import Workspace
from tests.screening.conftest import LISTS
from tests.screening.screening_world import World

TIVA = "ofac-sdn/16527"


@pytest.fixture
def anywhere(book: Journal, content, house, excerpts_are_whole, tmp_path) -> World:
    """The world of these tests on SQLite, then on PostgreSQL."""
    add_person(book, "ada", "Ada Vance", "98765", ["approver", "compliance"], "it")
    made = World(Workspace(house, journal=book), tmp_path, LISTS)
    made.load("ofac_2024-01-08")
    return made


def test_it_holds_on_both_databases(anywhere: World) -> None:
    world, journal = anywhere, anywhere.house.journal
    world.take("P1,Tiva Polymer,supplier,DE,,\nP2,Nordsee Trading,carrier,DE,,\n")
    world.screen()
    hit = world.hit("P1", TIVA)
    assert decide_hit(world.house, hit.hit, "cleared", "a namesake", "ada").state == (hit_decisions.WAITS)
    record_review(world.house, "P2", "looked", "ada")
    world.take("P2,Nordsee Trading,carrier,DE,,\n", replace_all=True)
    world.screen()
    assert world.states() == {("P1", TIVA): "gone"}
    world.take("P1,Tiva Polymer,supplier,DE,,\n")
    world.screen()
    assert world.states() == {("P1", TIVA): hit_decisions.WAITS}
    assert verify_journal(journal, world.house.content).ok
    tables = (screening_tables.HITS, screening_tables.LISTS, screening_tables.SCREENED, screening_tables.REVIEWS)
    before = [journal.rows(sa.select(table)) for table in tables]
    journal.rebuild()
    assert [journal.rows(sa.select(table)) for table in tables] == before


def test_a_failure_half_way_leaves_the_book_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
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
    force = list_versions.in_force(world.house.journal)
    digest = force["ofac-sdn"].content
    assert world.house.content.path(digest).is_file()
    world.load("ofac_2024-01-08")
    assert list_versions.in_force(world.house.journal) == force


def test_what_status_says_is_light_to_ask(world: World) -> None:
    world.take("P1,Tiva Polymer,supplier,DE,,\n")
    world.screen()
    waiting = undecided_hits(world.house.journal)
    assert (waiting.undecided, waiting.blocking) == (1, 1)
    red = [one.values["reason"].code for one in red_lists(world.house.journal)]
    assert "list-too-old" in red


def test_a_list_that_nobody_was_screened_against_is_told(world: World) -> None:
    world.take("P1,Tiva Polymer,supplier,DE,,\n")
    assert lists_not_screened(world.house.journal) == ([], "")
    world.screen()
    assert lists_not_screened(world.house.journal) == ([], "")
    world.change_record(TIVA, remarks="looked at again")
    changed, since = lists_not_screened(world.house.journal)
    assert changed == ["ofac-sdn"] and since
    world.screen()
    assert lists_not_screened(world.house.journal) == ([], "")


def test_reviews_are_due_as_the_risk_is_today(world: World) -> None:
    """Not as it was when they were set; and nobody reviews who is no partner any more."""
    world.take("P1,Nordsee Trading,supplier,DE,,\nP2,Ostsee Trading,supplier,DE,,\n")
    with clock.held(datetime(2026, 1, 5, tzinfo=UTC)):
        for partner in ("P1", "P2"):
            record_review(world.house, partner, "looked", "ada")
    with clock.held(datetime(2026, 11, 24, tzinfo=UTC)):
        assert open_items.overdue_reviews(world.house) == (0, "")
        world.take("P1,Nordsee Trading,supplier,IR,,\n")
        assert open_items.overdue_reviews(world.house) == (1, "2026-04-05")
    with clock.held(datetime(2027, 2, 1, tzinfo=UTC)):
        assert open_items.overdue_reviews(world.house) == (2, "2027-01-05")
        world.take("P1,Nordsee Trading,supplier,IR,,\n", replace_all=True)
        assert open_items.overdue_reviews(world.house) == (1, "2026-04-05")


def test_a_risky_partner_that_nobody_looked_at_is_counted(world: World) -> None:
    """No list names it: it stood as `review` in the listing alone."""
    world.take("P1,Nordsee Trading,supplier,DE,,\nP2,Isfahan Rugs,supplier,IR,,\n")
    assert risky_unreviewed(world.house) == (0, ""), "nobody is screened here yet"
    world.screen()
    count, since = risky_unreviewed(world.house)
    assert count == 1 and since
    lines = {line.code: line for line in status.lines(world.house)}
    assert lines["risky-partners-not-reviewed"].values == {"count": 1}
    record_review(world.house, "P2", "looked", "ada")
    assert risky_unreviewed(world.house) == (0, "")
    codes = {line.code for line in status.lines(world.house)}
    assert "risky-partners-not-reviewed" not in codes


def test_a_listing_of_hits_reads_only_the_columns_it_shows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.take("P1,Tiva Polymer,supplier,DE,,\n")
    world.screen()
    hits = current_hits(world.house)
    read: list[list[str]] = []

    def spied(data: bytes, schema: pa.Schema, **values: list[str]) -> pa.Table:
        read.append(schema.names)
        return select_rows(data, schema, **values)

    monkeypatch.setattr(hit_listing, "select_rows", spied)
    monkeypatch.setattr(parquet_content, "from_bytes", None)
    (row,) = hit_rows(world.house, hits)
    assert (row["name"], row["listed_name"]) == ("Tiva Polymer", "TIVA POLYMER CO.")
    assert len(read) == 1 and "explanation" not in read[0]
