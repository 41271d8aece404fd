"""Notices: due by the plan, filled from the book, private numbers only where the rule needs them."""

from __future__ import annotations

import email
import io
import shutil
from datetime import datetime, timedelta
from email import policy
from pathlib import Path

import pytest
from pypdf import PdfReader

from tasks.backup.events import BackupProved
from tasks.core import clock
from tasks.core.errors import BadInput, Refused
from tasks.incident.events import NoticeSent
from tasks.incident.evidence.remediation_checklist import attach_evidence
from tasks.incident.notices import contact_list, fact_sources, notice_records
from tasks.incident.notices.drafting import drafting_context
from tasks.incident.notices.exposed_numbers import record_exposure
from tasks.incident.notices.fact_sources import FactOrigin, record_facts, remediation_progress
from tasks.incident.notices.notice_delivery import write_notices
from tasks.incident.notices.notice_listing import current_notices
from tasks.incident.notices.notice_plan import NOTICE_PLAN_FILE, load_notice_plan
from tasks.incident.notices.notice_records import record_notice
from tasks.incident.timeline import listing_rows
from tasks.incident.timeline.deadline_clocks import Clock, running_clocks
from tasks.incident.timeline.deadline_rules import load_deadlines
from tasks.incident.timeline.incident_state import StepDetails, record_breach, require_incident, take_step
from tasks.incident.timeline.open_work import OpenWorkAct, close_items, load_exports, open_work_items
from tasks.workspace import Workspace
from tests.errors import refused
from tests.incident.notice_helpers import SSN, TWO, drafted, due, known, mailed, page
from tests.incident.timeline.test_open_work import GOOD, export
from tests.incident.world import crm, declared, through, with_contacts, with_systems


def test_the_plan_holds_together() -> None:
    found = load_notice_plan(Path("nowhere"))
    assert list(found.notices) == ["call-sheet", "breach", "breach-update", "downtime-request", "status",
                                   "port", "discretion-request", "client", "vendor", "reconnect",
                                   "close-out"]  # fmt: skip
    assert [one.id for one in found.notices.values() if one.numbers] == ["breach", "breach-update"]


def test_what_is_due_follows_the_steps(office: Workspace, morning: datetime) -> None:
    with_contacts(office)
    declared(office, morning)
    assert due(office) == ["call-sheet", "breach", "downtime-request", "status", "client", "vendor"]
    through(office, "disconnected", "downtime_requested", "downtime_authorised")
    assert "port" in due(office) and "downtime-request" not in due(office)
    record_notice(office, drafted(office, "status", "cbp-hq")[0].notice, "call", "ada")
    assert "status" not in due(office)
    with clock.held(morning + timedelta(hours=20)):
        assert "status" in due(office), "each day anew"
    through(office, "downtime_running", "remediating", "remediated")
    assert "reconnect" in due(office) and "call-sheet" not in due(office)


def test_the_update_is_due_before_its_clock_ends(office: Workspace, morning: datetime) -> None:
    declared(office, morning)
    made = drafted(office, "breach")[0]
    mailed(office, made.notice)
    assert not {"breach", "breach-update"} & set(due(office))
    with clock.held(morning + timedelta(days=14)):
        assert "breach-update" in due(office)
    with clock.held(morning + timedelta(hours=50)):
        record_breach(office, clock.now() - timedelta(hours=30), "a second server", [], "ada")
        assert "breach-update" in due(office)


def test_an_update_of_a_notice_that_was_never_sent_is_the_notice(office: Workspace, morning: datetime) -> None:
    with_contacts(office)
    incident = declared(office, morning)
    record_facts(office, incident, {"news": "a second server", "cause": "a mail"}, "ada")
    (made,) = drafted(office, "breach-update")
    assert (made.draft.template, made.instead) == ("breach", "breach-update")
    said = "\n".join(made.draft.text)
    assert fact_sources.UNKNOWN not in said
    assert "a second server" in dict(made.draft.facts).values()
    assert made.written and made.new
    mailed(office, made.notice)
    with clock.held(morning + timedelta(hours=1)):
        (after,) = drafted(office, "breach-update")
    assert (after.draft.template, after.instead) == ("breach-update", "")
    said = "\n".join(after.draft.text)
    assert "Tue 2026-11-24" in said and fact_sources.UNKNOWN not in said
    assert after.draft.title != made.draft.title


def test_a_notice_that_a_person_says_was_sent_is_added_to(office: Workspace, morning: datetime) -> None:
    with_contacts(office)
    incident = declared(office, morning)
    record_facts(office, incident, {"breach-sent": "Mon 2026-11-23, by telephone"}, "ada")
    (made,) = drafted(office, "breach-update")
    assert made.draft.template == "breach-update" and not made.instead
    assert "Mon 2026-11-23, by telephone" in made.draft.text[0]


def test_the_sending_of_what_stands_in_meets_the_clocks(office: Workspace, morning: datetime) -> None:
    with_contacts(office)
    declared(office, morning)
    with clock.held(morning + timedelta(hours=5)):
        record_breach(office, clock.now(), "a second server", [], "ada")
        incident = require_incident(office.journal.rows)
        running = {one.rule.id: one.next for one in running_clocks(office, incident)}
        assert running["BR72"] == running["BR72+"] == "continuity incident notify breach"
        (made,) = drafted(office, "breach-update")
        mailed(office, made.notice)
        ids = {one.rule.id for one in running_clocks(office, incident)}
        assert "BR10" in ids and not {"BR72", "BR72+"} & ids


def test_discretion_is_asked_for_when_somebody_says_so(office: Workspace, morning: datetime) -> None:
    office = with_contacts(export(office, GOOD))
    declared(office, morning)
    through(office, "disconnected", "downtime_requested", "downtime_authorised")
    load_exports(office, "ada")
    assert "discretion-request" not in due(office)
    made = {one.contact.id: one for one in drafted(office, "discretion-request")}
    (asked,) = made["cbp-hq"].draft.tables
    references = [row[1] for row in asked.rows]
    assert references
    items = open_work_items(office.journal.rows, "2026-01", load_deadlines(office.settings.home))
    owed = [one for one in items if one.work in ("summary", "unpaid", "statement")]
    assert references == [one.reference for one in owed]
    for contact, one in made.items():
        ports = set(one.contact.ports)
        if ports:
            (table,) = one.draft.tables
            own = [item.reference for item in owed if item.port in ports]
            assert [row[1] for row in table.rows] == (own or [""]), contact
    closed = close_items(office, [owed[0].id], OpenWorkAct("filed", "by hand"), "ada")
    assert closed == [owed[0].id]
    after = drafted(office, "discretion-request", "cbp-hq")[0].draft.tables[0]
    assert [row[1] for row in after.rows] == [one.reference for one in owed[1:]]


def test_no_breach_no_breach_notice(office: Workspace, morning: datetime) -> None:
    declared(office, morning, breach=False)
    assert "breach" not in due(office) and "call-sheet" in due(office)


def test_a_notice_says_what_is_known_and_what_is_not(office: Workspace, morning: datetime) -> None:
    with_contacts(office)
    incident = declared(office, morning)
    record_facts(office, incident, {"cause": "a stolen password"}, "ada")
    record_facts(office, incident, {"cause": "a mail with a link", "site": "Laredo"}, "ada")
    (made,) = drafted(office, "call-sheet", "cbp-soc")
    facts, found = dict(made.draft.facts), load_notice_plan(office.settings.home)
    assert facts[found.label("cause")] == "a mail with a link"
    assert facts[found.label("indicators")] == fact_sources.UNKNOWN
    assert facts[found.label("discovered")] == "Tue 2026-11-24 08:03 EST"
    assert facts[found.label("contact")] == "JO HARBOR, 5625550100"


def test_the_breach_notice_lists_the_numbers_in_the_clear(office: Workspace, morning: datetime, tmp_path: Path) -> None:
    office = with_systems(office, crm(office))
    declared(office, morning)
    record_exposure(office, ["crm"], "ada")
    (made,) = drafted(office, "breach")
    stored = office.content.get(known(office, made)[0].content)
    assert SSN.encode() not in stored and "Übersee" in stored.decode()
    written = {path.suffix: path for path in write_notices(office, known(office, made), tmp_path)}
    assert written[".txt"].stat().st_mode & 0o077 == 0
    assert SSN in written[".txt"].read_text() and SSN in page(written[".pdf"].read_bytes())
    message = email.message_from_bytes(written[".eml"].read_bytes(), policy=policy.default)
    assert message["To"] == "cbpsoc@cbp.dhs.gov" and message["X-Unsent"] == "1"
    assert SSN in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "19 CFR 111.21(b)" in message["Subject"]


def test_numbers_that_cannot_be_opened_keep_back_their_notice_alone(
    office: Workspace, morning: datetime, tmp_path: Path
) -> None:
    office = with_contacts(with_systems(office, crm(office)))
    declared(office, morning)
    record_exposure(office, ["crm"], "ada")
    made = known(office, *drafted(office, "breach"), *drafted(office, "vendor"))
    for name in ("private", "private-keys"):
        shutil.rmtree(office.settings.home / name)
    with refused("notices-not-sent", Refused) as caught:
        write_notices(office, made, tmp_path / "out")
    assert caught.codes == ["notice-numbers-not-opened"]
    names = {path.suffix for path in (tmp_path / "out").iterdir() if "-vendor-" in path.name}
    assert names == {".pdf", ".txt", ".eml"}


def test_other_notices_never_hold_a_social_security_number(
    office: Workspace, morning: datetime, tmp_path: Path
) -> None:
    office = with_contacts(with_systems(office, crm(office)))
    declared(office, morning)
    record_exposure(office, ["crm"], "ada")
    for name in load_notice_plan(office.settings.home).notices:
        if name not in ("breach", "breach-update"):
            made = drafted(office, name)[:1]
            for path in write_notices(office, known(office, *made), tmp_path / name):
                assert SSN.encode() not in path.read_bytes()
                if path.suffix == ".pdf":
                    assert SSN not in page(path.read_bytes())


def test_a_long_list_goes_beside_the_mail(office: Workspace, morning: datetime, tmp_path: Path) -> None:
    office = with_systems(office, crm(office, 200))
    declared(office, morning)
    record_exposure(office, ["crm"], "ada")
    written = write_notices(office, known(office, *drafted(office, "breach")), tmp_path)
    (listed,) = [path for path in written if path.suffix == ".csv"]
    assert len(listed.read_text(encoding="utf-8-sig").splitlines()) == 204
    message = email.message_from_bytes(
        next(one for one in written if one.suffix == ".eml").read_bytes(), policy=policy.default
    )
    names = [one.get_filename() for one in message.iter_attachments()]
    assert names == ["breach.pdf", "compromised-importer-numbers.csv"]
    assert "203" in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    pdf = next(one for one in written if one.suffix == ".pdf").read_bytes()
    assert len(PdfReader(io.BytesIO(pdf)).pages) > 3 and "Importer 199 of" in page(pdf)


def test_the_same_is_not_drafted_twice(office: Workspace, morning: datetime) -> None:
    incident = declared(office, morning)
    first = drafted(office, "breach")[0]
    with clock.held(morning + timedelta(minutes=5)):
        again = drafted(office, "breach")[0]
        assert (again.notice, again.new) == (first.notice, False)
        record_facts(office, incident, {"cause": "known now"}, "ada")
        third = drafted(office, "breach")[0]
    assert third.new and third.notice == "2026-01/breach/cbp-soc/2"
    assert [one.id for one in current_notices(office.journal.rows, "2026-01")] == [third.notice]


def test_each_port_gets_its_own_blocks(office: Workspace, morning: datetime) -> None:
    from tasks.entries.numbers.number_reserve import issue_block, reserve_block

    with_contacts(office)
    reserve_block(office.journal, office.settings, "entry", 9_000_000, 50, "seen", "it")
    for desk, port in (("truck", "2304"), ("ocean", "2704")):
        issue_block(office.journal, office.settings, "entry", 5, desk, port, "it")
    declared(office, morning)
    made = {one.contact.id: one.draft for one in drafted(office, "port")}
    blocks = {name: [row[0] for row in one.tables[0].rows] for name, one in made.items()}
    assert blocks == {"laredo": ["truck"], "longbeach": ["ocean"]}
    assert made["laredo"].tables[0].rows[0][2:] == ["ABC-9000000-3", "ABC-9000004-5", "5"]
    asked = drafted(office, "downtime-request")[0].draft
    assert [row[0] for row in asked.tables[1].rows] == ["truck", "ocean"]
    assert [row[0] for row in asked.tables[0].rows] == ["2304 Laredo", "2704 Los Angeles"]


def test_nobody_to_tell_is_said(office: Workspace, morning: datetime) -> None:
    declared(office, morning)
    made, missing = notice_records.draft_due(office, "ada")
    assert {one.draft.template for one in made} >= {"call-sheet", "breach"}
    assert ("notice-without-contact", "client") in {(one.code, one.column) for one in missing}
    with refused("contact-id-unknown", BadInput):
        drafted(office, "breach", "nobody")
    contact_list.check(office, "cbp-soc", "ada", works=False, how="")
    with refused("contacts-not-reachable", BadInput) as caught:
        drafted(office, "breach", "cbp-soc")
    assert [problem.value for problem in caught.problems] == ["cbp-soc"]


def test_sent_by_hand_and_acknowledged(office: Workspace, morning: datetime, tmp_path: Path) -> None:
    declared(office, morning)
    (made,) = drafted(office, "breach")
    with refused("notice-not-sent-yet", Refused):
        notice_records.acknowledge(office, made.notice, "Officer Diaz", "ada")
    with refused("notice-method-unknown", BadInput):
        record_notice(office, made.notice, "pigeon", "ada")
    proof = tmp_path / "receipt.pdf"
    proof.write_bytes(b"%PDF")
    one = record_notice(office, "2026-01/breach", "portal", "ada", reference="SOC-4711", files=[proof])
    assert one.sent == morning and one.reference == "SOC-4711"
    with refused("notice-already-recorded-as-sent", Refused):
        record_notice(office, made.notice, "call", "ada")
    assert "BR72" not in {c.rule.id for c in running_clocks(office, require_incident(office.journal.rows))}
    assert notice_records.acknowledge(office, made.notice, "Officer Diaz", "ada").state == "acknowledged"


def _clock(office: Workspace, rule: str) -> Clock | None:
    found = running_clocks(office, require_incident(office.journal.rows))
    return next((one for one in found if one.rule.id == rule), None)


@pytest.mark.parametrize("how", ["call", "letter", "hand"])
def test_only_electronic_notice_stops_the_clock_of_a_breach(
    office: Workspace, morning: datetime, tmp_path: Path, how: str
) -> None:
    """19 CFR 111.21(b). What was told otherwise stands beside the notice, and the clock says what
    clears it."""
    declared(office, morning)
    (made,) = drafted(office, "breach")
    for reference in ("Officer Diaz", "Officer Roe"):
        one = record_notice(office, made.notice, how, "ada", reference=reference)
        assert one.sent is None and one.state == "drafted"
    left = _clock(office, "BR72")
    assert left and left.calls == 2
    assert "--how mail|portal --evidence FILE" in left.clears
    (row,) = listing_rows.notice_rows(office, "2026-01")
    assert row["state"] == "drafted" and row["sent"] == ""
    assert [(call["how"], call["reference"]) for call in row["logged"]] == [
        (how, "Officer Diaz"), (how, "Officer Roe")]  # fmt: skip
    assert row["logged"][0]["when"].startswith("Tue 2026-11-24")
    assert "breach" in due(office)
    with refused("notice-not-sent-yet", Refused) as caught:
        notice_records.acknowledge(office, made.notice, "Officer Diaz", "ada")
    assert caught.values["way"] == "mail --evidence FILE"
    for way in ("mail", "portal"):
        before = office.journal.head()
        with refused("notice-not-recorded", BadInput) as caught:
            record_notice(office, made.notice, way, "ada", reference="SOC-1")
        assert caught.codes == ["breach-notice-proof-missing"]
        empty = tmp_path / "empty.eml"
        empty.write_bytes(b"")
        with refused("evidence-files-refused", BadInput) as caught:
            record_notice(office, made.notice, way, "ada", files=[empty])
        assert caught.codes == ["attachment-empty"]
        assert office.journal.head() == before and _clock(office, "BR72")
    assert mailed(office, made.notice).sent == morning
    assert _clock(office, "BR72") is None and "breach" not in due(office)
    assert listing_rows.notice_rows(office, "2026-01")[0]["logged"] == row["logged"]
    record_breach(office, clock.now() + timedelta(hours=1), "a second server", [], "ada")
    with clock.held(morning + timedelta(hours=2)):
        (more,) = drafted(office, "breach-update")
        record_notice(office, more.notice, how, "ada")
        assert _clock(office, "BR72+") and _clock(office, "BR10")
        mailed(office, more.notice)
        assert not _clock(office, "BR72+") and not _clock(office, "BR10")


def test_a_call_that_an_older_version_took_for_the_sending_stops_no_clock(office: Workspace, morning: datetime) -> None:
    declared(office, morning)
    (made,) = drafted(office, "breach")
    body = NoticeSent(notice=made.notice, happened=clock.text(), how="call", reference="Diaz")
    office.journal.append(body, f"notice/{made.notice}", "ada", f"notice.sent:{made.notice}")
    left = _clock(office, "BR72")
    assert left and left.calls == 1
    with refused("notice-without-proof", Refused):
        mailed(office, made.notice)
    assert "breach" in due(office)
    again, _ = notice_records.draft_due(office, "ada")
    (fresh,) = (one for one in again if one.draft.template == "breach")
    assert fresh.notice != made.notice
    mailed(office, fresh.notice)
    assert _clock(office, "BR72") is None


def test_the_brokers_own_plan(office: Workspace) -> None:
    own = '[[notice]]\nid = "insurer"\nstage = 1\ntitle = "Claim"\nto = ["insurer"]\nchannel = "letter"\n'
    own += 'after = ["declared"]\nfacts = ["cause"]\ntext = ["Hello {broker-name}"]\nsigned = true\n'
    own += 'source = "policy"\nmark = "G"\n'
    path = office.settings.home / NOTICE_PLAN_FILE
    path.write_text(own)
    assert "insurer" in load_notice_plan(office.settings.home).notices
    path.write_text(own.replace("{broker-name}", "{nonsense}"))
    with refused("incident-plan-invalid", BadInput) as caught:
        load_notice_plan(office.settings.home)
    assert caught.codes == ["notice-fact-unknown"]
    path.write_text(own.replace('to = ["insurer"]', 'to = ["king"]'))
    with refused("toml-file-invalid", BadInput) as caught:
        load_notice_plan(office.settings.home)
    assert caught.codes == ["plan-name-unknown"]


def _reconnection(office: Workspace) -> dict[str, str]:
    (made, *_) = drafted(office, "reconnect", "cbp-hq")
    return dict(made.draft.facts)


def test_a_request_to_reconnect_tells_the_steps_and_what_proves_the_restore(
    office: Workspace, morning: datetime, tmp_path: Path
) -> None:
    with_contacts(office)
    proved = BackupProved(repository="r", host="desk1", sequence=7, manifest="m", proof="",
                                drill="drill1", scope="whole", files=1234, bytes=1, seconds=1.0,
                                restored_at="x")  # fmt: skip
    office.journal.append(proved, "backup/desk1:6", "drill1")
    declared(office, morning)
    through(office, "disconnected")
    assert remediation_progress(office, require_incident(office.journal.rows)) == ""
    with clock.held(morning + timedelta(days=2)):
        take_step(office, "remediating", StepDetails(note="the domain is built anew"), "ada")
    with clock.held(morning + timedelta(days=4)):
        through(office, "remediated")
        said = _reconnection(office)
    label = load_notice_plan(office.settings.home).label
    shown = said[label("progress")]
    times = ["Tue 2026-11-24 08:03 EST", "Thu 2026-11-26 08:03 EST", "Sat 2026-11-28 08:03 EST"]
    assert [shown.index(time) for time in times] == sorted(shown.index(time) for time in times)
    assert "(the domain is built anew)" in shown
    # the one test was before the incident
    assert said[label("restore")] == fact_sources.UNKNOWN
    file = tmp_path / "restore-report.pdf"
    file.write_bytes(b"%PDF-1.7 1,234 files were restored and compared with the digests of their originals")
    attach_evidence(office, fact_sources.PROOF, [file], "", "ada")
    by_hand = _reconnection(office)[label("restore")]
    assert "restore-report.pdf" in by_hand and "2026-11-24" in by_hand
    office.journal.append(proved, "backup/desk1:7", "drill1")
    both = _reconnection(office)[label("restore")]
    assert both.startswith("1,234 ") and both.endswith(by_hand) and both != by_hand


def test_progress_that_a_person_states_stands_before_the_steps(office: Workspace, morning: datetime) -> None:
    with_contacts(office)
    incident = declared(office, morning)
    through(office, "remediating", "remediated")
    desk = drafting_context(office, incident, load_notice_plan(office.settings.home))
    assert {name: origin for name, _, _, origin in desk.facts()}["progress"] == FactOrigin.NOBODY
    incident = require_incident(office.journal.rows)
    desk = drafting_context(office, incident, load_notice_plan(office.settings.home))
    assert {name: origin for name, _, _, origin in desk.facts()}["progress"] == FactOrigin.JOURNAL
    record_facts(office, incident, {"progress": "all 40 desks are new"}, "ada")
    assert _reconnection(office)[desk.plan.label("progress")] == "all 40 desks are new"


def test_who_was_told_first_does_not_silence_a_notice_to_the_others(
    office: Workspace, morning: datetime, tmp_path: Path
) -> None:
    with_contacts(office, TWO)
    declared(office, morning)
    (first,) = drafted(office, "client", "acme")
    record_notice(office, first.notice, "call", "ada")
    assert "client" in due(office)
    made, missing = notice_records.draft_due(office, "ada")
    to = [one for one in made if one.draft.template == "client"]
    assert [one.contact.id for one in to] == ["bolt", "void"], "and acme is not told twice"
    unreached = {one.value for one in missing if one.code == "contact-without-number-or-address"}
    assert {"void", "cbp-hq"} <= unreached, "cbp-hq is as shipped"
    paths = write_notices(office, known(office, *to), tmp_path)
    assert {path.suffix for path in paths} == {".pdf", ".txt"}, "a mail to nobody helps nobody"
    for one in to:
        record_notice(office, one.notice, "hand", "ada")
    assert "client" not in due(office)
    with_contacts(office, TWO + "core,client,Cy,Core,956-555-0102,,,,,\n")
    assert "client" in due(office), "a client that was forgotten on the list"
    with_contacts(office, "id,role\n")
    assert "client" not in due(office), "a faulty list does not take the clocks away"
