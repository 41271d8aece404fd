from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput, CodeRefused, NotApproved, Refused
from tasks.core.journal.journal import Journal, Pen
from tasks.core.journal.verification import verify_journal
from tasks.reconciliation.events import BatchNotReceived
from tasks.security import people
from tasks.security.approvals import (
    ApprovalRequest,
    ApprovalState,
    all_approvals,
    ask_for_approval,
    current_approvals,
    find_approval,
    grant_approval,
    missing_approvals,
    ready_approvals,
    require_approval,
    waiting_approvals,
)
from tasks.security.events import Act
from tasks.security.people import add_person, enroll_person, revoke_person
from tasks.security.tables import APPROVALS
from tests.errors import refused

PLAN, OTHER = "a" * 64, "b" * 64
NOON = datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def phone(journal: Journal, home: Path) -> pyotp.TOTP:
    """Ada, a licence holder, with her phone; and Bo, who may only prepare."""
    add_person(journal, "ada", "Ada Vance", "12345", ["approver", "preparer"], "tests")
    add_person(journal, "bo", "Bo Harbor", "", ["preparer"], "tests")
    ask_for_approval(journal, PLAN, Act.SEND_BATCHES, [OTHER], "bo", "batches")
    return pyotp.parse_uri(enroll_person(journal, home, "ada", "tests"))


def grant(journal: Journal, home: Path, code: str, *, at: datetime = NOON, persons: int = 2):
    with clock.held(at):
        return grant_approval(journal, home, PLAN, "ada", code, persons=persons)


def test_the_licence_holder_approves_what_was_prepared(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    with refused("approval-needed", NotApproved):
        require_approval(journal, PLAN, [OTHER], 2)
    assert waiting_approvals(journal, 2)
    grant(journal, home, phone.at(NOON))
    assert require_approval(journal, PLAN, [OTHER], 2).granted_by == ("ada",)
    assert waiting_approvals(journal, 2) == []
    assert grant(journal, home, "not needed again").granted_by == ("ada",)
    assert verify_journal(journal).ok


def test_an_approval_binds_to_its_bytes(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    grant(journal, home, phone.at(NOON))
    with refused("approved-plan-differs", NotApproved):
        require_approval(journal, PLAN, ["c" * 64], 2)
    with refused("approval-not-requested", NotApproved):
        require_approval(journal, OTHER, [OTHER], 2)


def refusals(journal: Journal) -> list[str]:
    events = journal.events(kind="person.code_failed")
    return [event.said.reason for event in events]  # type: ignore[attr-defined]


def test_a_wrong_code_is_refused_and_written_down(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    with refused("code-refused", CodeRefused):
        grant(journal, home, "000000" if phone.at(NOON) != "000000" else "111111")
    assert refusals(journal) == ["it is wrong"]


def test_an_expired_code_is_refused(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    code = phone.at(NOON)
    with clock.held(NOON + timedelta(minutes=11)), refused("code-refused", CodeRefused):
        grant_approval(journal, home, PLAN, "ada", code, persons=2, given_at=NOON)
    with pytest.raises(CodeRefused):
        grant(journal, home, code, at=NOON + timedelta(minutes=5))
    assert len(refusals(journal)) == 2


def test_a_code_given_nine_minutes_ago_still_counts(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    with clock.held(NOON + timedelta(minutes=9)):
        asked = grant_approval(journal, home, PLAN, "ada", phone.at(NOON), persons=2, given_at=NOON)
    assert asked.granted_by == ("ada",)


def test_a_replayed_code_is_refused(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    code = phone.at(NOON)
    with clock.held(NOON), people.spending_code(journal, home, "ada", code, NOON, "a void"):
        pass
    for later in (NOON, NOON + timedelta(seconds=25)):
        with refused("code-refused", CodeRefused):
            grant(journal, home, code, at=later)
    assert refusals(journal) == ["the code was used before; wait for the next one"] * 2


def test_five_failures_lock_for_a_quarter_of_an_hour(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    for turn in range(5):
        with refused("code-refused", CodeRefused):
            grant(journal, home, "12345", at=NOON + timedelta(seconds=turn))
    later = NOON + timedelta(minutes=10)
    with refused("code-refused", CodeRefused):
        grant(journal, home, phone.at(later), at=later)
    assert "2026-11-24T12:15" in refusals(journal)[-1]
    free = NOON + timedelta(minutes=26)
    assert grant(journal, home, phone.at(free), at=free).granted_by == ("ada",)


def test_the_preparer_cannot_approve_unless_she_is_alone(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    ask_for_approval(journal, OTHER, Act.SETTLE_ENTRIES, [], "ada")
    with clock.held(NOON):
        with refused("preparer-cannot-approve", CodeRefused):
            grant_approval(journal, home, OTHER, "ada", phone.at(NOON), persons=2)
        grant_approval(journal, home, OTHER, "ada", phone.at(NOON), persons=1)
    granted = next(journal.events(kind="approval.granted")).said
    assert granted.sole is True  # type: ignore[attr-defined]
    event = next(journal.events(kind="approval.refused"))
    assert event.said.reason == "preparer-cannot-approve"  # type: ignore[attr-defined]


def test_who_lacks_the_role_or_was_revoked_cannot_approve(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    with clock.held(NOON), refused("approver-role-missing", CodeRefused):
        grant_approval(journal, home, PLAN, "bo", "123456", persons=2)
    revoke_person(journal, home, "ada", "left", "tests")
    with refused("person-revoked"):
        grant(journal, home, phone.at(NOON))
    assert not (home / "keys" / "totp" / "ada").exists()


def test_two_approvers_where_three_take_part(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    grant(journal, home, phone.at(NOON), persons=3)
    with pytest.raises(NotApproved):
        require_approval(journal, PLAN, [OTHER], 3)
    add_person(journal, "cy", "Cy", "777", ["approver"], "tests")
    other = pyotp.parse_uri(enroll_person(journal, home, "cy", "tests"))
    with clock.held(NOON):
        grant_approval(journal, home, PLAN, "cy", other.at(NOON), persons=3)
    assert require_approval(journal, PLAN, [OTHER], 3).granted_by == ("ada", "cy")


def test_people_are_checked_when_listed(journal: Journal, phone: pyotp.TOTP) -> None:
    for person, roles in (("Ada V", ["desk"]), ("x", ["king"]), ("y", ["approver"]), ("ada", [])):
        with pytest.raises(BadInput):
            add_person(journal, person, "N", "", roles, "tests")


def test_a_plan_is_found_by_its_first_digits(journal: Journal, phone: pyotp.TOTP) -> None:
    assert find_approval(journal, PLAN[:8]).plan == PLAN
    for text in ("aaa", "f" * 12):
        with pytest.raises(Refused):
            find_approval(journal, text)


def test_the_secret_of_codes_is_nowhere_in_the_book(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    assert all(phone.secret not in event.body for event in journal.events())
    assert (home / "keys" / "totp" / "ada").stat().st_mode & 0o077 == 0


def test_what_a_revoked_person_approved_goes_only_after_another(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    add_person(journal, "cy", "Cy Dock", "678", ["approver"], "tests")
    other = pyotp.parse_uri(enroll_person(journal, home, "cy", "tests"))
    grant(journal, home, phone.at(NOON))
    revoke_person(journal, home, "ada", "left", "tests")
    with refused("approval-needed-again", NotApproved) as caught:
        require_approval(journal, PLAN, [OTHER], 2)
    assert caught.values["revoked"] == "ada"
    with clock.held(NOON):
        grant_approval(journal, home, PLAN, "cy", other.at(NOON), persons=2)
    assert require_approval(journal, PLAN, [OTHER], 2).granted_by == ("cy",)
    with refused("person-revoked"):
        ask_for_approval(journal, OTHER, Act.SEND_BATCHES, [OTHER], "ada")
    assert verify_journal(journal).ok


def lost(journal: Journal, batch: str, plan: str) -> None:
    act = BatchNotReceived(batch=batch, reason="x", proof=OTHER, approval=plan)
    journal.append(act, f"batch/{batch}", "bo")


def test_an_act_not_yet_done_waits_anew_and_one_that_was_done_does_not(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    grant(journal, home, phone.at(NOON))
    revoke_person(journal, home, "ada", "left", "tests")
    assert [asked.plan for asked in current_approvals(journal, 2)] == [PLAN]
    lost(journal, "1", "c" * 64)
    assert waiting_approvals(journal, 2), "the same proof may serve two acts"
    lost(journal, "2", PLAN)
    assert waiting_approvals(journal, 2) == []


def test_what_was_carried_out_is_a_fact_of_the_projection(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    assert ready_approvals(journal, 2) == []
    grant(journal, home, phone.at(NOON))
    assert [asked.plan for asked in ready_approvals(journal, 2)] == [PLAN]
    lost(journal, "1", PLAN)
    first = journal.head().seq
    lost(journal, "2", PLAN)
    assert ready_approvals(journal, 2) == [] and find_approval(journal, PLAN).carried_out
    for _ in range(2):
        rows = journal.rows(sa.select(APPROVALS.c.carried_out))
        assert [row.carried_out for row in rows] == [first]
        journal.rebuild()


def test_a_later_request_of_the_same_topic_replaces_the_earlier(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    for plan in ("1" * 64, "2" * 64):
        topic = "hand-over/ABC-1234567-6"
        ask_for_approval(journal, plan, Act.HAND_OVER, [OTHER], "jo", topic)
        with clock.held(NOON + timedelta(minutes=int(plan[0]))):
            waiting = [asked.plan for asked in current_approvals(journal, 2)]
            assert waiting == [PLAN, plan]
    for minute, plan in enumerate(("1" * 64, "2" * 64)):
        at = NOON + timedelta(minutes=minute)
        with clock.held(at):
            grant_approval(journal, home, plan, "ada", phone.at(at), persons=2)
    assert [asked.plan for asked in ready_approvals(journal, 2)] == ["2" * 64]


def test_code_grant_and_act_are_one_transaction(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    """A code that was spent although its act failed could not be used again."""

    def finish(pen: Pen, asked: ApprovalState, fails: bool) -> None:
        assert asked.granted_by == ("ada",)
        if fails:
            raise Refused("number-not-in-reserve", number="x")
        body = BatchNotReceived(batch="1", reason="x", proof="", approval=asked.plan)
        pen.append(body, "batch/1", "lost")

    request = ApprovalRequest("d" * 64, Act.BATCH_NOT_RECEIVED, (), "bo")
    before, code = journal.head(), phone.at(NOON)
    with clock.held(NOON):
        for fails in (True, False):
            expected = refused("number-not-in-reserve") if fails else nullcontext()
            with expected:
                grant_approval(journal, home, request, "ada", code, persons=2,
                               finish=lambda pen, asked, fails=fails: finish(pen, asked, fails))  # fmt: skip
            assert (journal.head() == before) is fails
    written = [event.kind for event in journal.events(after=before.seq)]
    assert written == [
        "person.code_used", "approval.asked", "approval.granted", "batch.not_received",
    ]  # fmt: skip
    with clock.held(NOON), refused("code-refused", CodeRefused):
        grant_approval(journal, home, PLAN, "ada", code, persons=2)


def test_the_act_waits_for_the_last_of_two_approvers(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    done: list[ApprovalState] = []
    with clock.held(NOON):
        grant_approval(journal, home, PLAN, "ada", phone.at(NOON), persons=3,
                       finish=lambda _, asked: done.append(asked))  # fmt: skip
    assert done == []


def test_voids_and_hits_take_two_persons_whatever_the_setting_is(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    for act in (Act.VOID_NUMBERS, Act.DECIDE_HIT):
        ask_for_approval(journal, act.encode().hex()[:64].ljust(64, "0"), act, [], "ada")
        asked = all_approvals(journal)[-1]
        assert [missing_approvals(asked, persons) for persons in (1, 2, 5)] == [1, 1, 1]
        with clock.held(NOON), refused("preparer-cannot-approve", CodeRefused):
            grant_approval(journal, home, asked.plan, "ada", phone.at(NOON), persons=1)
