"""A folder that is shared with the sender: on this machine and on a real share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from tasks.ace.settings import AceSettings
from tasks.core.errors import BadSettings, Exists, FolderAway, Missing, NoRight, StoreLost
from tasks.transport.exchange_folders import ExchangeFolder, open_exchange
from tasks.transport.smb import store
from tests.errors import refused
from tests.samba_server import PASSWORD, USER, Samba


def on_share(samba: Samba, folder: Path, share: str = "plain", **more: object) -> tuple[str, AceSettings]:
    """A fresh folder of a share, and the settings that reach it."""
    name = f"ace{os.urandom(6).hex()}"
    (samba.top / share / name).mkdir()
    shutil.chown(samba.top / share / name, "nobody")
    secret = folder / "share-password"
    secret.write_text(f"{PASSWORD}\n")
    said = {"share_user": USER, "share_password_file": secret, "share_auth": "ntlm", **more}
    return f"smb://127.0.0.1:{samba.port}/{share}/{name}", AceSettings(**said)  # type: ignore[arg-type]


@pytest.fixture(params=["local", "share"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ExchangeFolder]:
    if request.param == "local":
        with open_exchange(tmp_path, AceSettings()) as opened:
            yield opened
        return
    place, ace = on_share(request.getfixturevalue("samba"), tmp_path)
    with open_exchange(place, ace) as opened:
        yield opened


def test_a_file_is_seen_whole_or_not_at_all(folder: ExchangeFolder) -> None:
    folder.hide("a.abi", b"first draft")
    folder.hide("a.abi", b"A" * 80)
    assert folder.names() == []
    assert folder.size("a.abi") is None
    with pytest.raises(Missing):
        folder.read("a.abi")
    assert folder.show("a.abi") == 80
    assert folder.names() == ["a.abi"]
    assert folder.size("a.abi") == 80
    assert folder.read("a.abi") == b"A" * 80


def test_a_server_that_takes_less_than_it_was_sent(
    samba: Samba, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, ace = on_share(samba, tmp_path)
    answers = iter([0, -1])
    honest = store._bytes_written
    monkeypatch.setattr(store, "_bytes_written", lambda answer: honest(answer) + next(answers, 0))
    with open_exchange(place, ace) as folder:
        folder.hide("whole.abi", b"A" * 80)
        with refused("share-write-incomplete", StoreLost) as caught:
            folder.hide("cut.abi", b"A" * 80)
        assert (caught.values["taken"], caught.values["sent"]) == (79, 80)
        folder.hide("cut.abi", b"B" * 80)
        assert folder.show("cut.abi") == 80 and folder.read("cut.abi") == b"B" * 80


def test_shown_once(folder: ExchangeFolder) -> None:
    folder.hide("a.abi", b"ours")
    folder.show("a.abi")
    assert folder.show("a.abi") is None
    folder.hide("a.abi", b"another")
    with pytest.raises(Exists):
        folder.show("a.abi")
    assert folder.read("a.abi") == b"ours"


def test_only_ace_files_in_order(folder: ExchangeFolder) -> None:
    for name in ("b.abi", "a.abi", "notes.txt"):
        folder.hide(name, b"x")
        folder.show(name)
    assert folder.names() == ["a.abi", "b.abi"]


def test_a_share_that_refuses(samba: Samba, tmp_path: Path) -> None:
    place, ace = on_share(samba, tmp_path)
    (tmp_path / "share-password").write_text("wrong")
    with refused("share-login-refused", NoRight), open_exchange(place, ace) as opened:
        opened.names()
    place, ace = on_share(samba, tmp_path)
    read_only = place.replace("/plain/", "/readonly/")
    with pytest.raises(NoRight), open_exchange(read_only, ace) as opened:
        opened.hide("a.abi", b"x")


def test_a_share_that_is_silent(tmp_path: Path, samba: Samba) -> None:
    place, ace = on_share(samba, tmp_path, share_timeout=2)
    samba.freeze()
    try:
        with pytest.raises(StoreLost), open_exchange(place, ace) as opened:
            opened.names()
    finally:
        samba.thaw()


@pytest.mark.parametrize("place", ["smb://server", "smb://server/", "smb:///share"])
def test_an_address_without_a_share(place: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    ace = AceSettings(share_user="u", share_password_file=secret)
    with refused("share-address-incomplete", BadSettings), open_exchange(place, ace):
        pass


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with refused("share-address-incomplete", BadSettings), open_exchange("smb://server/share", AceSettings()):
        pass
    with refused("exchange-folder-missing", FolderAway), open_exchange(tmp_path / "none", AceSettings()):
        pass


def test_settings_tell_a_share_from_a_path() -> None:
    ace = AceSettings(outbound="smb://server/ace/out", inbox="in")  # type: ignore[arg-type]
    assert ace.outbound == "smb://server/ace/out"
    assert ace.inbox == Path("in")
    with pytest.raises(ValidationError):
        AceSettings(outbound=3)  # type: ignore[arg-type]


def test_what_is_no_visible_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "folder.abi").mkdir()
    (tmp_path / ".half-written.abi").write_bytes(b"A")
    (tmp_path / "a.abi").write_bytes(b"A" * 80)
    with open_exchange(tmp_path, AceSettings()) as opened:
        assert opened.names() == ["a.abi"]


def test_a_folder_that_is_not_there_is_told_and_not_made(samba: Samba, tmp_path: Path) -> None:
    place, ace = on_share(samba, tmp_path)
    for wrong in (f"{place}/answrs", f"{place}-gone"):
        with refused("exchange-share-folder-missing", FolderAway), open_exchange(wrong, ace):
            pass
    assert not (samba.top / "plain" / place.rpartition("/")[2] / "answrs").exists()
