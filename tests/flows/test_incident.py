"""The incident flow through Prefect: declared twice is one, notices once, events told once."""

from __future__ import annotations

import pytest

from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tests.flows.test_backup import artifacts

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_declaring_twice_is_one_incident(house: Settings, journal: Journal) -> None:
    from flows.incident import incident

    idle = incident(str(house.home), "flow", return_state=True)
    assert idle.name == "NoIncident"
    first = incident(str(house.home), "ada", declare=True, note="encrypted", return_state=True)
    said = first.result()
    assert (said["incident"], said["new"]) == ("2026-01", True) and said["told"] >= 1
    assert first.name == "NoticesWait" and said["by_hand"] and said["waiting"]
    assert said["reason"]
    assert "client" in {problem["column"] for problem in said["missing"]}
    again = incident(str(house.home), "bo", declare=True, note="again", return_state=True).result()
    assert again["new"] is False
    assert len(list(journal.events(kind="incident.declared"))) == 1
    drafted = [event.subject for event in journal.events(kind="notice.drafted")]
    assert len(drafted) == len(set(drafted)) and any("breach" in one for one in drafted)
    queued = list(journal.events(kind="mail.queued"))
    assert len(queued) == len({event.subject for event in queued})
    assert "BR72" in artifacts()["incident-clocks"]
    folder = house.home / "incident" / "notices"
    assert {path.suffix for path in folder.iterdir()} == {".pdf", ".txt", ".eml"}


def test_a_remediated_incident_is_told_to_prefect(house: Settings) -> None:
    """By the house's relay, in the same run: the reconciliation does not wait for the upkeep."""
    from flows.incident import incident
    from tasks.incident.timeline.incident_state import StepDetails, declare_incident, take_step
    from tasks.operations.event_relay import due_news
    from tasks.workspace import Workspace

    office = Workspace(house)
    declare_incident(office, StepDetails(), "ada", breach=None)
    for name in ("remediating", "remediated"):
        take_step(office, name, StepDetails(), "ada")
    first = incident(str(house.home), "flow", return_state=True).result()["told"]
    assert first >= 3
    news, _ = due_news(office.journal, None)
    said = {one.event: one for one in news}
    assert {"incident.declared", "incident.remediated"} <= said.keys()
    assert said["incident.remediated"].payload["incident"] == "2026-01"
    assert said["incident.remediated"].resource["prefect.resource.id"] == "continuity.incident.2026-01"
    assert incident(str(house.home), "flow", return_state=True).result()["told"] == 0
    office.journal.close()
