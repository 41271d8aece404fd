"""How a drill ends for whoever sees only the UI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from flows import drill as drill_flow
from tasks.core.errors import BadInput
from tests.errors import refused

DEPLOYED = "PREFECT__RUNTIME__DEPLOYMENT__ID"


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The chapters take half a minute: only how they ended, and what they observed."""
    observed: dict[str, Any] = {"good": True}

    def play(home: str, out: str, *_: object) -> dict[str, Any]:
        observed["book"] = os.environ.get("CONTINUITY_JOURNAL__URL")
        return {"good": observed["good"], "numbers": 7}

    monkeypatch.setattr(drill_flow, "play_drill", play)
    return observed


def test_what_did_not_hold_is_red(played: dict[str, Any], tmp_path: Path) -> None:
    assert drill_flow.drill.fn(into=str(tmp_path)) == {"good": True, "numbers": 7}
    played["good"] = False
    ended = drill_flow.drill.fn(into=str(tmp_path))
    assert ended.is_failed() and "what-happened.txt" in ended.message


def test_a_deployed_one_never_takes_the_brokers_book(
    played: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever folder somebody gives it in the UI."""
    monkeypatch.setenv("CONTINUITY_JOURNAL__URL", "postgresql://the-real-one")
    monkeypatch.setenv(DEPLOYED, "one")
    drill_flow.drill.fn(home=str(tmp_path / "new"), into=str(tmp_path))
    assert played["book"] is None
    with refused("drill-output-folder-changed", BadInput):
        drill_flow.drill.fn()
