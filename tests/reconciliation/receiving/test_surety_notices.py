"""An entry waits for the eBond of each of its single transaction bonds, the additional one too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tasks.core import clock
from tasks.core.errors import BadInput, NumberUnavailable, Refused
from tasks.core.journal.verification import verify_journal
from tasks.entries.events import SingleBond
from tasks.reconciliation.decisions.classification import classify
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.letters import letter_layout as words
from tasks.reconciliation.letters.letter_files import drafts
from tasks.reconciliation.receiving.surety_notices import check_notice, confirm_bonds
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import EntryState
from tests.ace import made_record, made_summary
from tests.errors import refused
from tests.reconciliation.ace_exchange import World, open_world, record_released, record_summaries, take_record
from tests.reconciliation.broker_office import Office

SECOND = {"second_surety": "777", "second_bond_amount": 4_000}
SINGLE = {"bond_type": "9", "surety_code": "036", "bond_amount": 25_000}
BASIC = SingleBond(designation="B", surety="036", amount=25_000)
ADDITIONAL = SingleBond(designation="A", surety="777", amount=4_000)


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def notice(number: str) -> bytes:
    return f"To the broker: our eBond for entry {number} was accepted by CBP.".encode()


def of(world: World, number: str) -> EntryState:
    return next(one for one in list_entry_states(world.office.journal) if one.number == number)


def words_of(text: str) -> set[str]:
    """The words of a text without the signs that close them."""
    return {word.strip(",.;:") for word in text.split()}


def waits(world: World, number: str) -> str:
    verdict = classify(of(world, number))
    return verdict.why if verdict.step is NextStep.SURETY else ""


def test_a_continuous_bond_with_an_additional_one_waits_for_that(world: World) -> None:
    (number,) = record_released(world, ["01"], **SECOND)
    world.run()
    assert {"777", "4,000"} <= words_of(waits(world, number))
    (listed,) = drafts(world.house, clock.washington().date(), [words.SURETIES])
    assert listed.rows[0][4] == "4,000" and "777" in listed.to[0]
    done = confirm_bonds(world.house, number, notice(number), "notice.eml", "bo")
    assert done == [ADDITIONAL]
    assert not waits(world, number)
    world.ace.seed_transaction_bond(number, made_summary.IMPORTER, "777", 4_000, "01", designation="A")
    world.run()
    assert world.steps()[number] == "settled"
    assert not [*drafts(world.house, clock.washington().date(), [words.SURETIES])]
    assert verify_journal(world.office.journal, world.house.content).ok


def test_each_surety_is_waited_for_and_named(world: World) -> None:
    (number,) = record_released(world, ["01"], **SINGLE, **SECOND)
    world.run()
    assert {"036", "25,000", "777", "4,000"} <= words_of(waits(world, number))
    first, second = drafts(world.house, clock.washington().date(), [words.SURETIES])
    assert [len(one.rows) for one in (first, second)] == [1, 1]
    with refused("surety-ambiguous", BadInput):
        confirm_bonds(world.house, number, notice(number), "n.txt", "bo")
    with refused("bond-of-surety-missing", Refused) as caught:
        confirm_bonds(world.house, number, notice(number), "n.txt", "bo", "111")
    assert (caught.values["number"], caught.values["surety"]) == (number, "111")
    confirm_bonds(world.house, number, notice(number), "n.txt", "bo", "036")
    assert of(world, number).open_bonds == (ADDITIONAL,)
    assert "777" in words_of(waits(world, number)) and "036" not in waits(world, number)
    (left,) = drafts(world.house, clock.washington().date(), [words.SURETIES])
    assert "777" in left.to[0]
    confirm_bonds(world.house, number, notice(number), "n.txt", "bo")
    assert of(world, number).bonded
    assert confirm_bonds(world.house, number, notice(number), "n.txt", "bo") == []
    events = [*world.office.journal.events(kind="bond.confirmed")]
    assert [event.said.bond for event in events] == [BASIC, ADDITIONAL]


def test_a_bond_revised_since_is_another_bond(world: World) -> None:
    (number,) = record_summaries(world, ["01"], **SINGLE)
    confirm_bonds(world.house, number, notice(number), "n.txt", "bo")
    assert of(world, number).bonded
    rows = made_summary.summary(int(number[4:11]), "01", **SINGLE | {"bond_amount": 30_000})
    rows["parties"] = made_record.parties(number)
    take_record(world, made_record.joined([rows]))
    assert of(world, number).open_bonds == (SingleBond(surety="036", amount=30_000),)


def test_an_entry_without_a_single_bond_has_nothing_to_confirm(world: World, continuity) -> None:
    (number,) = record_summaries(world, ["01"])
    proof = world.inbox.parent / "notice.txt"
    proof.write_bytes(notice(number))
    call = ("reconcile", "bond", number, "--proof", str(proof))
    code, _, error = continuity(*call, by="bo")
    assert code == 1 and number in error
    code, _, error = continuity("reconcile", "bond", "ABC-9000007-8", *call[3:], by="bo")
    assert code == 1 and "ABC-9000007-8" in error
    assert not [*world.office.journal.events(kind="bond.confirmed")]
    (single,) = record_summaries(world, ["01"], **SINGLE)
    code, _, error = continuity("reconcile", "bond", single, *call[3:], by="bo")
    assert code == 2 and single in error and proof.name in error
    proof.write_bytes(notice(single))
    for confirmed in ([msgspec.to_builtins(BASIC)], []):
        code, out, _ = continuity("reconcile", "bond", single, *call[3:], "--json", by="bo")
        assert code == 0 and json.loads(out)["confirmed"] == confirmed


NUMBER = "ABC-9000000-3"


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n...",
        b"\x89PNG\r\n\x1a\n....",
        b"\xff\xd8\xff\xe0",
        b"Entry ABC 9000000 3 is covered",
        "Bürgschaft für abc-9000000-3".encode(),
        b"CB90000003   ABC90000003",
    ],
)
def test_notices_that_are_taken(data: bytes) -> None:
    check_notice(data, "n", NUMBER)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "surety-notice-empty"),
        (b" \n ", "surety-notice-empty"),
        (b"PK\x03\x04\xff\xfe archive", "surety-notice-type-unknown"),
        (b"MZ\x90\x00\x03", "surety-notice-type-unknown"),
        (b"our eBond for ABC-9000001-1", "surety-notice-other-entry"),
        (b"%PDF-" + b"0" * 20_000_001, "surety-notice-too-large"),
    ],
)
def test_notices_that_are_refused(data: bytes, code: str) -> None:
    with refused("surety-notice-invalid", BadInput) as caught:
        check_notice(data, "n.txt", NUMBER)
    assert caught.codes == [code]


def test_a_number_that_nobody_recorded_has_no_bond(world: World) -> None:
    with pytest.raises(NumberUnavailable):
        confirm_bonds(world.house, NUMBER, notice(NUMBER), "n", "bo")
