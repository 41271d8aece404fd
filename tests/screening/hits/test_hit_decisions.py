"""Who decides, how long it holds, and what brings a hit back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyotp
import pytest

from tasks.approved_acts import approve_act
from tasks.core import clock
from tasks.core.errors import BadInput, CodeRefused, Refused
from tasks.core.journal.verification import verify_journal
from tasks.core.messages import Reason
from tasks.screening.hits import hit_decisions
from tasks.screening.hits.hit_decisions import ScreeningHit, current_hits, decide_hit, find_hit, hit_differences
from tasks.screening.hits.hit_listing import detail_lines, hit_details
from tasks.screening.partners.partner_file import read_partners
from tasks.screening.partners.partner_register import take_partners
from tasks.screening.risk.partner_state import partner_states, record_review
from tasks.security import people
from tasks.security.approvals import ApprovalState, current_approvals
from tasks.security.events import Act
from tasks.security.people import add_person, enroll_person
from tasks.workspace import Workspace
from tests.errors import refused
from tests.screening.screening_world import HEAD, World

TIVA = "ofac-sdn/16527"
PARTO = "ofac-sdn/12950"
PARTNERS = "P1,Tiva Polymer,supplier,DE,Hamburg,\nP2,Nordsee Trading,supplier,DE,,\n"


def clear(world: World, hit: ScreeningHit, actor: str = "ada", **options) -> ScreeningHit:
    return decide_hit(world.house, hit.hit, "cleared", "other country, other owner", actor,
                            **options)  # fmt: skip


@pytest.fixture
def screened(world: World) -> World:
    world.take(PARTNERS)
    world.screen()
    return world


def code_of(world: World, person: str) -> str:
    phone = enroll_person(world.house.journal, world.house.settings.home, person, "it")
    return pyotp.parse_uri(phone).at(clock.now())


def clear_by_two(world: World) -> ScreeningHit:
    hit = world.hit("P1", TIVA)
    waits = clear(world, hit)
    assert waits.reason == Reason("hit-proposed", person="ada", verdict="cleared")
    assert waits.state == hit_decisions.WAITS
    return clear(world, hit, "bo", code=code_of(world, "bo"))


def test_a_cleared_hit_stays_quiet_on_every_run(screened: World) -> None:
    assert clear_by_two(screened).state == "cleared"
    for options in ({}, {"full": True}, {}):
        outcome = screened.screen(**options)
        assert outcome.new == () and outcome.removed == ()
        assert screened.hit("P1", TIVA).state == "cleared"
    screened.take("P3,Another One,carrier,US,,\n")
    assert all(line.partner != "P1" for line in screened.screen().new)
    assert screened.hit("P1", TIVA).state == "cleared"
    assert verify_journal(screened.house.journal, screened.house.content).ok


def test_it_comes_back_with_the_difference_when_the_record_changes(screened: World) -> None:
    clear_by_two(screened)
    screened.change_record(TIVA, remarks="Tax ID No. 5 (Germany); moved to Hamburg.")
    outcome = screened.screen()
    assert outcome.scope == "changes" and [line.record for line in outcome.new] == [TIVA]
    hit = screened.hit("P1", TIVA)
    assert hit.state == "open"
    assert hit.reason == Reason("hit-changed-since-cleared", sides=("list record",))
    change = hit_differences(screened.house, hit)
    assert [(one.side, one.field) for one in change] == [("list record", "remarks")]
    assert "moved to Hamburg" in change[0].after and "Secondary Sanctions" in change[0].before
    told = "\n".join(detail_lines(hit_details(screened.house, hit)))
    assert "CHANGED   list record, remarks" in told and "other country, other owner" in told
    assert "ada: cleared, the first of two persons: other" in told
    assert "ada and bo: cleared, until " in told


def test_it_comes_back_with_the_difference_when_the_partner_changes(screened: World) -> None:
    clear_by_two(screened)
    screened.take("P1,Tiva Polymer,supplier,SY,Damascus,\n")
    screened.screen()
    hit = screened.hit("P1", TIVA)
    assert hit.state == "open"
    assert hit.reason == Reason("hit-changed-since-cleared", sides=("partner",))
    change = {one.field: (one.before, one.after) for one in
              hit_differences(screened.house, hit)}  # fmt: skip
    assert change == {"country": ("DE", "SY"), "city": ("Hamburg", "Damascus")}


def test_it_is_quiet_again_when_both_read_as_before(screened: World) -> None:
    clear_by_two(screened)
    for rows in ("P1,Tiva Polymer,supplier,SY,,\n", PARTNERS):
        screened.take(rows)
        screened.screen()
    assert screened.hit("P1", TIVA).state == "cleared"


def test_what_does_not_touch_the_identity_does_not_reopen(screened: World) -> None:
    clear_by_two(screened)
    screened.take("P1,Tiva Polymer,carrier,DE,Hamburg,\n")
    screened.screen()
    assert screened.hit("P1", TIVA).state == "cleared"


def test_what_changed_since_the_screening_is_not_decided_before_the_next(screened: World) -> None:
    screened.change_record(TIVA, remarks="moved to Hamburg")
    hit = screened.hit("P1", TIVA)
    told = "\n".join(detail_lines(hit_details(screened.house, hit)))
    assert "NOT SCREENED the list record changed since; first: continuity screen run" in told
    with refused("screening-out-of-date"):
        clear(screened, hit)
    screened.take(PARTNERS.replace("Hamburg", "Bremen"))
    with refused("screening-out-of-date"):
        clear(screened, hit)
    screened.screen()
    assert clear_by_two(screened).state == "cleared"
    screened.change_record(TIVA, remarks="moved to Kiel")
    screened.screen()
    changes = hit_differences(screened.house, screened.hit("P1", TIVA))
    assert [(one.before, one.after) for one in changes] == [("moved to Hamburg", "moved to Kiel")]


def test_a_clearance_expires(screened: World) -> None:
    cleared = clear_by_two(screened)
    day = clock.now() + timedelta(days=366)
    with clock.held(day):
        hit = screened.hit("P1", TIVA)
    assert hit.state == "open"
    assert hit.reason == Reason("hit-clearance-expired", expires=cleared.expires)


def test_a_weak_hit_is_decided_by_one_person(world: World) -> None:
    world = with_settings(world, strong_score=1.0)
    world.take(PARTNERS)
    world.screen()
    hit = world.hit("P1", TIVA)
    assert not hit.strong
    assert clear(world, hit).state == "cleared"


def with_settings(world: World, **changes: object) -> World:
    """The same house with other settings of the room."""
    given = world.house.settings
    changed = given.screening.model_copy(update=changes)
    settings = given.model_copy(update={"screening": changed})
    house = Workspace(settings, journal=world.house.journal)
    return World(house, world.folder, world.lists)


def test_who_may_not_decide(screened: World) -> None:
    hit = screened.hit("P1", TIVA)
    add_person(screened.house.journal, "jo", "Jo Desk", "", ["desk"], "it")
    with refused("decider-role-missing"):
        clear(screened, hit, "jo")
    with refused("person-id-unknown"):
        clear(screened, hit, "mallory")
    with refused("decision-reason-missing", BadInput):
        decide_hit(screened.house, hit.hit, "cleared", " ", "ada")
    with refused("verdict-unknown", BadInput):
        decide_hit(screened.house, hit.hit, "maybe", "because", "ada")
    with refused("hit-id-ambiguous"):
        decide_hit(screened.house, "hzzzzzz", "cleared", "because", "ada")
    clear(screened, hit)
    with refused("second-person-required"):
        clear(screened, hit)
    with refused("second-person-code-required"):
        clear(screened, hit, "bo")
    code_of(screened, "bo")
    with pytest.raises(CodeRefused):
        clear(screened, hit, "bo", code="000000")
    assert screened.hit("P1", TIVA).state == hit_decisions.WAITS


def test_a_proposal_falls_with_a_change_and_with_another_verdict(screened: World) -> None:
    hit = screened.hit("P1", TIVA)
    clear(screened, hit)
    decide_hit(screened.house, hit.hit, "confirmed", "the same owner", "bo")
    assert screened.hit("P1", TIVA).reason == Reason("hit-proposed", person="bo", verdict="confirmed")
    screened.change_record(TIVA, remarks="new")
    screened.screen()
    assert screened.hit("P1", TIVA).state == "open"


def test_a_confirmed_hit_stands_until_the_record_is_gone(screened: World) -> None:
    hit = screened.hit("P1", TIVA)
    decide_hit(screened.house, hit.hit, "confirmed", "the same owner", "ada")
    done = decide_hit(screened.house, hit.hit, "confirmed", "seen the register", "bo",
                            code=code_of(screened, "bo"))  # fmt: skip
    assert done.state == "confirmed" and done.why == "by ada bo"
    assert partner_states(screened.house, ["P1"])[0].state == "stop"
    screened.change_record(TIVA, remarks="new")
    screened.screen()
    assert screened.hit("P1", TIVA).state == "confirmed"
    screened.take("P2,Nordsee Trading,supplier,DE,,\n", replace_all=True)
    screened.screen()
    assert screened.hit("P1", TIVA).state == "gone"
    with refused("hit-no-longer-exists"):
        clear(screened, hit)


def plan_of(world: World) -> ApprovalState:
    (asked,) = current_approvals(world.house.journal, 2)
    return asked


def test_two_persons_decide_by_an_approval(screened: World) -> None:
    clear(screened, screened.hit("P1", TIVA))
    asked = plan_of(screened)
    assert (asked.act, asked.preparer) == (Act.DECIDE_HIT, "ada")
    with refused("preparer-cannot-approve", CodeRefused):
        approve_act(screened.house, asked.plan, "ada", code_of(screened, "ada"))
    done = approve_act(screened.house, asked.plan, "bo", code_of(screened, "bo"))
    assert done.facts and screened.hit("P1", TIVA).why == "by ada bo"
    (event,) = screened.house.journal.events(kind="hit.cleared")
    assert event.said.approval == asked.plan and event.said.persons == ["ada", "bo"]  # type: ignore[attr-defined]
    assert current_approvals(screened.house.journal, 2) == []


def test_a_code_whose_decision_fails_can_be_used_again(screened: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record changes between the checks and the writer's lock."""
    hit = screened.hit("P1", TIVA)
    clear(screened, hit)
    code, spending = code_of(screened, "bo"), people.spending_code

    def late(*arguments: Any) -> Any:
        monkeypatch.setattr(people, "spending_code", spending)
        screened.change_record(TIVA, remarks="moved to Hamburg")
        screened.screen()
        return spending(*arguments)

    monkeypatch.setattr(people, "spending_code", late)
    with refused("hit-changed-since-proposed"):
        clear(screened, hit, "bo", code=code)
    assert not [*screened.house.journal.events(kind="person.code_used")]
    clear(screened, screened.hit("P1", TIVA))
    assert clear(screened, hit, "bo", code=code).state == "cleared"


def test_a_proposal_that_fell_no_longer_waits(screened: World) -> None:
    clear(screened, screened.hit("P1", TIVA))
    first = plan_of(screened)
    screened.change_record(TIVA, remarks="moved to Hamburg")
    screened.screen()
    assert current_approvals(screened.house.journal, 2) == []
    clear(screened, screened.hit("P1", TIVA))
    assert plan_of(screened).plan != first.plan
    assert verify_journal(screened.house.journal, screened.house.content).ok


def test_a_sole_broker_decides_alone_and_it_says_so(screened: World) -> None:
    sole = with_settings(screened, persons=1)
    done = clear(sole, sole.hit("P1", TIVA))
    assert (done.state, done.why) == ("cleared", "by ada")


def confirm_by_two(world: World, hit: ScreeningHit, code: str, seconds: int = 0) -> None:
    """`seconds` from now, so that a code is another one than the last."""
    with clock.held(clock.now() + timedelta(seconds=seconds)):
        given = code or pyotp.TOTP(secret_of(world, "bo")).at(clock.now())
        decide_hit(world.house, hit.hit, "confirmed", "register of firms", "ada")
        decide_hit(world.house, hit.hit, "confirmed", "likewise", "bo", code=given)


def secret_of(world: World, person: str) -> str:
    return (world.house.settings.home / "keys" / "totp" / person).read_text()


def test_an_owner_makes_its_firm_stop(world: World) -> None:
    world.take("P1,Nordsee Trading,supplier,DE,,Tiva Polymer 30%; Parto Sanat 25%\n")
    world.screen()
    before = partner_states(world.house)[0]
    assert before.state == "review" and before.owned[0].state == "possible"
    confirm_by_two(world, world.hit("P1 > Tiva Polymer", TIVA), code_of(world, "bo"))
    assert partner_states(world.house)[0].owned[0].state == "possible"
    confirm_by_two(world, world.hit("P1 > Parto Sanat", PARTO), "", seconds=90)
    after = partner_states(world.house)[0]
    assert after.state == "stop" and after.owned[0].state == "sure"
    assert after.risk.reasons[0].reason.code == "ownership-counts"
    assert after.owned[0].owners == (("Tiva Polymer", 30), ("Parto Sanat", 25))


def test_a_review_sets_the_next_one(screened: World) -> None:
    with pytest.raises(Refused):
        record_review(screened.house, "P1", "looked", "ada")
    done = record_review(screened.house, "P2", "nothing new", "ada")
    assert done.risk.tier == "low" and done.due > clock.text()[:10]
    with pytest.raises(Refused):
        record_review(screened.house, "P9", "looked", "ada")


def test_a_tier_that_rises_brings_the_next_review_nearer(screened: World) -> None:
    low = record_review(screened.house, "P2", "nothing new", "ada")
    assert low.risk.tier == "low"
    screened.take(PARTNERS.replace("P2,Nordsee Trading,supplier,DE", "P2,Nordsee Trading,supplier,BY"))
    screened.screen()
    (risen,) = partner_states(screened.house, ["P2"])
    days = risen.risk.days
    assert risen.risk.tier == "medium"
    assert risen.due == (clock.now().date() + timedelta(days=days)).isoformat() < low.due
    with clock.held(clock.now() + timedelta(days=days + 1)):
        assert partner_states(screened.house, ["P2"])[0].overdue


def test_high_risk_without_a_hit_is_not_clear_until_somebody_looked(screened: World) -> None:
    """A cotton mill in Xinjiang is on no list."""
    rows = (HEAD.replace("Owners", "Region,HTS,Owners")
            + "P5,Hotan Oasis Cotton Mill,manufacturer,CN,Hotan,Xinjiang,5201,\n")  # fmt: skip
    path = screened.folder / "mill.csv"
    path.write_text(rows, encoding="utf-8")
    found = read_partners(path)
    take_partners(screened.house, "ada", found.partners,
                  source=found.sha256, file=found.file)  # fmt: skip
    screened.screen()

    def state() -> str:
        (mill,) = partner_states(screened.house, ["P5"])
        assert (mill.undecided, mill.risk.tier) == (0, "high")
        return mill.state

    assert state() == "review"
    record_review(screened.house, "P5", "cotton traced to Texas, papers in the file", "ada")
    assert state() == "not screened", "the lists are years old"
    with clock.held(clock.now() + timedelta(days=91)):
        assert state() == "review", "the review is due"


def test_what_one_person_cleared_comes_back_where_two_must(screened: World) -> None:
    """A company that is only noted as a supplier is a strong hit once it is an IT provider."""
    name = "P7,Shenzhen Dajiang Baiwang Technology Co. Ltd.,{},CN,Shenzhen,\n"
    screened.take(name.format("supplier"))
    screened.screen()
    noted = next(one for one in current_hits(screened.house, ["P7"]) if one.score > 0.95)
    assert clear(screened, noted).state == "cleared"
    screened.take(name.format("it_provider"))
    screened.screen()
    hit = find_hit(screened.house, noted.hit)
    assert (hit.state, hit.strong) == ("open", True)
    assert hit.reason == Reason("hit-cleared-by-one", person="ada")
    assert clear(screened, hit).state == hit_decisions.WAITS
    assert clear(screened, hit, "bo", code=code_of(screened, "bo")).state == "cleared"
    for role in ("supplier", "it_provider"):
        screened.take(name.format(role))
        screened.screen()
        assert find_hit(screened.house, noted.hit).state == "cleared"
    assert verify_journal(screened.house.journal, screened.house.content).ok
