from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain, product
from typing import Any

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from tasks.ace.answers.answer_facts import NO_BOND_STATUS
from tasks.entries.events import AceReason
from tasks.entries.tables import REFUSED
from tasks.reconciliation.decisions.classification import classify, reversal_reason
from tasks.reconciliation.decisions.entry_facts import (
    CLOSED,
    FAILURES,
    BillStatus,
    EntryFacts,
    PaperOutcome,
    ReleaseStatus,
    SendingStatus,
    SummaryStatus,
)
from tasks.reconciliation.decisions.rule_table import PARTS, RULES, SENDING, WHOLES, NextStep, first_rule, read
from tasks.reconciliation.state.entry_state import (
    ACTION,
    BILL,
    CARRIED,
    CONSIGNEE,
    CONSOLIDATING,
    COVERED,
    IMPORTER,
    NOTICE,
    ORPHAN,
    RELEASE,
    SUMMARY,
    EntryAceStatus,
    EntryState,
    LastSending,
)
from tests.reconciliation.differences import differs

ENTRY = EntryState(
    number="ABC-1234567-6", desk="truck", port="2304", state="recorded", entry_type="01",
    route="se_then_ae", outcome="released", released="2026-11-10", complete=True, bonded=True,
    importer="12-3456789", content="c", digest="d",
)  # fmt: skip


def view(disposition: str, asked: int = 10, **values: object) -> EntryAceStatus:
    blank = dict.fromkeys(("code", "text", "release", "release_code", "release_date", "control",
                           "summary", "version"), "")  # fmt: skip
    given_: dict = {**blank, "late": None, "differs": (), **values}
    return EntryAceStatus(asked=asked, seq=asked, disposition=disposition, **given_)


def sent(state: str, digest: str = "d", *reasons: AceReason, seq: int = 5, **values: Any) -> LastSending:
    return LastSending("B1", state, digest, reasons, seq, **values)


NOTHING = {
    SUMMARY: view("not found"), RELEASE: view("not visible"), BILL: view("not found"),
    IMPORTER: view("active"),
}  # fmt: skip
ENTRY_ONLY = {**NOTHING, RELEASE: view("already on file")}


def step(**changes: object) -> NextStep:
    return classify(replace(ENTRY, **changes)).step  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", CLOSED)
def test_what_did_not_come_in_is_never_filed(outcome: str) -> None:
    assert step(outcome=outcome, ace_statuses=NOTHING) is NextStep.NO_FILING


@pytest.mark.parametrize("outcome", ["not presented", "waiting", "exam"])
def test_what_the_port_has_not_let_go_waits(outcome: str) -> None:
    assert step(outcome=outcome, ace_statuses=NOTHING) is NextStep.AT_PORT


def test_questions_come_in_order_and_before_any_sending() -> None:
    known: dict[str, EntryAceStatus] = {}
    for about in (SUMMARY, RELEASE, BILL, IMPORTER):
        verdict = classify(replace(ENTRY, ace_statuses=dict(known)))
        assert (verdict.step, verdict.ask) == (NextStep.ASK, about)
        known[about] = NOTHING[about]
    assert step(ace_statuses=known) is NextStep.SEND_RELEASE


@pytest.mark.parametrize(
    ("route", "wanted"),
    [
        ("se_then_ae", NextStep.SEND_RELEASE),
        ("ae_certified", NextStep.SEND_CERTIFIED),
        ("ae_only", NextStep.SEND_SUMMARY),
    ],
)
def test_where_both_are_empty_the_route_decides(route: str, wanted: NextStep) -> None:
    assert step(route=route, ace_statuses=NOTHING) is wanted


def test_an_entry_without_summary_gets_the_summary_alone() -> None:
    for route in ("se_then_ae", "ae_certified", "ae_only"):
        assert step(route=route, ace_statuses=ENTRY_ONLY) is NextStep.SEND_SUMMARY
    assert step(ace_statuses=ENTRY_ONLY, complete=False) is NextStep.ASK_IMPORTER


def test_an_answer_from_before_the_sending_proves_nothing() -> None:
    later = {"SE": sent("not processed", seq=11)}
    assert step(ace_statuses=NOTHING, sent=later) is NextStep.ASK


@pytest.mark.parametrize("state", ["waiting", "taken"])
def test_silence_is_never_taken_for_absence(state: str) -> None:
    assert step(ace_statuses=NOTHING, sent={"SE": sent(state)}) is NextStep.WAIT
    assert step(ace_statuses=ENTRY_ONLY, sent={"AE": sent(state)}) is NextStep.WAIT


def test_a_refused_entry_goes_again_only_when_it_changed() -> None:
    assert step(ace_statuses=NOTHING, sent={"SE": sent("rejected")}) is NextStep.DESK
    assert step(ace_statuses=NOTHING, sent={"SE": sent("rejected", digest="old")}) is NextStep.SEND_RELEASE
    assert step(ace_statuses=ENTRY_ONLY, sent={"AE": sent("rejected")}) is NextStep.DESK
    assert step(ace_statuses=ENTRY_ONLY, sent={"AE": sent("rejected", digest="old")}) is NextStep.SEND_SUMMARY


def test_a_batch_rejected_whole_is_the_fault_of_its_only_entry() -> None:
    unknown = AceReason(code="X33", text="NO SUCH RECORD")
    whole = {"SE": sent("batch rejected", "d", unknown)}
    alone = {"SE": sent("batch rejected", "d", unknown, alone=True)}
    assert step(ace_statuses=NOTHING, sent=whole) is NextStep.SEND_RELEASE
    back = classify(replace(ENTRY, ace_statuses=NOTHING, sent=alone))
    assert back.step is NextStep.DESK
    assert "X33 NO SUCH RECORD" in back.why
    failed = {"SE": sent("not processed", "d", AceReason(code="ZZZ"), alone=True)}
    assert step(ace_statuses=NOTHING, sent=failed) is NextStep.SEND_RELEASE


def test_already_on_file_means_found_not_failed() -> None:
    assert step(ace_statuses=NOTHING, sent={"SE": sent("found")}) is NextStep.SEND_SUMMARY


def on_file(**values: object) -> dict[str, EntryAceStatus]:
    same = {"release_date": "2026-11-10", "summary": "accepted", "control": "trade"}
    day = values.get("release_date", "2026-11-10")
    shown = view("already on file", release_date=day, release_code="98" if day else "")
    return {SUMMARY: view("already on file", **{**same, **values}), RELEASE: shown}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, NextStep.SETTLE),
        ({"differs": (differs("50.value_of_goods_amount", 10, 20, "line 1.1"),)}, NextStep.DIFFERS),
        ({"release_date": "2026-11-11"}, NextStep.DATE),
        ({"release_date": ""}, NextStep.DATE),
        ({"summary": "cancelled"}, NextStep.PERSON),
        ({"summary": "rejected"}, NextStep.PERSON),
    ],
)
def test_what_ace_has_is_compared_and_never_sent(values: dict, wanted: NextStep) -> None:
    assert step(ace_statuses=on_file(**values)) is wanted


def test_the_date_of_a_release_may_come_from_either_query() -> None:
    shown = {RELEASE: view("already on file", release_date="2026-11-10")}
    assert step(ace_statuses={**on_file(release_date=""), **shown}) is NextStep.SETTLE
    assert step(ace_statuses={SUMMARY: on_file(release_date="")[SUMMARY]}) is NextStep.ASK


def test_quota_and_withdrawals_are_filed_before_anything_is_released() -> None:
    before = {"outcome": "waiting", "released": ""}
    quota = {**before, "route": "ae_certified", "entry_type": "02"}
    assert step(**quota, ace_statuses=NOTHING) is NextStep.SEND_CERTIFIED
    assert step(**before, ace_statuses=NOTHING, route="ae_only", entry_type="31") is NextStep.SEND_SUMMARY
    assert step(**quota, ace_statuses=on_file(release_date="")) is NextStep.WAIT
    assert step(**quota, ace_statuses=on_file()) is NextStep.SETTLE
    assert step(**before, ace_statuses=on_file(release_date=""), route="ae_only", entry_type="31") is (NextStep.SETTLE)


def test_released_on_paper_but_held_in_ace_is_a_task_for_today() -> None:
    held = {RELEASE: view("already on file", release_code="96", release="document required")}
    assert step(ace_statuses={**NOTHING, **held}) is NextStep.TASK
    notice = {NOTICE: view("already on file", 11, release_code="03")}
    assert step(ace_statuses={**on_file(release_date=""), **notice}) is NextStep.TASK


def test_what_stands_in_the_way() -> None:
    assert step(ace_statuses=NOTHING, bonded=False) is NextStep.SURETY
    assert step(ace_statuses={**NOTHING, IMPORTER: view("inactive")}) is NextStep.FORM
    assert step(ace_statuses={**NOTHING, BILL: view("already on file")}) is NextStep.PERSON
    assert step(ace_statuses={SUMMARY: view("not permitted")}) is NextStep.PERSON
    assert step(ace_statuses={**NOTHING, RELEASE: view("unknown")}) is NextStep.PERSON


def test_a_consignee_of_another_number_must_be_known_too() -> None:
    other = {"consignee": "98-765432100", "bond_type": "8"}
    verdict = classify(replace(ENTRY, ace_statuses=NOTHING, **other))
    assert (verdict.step, verdict.ask) == (NextStep.ASK, CONSIGNEE)
    known = {**NOTHING, CONSIGNEE: view("unknown")}
    assert step(ace_statuses=known, **other) is NextStep.FORM
    assert step(ace_statuses={**NOTHING, CONSIGNEE: view("active")}, **other) is NextStep.SEND_RELEASE
    assert step(ace_statuses=NOTHING, consignee=ENTRY.importer) is NextStep.SEND_RELEASE


def test_a_continuous_bond_must_stand_in_ace() -> None:
    bare = {**NOTHING, IMPORTER: view("active", code=NO_BOND_STATUS)}
    assert step(ace_statuses=bare, bond_type="8") is NextStep.PERSON
    assert step(ace_statuses=bare, bond_type="0") is NextStep.SEND_RELEASE


def test_certifying_does_not_make_a_summary_early_unless_it_is_quota() -> None:
    for outcome in ("not presented", "waiting", "exam"):
        assert step(outcome=outcome, released="", route="ae_certified", ace_statuses=NOTHING) is NextStep.AT_PORT


def test_quota_that_an_officer_keyed_gets_its_summary_uncertified() -> None:
    quota = {"route": "ae_certified", "entry_type": "02", "outcome": "waiting", "released": ""}
    assert step(**quota, ace_statuses=ENTRY_ONLY) is NextStep.SEND_SUMMARY


def test_closed_outcomes_are_asked_about_and_may_not_stand_in_ace() -> None:
    refused = {"outcome": "refused", "released": ""}
    assert step(**refused) is NextStep.ASK
    assert step(**refused, ace_statuses={SUMMARY: NOTHING[SUMMARY]}) is NextStep.ASK
    assert step(**refused, ace_statuses=on_file()) is NextStep.CANCEL
    assert step(**refused, ace_statuses=ENTRY_ONLY) is NextStep.CANCEL
    assert step(**refused, ace_statuses=NOTHING, sent={"SE": sent("waiting")}) is NextStep.WAIT
    gone = {**NOTHING, RELEASE: view("already on file", release_code="23")}
    assert step(**refused, ace_statuses=gone) is NextStep.NO_FILING


@pytest.mark.parametrize("about", [SUMMARY, RELEASE, BILL, IMPORTER])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_no_absence_and_is_asked_again(about: str, failure: str) -> None:
    verdict = classify(replace(ENTRY, ace_statuses={**NOTHING, about: view(failure)}))
    assert (verdict.step, verdict.ask) == (NextStep.WAIT, about)


def test_what_a_person_mends_is_asked_about_again() -> None:
    for changes, about in (
        ({"ace_statuses": on_file(release_date="2026-11-11")}, SUMMARY),
        ({"ace_statuses": on_file(differs=(differs("entered_value", 1, 2),))}, SUMMARY),
        ({"ace_statuses": {**NOTHING, IMPORTER: view("unknown")}}, IMPORTER),
        ({"ace_statuses": {**NOTHING, RELEASE: view("already on file", release_code="03")}}, RELEASE),
        ({"ace_statuses": {**NOTHING, BILL: view("already on file")}}, BILL),
    ):
        assert classify(replace(ENTRY, **changes)).ask == about


def test_answers_from_before_a_revision_are_asked_for_anew() -> None:
    assert step(ace_statuses=NOTHING, recorded=11) is NextStep.ASK
    assert step(ace_statuses=on_file(), recorded=11) is NextStep.ASK


def test_a_summary_that_is_not_in_force_is_not_settled() -> None:
    for values in ({"control": "inactive"}, {"control": ""}, {"summary": ""}):
        verdict = classify(replace(ENTRY, ace_statuses=on_file(**values)))
        assert (verdict.step, verdict.ask) == (NextStep.PERSON, SUMMARY)


def test_what_cbp_did_with_the_summary_later_is_asked_about_first() -> None:
    assert step(ace_statuses={**on_file(), ACTION: view("already on file", 12, code="6")}) is NextStep.ASK
    earlier = {**on_file(), ACTION: view("rejected", 8, code="4")}
    assert step(ace_statuses=earlier) is NextStep.SETTLE
    vanished = {**NOTHING, ACTION: view("already on file", 8, code="6")}
    assert step(ace_statuses=vanished) is NextStep.PERSON


def test_a_notice_counts_as_soon_as_it_is_read() -> None:
    def told(code: str, seq: int = 12, **values: object) -> dict[str, EntryAceStatus]:
        return {NOTICE: view("already on file", seq, release_code=code, **values)}

    assert step(ace_statuses={**NOTHING, **told("98", release_date="2026-11-10")}) is NextStep.SEND_SUMMARY
    assert step(ace_statuses={**ENTRY_ONLY, **told("23")}) is NextStep.PERSON
    assert step(ace_statuses={**ENTRY_ONLY, **told("03")}) is NextStep.TASK
    assert step(ace_statuses={**on_file(), **told("99")}) is NextStep.TASK
    assert step(ace_statuses={**on_file(), **told("99", 8)}) is NextStep.SETTLE
    moved = {**on_file(release_date="2026-11-11"), **told("22", release_date="2026-11-10")}
    assert step(ace_statuses=moved) is NextStep.SETTLE
    assert step(ace_statuses=told("03")) is NextStep.TASK, "no question stands before a call to the port"


STOPS = ("03", "04", "29", "34", "51", "52", "53", "84", "85", "90", "96", "99")
LOSSES = ("25", "26", "28", "71", "74", "75", "79", "80", "81", "82", "61")


@pytest.mark.parametrize("code", [*STOPS, *LOSSES])
@pytest.mark.parametrize("summary", ["none", "as ours"])
def test_what_stops_or_loses_an_entry_is_a_task_whatever_the_summary(code: str, summary: str) -> None:
    known = NOTHING if summary == "none" else on_file(release_date="")
    verdict = classify(replace(ENTRY, ace_statuses={**known, RELEASE: view("already on file", 11,
                                                                    release_code=code)}))  # fmt: skip
    wanted = NextStep.TASK if code in STOPS else NextStep.CORRECT_IN_ACE
    assert (verdict.step, verdict.ask) == (wanted, RELEASE)
    assert code in verdict.why


def test_no_bill_match_is_no_loss() -> None:
    """After downtime the manifest comes late or on paper: the entry stands, its summary may go."""
    unmatched = view("already on file", 11, release_code="91", release="NO BILLMATCH")
    assert step(ace_statuses={**NOTHING, RELEASE: unmatched}) is NextStep.SEND_SUMMARY


def test_what_waits_for_an_answer_waits_for_a_person_where_ace_looks_at_no_question() -> None:
    refused = dict.fromkeys((SUMMARY, IMPORTER), (AceReason(code="X33", text="PASSWORD"),))
    verdict = classify(replace(ENTRY, ace_statuses={}, query_rejections=refused))
    assert (verdict.step, verdict.ask) == (NextStep.PERSON, SUMMARY) and "X33" in verdict.why
    no_consignee = replace(ENTRY, ace_statuses=NOTHING, consignee="12-3456780", query_rejections=refused)
    assert classify(no_consignee).step is NextStep.PERSON
    assert classify(replace(ENTRY, ace_statuses=on_file(), query_rejections=refused)).step is NextStep.SETTLE


def test_a_cause_outside_the_record_waits_for_its_mending() -> None:
    outside = {"AE": sent("rejected", "d", AceReason(code="205"), outside=True)}
    assert step(ace_statuses=ENTRY_ONLY, sent=outside) is NextStep.OUTSIDE
    mended = {"AE": sent("not processed", "d", AceReason(text="date corrected"), outside=True)}
    assert step(ace_statuses=ENTRY_ONLY, sent=mended) is NextStep.SEND_SUMMARY


def test_a_release_that_was_revised_since_asks_a_person_before_the_summary_goes() -> None:
    old = {"SE": sent("taken", "old", release_digest="r1")}
    verdict = classify(replace(ENTRY, ace_statuses=ENTRY_ONLY, sent=old, release_digest="r2"))
    assert (verdict.step, verdict.ask) == (NextStep.PERSON, RELEASE)
    assert "keep-release" in verdict.why
    assert step(ace_statuses=ENTRY_ONLY, sent=old, release_digest="r1") is NextStep.SEND_SUMMARY
    assert step(ace_statuses=NOTHING, sent=old, release_digest="r2") is NextStep.WAIT


def settled(**views: EntryAceStatus) -> EntryState:
    return replace(ENTRY, state="settled", since=10, ace_statuses=dict(views))


def test_what_ace_says_after_the_settlement_takes_it_back() -> None:
    assert reversal_reason(settled(action=view("rejected", 11, code="4", text="REJECTED")))
    assert not reversal_reason(settled(action=view("rejected", 9, code="4")))
    for code, day, back in (
        ("23", "", True), ("99", "", True), ("03", "", True), ("98", "2026-11-10", False),
        ("98", "2026-11-12", True), ("", "", False), ("22", "2026-11-10", False),
    ):  # fmt: skip
        told = view("already on file", 11, release_code=code, release_date=day)
        assert bool(reversal_reason(settled(notice=told))) is back, (code, day)
    assert not reversal_reason(replace(ENTRY, ace_statuses={ACTION: view("rejected", 11, code="4")}))


# -- the table itself: every combination of what can be known


def combinations() -> Iterator[EntryFacts]:
    routes = ("se_then_ae", "ae_certified", "ae_only", "none", "")
    for values in product(PaperOutcome, SummaryStatus, ReleaseStatus, SendingStatus, SendingStatus, BillStatus):
        paper, summary, release, se, ae, bill = values
        if (se in (SendingStatus.REJECTED, SendingStatus.REJECTED_OUTSIDE)) != (
            ae in (SendingStatus.REJECTED, SendingStatus.REJECTED_OUTSIDE)
        ):
            continue  # Told apart below, one application at a time.
        for route in routes if bill is BillStatus.NO_RELEASE and release is ReleaseStatus.NOT_VISIBLE else routes[:1]:
            yield EntryFacts(paper, route, summary, release, se, ae, bill)


def test_what_is_looked_up_is_what_the_table_says() -> None:
    """Every combination, also after the others have been looked up, and any route."""
    for _ in range(2):
        assert all(first_rule(facts) is read(facts) for facts in combinations())
    for way, route in product(SendingStatus, ("se_then_ae", "ae_only", "none", "x")):
        facts = EntryFacts(
            PaperOutcome.RELEASED, route, SummaryStatus.NONE, ReleaseStatus.RELEASED, way, way, BillStatus.OTHER_RELEASE
        )
        assert first_rule(facts) is read(facts)


IN_ACE = (ReleaseStatus.PENDING, ReleaseStatus.RELEASED, ReleaseStatus.OTHER_DAY, ReleaseStatus.STOPPED)


def may_be_sent(facts: EntryFacts, step: NextStep) -> bool:
    """The promise, in other words than the table's."""
    if facts.paper in (PaperOutcome.OPEN, PaperOutcome.CLOSED) or facts.summary is not SummaryStatus.NONE:
        return False
    if facts.ae is not SendingStatus.NOT_SENT:
        return False
    known = facts.release in IN_ACE or (
        facts.release is ReleaseStatus.NOT_VISIBLE
        and (facts.se is SendingStatus.ALREADY_ON_FILE or facts.bill is BillStatus.THIS_ENTRY)
    )
    if facts.se is SendingStatus.REVISED_SINCE:
        return False
    if known and step is NextStep.SEND_SUMMARY:
        return facts.paper is not PaperOutcome.RELEASED or facts.release is not ReleaseStatus.STOPPED
    nowhere = facts.release is ReleaseStatus.NOT_VISIBLE and facts.bill is BillStatus.NO_RELEASE
    alone = step is not NextStep.SEND_SUMMARY or facts.route == "ae_only"
    return nowhere and alone and facts.se is SendingStatus.NOT_SENT


def consolidations() -> Iterator[EntryFacts]:
    for values in product(
        PaperOutcome,
        SummaryStatus,
        ReleaseStatus,
        SendingStatus,
        (SendingStatus.NOT_SENT, SendingStatus.SENT, SendingStatus.REJECTED),
        BillStatus,
        (*PARTS, *WHOLES),
    ):
        paper, summary, release, se, ae, bill, route = values
        yield EntryFacts(paper, route, summary, release, se, ae, bill)


def test_a_covered_release_has_no_summary_and_a_consolidating_summary_no_release() -> None:
    seen: set[tuple[str, NextStep]] = set()
    for facts in consolidations():
        rule = first_rule(facts)
        assert rule.ask or rule.step not in ASKING, rule
        if rule.step in SENDING:
            seen.add((facts.route, rule.step))
            assert facts.summary is SummaryStatus.NONE and facts.ae is SendingStatus.NOT_SENT, facts
            assert facts.release is ReleaseStatus.NOT_VISIBLE, facts
        if rule.step is NextStep.SETTLE and facts.route in PARTS:
            assert (facts.route, facts.release) == (CARRIED, ReleaseStatus.RELEASED), facts
            assert facts.summary is SummaryStatus.NONE, facts
        if rule.step is NextStep.SETTLE and facts.route in WHOLES:
            assert facts.summary is SummaryStatus.MATCHES, facts
    wanted = {(route, NextStep.SEND_RELEASE) for route in (COVERED, CARRIED, ORPHAN)}
    assert seen == {*wanted, (CONSOLIDATING, NextStep.SEND_SUMMARY)}


def test_a_release_whose_summary_is_in_no_record_is_treated_as_covered_until_it_stands_in_ace() -> None:
    """Where a covered release would wait for its summary alone, a person is asked; all else is the same."""
    persons = 0
    for facts in consolidations():
        if facts.route != ORPHAN:
            continue
        own, covered = first_rule(facts), first_rule(replace(facts, route=COVERED))
        if "{uncovered}" in own.why:
            persons += 1
            assert own.step is NextStep.PERSON and facts.release is ReleaseStatus.RELEASED, facts
            assert covered.step is NextStep.WAIT and "its summary goes with" in covered.why, facts
        else:
            assert own is covered, facts
    assert persons


def test_no_combination_sends_when_anything_but_definite_absence_stands() -> None:
    sent_: Counter[NextStep] = Counter()
    for facts in combinations():
        step = first_rule(facts).step
        if step in SENDING:
            sent_[step] += 1
            assert may_be_sent(facts, step), facts
        if step is NextStep.SETTLE:
            assert facts.summary is SummaryStatus.MATCHES and facts.paper is not PaperOutcome.CLOSED, facts
            assert facts.release in (ReleaseStatus.RELEASED, ReleaseStatus.PENDING, ReleaseStatus.NOT_VISIBLE), facts
            assert facts.release is ReleaseStatus.RELEASED or facts.paper is PaperOutcome.WITHDRAWAL, facts
        if step is NextStep.NO_FILING:
            assert facts.paper is PaperOutcome.CLOSED, facts
    assert set(sent_) == set(SENDING)


def test_every_rule_decides_something_and_every_verdict_that_waits_asks() -> None:
    used: set[int] = set()
    for way in (SendingStatus.REJECTED, SendingStatus.REJECTED_OUTSIDE):
        for se, ae in ((way, SendingStatus.NOT_SENT), (SendingStatus.NOT_SENT, way)):
            for release in (ReleaseStatus.NOT_VISIBLE, ReleaseStatus.PENDING):
                facts = EntryFacts(
                    PaperOutcome.RELEASED, "se_then_ae", SummaryStatus.NONE, release, se, ae, BillStatus.NO_RELEASE
                )
                used.add(id(first_rule(facts)))
    for facts in chain(combinations(), consolidations()):
        used.add(id(first_rule(facts)))
        if len(used) == len(RULES):
            break
    assert [rule for rule in RULES if id(rule) not in used] == []
    assert all(rule.ask for rule in RULES if rule.step in ASKING)


ASKING = (
    NextStep.ASK,
    NextStep.WAIT,
    NextStep.TASK,
    NextStep.CORRECT_IN_ACE,
    NextStep.DATE,
    NextStep.DIFFERS,
    NextStep.CANCEL,
)


dispositions = st.sampled_from(
    ["not found", "not visible", "already on file", "not permitted", "unknown", "active", "void",
     "system failure", "rejected", "on file"]
)  # fmt: skip
codes = st.sampled_from(["", "98", "97", "03", "23", "25", "71", "99", "01"])
views = st.dictionaries(
    st.sampled_from([SUMMARY, RELEASE, BILL, IMPORTER, NOTICE, ACTION]),
    st.builds(view, dispositions, st.integers(1, 20), release_code=codes),
)
sendings = st.dictionaries(
    st.sampled_from(["SE", "AE"]),
    st.builds(sent, st.sampled_from(["waiting", "taken", "found", *REFUSED]),
              st.sampled_from(["d", "old"]), seq=st.integers(1, 20)),
)  # fmt: skip


@given(
    views=views,
    sent=sendings,
    outcome=st.sampled_from(["released", "provisional", "waiting", *CLOSED]),
    route=st.sampled_from(["se_then_ae", "ae_certified", "ae_only", "none"]),
    recorded=st.integers(0, 20),
)
def test_nothing_is_ever_sent_that_ace_may_have(views, sent, outcome: str, route: str, recorded: int) -> None:
    one = replace(ENTRY, ace_statuses=views, sent=sent, outcome=outcome, route=route, recorded=recorded)
    step = classify(one).step
    if step not in SENDING:
        return
    last = max([recorded, *(one.seq for one in sent.values())])
    asked = views[SUMMARY]
    assert asked.disposition == "not found" and asked.asked > last and ACTION not in views
    mine = sent.get("SE" if step is NextStep.SEND_RELEASE else "AE")
    assert mine is None or mine.state in REFUSED
    if step is not NextStep.SEND_SUMMARY:
        assert NOTICE not in views
        assert views[RELEASE].disposition == "not visible" and views[RELEASE].asked > last
        assert views[BILL].disposition == "not found" and views[BILL].asked > last
    assert outcome not in CLOSED and route != "none"
