from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from tasks.core import clock
from tasks.screening.risk import ownership_rules
from tasks.screening.risk.ownership_rules import BIS, OFAC, SUBSIDIARY, judge_ownership, owner_id, owners_as_partners
from tasks.screening.risk.partner_state import partner_states
from tests.screening.screening_world import World


def firm(partner: str, *owners: tuple[str, float]) -> dict:
    return {"partner": partner, "name": f"{partner} Ltd.",
            "owners": [{"name": name, "share": share} for name, share in owners]}  # fmt: skip


def test_shares_of_several_blocked_owners_add_up() -> None:
    register = [firm("P", ("A", 25), ("B", 25), ("C", 50))]
    owners = {owner_id("P", "A"), owner_id("P", "B")}
    found = judge_ownership(register, OFAC, owners, set())["P"]
    assert (found.sure, found.state) == (50, "sure")
    assert found.reason.code == "ownership-counts"
    assert found.reason.values["rule"].code == "owned-by-blocked-persons"
    assert found.owners == (("A", 25), ("B", 25))
    assert judge_ownership(register, OFAC, {owner_id("P", "A")}, set()) == {}


def test_an_open_hit_makes_it_possible() -> None:
    register = [firm("P", ("A", 30), ("B", 40))]
    found = judge_ownership(register, OFAC, {owner_id("P", "A")}, {owner_id("P", "B")})["P"]
    assert (found.sure, found.possible, found.state) == (30, 70, "possible")
    assert found.reason.code == "ownership-possible"


def test_a_chain_counts_with_all_its_share() -> None:
    """A blocked person owns half of M, M owns half of P: P is blocked, though 25% reach it."""
    register = [firm("M", ("X", 50)), firm("P", ("M Ltd", 50)), firm("Q", ("P", 49.9))]
    found = judge_ownership(register, OFAC, {owner_id("M", "X")}, set())
    assert found.keys() == {"M", "P"} and found["P"].sure == 50


def test_owners_in_a_ring_end() -> None:
    register = [firm("A", ("B", 60)), firm("B", ("A", 60))]
    assert judge_ownership(register, OFAC, set(), set()) == {}
    assert judge_ownership(register, OFAC, {"A"}, set()).keys() == {"A", "B"}


def test_a_subsidiary_is_held_by_more_than_half() -> None:
    assert judge_ownership([firm("P", ("A", 50))], SUBSIDIARY, {owner_id("P", "A")}, set()) == {}
    assert judge_ownership([firm("P", ("A", 50.1))], SUBSIDIARY, {owner_id("P", "A")}, set())


@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDEXY"),
                          st.floats(0, 100)), max_size=12))  # fmt: skip
def test_more_blocked_owners_never_free_anybody(edges: list[tuple[str, str, float]]) -> None:
    register = [firm(one, *((to, share) for of, to, share in edges if of == one)) for one in "ABCDE"]
    some = judge_ownership(register, OFAC, {"A"}, set()).keys()
    more = judge_ownership(register, OFAC, {"A", "B"}, set()).keys()
    assert some <= more


@pytest.mark.parametrize(
    ("day", "held", "state"),
    [
        ("2025-09-28", "by date", "off"),
        ("2025-10-01", "by date", "on"),
        ("2026-01-01", "by date", "off"),
        ("2026-11-10", "by date", "unsure"),
        ("2026-11-10", "off", "off"),
        ("2026-01-01", "on", "on"),
    ],
)
def test_the_affiliates_rule_is_a_dated_switch(day: str, held: str, state: str) -> None:
    assert ownership_rules.rule_state(BIS.name, day, held)[0] == state


def test_owners_are_screened_under_their_own_ids() -> None:
    # one owner in two lots is one owner
    assert owners_as_partners([firm("P", ("Holding A", 20), ("Holding A", 40))]) == [
        {"partner": "P > Holding A", "name": "Holding A"}
    ]


HOSHINE = "Hoshine Silicon Industry (Shanshan)"


def owned_on(world: World, day: datetime) -> list[tuple[str, str]]:
    with clock.held(day):
        one = partner_states(world.house)[0]
    return [(found.rule.name, found.state) for found in one.owned]


def test_a_listing_with_subsidiaries_reaches_them(world: World) -> None:
    world.take(f"P1,Jiaxing Silanes,manufacturer,CN,,{HOSHINE} 51%\n"
               f"P2,Half Owned,manufacturer,CN,,{HOSHINE} 50%\n")  # fmt: skip
    world.screen()
    found = {one.partner: one for one in partner_states(world.house)}
    assert found["P1"].owned[0].rule == SUBSIDIARY and found["P1"].state == "review"
    assert found["P2"].owned == ()


def test_the_affiliates_rule_counts_by_its_dates(world: World) -> None:
    world.load("csl")
    world.take("P1,Istanbul Parts,supplier,TR,,3K Aviation Consulting and Logistics 50%\n")
    world.screen()
    on, off = datetime(2025, 10, 15, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    assert owned_on(world, on) == [("bis-affiliates", "possible")]
    assert owned_on(world, off) == []
    unsure = datetime(2026, 11, 25, tzinfo=UTC)
    assert owned_on(world, unsure) == [("bis-affiliates", "possible")]
    with clock.held(unsure):
        rule = partner_states(world.house)[0].owned[0].reason.values["rule"]
    assert rule.code == "ownership-rule-unsure" and rule.values["source"]
