"""The format's own page: a stranger writes a reader from it, so each field stands there."""

from __future__ import annotations

import re

import msgspec
import pytest

from tasks.backup.format.repository import shipped_files
from tasks.backup.format.structures import (
    HostKey,
    ListingEntry,
    Manifest,
    PrunePlan,
    PruneRecord,
    Recipient,
    RepositoryConfig,
    SignedHold,
    SnapshotProof,
)

PAGE = shipped_files()["README.md"].decode()
QUOTED = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", PAGE))))


@pytest.mark.parametrize(
    "kind",
    [RepositoryConfig, Recipient, HostKey, Manifest, SnapshotProof, SignedHold, PrunePlan, PruneRecord, ListingEntry],
)
def test_each_field_of_the_format_is_written_down(kind: type[msgspec.Struct]) -> None:
    assert {one.name for one in msgspec.structs.fields(kind)} - QUOTED == set()
