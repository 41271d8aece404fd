"""The hour-zero list: read with clear errors, with its clocks, each item closed by a recorded act."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.errors import BadInput, Refused
from tasks.core.journal.verification import verify_journal
from tasks.core.status_lines import AMBER, GREEN, RED
from tasks.entries.numbers.entry_numbers import make_entry_number
from tasks.incident.events import NoticeDrafted, NoticeSent, WorkTaken
from tasks.incident.notices import notice_records
from tasks.incident.notices.fact_sources import COMPUTED
from tasks.incident.notices.notice_plan import load_notice_plan
from tasks.incident.settings import IncidentSettings, OpenWorkFileSettings
from tasks.incident.timeline import incident_state, open_work
from tasks.incident.timeline.deadline_clocks import running_clocks, span
from tasks.incident.timeline.deadline_rules import load_deadlines
from tasks.incident.timeline.incident_state import (
    StepDetails,
    declare_incident,
    record_breach,
    require_incident,
    take_step,
)
from tasks.incident.timeline.listing_rows import incident_tables
from tasks.incident.timeline.open_work import (
    OpenWorkAct,
    OpenWorkItem,
    close_items,
    load_exports,
    mask_item,
    open_work_items,
    work_counts,
)
from tasks.security.private_data import is_reference
from tasks.workspace import Workspace
from tests.conftest import SETTINGS
from tests.errors import refused
from tests.incident.notice_helpers import mailed

HEAD = "Type,Entry No,ET,Port,Importer,IOR,From,Due\n"
COLUMNS = {"work": "Type", "reference": "Entry No", "entry_type": "ET", "importer_number": "IOR",
           "starts": "From"}  # fmt: skip
GOOD = f"""{HEAD}REL,{make_entry_number("ABC", 100)},01,2704,Müller & Söhne,12-3456789AB,11/20/2026,
REL,{make_entry_number("ABC", 101).wire},02,2704,Acme,123-45-6789,11/24/2026,
ISF,ISF-77,,2704,Acme,,2026-11-25T10:00-05:00,
TIB,TIB-5,23,2304,Acme,,01/15/2026,12/01/2026
STMT,2026-11,,,,,11/30/2026,
"""


def export(office: Workspace, text: str, **more: object) -> Workspace:
    """The office whose settings name an export with this text."""
    path = office.settings.home / "open.csv"
    path.write_text(text, encoding="utf-8")
    stamp = datetime(2026, 11, 24, 6, tzinfo=UTC).timestamp()
    os.utime(path, (stamp, stamp))
    given = {"columns": COLUMNS, "dates": "%m/%d/%Y",
             "kinds": {"REL": "summary", "ISF": "isf", "TIB": "tib", "STMT": "statement"}, **more}  # fmt: skip
    wanted = OpenWorkFileSettings(file=Path("open.csv"), **given)  # type: ignore[arg-type]
    room = office.settings(IncidentSettings).model_copy(update={"open_work": (wanted,)})
    return office.with_settings(office.settings.model_copy(update={"incident": room}))


def declared(office: Workspace, moment: datetime | None = None) -> incident_state.Incident:
    return declare_incident(office, StepDetails(happened=moment), "ada", breach=moment)[0]


def listed(office: Workspace) -> list[OpenWorkItem]:
    rules = load_deadlines(office.settings.home)
    return open_work_items(office.journal.rows, require_incident(office.journal.rows).id, rules)


def test_the_export_becomes_the_list_with_its_clocks(office: Workspace, morning: datetime) -> None:
    office = export(office, GOOD)
    declared(office, morning)
    (taken,) = load_exports(office, "ada")
    assert (taken.items, taken.left, taken.problems) == (5, 0, ())
    assert taken.as_of == datetime(2026, 11, 24, 6, tzinfo=UTC)
    found = {one.reference: one for one in listed(office)}
    first = found[str(make_entry_number("ABC", 100))]
    assert first.due and first.due.day == date(2026, 12, 7) and first.rule.id == "SUM10"  # type: ignore[union-attr]
    quota = found[str(make_entry_number("ABC", 101))]
    assert quota.rule and quota.rule.id == "QUOTA" and quota.due and quota.due.at <= morning
    assert is_reference(quota.importer_number) and office.vault.open(quota.importer_number) == "123-45-6789"
    assert mask_item(quota).importer_number == "***-**-****"
    isf = found["ISF-77"]
    assert isf.due and isf.due.at == datetime(2026, 11, 24, 15, tzinfo=UTC)
    assert found["TIB-5"].due and found["TIB-5"].due.day == date(2026, 12, 1), "the earlier of the two"
    assert found["TIB-5"].rule and found["TIB-5"].rule.id == "TIB"
    assert found["2026-11"].due and found["2026-11"].due.day == date(2026, 12, 21)
    assert [one.reference for one in listed(office)][:2] == [str(make_entry_number("ABC", 101)), "ISF-77"]
    assert "123-45-6789" not in "".join(one.body for one in office.journal.events())
    assert verify_journal(office.journal, office.content).ok


@pytest.mark.parametrize(
    ("rows", "row", "column", "value", "code"),
    [
        ("REL,ABC-0000100-1,01,2704,x,,11/20/2026,", 2, "Entry No", "ABC-0000100-1", None),
        ("REL,ABC100,01,2704,x,,11/20/2026,", 2, "Entry No", "ABC100", None),
        ("XYZ,1,01,2704,x,,11/20/2026,", 2, "Type", "XYZ", "work-kind-unknown"),
        ("ISF,,01,2704,x,,11/20/2026,", 2, "Entry No", "", "work-reference-missing"),
        ("ISF,1,99,2704,x,,11/20/2026,", 2, "ET", "99", "work-code-unknown"),
        ("ISF,1,01,101,x,,11/20/2026,", 2, "port", "101", "work-port-lacks-zero"),
        ("ISF,1,01,9998,x,,11/20/2026,", 2, "port", "9998", "work-port-unknown"),
        ("ISF,1,01,2704,x,123456789,11/20/2026,", 2, "IOR", "123...", "importer-number-invalid"),
        ("ISF,1,01,2704,x,,2026-20-11,", 2, "From", "2026-20-11", "work-day-malformed"),
        ("ISF,1,01,2704,x,,2026-11-01T01:30,", 2, "From", "2026-11-01T01:30", "moment-ambiguous"),
        ("ISF,1,01,2704,Acme, Inc.,,11/20/2026,,x", 2, "", "x", "row-has-extra-cell"),
        ("ISF,1,01,2704,x,,,", 2, "From", "", "work-day-missing"),
        ("ISF,1,01,2704,x,,11/20/2026,\nISF,1,,,,,11/20/2026,", 3, "Entry No", "1",
         "work-reference-duplicated"),
    ],
)  # fmt: skip
def test_a_faulty_row_is_named_and_nothing_is_taken(
    office: Workspace, rows: str, row: int, column: str, value: str, code: str | None
) -> None:
    """`code` None: the rule is the entry number's own."""
    office = export(office, HEAD + rows + "\n")
    declared(office)
    before = office.journal.head()
    (taken,) = load_exports(office, "ada")
    assert taken.items == 0
    faults = {(one.row, one.column, one.value): one.code for one in taken.problems}
    assert faults[row, column, value] == code or code is None
    assert {one.file for one in taken.problems} == {"open.csv"}
    assert office.journal.head() == before


def test_all_faults_at_once_and_the_clean_rows_if_asked(office: Workspace) -> None:
    office = export(office, GOOD + "ISF,A1,,2704,x,,bad,\nXYZ,B1,,,,,11/20/2026,\n")
    declared(office)
    assert len(load_exports(office, "ada")[0].problems) == 2
    (taken,) = load_exports(office, "ada", accept_clean=True)
    assert (taken.items, taken.left, len(taken.problems)) == (5, 2, 2)
    (event,) = office.journal.events(kind="incident.work_taken")
    assert isinstance(event.said, WorkTaken) and event.said.left == 2


@pytest.mark.parametrize(
    ("text", "column", "code"),
    [
        ("Type,Entry,ET\nREL,1,01\n", "Entry No", "csv-heading-missing"),
        ("Type;Entry No;ET\nREL;1;01\n", "", "csv-separator-wrong"),
        ("", "", None),
        ('Type,"Entry\nREL,1\n', "", "csv-malformed"),
    ],
)
def test_a_file_that_cannot_be_read(office: Workspace, text: str, column: str, code: str | None) -> None:
    """`code` None: an empty file is refused before it is read."""
    office = export(office, text)
    declared(office)
    (taken,) = load_exports(office, "ada", accept_clean=True)
    first = taken.problems[0]
    assert taken.items == 0 and first.file == "open.csv"
    assert code is None or {one.code for one in taken.problems if one.column == column} == {code}
    (office.settings.home / "open.csv").unlink()
    (problem,) = load_exports(office, "ada")[0].problems
    assert problem.code == "open-work-file-not-opened"


def test_a_newer_export_brings_up_to_date_and_leaves_what_is_closed(office: Workspace) -> None:
    office = export(office, GOOD)
    declared(office)
    load_exports(office, "ada")
    load_exports(office, "ada")
    assert len(list(office.journal.events(kind="incident.work_taken"))) == 1
    assert close_items(office, ["ISF-77"], OpenWorkAct("filed", "by another filer"), "bo") == ["isf:ISF-77"]
    export(office, GOOD.replace("12/01/2026", "12/02/2026") + "ISF,ISF-78,,,,,12/01/2026,\n")
    load_exports(office, "ada")
    found = {one.reference: one for one in listed(office)}
    assert found["TIB-5"].due and found["TIB-5"].due.day == date(2026, 12, 2)
    assert found["ISF-77"].how == "filed" and found["ISF-78"].is_open
    office.journal.rebuild()
    assert verify_journal(office.journal, office.content).ok


def test_the_same_file_says_more_once_its_mapping_is_mended(office: Workspace) -> None:
    office = export(office, GOOD, kinds={"REL": "summary", "ISF": "isf", "TIB": "tib"})
    declared(office)
    assert load_exports(office, "ada", accept_clean=True)[0].left == 1
    office = export(office, GOOD)
    assert load_exports(office, "ada")[0].items == len(listed(office)) == 5
    assert load_exports(office, "ada")[0].items == len(listed(office)) == 5
    assert len(list(office.journal.events(kind="incident.work_taken"))) == 2


def test_a_social_security_number_under_a_wrong_heading_never_reaches_the_book(office: Workspace) -> None:
    wrong = {**COLUMNS, "importer": "IOR", "importer_number": "Importer"}
    office = export(office, GOOD, columns=wrong)
    declared(office)
    (taken,) = load_exports(office, "ada", accept_clean=True)
    said = "\n".join(map(str, taken.problems))
    found = {(one.row, one.column, one.value): one.code for one in taken.problems}
    assert found[3, "IOR", "***-**-****"] == "ssn-in-wrong-column"
    office = export(office, HEAD + "REL,123-45-6789,01,2704,x,,11/20/2026,\n")
    said += "\n".join(map(str, load_exports(office, "ada", accept_clean=True)[0].problems))
    assert "123-45-6789" not in said + "".join(one.body for one in office.journal.events())


def test_a_social_security_number_among_words_never_reaches_the_book(office: Workspace) -> None:
    noted = {**COLUMNS, "note": "Remark"}
    head = HEAD.rstrip("\n") + ",Remark\n"
    text = head + "REL,ABC-1234567-6,01,2704,Abe 123-45-6789,,11/20/2026,,SSN 123-45-6789 given\n"
    office = export(office, text, columns=noted)
    declared(office)
    assert not load_exports(office, "ada")[0].problems
    (item,) = listed(office)
    assert (item.importer, item.note) == ("Abe ***-**-****", "SSN ***-**-**** given")
    assert "123-45-6789" not in "".join(one.body for one in office.journal.events())


def test_an_export_that_was_not_taken_stands_in_the_status(office: Workspace) -> None:
    office = export(office, GOOD)
    incident = declared(office)
    (office.settings.home / "open.csv").write_bytes(GOOD.encode("cp1252"))
    assert load_exports(office, "ada")[0].problems
    assert incident_tables(office, incident)["not_taken"] == ["open.csv"]
    office = export(office, GOOD)
    load_exports(office, "ada")
    assert incident_tables(office, incident)["not_taken"] == []


def test_each_item_is_closed_by_a_recorded_act(office: Workspace, tmp_path: Path) -> None:
    office = export(office, GOOD)
    incident = declared(office)
    load_exports(office, "ada")
    with refused("work-proof-missing", BadInput) as caught:
        close_items(office, ["ISF-77"], OpenWorkAct("filed"), "ada")
    assert caught.codes == ["required-item-missing"]
    with refused("work-action-unknown", BadInput):
        close_items(office, ["ISF-77"], OpenWorkAct("vanished", "x"), "ada")
    with refused("work-not-closed", BadInput) as caught:
        close_items(office, ["ISF-77", "ISF-99"], OpenWorkAct("filed", "x"), "ada")
    assert caught.codes == ["work-item-unknown"]
    assert all(one.is_open for one in listed(office))
    proof = tmp_path / "receipt.pdf"
    proof.write_bytes(b"%PDF receipt")
    close_items(office, ["ISF-77"], OpenWorkAct("filed", files=(proof,)), "ada")
    assert close_items(office, ["ISF-77"], OpenWorkAct("filed", "again"), "ada") == []
    with refused("open-work-items-open", Refused):
        open_work.require_accounted(office.journal.rows, incident.id)
    close_items(office, [one.id for one in listed(office)], OpenWorkAct("needs nothing", "x"), "ada")
    open_work.require_accounted(office.journal.rows, incident.id)
    rows = list(work_counts(listed(office), clock.now()))
    assert sum(row["in_all"] for row in rows) == 5 and not any(row["open"] for row in rows)  # type: ignore[misc]


def test_what_bites_next_stands_first(office: Workspace, morning: datetime) -> None:
    office = export(office, GOOD)
    incident = declared(office, morning)
    load_exports(office, "ada")
    found = running_clocks(office, incident)
    assert [one.due.at for one in found] == sorted(one.due.at for one in found)
    assert [one.rule.id for one in found] == [
        "QUOTA", "ISF", "STATUS", "BR72", "TIB", "SUM10", "PMS15",
    ]  # fmt: skip
    lights = {one.rule.id: one.status(morning) for one in found}
    assert lights["QUOTA"] == lights["ISF"] == RED and lights["BR72"] == GREEN
    assert lights["STATUS"] == GREEN and lights["SUM10"] == GREEN
    assert found[3].status(morning + timedelta(hours=37)) == AMBER
    assert found[3].status(morning + timedelta(hours=55)) == RED
    assert found[0].left(morning) < timedelta(0)
    assert found[1].left(morning) == timedelta(hours=1, minutes=57)


def test_the_clocks_of_the_breach(office: Workspace, morning: datetime) -> None:
    incident = declared(office, morning)

    def sent(template: str, at: datetime, number: int = 1) -> None:
        name = f"{incident.id}/{template}/soc/{number}"
        draft = NoticeDrafted(incident=incident.id, notice=name, template=template, contact="soc",
                                    channel="mail", title="x", telling=name, content="")  # fmt: skip
        office.journal.append(draft, f"notice/{name}", "ada")
        body = NoticeSent(notice=name, happened=clock.text(at), how="mail", mail="m1")
        office.journal.append(body, f"notice/{name}", "ada")

    def running() -> dict[str, datetime]:
        now = require_incident(office.journal.rows)
        return {one.rule.id: one.due.at for one in running_clocks(office, now)}

    assert running()["BR72"] == morning + timedelta(hours=72)
    sent("breach", morning + timedelta(hours=5))
    assert "BR72" not in running()
    assert running()["BR10"] == datetime(2026, 12, 10, 5, tzinfo=UTC), "end of 9 December in Washington"
    record_breach(office, morning + timedelta(hours=30), "a second server", [], "ada")
    assert running()["BR72+"] == morning + timedelta(hours=102)
    sent("breach-update", morning + timedelta(hours=40))
    assert {"BR72+", "BR10"} & set(running()) == set()
    sent("status", morning + timedelta(hours=20))
    assert running()["STATUS"] == morning + timedelta(hours=44)


def test_a_breach_that_was_discovered_earlier_than_first_said(office: Workspace, morning: datetime) -> None:
    """The 72 hours run from the earliest discovery; and a notice that went before a fact was recorded
    did not tell it, though it went after the discovery."""
    declared(office, morning)
    early = morning - timedelta(hours=50)
    record_breach(office, early, "IT saw it on Sunday", [], "ada")
    incident = require_incident(office.journal.rows)

    def running() -> dict[str, datetime]:
        found = running_clocks(office, require_incident(office.journal.rows))
        return {one.rule.id: one.due.at for one in found}

    assert running()["BR72"] == early + timedelta(hours=72)
    assert running()["BR72+"] == morning + timedelta(hours=72)
    found = load_notice_plan(office.settings.home)

    def tell(name: str, at: datetime) -> None:
        to = notice_records.recipients(office, found.notice(name), ["cbp-soc"])
        (made,) = notice_records.draft(office, incident, found.notice(name), to, "ada")
        assert "Sun 2026-11-22" in dict(made.draft.facts)[COMPUTED["discovered"][0]]
        mailed(office, made.notice, at)

    tell("breach", morning + timedelta(hours=5))
    assert not {"BR72", "BR72+"} & set(running())
    seen = morning + timedelta(hours=4)
    record_breach(office, seen, "a second server, told to us late", [], "ada")
    assert running()["BR72+"] == seen + timedelta(hours=72)
    tell("breach-update", morning + timedelta(hours=6))
    assert "BR72+" not in running()


def test_no_breach_no_breach_clock(office: Workspace) -> None:
    incident = declared(office)
    assert [one.rule.id for one in running_clocks(office, incident)] == ["STATUS"]
    take_step(office, "remediating", StepDetails(), "ada")
    take_step(office, "remediated", StepDetails(), "ada")
    take_step(office, "keying_backlog", StepDetails(), "ada")
    assert running_clocks(office, require_incident(office.journal.rows)) == []


def test_the_last_day_of_the_authorisation_bites(office: Workspace, morning: datetime) -> None:
    """Letters are refused after it; nobody should learn that from the port."""
    declared(office, morning)
    for name in ("disconnected", "downtime_requested"):
        take_step(office, name, StepDetails(), "ada")

    def leave(*ports: str, until: str = "") -> None:
        given = StepDetails(reference="HQ-1", ports=ports, until=until)
        take_step(office, "downtime_authorised", given, "ada")

    def bites() -> list[tuple[str, datetime]]:
        found = running_clocks(office, require_incident(office.journal.rows))
        return [(one.about, one.due.at) for one in found if one.rule.id == "LEAVE"]

    leave("2304", "2704", until="2026-11-27")
    ends = datetime(2026, 11, 28, 5, tzinfo=UTC)
    ((about, at),) = bites()
    assert about.startswith("HQ-1, ") and about.endswith(" 2304, 2704") and at == ends
    leave("2704", until="2026-12-04")
    (about, at), _ = bites()
    assert "2304" in about and "2704" not in about and at == ends
    leave()
    assert bites() == [], "for all ports, without an end"


def test_exports_in_the_settings(office: Workspace) -> None:
    from tasks.core.settings import load_settings as settings

    text = '[incident]\nopen_work = [{ file = "open.csv", kind = "isf", columns = { reference = "No" } }]\n'
    (office.settings.home / "continuity.toml").write_text(SETTINGS + text)
    read = settings(office.settings.home)
    assert read.incident.open_work[0].kind == "isf"
    office = office.with_settings(read)
    (office.settings.home / "open.csv").write_text("No,starts\nA1,2026-11-30\n")
    declared(office)
    assert load_exports(office, "ada")[0].items == 1


@pytest.mark.parametrize(
    ("time", "said"),
    [(timedelta(hours=72), "3 days"), (timedelta(hours=25), "1 day 1 h"),
     (timedelta(minutes=61), "1 h 1 min"), (timedelta(seconds=59), "0 min")],
)  # fmt: skip
def test_spans_in_words(time: timedelta, said: str) -> None:
    assert span(time) == said
