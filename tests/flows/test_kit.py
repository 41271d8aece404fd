"""The monthly kit as a flow: what it says, what it publishes, and that a failure leaves the old one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.settings import Settings
from tasks.kit.status import newest_kit
from tests.entries import house as desks
from tests.flows.test_backup import artifacts

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_a_month(house: Settings, journal, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.kit import kit
    from tasks.kit.steps import make_kit

    desks.issue(journal, house, "truck", 3)
    home = str(house.home)
    state = kit(home, "it", wheels=False, return_state=True)
    assert state.name == "Incomplete" and "programs" in state.message
    first = newest_kit(house)
    assert first is not None and artifacts()["kit"]
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    once = make_kit.with_options(retries=0)
    monkeypatch.setattr("flows.kit.make_kit", once)
    assert kit(home, "it", return_state=True).is_failed()
    assert newest_kit(house) == first and len(list(journal.events(kind="kit.built"))) == 1
    assert Path(first / "manifest.json").is_file()
