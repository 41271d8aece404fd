"""An entry that another filer took over, and a number that is burnt: by a licence holder, with proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from tasks.approved_acts import act_title
from tasks.core.errors import BadInput, BadNumber, NotApproved, NumberUnavailable, Unaccounted
from tasks.core.journal.verification import verify_journal
from tasks.entries.numbers.entry_numbers import make_entry_number
from tasks.reconciliation.accounting import number_account
from tasks.reconciliation.accounting.number_account import account_numbers
from tasks.reconciliation.accounting.report_data import AccountingReport, build_report
from tasks.reconciliation.accounting.report_pdf import render_report
from tasks.reconciliation.accounting.sign_off import require_accounted
from tasks.reconciliation.decisions.filer_handover import hand_over
from tasks.reconciliation.decisions.license_holder_acts import cancel_number
from tasks.reconciliation.decisions.settlements import settle_by_proof
from tasks.reconciliation.events import AnswerLine, AnswerRead
from tasks.security.approvals import find_approval
from tests.ace import made_summary
from tests.entries import house as desks
from tests.errors import refused
from tests.reconciliation.ace_exchange import World, open_world, record_released, record_summaries, send_one
from tests.reconciliation.broker_office import Office

OTHER = "XYZ-1234567-1"


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def approved(world: World, act: Callable[[], object]) -> None:
    """Ask, let ada approve, do it."""
    with pytest.raises(NotApproved):
        act()
    world.office.approve_last()
    act()


def places(world: World) -> dict[str, str]:
    return {one.number: one.place for one in account_numbers(world.office.journal) if one.desk}


def report_of(world: World) -> AccountingReport:
    return build_report(world.house.journal, world.house.content, world.house.settings)


def front_of(world: World) -> str:
    pages = PdfReader(BytesIO(render_report(report_of(world)))).pages
    return " ".join(pages[0].extract_text().split())


KEPT = {"paper_outcome": "not presented", "release_date": None, "release_time": None}


def test_an_odd_check_digit_of_another_broker_is_told_before_it_is_approved(world: World) -> None:
    first, second = record_summaries(world, ["01", "01"], **KEPT)
    right, odd = make_entry_number("XYZ", 1234567), make_entry_number("XYZ", 1234567, 3)

    def doubt(number: str, other: object) -> str:
        with pytest.raises(NotApproved) as waits:
            hand_over(world.house, number, f" {other} ".lower(), b"mail", "bo")
        doubt = waits.value.values.get("doubt", "")
        asked = find_approval(world.house.journal, waits.value.plan)
        title = act_title(world.house, asked)
        assert doubt in title and number in title and str(other) in title
        return doubt

    assert not doubt(first, right)
    assert str(right.check) in doubt(first, odd)
    world.office.approve_last()
    hand_over(world.house, first, str(odd), b"mail", "bo")
    assert not doubt(second, make_entry_number("XYZ", 7654321, 3)), "that filer has a factor"
    assert doubt(second, make_entry_number("XYZ", 7654321)), "its earlier ones have one"
    assert f"{odd}" in doubt(second, odd) and first in doubt(second, odd), "copied from the line above"


def test_handed_over_once_approved(world: World) -> None:
    (number,) = record_summaries(world, ["01"], **KEPT)
    approved(world, lambda: hand_over(world.house, number, OTHER, b"mail", "bo"))
    assert places(world)[number] == number_account.HANDED_OVER
    assert verify_journal(world.office.journal, world.office.book.content).ok
    world.run()
    assert number not in world.ace.book(), "what another filed must never be sent"


def test_what_stands_in_ace_is_not_handed_over(world: World) -> None:
    number = send_one(world)
    with refused("entry-active-in-ace"):
        hand_over(world.house, number, OTHER, b"mail", "bo")
    world.run()
    with refused("entry-state-not-recorded", NumberUnavailable) as caught:
        hand_over(world.house, number, OTHER, b"mail", "bo")
    assert caught.values["state"] == "settled"


def test_what_the_port_released_under_our_number_stays_ours(world: World) -> None:
    (number,) = record_summaries(world, ["01"])
    before = world.office.journal.head()
    with refused("entry-presented-to-cbp"):
        hand_over(world.house, number, OTHER, b"mail", "bo")
    assert world.office.journal.head() == before


def test_bad_input_changes_nothing(world: World) -> None:
    (number,) = record_summaries(world, ["01"])
    before = world.office.journal.head()
    with refused("handover-to-own-filer", BadInput):
        hand_over(world.house, number, number, b"mail", "bo")
    with pytest.raises(BadNumber):
        hand_over(world.house, number, "nonsense", b"mail", "bo")
    with refused("statement-or-proof-missing", BadInput):
        hand_over(world.house, number, OTHER, b"", "bo")
    with refused("statement-or-proof-missing", BadInput):
        cancel_number(world.house, number, " ", b"mail", "bo")
    with pytest.raises(NumberUnavailable):
        cancel_number(world.house, "ABC-1234567-6", "cancelled", b"mail", "bo")
    assert world.office.journal.head() == before


def test_burnt_is_never_used_again(world: World) -> None:
    (number,) = record_summaries(world, ["01"])
    approved(world, lambda: cancel_number(world.house, number, "cancelled, reason 09", b"portal", "bo"))
    assert places(world)[number] == number_account.BURNT
    world.run()
    assert number not in world.ace.book()


def test_what_ace_still_has_is_not_burnt(world: World) -> None:
    (number,) = record_summaries(world, ["01"])
    world.ace.seed_officer_entry(number, port="3801", released=made_summary.RELEASED, notified=True)
    world.exchange()
    for _ in range(4):
        world.turn()
        world.exchange()
    with refused("entry-not-canceled-in-ace"):
        cancel_number(world.house, number, "cancelled", b"portal", "bo")


def test_what_ace_has_and_nobody_recorded_blocks_the_signature(world: World) -> None:
    """A number that is void, free or still at its desk: CBP tells of it on its own account."""
    office = world.office
    void, lost = desks.issue(office.journal, office.settings, "truck", 2)
    desks.void(office.journal, void)
    free = next(one.number for one in account_numbers(office.journal) if one.place == number_account.FREE)
    lines = [AnswerLine(number=number, disposition="already on file", release="released")
             for number in (void, lost, free)]  # fmt: skip
    office.journal.append(AnswerRead(application="SO", about="notice", batch="", content="",
                                           rejected=False, lines=lines), "answer/1", "bo")  # fmt: skip
    found = {one.number: one.place for one in account_numbers(office.journal)}
    assert {found[number] for number in (void, lost, free)} == {number_account.STRAY}
    with refused("numbers-in-ace-not-in-record", Unaccounted) as caught:
        require_accounted(account_numbers(office.journal))
    assert sorted(caught.values["numbers"]) == sorted((void, lost, free))
    assert all(one.holds for one in report_of(world).proofs)
    assert "RECORDED BY NOBODY at truck: 2 number(s)" in front_of(world)
    for number in (void, free, lost):
        approved(world, lambda number=number: cancel_number(world.house, number, "CBP cancelled", b"m", "bo"))
    require_accounted(account_numbers(office.journal))
    assert all(one.holds for one in report_of(world).proofs)
    assert verify_journal(office.journal, office.book.content).ok


def test_what_was_settled_by_proof_and_never_shown_by_ace_is_told_to_the_auditor(world: World) -> None:
    """It stood as 'settled' among the others, with no difference found."""
    hand, usual = record_released(world, ["01", "01"])
    how = "keyed in the portal, seen there"
    approved(world, lambda: settle_by_proof(world.house, [hand], how, b"screen", "bo", not_in_ace=True))
    world.run()
    (told,) = report_of(world).discrepancies.to_pylist()
    assert (told["kind"], told["subject"], told["open"]) == ("settled by proof alone", hand, False)
    assert told["what"] == "ACE had shown no summary of it"
    assert how in told["settled"] and "proof " in told["settled"]
    assert places(world)[usual] == number_account.SETTLED
