from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from tasks.core.errors import BadInput, HostileFile, JournalBroken, NotOpened
from tasks.security import sealing
from tasks.security.sealing import (
    SealOpener,
    SealRecipient,
    make_seal_key,
    read_seal_key,
    read_seal_public_key,
    sealed_pieces,
    write_sealed,
)
from tasks.security.sealing_keys import StretchCost
from tests.errors import refused

PHRASE, CHEAP = "five random words are better", StretchCost(6, 1, 1)
SIZES = (0, 1, sealing.PIECE - 1, sealing.PIECE, sealing.PIECE + 1, 2 * sealing.PIECE)


def sealed(path: Path, data: bytes, to: SealRecipient | None = None) -> Path:
    wanted = SealRecipient(passphrase=PHRASE, cost=CHEAP) if to is None else to
    write_sealed(path, wanted, lambda out: out.write(data) and None)
    return path


def opened(path: Path, by: SealOpener | None = None) -> bytes:
    return b"".join(sealed_pieces(path, by or SealOpener(passphrase=PHRASE)))


@pytest.mark.parametrize("size", SIZES)
def test_it_opens_as_it_was(tmp_path: Path, size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    path = sealed(tmp_path / "a.sealed", data)
    assert opened(path) == data
    assert data[:1000] not in path.read_bytes() or size < 2
    with pytest.raises(NotOpened):
        opened(path, SealOpener(passphrase=PHRASE + "!"))


def test_each_recipient_opens_it_and_nobody_else(tmp_path: Path) -> None:
    for name in ("ada", "bo", "eve"):
        make_seal_key(tmp_path, name, PHRASE, CHEAP)
    keys = [read_seal_public_key(tmp_path / f"{name}.pub") for name in ("ada", "bo")]
    path = sealed(tmp_path / "a.sealed", b"numbers", SealRecipient(recipients=keys))
    for name in ("ada", "bo"):
        assert opened(path, SealOpener(seed=read_seal_key(tmp_path / f"{name}.key", PHRASE))) == b"numbers"
    with refused("file-not-sealed-to-key", NotOpened):
        opened(path, SealOpener(seed=read_seal_key(tmp_path / "eve.key", PHRASE)))
    with refused("file-sealed-to-keys-only", NotOpened):
        opened(path)


@settings(max_examples=60)
@given(place=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_no_bit_can_be_changed(tmp_path_factory, place: int, bit: int) -> None:
    path = sealed(tmp_path_factory.mktemp("bits") / "a.sealed", b"the reserve" * 20)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1 << bit
    path.write_bytes(data)
    with pytest.raises((JournalBroken, NotOpened, HostileFile)):
        opened(path)


def test_pieces_cannot_be_cut_off_or_moved(tmp_path: Path) -> None:
    path = sealed(tmp_path / "a.sealed", b"x" * (2 * sealing.PIECE) + b"end")
    whole = path.read_bytes()
    start = len(whole) - (2 * (sealing.PIECE + 16) + 3 + 16)
    first, second, last = (whole[start : start + sealing.PIECE + 16],
                           whole[start + sealing.PIECE + 16 : start + 2 * (sealing.PIECE + 16)],
                           whole[start + 2 * (sealing.PIECE + 16) :])  # fmt: skip
    head = whole[:start]
    for rest in (b"", first, first + second, second + first + last, last, first + last,
                 first + second + last + last):  # fmt: skip
        path.write_bytes(head + rest)
        with pytest.raises(JournalBroken):
            opened(path)


def test_a_hostile_head_does_not_eat_the_machine(tmp_path: Path) -> None:
    path = sealed(tmp_path / "a.sealed", b"x")
    data = path.read_bytes()
    size = int.from_bytes(data[18:22], "big")
    slots = json.loads(data[22 : 22 + size])
    slots["passphrase"]["cost"]["memory"] = 40
    head = json.dumps(slots).encode()
    path.write_bytes(data[:18] + len(head).to_bytes(4, "big") + head + data[22 + size :])
    with pytest.raises(HostileFile):
        opened(path)
    (tmp_path / "b.sealed").write_bytes(b"PK\x03\x04")
    with refused("untrusted-file-refused", HostileFile) as caught:
        opened(tmp_path / "b.sealed")
    assert caught.codes == ["sealed-file-invalid"]


def test_what_cannot_seal_is_told(tmp_path: Path) -> None:
    for to in (SealRecipient(), SealRecipient(passphrase="short")):
        with pytest.raises(BadInput):
            sealed(tmp_path / "a.sealed", b"x", to)
    assert not list(tmp_path.iterdir())
    make_seal_key(tmp_path, "ada", PHRASE, CHEAP)
    with refused("seal-key-already-exists", BadInput):
        make_seal_key(tmp_path, "ada", PHRASE, CHEAP)
    text = (tmp_path / "ada.pub").read_text()
    for wrong in ("", "hello", text.replace(text[-9], "A" if text[-9] != "A" else "B")):
        (tmp_path / "bad.pub").write_text(wrong)
        with refused("recipient-key-invalid", BadInput) as caught:
            read_seal_public_key(tmp_path / "bad.pub")
        assert [problem.file for problem in caught.problems] == [str(tmp_path / "bad.pub")]
        assert caught.codes[0] in ("seal-public-key-invalid", "public-key-not-whole")
    with refused("recipient-key-invalid", BadInput) as caught:
        read_seal_public_key(tmp_path / "missing.pub")
    assert caught.codes == ["public-key-unreadable"]
