"""How a drill ends for whoever sees only the UI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from flows import drill as story
from tasks.core.errors import BadInput
from tests.errors import refused

DEPLOYED = "PREFECT__RUNTIME__DEPLOYMENT__ID"


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The chapters take half a minute: only how they ended, and what they saw."""
    seen: dict[str, Any] = {"good": True}

    def play(home: str, out: str) -> dict[str, Any]:
        seen["book"] = os.environ.get("CONTINUITY_JOURNAL__URL")
        return {"good": seen["good"], "numbers": 7}

    monkeypatch.setattr(story, "play", play)
    return seen


def test_what_did_not_hold_is_red(played: dict[str, Any], tmp_path: Path) -> None:
    assert story.drill.fn(into=str(tmp_path)) == {"good": True, "numbers": 7}
    played["good"] = False
    ended = story.drill.fn(into=str(tmp_path))
    assert ended.is_failed() and "what-happened.txt" in ended.message


def test_a_deployed_one_never_takes_the_brokers_book(
    played: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever folder somebody gives it in the UI."""
    monkeypatch.setenv("CONTINUITY_JOURNAL__URL", "postgresql://the-real-one")
    monkeypatch.setenv(DEPLOYED, "one")
    story.drill.fn(home=str(tmp_path / "new"), into=str(tmp_path))
    assert played["book"] is None
    with refused("drill-output-folder-changed", BadInput):
        story.drill.fn()
