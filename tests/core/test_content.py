from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from tasks.core.content import ContentStore
from tasks.core.errors import ContentMissing
from tasks.core.files import write_atomic
from tests.errors import refused


@given(data=st.binary(max_size=300))
def test_content_comes_back_by_its_digest(tmp_path: Path, data: bytes) -> None:
    store = ContentStore(tmp_path / "content")
    digest = store.put(data)
    assert store.get(digest) == data and store.put(data) == digest


def test_damage_is_found_and_mended_by_storing_again(tmp_path: Path) -> None:
    store = ContentStore(tmp_path)
    digest = store.put(b"ledger")
    store.path(digest).write_bytes(b"lodger")
    assert list(store.damaged(iter([digest, "0" * 64]))) == [
        (digest, "content-is-altered"),
        ("0" * 64, "content-is-missing"),
    ]
    with refused("content-altered", ContentMissing):
        store.get(digest)
    assert store.put(b"ledger") == digest and store.get(digest) == b"ledger"


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = write_atomic(tmp_path / "file", b"old")

    def broken():
        yield b"half"
        raise OSError("disk full")

    with pytest.raises(OSError, match="full"):
        write_atomic(target, broken())
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
