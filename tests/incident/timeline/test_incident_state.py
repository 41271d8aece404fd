"""One incident at a time, each step with who, when and evidence."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given as drawn, strategies as st

from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, Refused
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings
from tasks.incident.events import IncidentDeclared
from tasks.incident.notices.fact_sources import COMPUTED
from tasks.incident.timeline import step_graph
from tasks.incident.timeline.incident_state import (
    StepDetails,
    declare_incident,
    find_incident,
    require_incident,
    take_step,
)
from tasks.incident.timeline.step_graph import next_steps
from tasks.workspace import Workspace
from tests.errors import refused
from tests.incident.world import PROVED, signed, through


def test_declaring_twice_is_one_incident(office: Workspace, morning: datetime) -> None:
    first, new = declare_incident(office, StepDetails(note="files are encrypted"), "ada", breach=morning)
    again, second = declare_incident(office, StepDetails(note="again"), "bo", breach=morning)
    assert (new, second) == (True, False) and first == again and first.id == "2026-01"
    assert [one.by for one in first.steps] == ["ada"]
    assert len(list(office.journal.events(kind="incident."))) == 2


def test_two_who_declare_at_once_declare_one(book: Journal, content: ContentStore, house: Settings) -> None:
    office = Workspace(house, journal=book)
    start, ids = threading.Barrier(6), []

    def declare(n: int) -> None:
        start.wait()
        ids.append(declare_incident(office, StepDetails(), f"clerk-{n}", breach=None))

    threads = [threading.Thread(target=declare, args=(n,)) for n in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {one.id for one, _ in ids} == {ids[0][0].id} and sum(new for _, new in ids) == 1
    assert len(list(book.events(kind="incident.declared"))) == 1
    assert verify_journal(book, content).ok


def test_the_book_itself_refuses_a_second_open_incident(office: Workspace) -> None:
    import sqlalchemy as sa

    declare_incident(office, StepDetails(), "ada", breach=None)
    body = IncidentDeclared(incident="2026-77", filer="ABC", drill=False, happened=clock.text())
    with pytest.raises(sa.exc.IntegrityError):
        office.journal.append(body, "incident/2026-77", "ada")


def test_a_suspicion_is_declared_or_dismissed(office: Workspace, morning: datetime) -> None:
    declare_incident(office, StepDetails(), "ada", breach=None, suspected=True)
    with refused("step-not-possible", Refused) as caught:
        take_step(office, "disconnected", StepDetails(), "ada")
    assert caught.codes == ["step-not-after-state"]
    take_step(office, "dismissed", StepDetails(note="a printer"), "ada")
    assert find_incident(office.journal.rows) is None
    second, _ = declare_incident(office, StepDetails(), "ada", breach=None, suspected=True)
    declared, new = declare_incident(office, StepDetails(), "ada", breach=morning)
    assert new and declared.id == second.id == "2026-02"
    assert [one.state for one in declared.steps] == ["suspected", "declared"]


def test_the_whole_way_and_its_evidence(office: Workspace, tmp_path: Path) -> None:
    declare_incident(office, StepDetails(), "ada", breach=None)
    grant = tmp_path / "grant.pdf"
    grant.write_bytes(b"%PDF-1.7 authorised")
    through(office, "disconnected", "downtime_requested")
    given = StepDetails(reference="OFO 12", ports=("2704", "2304"), until="2026-12-04", files=(grant,))
    at = take_step(office, "downtime-authorised", given, "ada")
    assert at.authorised and at.authorised.ports == ("2704", "2304")
    (kept,) = at.authorised.attached
    assert office.content.get(kept.content) == grant.read_bytes() and kept.name == "grant.pdf"
    through(office, "downtime_running", "remediating", "remediated", "evidence_submitted",
            "reconnected", "keying_backlog")  # fmt: skip
    with refused("accounting-not-signed", Refused):
        take_step(office, "reconciled", PROVED, "ada")
    accounting = signed(office)
    end = through(office, "reconciled")
    assert end.steps[-1].reference == accounting
    assert end.state == "reconciled" and end.is_open
    assert verify_journal(office.journal, office.content).ok
    office.content.path(kept.content).unlink()
    assert not verify_journal(office.journal, office.content).ok


def test_a_later_authorisation_adds_its_ports_to_those_before(office: Workspace) -> None:
    declare_incident(office, StepDetails(), "ada", breach=None)
    through(office, "disconnected", "downtime_requested")
    for reference, ports in (("HQ 1", ("2304", "2704")), ("HQ 2", ("4701",)), ("HQ 3", ("2704",))):
        given = StepDetails(reference=reference, ports=ports)
        at = take_step(office, "downtime_authorised", given, "ada")
    found = [(one.reference, where.ports) for one, where in at.authorisations]
    assert found == [("HQ 1", ("2304",)), ("HQ 2", ("4701",)), ("HQ 3", ("2704",))]
    at = take_step(office, "downtime_refused", StepDetails(reference="HQ 4", ports=("2704",)), "ada")
    assert [one.reference for one, _ in at.authorisations] == ["HQ 1", "HQ 2"]
    said = COMPUTED["authorisation"][1](office, at)
    assert said.startswith("HQ 1, ") and "ports 2304; HQ 2, " in said and "2704" not in said


def test_an_authorisation_for_all_ports_names_those_taken_out_since(office: Workspace) -> None:
    declare_incident(office, StepDetails(), "ada", breach=None)
    through(office, "disconnected", "downtime_requested", "downtime_authorised")
    at = take_step(office, "downtime_refused", StepDetails(reference="HQ 4", ports=("2704",)), "ada")
    ((_, force),) = at.authorisations
    assert (force.ports, force.but) == ((), ("2704",))
    assert "2704" in COMPUTED["authorisation"][1](office, at)


@pytest.mark.parametrize("ports, until", [(("99XX",), ""), (("2304",), "2026-13-01"), ((), "friday")])
def test_bounds_that_a_letter_could_not_rely_on_are_refused(
    office: Workspace, ports: tuple[str, ...], until: str
) -> None:
    declare_incident(office, StepDetails(), "ada", breach=None)
    through(office, "disconnected", "downtime_requested")
    given = StepDetails(reference="HQ 1", ports=ports, until=until)
    with refused("grant-not-recorded", BadInput) as caught:
        take_step(office, "downtime_authorised", given, "ada")
    assert [problem.value for problem in caught.problems] == [until or ports[0]]
    assert require_incident(office.journal.rows).authorised is None


def test_remediation_runs_beside_downtime(office: Workspace) -> None:
    declare_incident(office, StepDetails(), "ada", breach=None)
    at = through(office, "remediating", "downtime_requested", "downtime_authorised", "downtime_running")
    assert at.authorised
    at = through(office, "downtime_refused")
    assert at.authorised is None, "CBP ended it"
    assert through(office, "remediated").state == "remediated"


@pytest.mark.parametrize(
    ("taken", "name", "code", "value"),
    [
        ((), "downtime_authorised", "step-not-after-state", "declared"),
        (("remediating",), "downtime_authorised", "step-needs-earlier-step", "downtime_requested"),
        (("disconnected",), "remediated", "step-not-after-state", "disconnected"),
        (("disconnected", "downtime_requested"), "remediated", "step-needs-earlier-step", "remediating"),
        (("disconnected", "remediating", "remediated"), "keying_backlog", "step-needs-reconnection",
         "disconnected"),
    ],
)  # fmt: skip
def test_a_step_out_of_turn_is_refused(
    office: Workspace, taken: tuple[str, ...], name: str, code: str, value: str
) -> None:
    declare_incident(office, StepDetails(), "ada", breach=None)
    through(office, *taken)
    before = office.journal.head()
    with refused("step-not-possible", Refused) as caught:
        take_step(office, name, PROVED, "ada")
    assert [(problem.code, problem.value) for problem in caught.problems] == [(code, value)]
    assert office.journal.head() == before


def test_what_must_be_proved_is_asked_for(office: Workspace) -> None:
    declare_incident(office, StepDetails(), "ada", breach=None)
    through(office, "disconnected", "downtime_requested")
    with refused("step-proof-required", BadInput) as caught:
        take_step(office, "downtime_authorised", StepDetails(), "ada")
    assert caught.codes == ["step-evidence-missing"]
    with refused("step-unknown", BadInput):
        take_step(office, "on fire", StepDetails(), "ada")
    with refused("step-has-own-command", BadInput):
        take_step(office, "closed", StepDetails(), "ada")


def test_a_file_that_cannot_be_kept(office: Workspace, tmp_path: Path) -> None:
    declare_incident(office, StepDetails(), "ada", breach=None)
    empty, link = tmp_path / "empty.pdf", tmp_path / "link.pdf"
    empty.touch()
    link.symlink_to(empty)
    big = tmp_path / "big.img"
    with big.open("wb") as out:
        out.truncate(300 << 20)
    files = (empty, link, big, tmp_path / "gone.pdf")
    with refused("evidence-files-refused", BadInput) as caught:
        take_step(office, "disconnected", StepDetails(files=files), "ada")
    assert [(problem.file, problem.code) for problem in caught.problems] == [
        (str(empty), "attachment-empty"),
        (str(link), "file-is-a-link"),
        (str(big), "evidence-file-too-large"),
        (str(tmp_path / "gone.pdf"), "attachment-not-a-file"),
    ]
    assert require_incident(office.journal.rows).state == "declared"


@drawn(st.integers(0, 2**32))
def test_no_walk_leaves_the_graph(seed: int) -> None:
    """Whatever is chosen among what is possible, an end can still be reached."""
    chance, now, taken = random.Random(seed), step_graph.NEW, list[str]()
    for _ in range(60):
        possible = next_steps(now, taken)
        if now in step_graph.OVER:
            assert not possible
            return
        assert possible, (now, taken)
        now = chance.choice(possible).name
        taken.append(now)


def test_moments_as_people_write_them(office: Workspace, morning: datetime) -> None:
    from tasks.core.clock import parse_moment

    zone = office.zone
    assert parse_moment("2026-11-24T08:03", zone, "--at") == morning
    assert parse_moment("2026-11-24T13:03Z", zone, "--at") == morning
    assert parse_moment("", zone, "--at") == morning
    with clock.held(datetime(2027, 4, 1, tzinfo=UTC)):
        for text, code in (("2026-11-01T01:30", "moment-ambiguous"), ("2027-03-14T02:30", "moment-nonexistent")):
            with refused("moment-not-understood", BadInput) as caught:
                parse_moment(text, zone, "--at")
            assert caught.codes == [code]
        assert parse_moment("2026-11-01T01:30-05:00", zone, "--at") - parse_moment(
            "2026-11-01T01:30-04:00", zone, "--at"
        ) == timedelta(hours=1)
    for text, code in (
        ("yesterday", "moment-malformed"),
        ("2026-11-24", "moment-without-time"),
        ("2026-11-25T08:03", "moment-in-future"),
    ):
        with refused("moment-not-understood", BadInput) as caught:
            parse_moment(text, zone, "--at")
        assert [(one.column, one.code) for one in caught.problems] == [("--at", code)]
