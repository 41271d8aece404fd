"""The monthly kit as a flow: what it says, what it publishes, and that a failure leaves the old one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.kit.check import newest
from tasks.shared.settings import Settings
from tests.entries import house as desks
from tests.flows.test_backup import artifacts

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_a_month(house: Settings, journal, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.kit import kit
    from tasks.kit import steps

    desks.issue(journal, house, "truck", 3)
    home = str(house.home)
    state = kit(home, "it", wheels=False, return_state=True)
    assert state.name == "Incomplete" and "programs" in state.message
    first = newest(house)
    assert first is not None and artifacts()["kit"]
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    once = steps.build.with_options(retries=0)
    monkeypatch.setattr(steps, "build", once)
    assert kit(home, "it", return_state=True).is_failed()
    assert newest(house) == first and len(list(journal.events(kind="kit.built"))) == 1
    assert Path(first / "manifest.json").is_file()
