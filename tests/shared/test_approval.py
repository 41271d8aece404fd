from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from tasks.desk.approve import following
from tasks.shared import approval, clock, kinds, people
from tasks.shared.errors import BadInput, CodeRefused, NotApproved, Refused
from tasks.shared.journal import Journal
from tasks.shared.journal_check import verify

PLAN, OTHER = "a" * 64, "b" * 64
NOON = datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def phone(journal: Journal, home: Path) -> pyotp.TOTP:
    """Ada, a licence holder, with her phone; and Bo, who may only prepare."""
    people.add(journal, "ada", "Ada Vance", "12345", ["approver", "preparer"], "tests")
    people.add(journal, "bo", "Bo Harbor", "", ["preparer"], "tests")
    approval.ask(journal, PLAN, "a batch", [OTHER], "bo")
    return pyotp.parse_uri(people.enrol(journal, home, "ada", "tests"))


def grant(journal: Journal, home: Path, code: str, *, at: datetime = NOON, persons: int = 2):
    with clock.held(at):
        return approval.grant(journal, home, PLAN, "ada", code, persons=persons)


def test_the_licence_holder_approves_what_was_prepared(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    with pytest.raises(NotApproved, match="waits for approval"):
        approval.require(journal, PLAN, [OTHER], 2)
    assert approval.waiting(journal, 2)
    grant(journal, home, phone.at(NOON))
    assert approval.require(journal, PLAN, [OTHER], 2).granted_by == ("ada",)
    assert approval.waiting(journal, 2) == []
    assert grant(journal, home, "not needed again").granted_by == ("ada",)
    assert verify(journal).ok


def test_an_approval_binds_to_its_bytes(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    grant(journal, home, phone.at(NOON))
    with pytest.raises(NotApproved, match="other bytes"):
        approval.require(journal, PLAN, ["c" * 64], 2)
    with pytest.raises(NotApproved, match="Nobody was asked"):
        approval.require(journal, OTHER, [OTHER], 2)


def refusals(journal: Journal) -> list[str]:
    events = journal.events(kind="person.code_failed")
    return [event.said.reason for event in events]  # type: ignore[attr-defined]


def test_a_wrong_code_is_refused_and_written_down(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    with pytest.raises(CodeRefused, match="wrong"):
        grant(journal, home, "000000" if phone.at(NOON) != "000000" else "111111")
    assert refusals(journal) == ["it is wrong"]


def test_an_expired_code_is_refused(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    code = phone.at(NOON)
    with clock.held(NOON + timedelta(minutes=11)), pytest.raises(CodeRefused, match="10 minutes"):
        approval.grant(journal, home, PLAN, "ada", code, persons=2, given_at=NOON)
    with pytest.raises(CodeRefused):
        grant(journal, home, code, at=NOON + timedelta(minutes=5))
    assert len(refusals(journal)) == 2


def test_a_code_given_nine_minutes_ago_still_counts(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    with clock.held(NOON + timedelta(minutes=9)):
        asked = approval.grant(journal, home, PLAN, "ada", phone.at(NOON), persons=2, given_at=NOON)
    assert asked.granted_by == ("ada",)


def test_a_replayed_code_is_refused(journal: Journal, home: Path, phone: pyotp.TOTP) -> None:
    code = phone.at(NOON)
    with clock.held(NOON):
        people.spend_code(journal, home, "ada", code, NOON, "a void")
    for later in (NOON, NOON + timedelta(seconds=25)):
        with pytest.raises(CodeRefused, match="used before"):
            grant(journal, home, code, at=later)


def test_five_failures_lock_for_a_quarter_of_an_hour(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    for turn in range(5):
        with pytest.raises(CodeRefused, match="wrong"):
            grant(journal, home, "12345", at=NOON + timedelta(seconds=turn))
    later = NOON + timedelta(minutes=10)
    with pytest.raises(CodeRefused, match="locked until 2026-11-24T12:15"):
        grant(journal, home, phone.at(later), at=later)
    free = NOON + timedelta(minutes=26)
    assert grant(journal, home, phone.at(free), at=free).granted_by == ("ada",)


def test_the_preparer_cannot_approve_unless_she_is_alone(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    approval.ask(journal, OTHER, "her own", [], "ada")
    with clock.held(NOON):
        with pytest.raises(CodeRefused, match="two persons"):
            approval.grant(journal, home, OTHER, "ada", phone.at(NOON), persons=2)
        approval.grant(journal, home, OTHER, "ada", phone.at(NOON), persons=1)
    granted = next(journal.events(kind="approval.granted")).said
    assert granted.sole is True  # type: ignore[attr-defined]
    refused = next(journal.events(kind="approval.refused")).said
    assert "two persons" in refused.reason  # type: ignore[attr-defined]


def test_who_lacks_the_role_or_was_revoked_cannot_approve(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    with clock.held(NOON), pytest.raises(CodeRefused, match="role approver"):
        approval.grant(journal, home, PLAN, "bo", "123456", persons=2)
    people.revoke(journal, home, "ada", "left", "tests")
    with pytest.raises(Refused, match="revoked"):
        grant(journal, home, phone.at(NOON))
    assert not (home / "keys" / "totp" / "ada").exists()


def test_two_approvers_where_three_take_part(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    grant(journal, home, phone.at(NOON), persons=3)
    with pytest.raises(NotApproved):
        approval.require(journal, PLAN, [OTHER], 3)
    people.add(journal, "cy", "Cy", "777", ["approver"], "tests")
    other = pyotp.parse_uri(people.enrol(journal, home, "cy", "tests"))
    with clock.held(NOON):
        approval.grant(journal, home, PLAN, "cy", other.at(NOON), persons=3)
    assert approval.require(journal, PLAN, [OTHER], 3).granted_by == ("ada", "cy")


def test_people_are_checked_when_listed(journal: Journal, phone: pyotp.TOTP) -> None:
    for person, roles in (("Ada V", ["desk"]), ("x", ["king"]), ("y", ["approver"]), ("ada", [])):
        with pytest.raises(BadInput):
            people.add(journal, person, "N", "", roles, "tests")


def test_a_plan_is_found_by_its_first_digits(journal: Journal, phone: pyotp.TOTP) -> None:
    assert approval.find(journal, PLAN[:8]).plan == PLAN
    for text in ("aaa", "f" * 12):
        with pytest.raises(Refused):
            approval.find(journal, text)


def test_the_secret_of_codes_is_nowhere_in_the_book(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    assert all(phone.secret not in event.body for event in journal.events())
    assert (home / "keys" / "totp" / "ada").stat().st_mode & 0o077 == 0


def test_what_a_revoked_person_approved_goes_only_after_another(
    journal: Journal, home: Path, phone: pyotp.TOTP
) -> None:
    people.add(journal, "cy", "Cy Dock", "678", ["approver"], "tests")
    other = pyotp.parse_uri(people.enrol(journal, home, "cy", "tests"))
    grant(journal, home, phone.at(NOON))
    people.revoke(journal, home, "ada", "left", "tests")
    with pytest.raises(NotApproved, match="anew, since ada, who gave one, was revoked"):
        approval.require(journal, PLAN, [OTHER], 2)
    with clock.held(NOON):
        approval.grant(journal, home, PLAN, "cy", other.at(NOON), persons=2)
    assert approval.require(journal, PLAN, [OTHER], 2).granted_by == ("cy",)
    with pytest.raises(Refused, match="revoked"):
        approval.ask(journal, OTHER, "a batch", [OTHER], "ada")
    assert verify(journal).ok


@pytest.mark.parametrize("plan", [PLAN, ""], ids=["named", "known by its proof"])
def test_an_act_not_yet_done_waits_anew_and_one_that_was_done_does_not(
    journal: Journal, home: Path, phone: pyotp.TOTP, plan: str
) -> None:
    grant(journal, home, phone.at(NOON))
    people.revoke(journal, home, "ada", "left", "tests")
    assert [one.plan for one in approval.current(journal, 2)] == [PLAN]
    for batch, named, still in (("1", "c" * 64, True), ("2", plan, False)):
        act = kinds.BatchNotReceived(batch=batch, reason="x", proof=OTHER, approval=named)
        journal.append(act, f"batch/{batch}", "bo")
        assert bool(approval.waiting(journal, 2)) is still, "the same proof may serve two acts"


def test_a_number_of_another_broker_read_better_stands_for_the_earlier(journal: Journal) -> None:
    for plan, other in (("1" * 64, "XYZ-1234567-1"), ("2" * 64, "XYZ-1234567-6")):
        approval.ask(journal, plan, f"ABC-1234567-6 was filed by XYZ under {other}", [OTHER], "jo")
    assert [one.plan[0] for one in approval.current(journal, 2) if "XYZ" in one.what] == ["2"]


def test_what_comes_after_an_approval_is_the_command_that_asked(journal: Journal) -> None:
    assert following("ACE batches of 3 entries") == "continuity ace batch"
    assert following("accounting of 70 numbers") == "continuity reconcile sign-off"
    assert "asked for it once more" in following("ABC-1234567-6 was filed by XYZ under XYZ-1")
