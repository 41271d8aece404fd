"""The duties flow through Prefect: its states and its artifacts."""

from __future__ import annotations

import pytest

from tasks.shared.settings import Settings
from tests.flows.test_backup import artifacts

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_a_day_without_a_mail_server(house: Settings) -> None:
    from flows.duties import duties

    state = duties(str(house.home), "flow", return_state=True)
    assert state.is_completed() and state.name == "MailWaiting"
    assert "no mail server is set" in state.message
    again = duties(str(house.home), "flow", return_state=True)
    assert again.result()["rungs"] == []
    shown = artifacts()
    assert (
        "Going on without the systems" in shown["readiness"] and "never done" in shown["readiness"]
    )
    assert "triennial-report" in shown["duties"]
