from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from tasks.reconciliation.classify import CLOSED, Step, classify
from tasks.reconciliation.view import (
    BILL,
    CONSIGNEE,
    IMPORTER,
    NOTICE,
    RELEASE,
    SUMMARY,
    Sent,
    Standing,
    View,
)
from tasks.shared.projections import REFUSED

ENTRY = Standing(
    number="ABC-1234567-6", desk="truck", port="2304", state="recorded", entry_type="01",
    route="se_then_ae", outcome="released", released="2026-11-10", complete=True, bonded=True,
    importer="12-3456789", content="c", digest="d",
)  # fmt: skip


def view(disposition: str, asked: int = 10, **values: object) -> View:
    blank = dict.fromkeys(("code", "text", "release", "release_code", "release_date", "control",
                           "summary", "version"), "")  # fmt: skip
    given_: dict = {**blank, "late": None, "differs": (), **values}
    return View(asked=asked, seq=asked, disposition=disposition, **given_)


def sent(state: str, digest: str = "d", **values: object) -> Sent:
    given_: dict = {"code": "", "seq": 5, **values}
    return Sent("B1", state, digest, **given_)


NOTHING = {
    SUMMARY: view("not found"), RELEASE: view("not visible"), BILL: view("not found"),
    IMPORTER: view("active"),
}  # fmt: skip
ENTRY_ONLY = {**NOTHING, RELEASE: view("already on file")}


def step(**changes: object) -> Step:
    return classify(replace(ENTRY, **changes)).step  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", CLOSED)
def test_what_did_not_come_in_is_never_filed(outcome: str) -> None:
    assert step(outcome=outcome, views=NOTHING) is Step.NO_FILING


@pytest.mark.parametrize("outcome", ["not presented", "waiting", "exam"])
def test_what_the_port_has_not_let_go_waits(outcome: str) -> None:
    assert step(outcome=outcome, views=NOTHING) is Step.AT_PORT


def test_questions_come_in_order_and_before_any_sending() -> None:
    known: dict[str, View] = {}
    for about in (SUMMARY, RELEASE, BILL, IMPORTER):
        verdict = classify(replace(ENTRY, views=dict(known)))
        assert (verdict.step, verdict.ask) == (Step.ASK, about)
        known[about] = NOTHING[about]
    assert step(views=known) is Step.SEND_RELEASE


@pytest.mark.parametrize(
    ("route", "wanted"),
    [
        ("se_then_ae", Step.SEND_RELEASE),
        ("ae_certified", Step.SEND_CERTIFIED),
        ("ae_only", Step.SEND_SUMMARY),
    ],
)
def test_where_both_are_empty_the_route_decides(route: str, wanted: Step) -> None:
    assert step(route=route, views=NOTHING) is wanted


def test_an_entry_without_summary_gets_the_summary_alone() -> None:
    for route in ("se_then_ae", "ae_certified", "ae_only"):
        assert step(route=route, views=ENTRY_ONLY) is Step.SEND_SUMMARY
    assert step(views=ENTRY_ONLY, complete=False) is Step.CHASE


def test_an_answer_from_before_the_sending_proves_nothing() -> None:
    later = {"SE": sent("not processed", seq=11)}
    assert step(views=NOTHING, sent=later) is Step.ASK


@pytest.mark.parametrize("state", ["waiting", "taken"])
def test_silence_is_never_taken_for_absence(state: str) -> None:
    assert step(views=NOTHING, sent={"SE": sent(state)}) is Step.WAIT
    assert step(views=ENTRY_ONLY, sent={"AE": sent(state)}) is Step.WAIT


def test_a_refused_entry_goes_again_only_when_it_changed() -> None:
    assert step(views=NOTHING, sent={"SE": sent("rejected")}) is Step.DESK
    assert step(views=NOTHING, sent={"SE": sent("rejected", digest="old")}) is Step.SEND_RELEASE
    assert step(views=ENTRY_ONLY, sent={"AE": sent("rejected")}) is Step.DESK
    assert step(views=ENTRY_ONLY, sent={"AE": sent("rejected", digest="old")}) is Step.SEND_SUMMARY


def test_a_batch_rejected_whole_is_the_fault_of_its_only_entry() -> None:
    whole = {"SE": sent("batch rejected", code="X33 NO SUCH RECORD")}
    alone = {"SE": sent("batch rejected", code="X33 NO SUCH RECORD", alone=True)}
    assert step(views=NOTHING, sent=whole) is Step.SEND_RELEASE
    back = classify(replace(ENTRY, views=NOTHING, sent=alone))
    assert back.step is Step.DESK
    assert back.why.endswith("X33 NO SUCH RECORD")
    failed = {"SE": sent("not processed", code="ZZZ", alone=True)}
    assert step(views=NOTHING, sent=failed) is Step.SEND_RELEASE


def test_already_on_file_means_found_not_failed() -> None:
    assert step(views=NOTHING, sent={"SE": sent("found")}) is Step.SEND_SUMMARY


def on_file(**values: object) -> dict[str, View]:
    same = {"release_date": "2026-11-10", "summary": "accepted"}
    shown = view("already on file", release_date=values.get("release_date", "2026-11-10"))
    return {SUMMARY: view("already on file", **{**same, **values}), RELEASE: shown}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, Step.SETTLE),
        ({"differs": ("line 1, Value: paper 10, ACE 20",)}, Step.DIFFERS),
        ({"release_date": "2026-11-11"}, Step.DATE),
        ({"release_date": ""}, Step.WAIT),
        ({"summary": "cancelled"}, Step.PERSON),
        ({"summary": "rejected"}, Step.PERSON),
    ],
)
def test_what_ace_has_is_compared_and_never_sent(values: dict, wanted: Step) -> None:
    assert step(views=on_file(**values)) is wanted


def test_the_date_of_a_release_may_come_from_either_query() -> None:
    shown = {RELEASE: view("already on file", release_date="2026-11-10")}
    assert step(views={**on_file(release_date=""), **shown}) is Step.SETTLE
    assert step(views={SUMMARY: on_file(release_date="")[SUMMARY]}) is Step.ASK


def test_quota_and_withdrawals_are_filed_before_anything_is_released() -> None:
    before = {"outcome": "waiting", "released": ""}
    assert step(**before, views=NOTHING, route="ae_certified") is Step.SEND_CERTIFIED
    assert step(**before, views=NOTHING, route="ae_only", entry_type="31") is Step.SEND_SUMMARY
    assert step(**before, views=on_file(release_date=""), route="ae_certified") is Step.WAIT
    assert step(**before, views=on_file(), route="ae_certified") is Step.SETTLE
    assert step(**before, views=on_file(release_date=""), route="ae_only", entry_type="31") is (
        Step.SETTLE
    )


def test_released_on_paper_but_held_in_ace_is_a_task_for_today() -> None:
    held = {RELEASE: view("already on file", release_code="96", release="document required")}
    assert step(views={**NOTHING, **held}) is Step.TASK
    notice = {NOTICE: view("already on file", release_code="03")}
    assert step(views={**on_file(release_date=""), **notice}) is Step.TASK


def test_what_stands_in_the_way() -> None:
    assert step(views=NOTHING, bonded=False) is Step.SURETY
    assert step(views={**NOTHING, IMPORTER: view("inactive")}) is Step.FORM
    assert step(views={**NOTHING, BILL: view("already on file")}) is Step.PERSON
    assert step(views={SUMMARY: view("not permitted")}) is Step.PERSON
    assert step(views={**NOTHING, RELEASE: view("unknown")}) is Step.PERSON


def test_a_consignee_of_another_number_must_be_known_too() -> None:
    other = {"consignee": "98-765432100", "bond_type": "8"}
    verdict = classify(replace(ENTRY, views=NOTHING, **other))
    assert (verdict.step, verdict.ask) == (Step.ASK, CONSIGNEE)
    known = {**NOTHING, CONSIGNEE: view("unknown")}
    assert step(views=known, **other) is Step.FORM
    assert step(views={**NOTHING, CONSIGNEE: view("active")}, **other) is Step.SEND_RELEASE
    assert step(views=NOTHING, consignee=ENTRY.importer) is Step.SEND_RELEASE


def test_a_continuous_bond_must_stand_in_ace() -> None:
    bare = {**NOTHING, IMPORTER: view("active", text="no bond")}
    assert step(views=bare, bond_type="8") is Step.PERSON
    assert step(views=bare, bond_type="0") is Step.SEND_RELEASE


dispositions = st.sampled_from(
    ["not found", "not visible", "already on file", "not permitted", "unknown", "active", "void"]
)
views = st.dictionaries(
    st.sampled_from([SUMMARY, RELEASE, BILL, IMPORTER, NOTICE]),
    st.builds(view, dispositions, st.integers(1, 20)),
)
sendings = st.dictionaries(
    st.sampled_from(["SE", "AE"]),
    st.builds(sent, st.sampled_from(["waiting", "taken", "found", *REFUSED]),
              st.sampled_from(["d", "old"]), seq=st.integers(1, 20)),
)  # fmt: skip
SENDING = (Step.SEND_RELEASE, Step.SEND_SUMMARY, Step.SEND_CERTIFIED)


@given(
    views=views,
    sent=sendings,
    outcome=st.sampled_from(["released", "provisional", "waiting", *CLOSED]),
    route=st.sampled_from(["se_then_ae", "ae_certified", "ae_only", "none"]),
)
def test_nothing_is_ever_sent_that_ace_may_have(views, sent, outcome: str, route: str) -> None:
    one = replace(ENTRY, views=views, sent=sent, outcome=outcome, route=route)
    if classify(one).step not in SENDING:
        return
    summary, release = one.fresh(SUMMARY), one.fresh(RELEASE)
    assert summary is not None and summary.disposition == "not found"
    assert release is not None
    application = "SE" if classify(one).step is Step.SEND_RELEASE else "AE"
    mine = sent.get(application)
    assert mine is None or mine.state in REFUSED
    if application == "SE" or classify(one).step is Step.SEND_CERTIFIED:
        assert release.disposition == "not visible"
    assert outcome not in CLOSED and route != "none"
