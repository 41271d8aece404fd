from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from tasks.shared import seal
from tasks.shared.errors import BadInput, HostileFile, JournalBroken, NotOpened
from tasks.shared.seal import By, To
from tasks.shared.seal_keys import Cost
from tests.errors import refused

PHRASE, CHEAP = "five random words are better", Cost(6, 1, 1)
SIZES = (0, 1, seal.PIECE - 1, seal.PIECE, seal.PIECE + 1, 2 * seal.PIECE)


def sealed(path: Path, data: bytes, to: To | None = None) -> Path:
    wanted = To(passphrase=PHRASE, cost=CHEAP) if to is None else to
    seal.write(path, wanted, lambda out: out.write(data) and None)
    return path


def opened(path: Path, by: By | None = None) -> bytes:
    return b"".join(seal.pieces(path, by or By(passphrase=PHRASE)))


@pytest.mark.parametrize("size", SIZES)
def test_it_opens_as_it_was(tmp_path: Path, size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    path = sealed(tmp_path / "a.sealed", data)
    assert opened(path) == data
    assert data[:1000] not in path.read_bytes() or size < 2
    with pytest.raises(NotOpened):
        opened(path, By(passphrase=PHRASE + "!"))


def test_each_recipient_opens_it_and_nobody_else(tmp_path: Path) -> None:
    for name in ("ada", "bo", "eve"):
        seal.make_key(tmp_path, name, PHRASE, CHEAP)
    keys = [seal.read_public(tmp_path / f"{name}.pub") for name in ("ada", "bo")]
    path = sealed(tmp_path / "a.sealed", b"numbers", To(recipients=keys))
    for name in ("ada", "bo"):
        assert opened(path, By(seed=seal.read_key(tmp_path / f"{name}.key", PHRASE))) == b"numbers"
    with refused("file-not-sealed-to-key", NotOpened):
        opened(path, By(seed=seal.read_key(tmp_path / "eve.key", PHRASE)))
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
    path = sealed(tmp_path / "a.sealed", b"x" * (2 * seal.PIECE) + b"end")
    whole = path.read_bytes()
    start = len(whole) - (2 * (seal.PIECE + 16) + 3 + 16)
    first, second, last = (whole[start : start + seal.PIECE + 16],
                           whole[start + seal.PIECE + 16 : start + 2 * (seal.PIECE + 16)],
                           whole[start + 2 * (seal.PIECE + 16) :])  # fmt: skip
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
    for to in (To(), To(passphrase="short")):
        with pytest.raises(BadInput):
            sealed(tmp_path / "a.sealed", b"x", to)
    assert not list(tmp_path.iterdir())
    seal.make_key(tmp_path, "ada", PHRASE, CHEAP)
    with refused("seal-key-already-exists", BadInput):
        seal.make_key(tmp_path, "ada", PHRASE, CHEAP)
    text = (tmp_path / "ada.pub").read_text()
    for wrong in ("", "hello", text.replace(text[-9], "A" if text[-9] != "A" else "B")):
        (tmp_path / "bad.pub").write_text(wrong)
        with refused("recipient-key-invalid", BadInput) as caught:
            seal.read_public(tmp_path / "bad.pub")
        assert [problem.file for problem in caught.problems] == [str(tmp_path / "bad.pub")]
        assert caught.codes[0] in ("seal-public-key-invalid", "public-key-not-whole")
    with refused("recipient-key-invalid", BadInput) as caught:
        seal.read_public(tmp_path / "missing.pub")
    assert caught.codes == ["public-key-unreadable"]
