"""A screening of the past, done again from the book alone."""

from __future__ import annotations

from tasks.core.errors import Refused
from tasks.core.messages import Reason
from tasks.screening import parquet_content
from tasks.screening.events import ScreeningDone
from tasks.screening.hits.name_screening import NameQuery, screen_name, screening_log
from tasks.screening.hits.screening_replay import replay_screening
from tasks.screening.hits.screening_run import hits_of
from tasks.screening.matching.subject_screener import HITS_WITH_DIGESTS
from tests.errors import refused
from tests.screening.screening_world import World

TIVA = "ofac-sdn/16527"


def test_an_old_screening_finds_again_what_it_found(world: World) -> None:
    world.take("P1,Tiva Polymer,supplier,DE,Hamburg,\nP2,Nordsee Trading,supplier,DE,,\n")
    first = world.screen()
    world.change_record(TIVA, names=[{"name": "SOMEBODY ELSE", "strength": "primary"}])
    world.take("P1,Other Name,supplier,DE,Hamburg,\n")
    assert world.screen().content != first.content
    done = replay_screening(world.house, first.content[:12])
    assert (done.screened, done.hits, done.differ, done.model) == (2, first.hits, (), "1")
    with refused("screening-unknown", Refused):
        replay_screening(world.house, "0000")


def test_what_differs_is_told(world: World) -> None:
    world.take("P1,Tiva Polymer,supplier,DE,Hamburg,\n")
    first = world.screen()
    journal, content = world.house.journal, world.house.content
    forged = content.put(parquet_content.to_bytes(hits_of(world.house, first.content).slice(0, 0), HITS_WITH_DIGESTS))
    basis = first.basis
    journal.append(ScreeningDone(scope="full", model=basis.model, lists=basis.lists, content=forged,
                   partners=basis.partners, screened=1, hits=0), "screening", "ada")  # fmt: skip
    assert replay_screening(world.house, forged).differ == (Reason("hit-not-found-then", partner="P1", record=TIVA),)


def test_one_name_is_screened_again_as_it_was_asked_for(world: World) -> None:
    screen_name(world.house, NameQuery("Tiva Polymer", "DE", "entity", "carrier"), "ada")
    screen_name(world.house, NameQuery("Tiva Polymer", "IR"), "ada")
    for row in list(screening_log(world.house)):
        done = replay_screening(world.house, str(row["event"]))
        assert (done.about, done.hits, done.differ) == ("Tiva Polymer", row["hits"], ())
    assert row["hits"]


def test_clean_screenings_are_told_apart_by_their_event(world: World) -> None:
    """Their content is the same: nothing."""
    for name in ("Nordsee Trading", "Emma Daniels"):
        screen_name(world.house, NameQuery(name, "US"), "ada")
    second, first = screening_log(world.house)
    assert second["content"] == first["content"]
    with refused("screening-name-ambiguous", Refused) as caught:
        replay_screening(world.house, str(first["content"]))
    assert caught.values["events"] == f"{first['event']}, {second['event']}"
    assert replay_screening(world.house, str(first["event"])).about == "Nordsee Trading"


def test_a_name_without_its_details_is_refused(world: World) -> None:
    old = ScreeningDone(scope="name", model="1", lists={}, partners="", screened=1, hits=0,
                              content=world.house.content.put(b""), about="Old Name")  # fmt: skip
    world.house.journal.append(old, "screening", "ada")
    row = next(screening_log(world.house))
    with refused("screened-details-not-recorded", Refused) as caught:
        replay_screening(world.house, str(row["event"]))
    assert caught.values["about"] == "Old Name"
