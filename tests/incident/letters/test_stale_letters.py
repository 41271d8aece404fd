"""A letter whose entry was revised is flagged until it is issued again; what the port wrote flags
none."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.core.status_lines import AMBER, GREEN, RED
from tasks.entries.record.record_cache import record_of_entries
from tasks.entries.tables import ENTRIES
from tasks.incident.after_release import redelivery_demands
from tasks.incident.after_release.redelivery_demands import record_demand
from tasks.incident.letters import stale_letters
from tasks.incident.letters.letter_records import record_sending
from tasks.incident.letters.stale_letters import letters_to_renew
from tasks.incident.timeline.incident_state import require_incident
from tasks.incident.timeline.listing_rows import incident_tables
from tasks.workspace import Workspace
from tests.entries import house as desks
from tests.incident.paper_world import DRIVER, World, open_world, pdf


@pytest.fixture
def world(journal: Journal, house: Settings, tmp_path: Path) -> World:
    return open_world(desks.book_of(house, journal), tmp_path / "scratch")


def revise(world: World, number: str, **fields: object) -> None:
    rows = {row.number: row.content for row in world.book.journal.rows(ENTRIES.select())}
    record = record_of_entries(world.book.content, {number: rows[number]})
    world.take(desks.with_values(record, **fields))


def flagged(world: World) -> dict[str, tuple[str, ...]]:
    return {one.number: one.changed for one in letters_to_renew(world.book)}


def test_a_revised_entry_flags_its_letter_until_it_is_issued_again(world: World) -> None:
    number, other = world.record("30"), world.record("30")
    first = world.letter(number, other, per="port")
    assert flagged(world) == {}
    driver = {**DRIVER, "vehicle_plate": "TX NEW-111"}
    revise(world, number, importer_name="ACME FOODS OF LAREDO", **driver)
    assert flagged(world) == {number: ("importer_name", "importer", "vehicle_plate")}
    (one,) = letters_to_renew(world.book)
    assert one.letter == first.letter and not one.sent
    assert stale_letters.by_letter([one]) == {first.letter: [number]}
    (line,) = stale_letters.readiness(world.book)
    assert line.light == AMBER and number in line.fact and "--again" in line.next
    world.letter(number, again="the importer's name was wrong")
    assert flagged(world) == {} and stale_letters.readiness(world.book) == []


def test_what_no_letter_shows_flags_none(world: World) -> None:
    number = world.record("11")
    world.letter(number)
    revise(world, number, paper_outcome="exam", officer="Diaz 4711")
    assert flagged(world) == {}
    revise(world, number, paper_outcome="released", release_date=clock.washington().date())
    assert flagged(world) == {}


def test_lines_count_too_and_a_decided_one_is_said_to_be(world: World) -> None:
    number = world.record("11")
    letter = world.letter(number).letter
    record_sending(world.book, letter, "messenger", "port", clock.washington().date(),
                 world.file("stamp.pdf", pdf()), "jo")  # fmt: skip
    revise(world, number, paper_outcome="released", release_date=clock.washington().date(),
           location_of_goods="Z999")  # fmt: skip
    (one,) = letters_to_renew(world.book)
    assert one.sent and one.changed == ("location_of_goods",) and one.outcome == "released"
    assert stale_letters.readiness(world.book)[0].fact.startswith(f"1: {number}; ")


def office(world: World) -> Workspace:
    return world.book


def test_the_status_shows_watches_with_their_days(world: World) -> None:
    today = clock.washington().date()
    facts = {"arrival_date": today - timedelta(days=9), "release_date": today - timedelta(days=9)}
    plain, held, wanted = (
        world.record("11", paper_outcome=outcome, **facts) for outcome in ("released", "provisional", "released")
    )
    proof = world.file("proof.pdf", pdf())
    record_demand(world.book, wanted, "4647-1", today, today + timedelta(days=3), "mark the goods",
                        proof, "jo")  # fmt: skip
    room = office(world)
    said = incident_tables(room, require_incident(room.journal.rows))
    assert [(row["entry"], row["light"]) for row in said["redelivery"]] == [
        (wanted, RED), (held, AMBER)]  # fmt: skip
    demand = said["redelivery"][0]
    assert (demand["due"], demand["days_left"]) == (str(today + timedelta(days=3)), 3)
    lines = list(redelivery_demands.readiness(world.book))
    assert [(line.light, bool(line.since)) for line in lines] == [(RED, True), (AMBER, True)]
    end = str(today + timedelta(days=21))
    assert said["watched"] == {"entries": 1, "first_ends": end, "last_ends": end}
    assert plain not in str(said["redelivery"]) and GREEN not in str(said["redelivery"])
