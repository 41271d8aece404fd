"""What the board says of an incident and of readiness for one; what Prefect is told; the drill's chapters."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.errors import Refused
from tasks.core.journal.events import JournalStarted
from tasks.core.journal.verification import verify_journal
from tasks.core.status_lines import AMBER, GREEN, RED, StatusLine
from tasks.drill.incident_chapters import play_incident
from tasks.incident.notices import contact_list, notice_records
from tasks.incident.notices.contact_list import load_contacts
from tasks.incident.notices.notice_plan import load_notice_plan
from tasks.incident.settings import IncidentSettings, OpenWorkFileSettings
from tasks.incident.timeline import closing
from tasks.incident.timeline.incident_state import StepDetails, declare_incident, record_breach, require_incident
from tasks.incident.timeline.status_lines import incident_lines
from tasks.workspace import Workspace
from tests.errors import refused
from tests.incident.notice_helpers import mailed
from tests.incident.world import declared, signed, through, with_contacts


def board(office: Workspace) -> dict[str, StatusLine]:
    return {one.what: one for one in incident_lines(office)}


def test_the_clock_of_72_hours_turns_amber_then_red(office: Workspace, morning: datetime) -> None:
    declared(office, morning)
    what = "Breach notice to CBP's Security Operations Center"
    found = board(office)
    assert found["incident 2026-01"].light == RED and what not in found
    with clock.held(morning + timedelta(hours=40)):
        line = board(office)[what]
        assert (line.light, line.mark, line.next) == (AMBER, "S", "continuity incident notify breach")
        assert line.fact.startswith("in 1 day 8 h, 2026-11-27T13:03Z")
    with clock.held(morning + timedelta(hours=73)):
        line = board(office)[what]
        assert line.light == RED and line.fact.startswith("OVERDUE by 1 h 0 min")


def test_clocks_outlast_the_incident(office: Workspace, morning: datetime) -> None:
    """Closed within the ten business days, the updated list is still owed; and a fact that comes weeks
    later still has its 72 hours, also while another incident is open."""
    declared(office, morning)
    found = load_notice_plan(office.settings.home)
    one = require_incident(office.journal.rows)
    to = notice_records.recipients(office, found.notice("breach"), ["cbp-soc"])
    (made,) = notice_records.draft(office, one, found.notice("breach"), to, "ada")
    mailed(office, made.notice, morning)
    through(office, "remediating", "remediated", "keying_backlog")
    signed(office)
    closing.close(office, StepDetails(note="no export"), "ada")
    with clock.held(datetime(2026, 12, 9, 12, tzinfo=UTC)):
        line = board(office)["Updated list of compromised importer numbers"]
        assert line.light == RED and line.fact.startswith("incident 2026-01, closed: in ")
        assert line.next == "continuity incident notify breach-update --incident 2026-01"
        with refused("incident-not-open", Refused):
            record_breach(office, clock.now(), "forensics", [], "ada")
        declared(office, None, breach=False)
        record_breach(office, clock.now() - timedelta(hours=60), "forensics", [], "ada", "2026-01")
        line = board(office)["Later facts of the breach to CBP's Security Operations Center"]
        assert line.light == RED and "2026-01, closed" in line.fact


def test_contacts_on_the_board(office: Workspace) -> None:
    assert board(office)["contacts"].light == RED
    assert "cbp-hq (" in board(office)["contacts"].fact
    text = "id,role,name,organisation,phone,mail,hours,ports,mark,source\n" + "".join(
        f"{name},{role},x,x,202-555-0100,,,,,\n"
        for name, role in (("cbp-soc", "soc"), ("cbp-hq", "hq"), ("cbp-client-rep", "client-rep"),
                           ("cbp-service-desk", "service-desk"))
    )  # fmt: skip
    with_contacts(office, text)
    assert board(office)["contacts"].light == AMBER
    for name in load_contacts(office):
        contact_list.check(office, name, "ada", works=True, how="rang")
    assert board(office)["contacts"].light == GREEN
    contact_list.check(office, "cbp-hq", "ada", works=False, how="rang")
    fact = board(office)["contacts"].fact
    assert "cbp-hq (" in fact and clock.now().astimezone(office.zone).date().isoformat() in fact
    with_contacts(office, text + "Bad Id,port,x,x,,,,,,\n")
    assert "row 6, column id: " in board(office)["contacts"].fact


def test_the_age_of_the_export_is_watched(office: Workspace, tmp_path: Path) -> None:
    def light() -> str:
        (line,) = (line for line in incident_lines(office) if line.about == "P8")
        return line.light

    assert light() == AMBER
    room = office.settings(IncidentSettings).model_copy(
        update={"open_work": (OpenWorkFileSettings(file=Path("w.csv")),)}
    )
    office = office.with_settings(office.settings.model_copy(update={"incident": room}))
    assert light() == RED
    path = office.settings.home / "w.csv"
    path.write_text("x")
    with clock.held(datetime(2026, 11, 24, 12, tzinfo=UTC)):
        for hours, expected in ((3, GREEN), (30, AMBER)):
            stamp = (clock.now() - timedelta(hours=hours)).timestamp()
            os.utime(path, (stamp, stamp))
            assert light() == expected


def test_the_chapters_of_the_drill_are_for_drills_alone(office: Workspace, tmp_path: Path) -> None:
    codes = set()
    for chapter in ("begin", "discretion", "clean", "end"):
        with pytest.raises(Refused) as caught:
            play_incident(office, tmp_path, "ada", chapter)
        codes.add(caught.value.code)
    assert codes == {"simulated-incident-drill-only", "simulated-grant-drill-only"}


def test_the_samples_open_work_is_of_today(tmp_path: Path) -> None:
    from tasks.drill.sample_brokerage import make_sample_home
    from tasks.incident.timeline.deadline_rules import load_deadlines
    from tasks.incident.timeline.open_work import load_exports, open_work_items

    office = Workspace(make_sample_home(tmp_path / "h", "mlopez").settings)
    declare_incident(office, StepDetails(), "mlopez", breach=clock.now())
    (taken,) = load_exports(office, "mlopez")
    assert (taken.items, taken.problems) == (12, ())
    items = open_work_items(office.journal.rows, "2026-01", load_deadlines(office.settings.home))
    days = [(one.due.at - clock.now()).days for one in items if one.due]
    assert len(days) == 12 and all(-5 < day < 40 for day in days)
    assert len(load_contacts(office)) == 11
    office.journal.close()


def test_everything_on_either_database(book, content, house, morning: datetime, tmp_path: Path) -> None:
    """The whole room on SQLite and PostgreSQL; folded anew it says the same."""
    from tasks.incident.evidence.remediation_checklist import waive_item
    from tasks.incident.notices import notice_records
    from tasks.incident.notices.exposed_numbers import record_exposure
    from tasks.incident.notices.fact_sources import record_facts
    from tasks.incident.notices.notice_plan import load_notice_plan
    from tasks.incident.notices.notice_records import record_notice
    from tests.incident.world import crm, with_systems

    book.append(JournalStarted(filer="ABC"), "journal", "it")
    office = Workspace(house, journal=book)
    office = with_contacts(with_systems(office, crm(office)))
    incident = declared(office, morning)
    record_facts(office, incident, {"cause": "x"}, "ada")
    record_exposure(office, [], "ada")
    contact_list.check(office, "laredo", "ada", works=True, how="x")
    contact_list.check(office, "laredo", "ada", works=False, how="x")
    found = load_notice_plan(house.home)
    to = notice_records.recipients(office, found.notice("status"))
    for one in notice_records.draft(office, incident, found.notice("status"), to, "ada", found):
        record_notice(office, one.notice, "call", "ada")
        notice_records.acknowledge(office, one.notice, "x", "ada")
    waive_item(office, "cause", "x", "ada")
    assert {one.light for one in incident_lines(office)} >= {RED, AMBER}
    assert verify_journal(book, content).ok
    book.rebuild()
    assert verify_journal(book, content).ok
