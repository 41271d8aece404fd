"""What people say of duties, and where each stands afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tasks.backup.events import BackupFailed, BackupProved
from tasks.core import clock
from tasks.core.errors import BadInput, Refused
from tasks.core.journal.verification import verify_journal
from tasks.core.messages import Reason
from tasks.duties.duty_catalog import DutyCatalog, shipped_catalog
from tasks.duties.duty_history import catalog_of, load_workspace_catalog
from tasks.duties.evidence_export import gather_evidence
from tasks.duties.fulfillment import (
    FulfillmentInput,
    acknowledge_duty,
    change_duty,
    current_state,
    end_duty,
    fulfill_duty,
    withdraw_proof,
)
from tasks.duties.status import lines, reasons as codes, status_findings, status_line
from tasks.duties.term_schedule import due_steps, duty_states
from tasks.workspace import Workspace
from tests.errors import refused

ISA = {"holder": "self", "connection": "MQIPT, sFTP", "legal-name": "Harbor & Vance"}
TODAY = date(2026, 11, 25)


@pytest.fixture(autouse=True)
def _now():
    with clock.held(datetime(2026, 11, 25, 17, tzinfo=UTC)):
        yield


def at(day: date):
    return clock.held(datetime(day.year, day.month, day.day, 17, tzinfo=UTC))


def isa(office: Workspace):
    return current_state(office.journal.rows, office, shipped_catalog().duties["isa"], "")


def test_every_duty_is_red_until_something_is_shown(office: Workspace) -> None:
    for standing in duty_states(office.journal.rows, catalog_of(office), office.zone):
        said = status_line(standing, office.today())
        if standing.duty.due is None:
            assert said.light == "red" and codes(said) == ["duty-never-done"], said
    assert {one.about for one in lines(office)} >= {f"P{n}" for n in range(1, 11)}


def test_a_proof_is_stored_and_found_again(office: Workspace, proof) -> None:
    given = FulfillmentInput(proof("accepted by CBP"), on=date(2026, 11, 2), facts=ISA)
    standing = fulfill_duty(office, "isa", given, "ada")
    assert (standing.due, standing.submit_by) == (date(2029, 11, 2), date(2029, 5, 6))
    last = standing.last
    assert last and last.by == "ada" and office.content.get(last.proof).startswith(b"accepted by CBP")
    assert status_line(standing, TODAY).values["reasons"] == [
        Reason("proof-ends", days=1073, due="2029-11-02").facts,
        Reason("submit-by", submit="2029-05-06").facts,
    ]
    with refused("duty-proof-already-recorded", Refused):
        fulfill_duty(office, "isa", given, "ada")
    assert verify_journal(office.journal, office.content).ok


def test_a_choice_is_known_whatever_letters_were_typed(office: Workspace, proof) -> None:
    typed = {**ISA, "holder": "SELF", "connection": "mqipt ,SFTP"}
    done = fulfill_duty(office, "isa", FulfillmentInput(proof(), on=date(2026, 11, 2), facts=typed), "ada")
    assert done.last and dict(done.last.facts) == ISA


WRONG = [
    ("isa", {}, ("--proof", "required-fact-missing", "")),
    ("isa", {"on": date(2026, 11, 26)}, ("--on", "date-in-future", "2026-11-26")),
    ("isa", {"until": date(2029, 1, 1)}, ("--until", "duty-has-fixed-interval", "2029-01-01")),
    ("isa", {"item": "x"}, ("--for", "duty-without-items", "x")),
    ("isa", {"statement": "done"}, ("--proof", "required-fact-missing", "")),
    ("isa", {"facts": {**ISA, "holder": "both"}}, ("--fact holder", "fact-choice-invalid", "both")),
    ("isa", {"facts": {**ISA, "connection": "sFTP, fax"}},
     ("--fact connection", "fact-choice-invalid", "fax")),
    ("isa", {"facts": {**ISA, "colour": "red"}}, ("--fact colour", "duty-fact-unknown", "red")),
    ("isa", {"proof": Path("/no/such")}, ("--proof", "proof-not-a-file", "")),
    ("power-of-attorney", {"item": "ACME"}, ("--until", "end-date-missing", "")),
    ("power-of-attorney", {"until": date(2026, 11, 25)},
     ("--until", "end-date-not-after-start", "2026-11-25")),
    ("provider-due-diligence", {"facts": {"breach-notice-hours": "soon"}},
     ("--fact breach-notice-hours", "fact-not-a-number", "soon")),
    ("provider-due-diligence", {"item": "a/b"}, ("--for", "duty-item-name-invalid", "a/b")),
    ("number-reserve", {}, ("duty", "duty-counted-automatically", "number-reserve")),
]  # fmt: skip


@pytest.mark.parametrize(("duty", "given", "problem"), WRONG)
def test_what_is_wrong_is_told_and_changes_nothing(
    office: Workspace, duty: str, given: dict, problem: tuple[str, str, str]
) -> None:
    before = office.journal.head()
    with refused("duty-proof-refused", BadInput) as caught:
        fulfill_duty(office, duty, FulfillmentInput(**given), "ada")
    assert problem in [(one.column, one.code, one.value) for one in caught.problems]
    assert office.journal.head() == before


def test_an_unknown_duty_is_refused(office: Workspace) -> None:
    before = office.journal.head()
    with refused("duty-id-unknown", BadInput) as caught:
        fulfill_duty(office, "no-such", FulfillmentInput(), "ada")
    assert caught.values["name"] == "no-such" and "isa" in caught.values["allowed"]
    assert office.journal.head() == before


def test_all_is_told_at_once(office: Workspace) -> None:
    with refused("duty-proof-refused", BadInput) as caught:
        fulfill_duty(office, "isa", FulfillmentInput(on=date(2027, 1, 1), item="x"), "ada")
    assert len(caught.problems) == 6


def test_an_acknowledgement_silences_only_the_rung(office: Workspace, proof) -> None:
    fulfill_duty(office, "contacts", FulfillmentInput(statement="rang all"), "ada")
    with refused("reminder-not-open", Refused):
        acknowledge_duty(office, "contacts", "", "", "ada")
    fulfill_duty(office, "isa", FulfillmentInput(proof(), on=date(2024, 5, 20), facts=ISA), "ada")
    submit = isa(office).submit_by
    assert submit == date(2026, 11, 21)
    assert status_line(isa(office), TODAY).light == "red"
    assert acknowledge_duty(office, "isa", "", "submitted through eISA", "ada") == ["T-180"]
    assert status_line(isa(office), TODAY).light == "amber"
    assert due_steps(isa(office), date(2026, 12, 18)) == []
    assert [step.name for step in due_steps(isa(office), date(2026, 12, 21))] == ["T-150"]
    assert status_line(isa(office), date(2027, 4, 20)).light == "red", "30 days before its end"


def test_a_change_makes_it_due_again_and_a_new_agreement_ends_that(office: Workspace, proof) -> None:
    with refused("duty-not-fulfilled-yet", Refused):
        change_duty(office, "isa", "", "legal name", TODAY, "ada")
    fulfill_duty(office, "isa", FulfillmentInput(proof(), on=date(2026, 1, 5), facts=ISA), "ada")
    with refused("duty-change-refused", BadInput) as caught:
        change_duty(office, "isa", "", "new carpet", TODAY, "ada")
    assert caught.codes == ["duty-change-unknown"]
    moved = change_duty(office, "isa", "", "data origination or physical address", TODAY, "ada")
    assert moved.due == TODAY and status_line(moved, TODAY).light == "amber"
    assert status_line(moved, TODAY + timedelta(days=1)).light == "red"
    assert [step.name for step in due_steps(moved, TODAY)] == ["T-0"]
    with at(date(2026, 12, 1)):
        renewed = fulfill_duty(office, "isa", FulfillmentInput(proof("new"), on=date(2026, 12, 1), facts=ISA), "ada")
    assert renewed.change is None and renewed.due == date(2029, 12, 1)


def test_a_change_does_not_make_a_late_renewal_look_better(office: Workspace, proof) -> None:
    fulfill_duty(office, "isa", FulfillmentInput(proof(), on=date(2024, 3, 1), facts=ISA), "ada")
    late = status_line(current_state(office.journal.rows, office, catalog_of(office).duty("isa"), ""), TODAY)
    assert late.light == "red" and codes(late) == ["proof-ends", "submission-late"]
    moved = status_line(change_duty(office, "isa", "", "merger", TODAY, "ada"), TODAY)
    assert moved.light == "red" and moved.values["reasons"] == [
        Reason("duty-due-again", due=TODAY.isoformat(), change="merger",
               changed=TODAY.isoformat()).facts,
        Reason("term-also-ends", regular="2027-03-01").facts,
        Reason("submission-late", submit="2026-09-02").facts,
    ]  # fmt: skip


def test_an_event_of_another_room_makes_it_due_again(office: Workspace, proof) -> None:
    """As a closed incident does an exercise: by the kind of the event, whoever writes it."""
    shipped_ = catalog_of(office).duties["exercise"]
    assert shipped_.again_after == ("incident.closed",)
    duty = shipped_.model_copy(update={"again_after": ("backup.failed",)})
    office.keep(load_workspace_catalog, DutyCatalog({duty.id: duty}, {}))
    fulfill_duty(office, duty.id, FulfillmentInput(proof(), on=date(2026, 11, 1)), "ada")
    assert current_state(office.journal.rows, office, duty, "").due == date(2027, 11, 1)
    failed = BackupFailed(what="run", findings=[])
    office.journal.append(failed, "backup", "it")
    again = current_state(office.journal.rows, office, duty, "")
    assert again.due == TODAY + timedelta(days=90) and again.change
    (reason,) = status_findings(again, TODAY)
    assert (reason.code, reason.values["change"]) == ("duty-due-again", "backup failed")
    assert reason.values["changed"] == "2026-11-25"


def test_fixed_days_follow_each_other(office: Workspace, proof) -> None:
    duty = shipped_catalog().duties["triennial-report"]
    assert current_state(office.journal.rows, office, duty, "").due == date(2027, 2, 1)
    with at(date(2027, 2, 10)):
        late = fulfill_duty(office, duty.id, FulfillmentInput(proof("filed"), on=date(2027, 2, 10)), "ada")
        assert late.due == date(2030, 2, 1)
        more = fulfill_duty(
            office, duty.id, FulfillmentInput(proof("receipt"), on=date(2027, 2, 10), again=True), "ada"
        )
        assert more.due == date(2030, 2, 1) and len(more.proofs) == 2
        withdrawn = withdraw_proof(office, duty.id, "", "wrong file", "ada")
        assert withdrawn.due == date(2030, 2, 1)
        again = withdraw_proof(office, duty.id, "", "not filed after all", "ada")
        assert again.due == date(2027, 2, 1) and status_line(again, date(2027, 2, 10)).light == "red"


def test_a_mistake_is_withdrawn_and_said_again(office: Workspace, proof) -> None:
    given = FulfillmentInput(proof(), on=TODAY)
    fulfill_duty(office, "risk-assessment", given, "ada")
    assert withdraw_proof(office, "risk-assessment", "", "the old one", "ada").never
    assert fulfill_duty(office, "risk-assessment", given, "ada").due == date(2027, 11, 25)
    with refused("no-proof-to-withdraw", Refused):
        withdraw_proof(office, "firewall", "", "x", "ada")


def test_each_item_has_its_own_dates_until_it_ends(office: Workspace, proof) -> None:
    facts = {"attestation": "SOC 2 type 2", "breach-notice-hours": "72", "risk": "low"}
    for name, until in (("Alpha Hosting", date(2027, 3, 1)), ("Beta Cloud", None)):
        given = FulfillmentInput(proof(name), item=name, on=TODAY, until=until, facts=facts)
        fulfill_duty(office, "provider-due-diligence", given, "ada")
    own = [one for one in duty_states(office.journal.rows, catalog_of(office), office.zone)
           if one.duty.id == "provider-due-diligence"]  # fmt: skip
    assert [(one.item, one.due) for one in own] == [
        ("Alpha Hosting", date(2027, 3, 1)), ("Beta Cloud", date(2027, 11, 25)),
    ]  # fmt: skip
    assert status_line(own[0], TODAY).light == "amber", "72 hours are more than 24"
    too_large = Reason("proof-fact-too-large", fact="breach-notice-hours", value="72", most=24)
    assert too_large.facts in status_line(own[0], TODAY).values["reasons"]
    end_duty(office, "provider-due-diligence", "Alpha Hosting", "contract ended", "ada")
    left = duty_states(office.journal.rows, catalog_of(office), office.zone)
    assert [one.item for one in left if one.duty.id == "provider-due-diligence"] == ["Beta Cloud"]
    with pytest.raises(Refused):
        end_duty(office, "provider-due-diligence", "Alpha Hosting", "again", "ada")


def test_what_other_rooms_did_counts_by_its_kind(office: Workspace) -> None:
    done = BackupProved(
        repository="r", host="d", sequence=1, manifest="m", proof="p", drill="x", scope="all", files=1,
        bytes=1, seconds=1, restored_at="2026-11-24T00:00:00Z",
    )  # fmt: skip
    office.journal.append(done, "backup/d:1", "drill")
    duty = shipped_catalog().duties["backup-restored"]
    standing = current_state(office.journal.rows, office, duty, "")
    assert standing.due == date(2027, 2, 25) and status_line(standing, TODAY).light == "green"


def test_a_policy_register_names_the_functions_it_covers(office: Workspace, proof) -> None:
    given = FulfillmentInput(proof(), item="Incident response", facts={"version": "2", "owner": "compliance"})
    with refused("duty-proof-refused", BadInput) as caught:
        fulfill_duty(office, "policy-review", given, "ada")
    assert caught.codes == ["required-fact-missing"]
    facts = {**given.facts, "functions": "RS, RC"}
    standing = fulfill_duty(office, "policy-review", FulfillmentInput(given.proof, item=given.item, facts=facts), "ada")
    assert standing.last and standing.last.facts == facts


def test_a_provider_is_one_however_it_is_typed(office: Workspace, proof) -> None:
    facts = {"attestation": "ISO 27001", "breach-notice-hours": "24", "risk": "low"}
    for name, words in (("Cloud Co", "last year"), ("cloud  CO", "this year")):
        given = FulfillmentInput(proof(words), item=name, facts=facts)
        assert fulfill_duty(office, "provider-due-diligence", given, "ada").item == "Cloud Co"
    end_duty(office, "provider-due-diligence", "CLOUD CO", "contract over", "ada")
    items = [one.item for one in duty_states(office.journal.rows, catalog_of(office), office.zone)
             if one.duty.id == "provider-due-diligence"]  # fmt: skip
    assert items == [""]


def test_a_file_proves_one_duty(office: Workspace, proof) -> None:
    """One file proved five."""
    file = proof("the assessment of the year")
    fulfill_duty(office, "risk-assessment", FulfillmentInput(file), "ada")
    before = office.journal.head()
    with refused("duty-proof-refused", BadInput) as caught:
        fulfill_duty(office, "firewall", FulfillmentInput(file), "ada")
    (problem,) = caught.problems
    digest = sha256(file.read_bytes()).hexdigest()
    assert problem.file == str(file) and digest in problem.value
    assert (problem.code, problem.values["event"]) == ("proof-already-used", before.seq)
    assert "risk-assessment" in problem.values["proves2"]
    assert office.journal.head() == before
    done = fulfill_duty(office, "firewall", FulfillmentInput(file, reason="part 2 is the firewall review"), "ada")
    shared = status_line(done, TODAY).values["shared"]
    assert "risk-assessment" in shared and "part 2 is the firewall review" in shared
    (row,) = [one for one in gather_evidence(office) if one.duty == "firewall"]
    assert "part 2 is the firewall review" in row.shared
    with at(date(2027, 11, 20)), refused("duty-proof-refused", BadInput):
        fulfill_duty(office, "risk-assessment", FulfillmentInput(file), "ada")


def test_a_file_may_prove_the_same_duty_in_its_next_term(office: Workspace, proof) -> None:
    fulfill_duty(office, "risk-assessment", FulfillmentInput(proof()), "ada")
    with at(date(2027, 11, 20)):
        assert fulfill_duty(office, "risk-assessment", FulfillmentInput(proof()), "ada").due == date(2028, 11, 20)


def test_one_file_does_not_prove_two_providers_unless_it_was_withdrawn(office: Workspace, proof) -> None:
    facts = {"attestation": "ISO 27001", "breach-notice-hours": "24", "risk": "low"}
    file = proof("SOC 2 of somebody")
    fulfill_duty(office, "provider-due-diligence", FulfillmentInput(file, item="Alpha", facts=facts), "ada")
    beta = FulfillmentInput(file, item="Beta", facts=facts)
    with refused("duty-proof-refused", BadInput) as caught:
        fulfill_duty(office, "provider-due-diligence", beta, "ada")
    assert caught.codes == ["proof-already-used"]
    withdraw_proof(office, "provider-due-diligence", "Alpha", "it was Beta's", "ada")
    assert fulfill_duty(office, "provider-due-diligence", beta, "ada").item == "Beta"


@pytest.mark.parametrize("data", [b"ok", b" " * 200 + b"done"])
def test_a_file_with_nothing_in_it_proves_no_duty(office: Workspace, tmp_path: Path, data: bytes) -> None:
    small = tmp_path / "ok.txt"
    small.write_bytes(data)
    with refused("duty-proof-refused", BadInput) as caught:
        fulfill_duty(office, "risk-assessment", FulfillmentInput(small), "ada")
    assert caught.codes == ["proof-too-small"]
    assert not office.content.path(sha256(data).hexdigest()).exists()
