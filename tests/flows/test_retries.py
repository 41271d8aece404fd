"""Which errors a step tries again: those that pass, and never what no retry can mend. Nobody sleeps
here: the waits are noted, and the delays of the real steps are set to nothing."""

from __future__ import annotations

import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import flow
from sqlalchemy.exc import OperationalError

from tasks.ace.settings import AceSettings
from tasks.core import errors
from tasks.core.content import ContentStore
from tasks.core.errors import ContinuityError
from tasks.core.settings import Settings
from tasks.core.steps import task
from tasks.transport.exchange_folders import open_exchange
from tasks.workspace import opened
from tests.errors import refused

pytestmark = pytest.mark.usefixtures("prefect_server")

TRANSIENT = {"Busy", "FolderAway", "ContentAway", "NotFetched", "MailUndelivered", "StoreFault",
           "StoreLost", "Missing"}  # fmt: skip


def tree(root: type[ContinuityError] = ContinuityError) -> set[type[ContinuityError]]:
    mine = {one for one in root.__subclasses__() if one.__module__ == errors.__name__}
    return {root}.union(*(tree(one) for one in mine))


def tries(error: Exception) -> int:
    """How often a step with two retries is tried that ends with this error each time."""
    done: list[int] = []

    @task(name="fails", retries=2)
    def fails() -> None:
        done.append(1)
        raise error

    @flow(name="one step")
    def one_step() -> None:
        fails()

    with pytest.raises(type(error)):
        one_step()
    return len(done)


def test_the_tree_says_of_each_error_whether_it_passes() -> None:
    assert {one.__name__ for one in tree() if one.transient} == TRANSIENT
    assert set(re.findall(r"-- (\w+) \*", errors.__doc__ or "")) == TRANSIENT
    from tasks.backup.faults import DamagedData
    from tasks.core.errors import Busy

    assert Busy("x").transient and not DamagedData("x").transient


@pytest.mark.parametrize(
    "error",
    [
        errors.BadSettings("no server"),
        errors.Refused("no"),
        errors.HostileFile("no zip"),
        errors.JournalBroken("cut"),
        errors.StoreFull("full"),
        errors.MissingPart("pg_dump"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_no_retry_can_mend_fails_at_once(error: ContinuityError) -> None:
    assert tries(error) == 1


@pytest.mark.parametrize(
    "error",
    [
        errors.StoreLost("the share is away"),
        errors.NotFetched("no network"),
        errors.FolderAway("not there"),
        PermissionError(13, "locked by another program"),
        ConnectionResetError("reset"),
        OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_passes_is_tried_again(error: Exception) -> None:
    assert tries(error) == 3


def test_a_missing_home_does_not_wait_out_the_retries_of_a_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`duties` would wait two minutes, `kit` ten."""
    from flows.duties import duties
    from flows.kit import kit

    waits = noted_waits(monkeypatch)
    for state in (
        duties(str(tmp_path / "none"), "it", return_state=True),
        kit(str(tmp_path / "none"), "it", return_state=True),
    ):
        assert state.is_failed() and "home-folder-invalid" in repr(state.data)
    assert waits == []


def test_a_share_that_is_away_is_waited_for(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.reconciliation.steps import begin_cycle, run_stage

    inbox = house.home / "inbox"
    toml = house.home / "continuity.toml"
    toml.write_text(toml.read_text() + f'inbox = "{inbox.as_posix()}"\n')

    def comes_back(seconds: float) -> None:
        inbox.mkdir(exist_ok=True)

    waits = noted_waits(monkeypatch, comes_back)

    @flow(name="read")
    def read() -> None:
        with opened(house.home):
            begin_cycle(str(house.home), "it")
            run_stage(str(house.home), "read what ACE sent")

    read()
    assert len(waits) == 1


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with refused("exchange-folder-missing", errors.FolderAway), open_exchange(tmp_path / "out", AceSettings()):
        pass
    with refused("content-folder-missing", errors.ContentAway):
        ContentStore(tmp_path / "content").get("a" * 64)
    (tmp_path / "content").mkdir()
    with pytest.raises(errors.ContentMissing) as gone:
        ContentStore(tmp_path / "content").get("a" * 64)
    assert not gone.value.transient


def noted_waits(monkeypatch: pytest.MonkeyPatch, meanwhile: Any = None) -> list[float]:
    """Waits of the engine between two tries, noted and skipped."""
    from prefect import task_engine

    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if meanwhile:
            meanwhile(seconds)

    # the engine's own view of the clock only: other threads go on sleeping
    monkeypatch.setattr(task_engine, "time", SimpleNamespace(**{**vars(time), "sleep": wait}))
    return waits
