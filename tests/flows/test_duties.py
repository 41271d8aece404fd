"""The duties flow through Prefect: its states and its artifacts."""

from __future__ import annotations

import pytest

from tasks.core.settings import Settings
from tests.flows.test_backup import artifacts

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_a_day_without_a_mail_server(house: Settings) -> None:
    from flows.duties import duties

    state = duties(str(house.home), "flow", return_state=True)
    assert state.is_completed() and state.name == "MailWaiting"
    assert state.result()["codes"] == ["mail-server-not-set"]
    again = duties(str(house.home), "flow", return_state=True)
    assert again.result()["rungs"] == []
    shown = artifacts()
    assert all(f"| P{number} |" in shown["readiness"] for number in range(1, 11))
    assert "triennial-report" in shown["duties"]


def test_the_artifact_is_the_page_that_status_shows(house: Settings, journal, content) -> None:
    """What other rooms say too: a hit that blocks a partner is not green in the UI."""
    from flows.duties import duties
    from tasks.screening.hits.screening_run import screen_register
    from tasks.screening.partners.partner_file import read_partners
    from tasks.screening.partners.partner_register import take_partners
    from tasks.status.status_page import status_lines
    from tasks.workspace import Workspace

    path = house.home / "partners.csv"
    path.write_text("Partner ID,Name,Role\nP1,Emma Tel LLC,supplier\n")
    read = read_partners(path)
    take_partners(Workspace(house, journal=journal), "ada", read.partners, source=read.sha256, file=read.file)
    screen_register(Workspace(house, journal=journal), "ada")
    state = duties(str(house.home), "flow", return_state=True)
    page = artifacts()["readiness"]
    told = [one for one in status_lines(Workspace(house, journal=journal)) if one.light != "green"]
    assert "screening-hits" in {one.code for one in told}
    assert all(one.what in page for one in told)
    assert state.result()["lights"]["P9"] == "red"
