"""The backup and the restore drill as flows: snapshots, proof, artifacts, and what fails them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tasks.backup.keys.key_creation import create_repository_keys
from tasks.backup.stores.local_store import LocalStore
from tasks.core.settings import Settings, load_settings
from tasks.opening import open_journal
from tasks.security.sealing_keys import StretchCost
from tests.backup.trees import write
from tests.conftest import SETTINGS

pytestmark = pytest.mark.usefixtures("prefect_server")
PHRASE = "a passphrase of the drill"


@pytest.fixture
def backed_up(tmp_path: Path, house: Settings) -> Settings:
    (tmp_path / "store").mkdir()
    (tmp_path / "phrase").write_text(PHRASE)
    for number in range(60):
        write(tmp_path / "papers" / f"{number}.txt", f"entry {number} ".encode() * 3000)
    text = f"""
[backup]
store = "{tmp_path}/store"
place = "Reno, Nevada"
grace_seconds = 0
least_free_gb = 0
drill_key = "{tmp_path}/safe/drill.key"
drill_passphrase_file = "{tmp_path}/phrase"
sources = [{{ name = "papers", place = "{tmp_path}/papers" }}]
"""
    (house.home / "continuity.toml").write_text(SETTINGS + text)
    made = create_repository_keys(
        LocalStore(tmp_path / "store"), "desk1", tmp_path / "safe", PHRASE + "s", "drill1", PHRASE, StretchCost(8, 1, 1)
    )
    made.host.save(house.home / "keys" / "backup-host.json")
    return load_settings(house.home)


def artifacts() -> dict[str, str]:
    from prefect.client.orchestration import get_client

    async def read() -> dict[str, str]:
        async with get_client() as client:
            found = await client.read_latest_artifacts()
        return {str(one.key): str(one.data) for one in found}

    return asyncio.run(read())


def test_a_night_and_a_drill(backed_up: Settings, tmp_path: Path) -> None:
    from flows.backup import backup
    from flows.backup_doctor import backup_doctor
    from flows.restore_drill import restore_drill

    home = str(backed_up.home)
    state = backup(home, "it", 1, return_state=True)
    assert state.is_completed()
    assert state.name == "Completed"
    proof = restore_drill(home, "it", "all", return_state=True)
    assert proof.is_completed()
    shown = artifacts()
    assert "backup-snapshots" in shown
    assert float(shown["backup-progress"]) == 100
    assert float(shown["restore-progress"]) == 100
    assert "--expect-head desk1:1:" in shown["restore-proof"]
    again = restore_drill(home, "it", return_state=True)
    assert again.message == "0 snapshot(s) countersigned"
    book = open_journal(backed_up)
    kinds = [event.kind for event in book.events(kind="backup.")]
    book.close()
    assert kinds == ["backup.done", "backup.done", "backup.verified", "backup.proved", "backup.proved"]

    for path in sorted((tmp_path / "papers").iterdir()):  # as ransomware does
        path.write_bytes(os.urandom(40_000))
    state = backup(home, "it", 1, return_state=True)
    assert state.name == "Suspicious"
    assert "papers: " in state.message
    refused = restore_drill(home, "it", return_state=True)
    assert refused.is_failed()
    assert "--accept-flags" in refused.message
    assert restore_drill(home, "it", accept_flags=True, return_state=True).is_completed()

    state = backup_doctor(home, "it", return_state=True)
    assert state.is_failed()
    assert "delete" in state.message


def test_a_night_with_gaps_ends_in_a_state_of_its_own(
    backed_up: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.backup import backup
    from flows.restore_drill import restore_drill

    home = str(backed_up.home)
    write(tmp_path / "papers" / "letters" / "a.txt", b"a")
    assert backup(home, "it", 1, return_state=True).name == "Completed"
    assert restore_drill(home, "it", return_state=True).is_completed()
    real = os.scandir

    def refuse(path: bytes | str | int) -> object:
        if not isinstance(path, int) and os.fsencode(path).endswith(b"/papers/letters"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        for _ in range(2):
            state = backup(home, "it", 1, return_state=True)
            assert (state.is_completed(), state.name) == (True, "WithGaps")
            assert "papers/letters" in state.message
    refused = restore_drill(home, "it", return_state=True)
    assert refused.is_failed()
    assert backup(home, "it", 1, return_state=True).name == "Completed"
    assert restore_drill(home, "it", return_state=True).is_completed()


def test_damage_fails_the_flow(backed_up: Settings, tmp_path: Path) -> None:
    from flows.backup import backup

    home = str(backed_up.home)
    backup(home, "it", 1)
    pack = max((tmp_path / "store/packs").iterdir(), key=lambda p: p.stat().st_size)
    pack.write_bytes(pack.read_bytes()[:-1])
    state = backup(home, "it", 1, return_state=True)
    assert state.is_failed()
    assert "objects do not hold" in state.message
