"""The form's answer: every refusal is written down, and nothing is approved by it."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest

from tasks.core import clock
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.operations.form_answer import form_text, give_approval
from tasks.security.approvals import ask_for_approval, find_approval, missing_approvals
from tasks.security.events import Act
from tasks.security.people import add_person, enroll_person
from tasks.security.settings import ApprovalSettings

PLAN, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def phones(journal: Journal, house: Settings) -> dict[str, pyotp.TOTP]:
    made = {}
    for person, licence in (("ada", "111"), ("cy", "222"), ("dee", "222")):
        add_person(journal, person, person.title(), licence, ["approver", "preparer"], "it")
        made[person] = pyotp.parse_uri(enroll_person(journal, house.home, person, "it"))
    for plan in (PLAN, OTHER):
        ask_for_approval(journal, plan, Act.SEND_BATCHES, [plan], "cy")
    return made


def refused(journal: Journal) -> list[tuple[str, str]]:
    """Who was refused, and why, as the book has it."""
    found = [event.said for event in journal.events()]
    return [(one.person, one.reason) for one in found  # type: ignore[attr-defined]
            if one.kind in ("approval.refused", "person.code_failed")]  # fmt: skip


@pytest.mark.parametrize("who", ["ada", " Ada ", "111"])
def test_by_id_or_licence_number(journal, house: Settings, phones, who: str) -> None:
    assert give_approval(journal, house, PLAN, PLAN[:12], who, phones["ada"].now(), clock.now()) == ""
    assert find_approval(journal, PLAN).granted_by == ("ada",)


def test_a_wrong_code(journal, house: Settings, phones) -> None:
    wrong = f"{(int(phones['ada'].now()) + 1) % 1_000_000:06}"
    assert "it is wrong" in give_approval(journal, house, PLAN, PLAN[:12], "ada", wrong, clock.now())
    assert refused(journal) == [("ada", "it is wrong")]
    assert find_approval(journal, PLAN).granted_by == ()


def test_the_preparers_own(journal, house: Settings, phones) -> None:
    assert give_approval(journal, house, PLAN, PLAN[:12], "cy", phones["cy"].now(), clock.now())
    assert refused(journal) == [("cy", "preparer-cannot-approve")]


def test_an_expired_one(journal, house: Settings, phones) -> None:
    then = clock.now() - timedelta(minutes=11)
    said = give_approval(journal, house, PLAN, PLAN[:12], "ada", phones["ada"].at(then), then)
    assert "more than 10 minutes ago" in said and len(refused(journal)) == 1
    assert find_approval(journal, PLAN).granted_by == ()


def test_one_given_while_the_worker_was_away_counts(journal, house: Settings, phones) -> None:
    then = clock.now() - timedelta(minutes=8)
    assert give_approval(journal, house, PLAN, PLAN[:12], "ada", phones["ada"].at(then), then) == ""


def test_a_replayed_one(journal, house: Settings, phones) -> None:
    now, code = clock.now(), phones["ada"].now()
    assert give_approval(journal, house, PLAN, PLAN[:12], "ada", code, now) == ""
    assert "used before" in give_approval(journal, house, OTHER, OTHER[:12], "ada", code, now)
    assert find_approval(journal, OTHER).granted_by == () and len(refused(journal)) == 1


@pytest.mark.parametrize(("who", "why"), [("222", "license-shared-by-people"), ("nobody", "person-or-license-unknown")])
def test_somebody_who_cannot_be_told(journal, house: Settings, phones, who: str, why: str) -> None:
    assert give_approval(journal, house, PLAN, PLAN[:12], who, "000000", clock.now())
    assert refused(journal) == [(who, why)]


@pytest.mark.parametrize("seen", ["", OTHER[:12]])
def test_another_plan_than_the_form_showed(journal, house: Settings, phones, seen: str) -> None:
    said = give_approval(journal, house, PLAN, seen, "ada", phones["ada"].now(), clock.now())
    assert said and refused(journal) == [("ada", "plan-changed-in-form")]
    assert find_approval(journal, PLAN).granted_by == ()


def test_two_approvers(journal, house: Settings, phones) -> None:
    house = house.model_copy(update={"approval": ApprovalSettings(persons=3)})
    assert give_approval(journal, house, PLAN, PLAN[:12], "ada", phones["ada"].now(), clock.now()) == ""
    asked = find_approval(journal, PLAN)
    assert missing_approvals(asked, 3) == 1 and "ada" in form_text("5 entries", asked, 3)
    assert give_approval(journal, house, PLAN, PLAN[:12], "cy", phones["cy"].now(), clock.now())
    assert refused(journal) == [("cy", "preparer-cannot-approve")]
    assert give_approval(journal, house, PLAN, PLAN[:12], "dee", phones["dee"].now(), clock.now()) == ""
    assert find_approval(journal, PLAN).granted_by == ("ada", "dee")


def test_the_question_says_why_the_last_answer_was_refused(journal, phones) -> None:
    asked = find_approval(journal, PLAN)
    assert "Code of Ada" not in form_text("5 entries", asked, 2)
    said = form_text("5 entries", asked, 2, "Code of Ada refused: it is wrong")
    assert said.index("Code of Ada refused: it is wrong") < said.index("5 entries")
    assert PLAN[:12] in said and "5 entries" in said
