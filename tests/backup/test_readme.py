"""The format's own page: a stranger writes a reader from it, so each field stands there."""

from __future__ import annotations

import re

import msgspec
import pytest

from tasks.backup.repository import shipped
from tasks.backup.structures import (
    Config,
    Entry,
    Hold,
    HostKey,
    Manifest,
    Proof,
    Pruned,
    PrunePlan,
    Recipient,
)

PAGE = shipped()["README.md"].decode()
QUOTED = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", PAGE))))


@pytest.mark.parametrize(
    "kind", [Config, Recipient, HostKey, Manifest, Proof, Hold, PrunePlan, Pruned, Entry]
)
def test_each_field_of_the_format_is_written_down(kind: type[msgspec.Struct]) -> None:
    assert {one.name for one in msgspec.structs.fields(kind)} - QUOTED == set()
