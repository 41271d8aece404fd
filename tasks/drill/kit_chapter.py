"""The kit's chapter of the drill: built without programs, tampered with, opened on a laptop that goes on
with its journal, and taken back. Nothing of the laptop stays but what it says."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tasks.core.errors import JournalBroken, Refused
from tasks.core.journal.journal import is_drill
from tasks.core.journal.verification import verify_journal
from tasks.core.status_lines import GREEN
from tasks.entries.api import ENTRY_SERIES, issue_block
from tasks.kit.api import BuildOptions, KitBuild, begin_home, build_kit, check_kit
from tasks.opening import open_content, open_journal
from tasks.security.api import SealOpener, SealRecipient, StretchCost
from tasks.workspace import Workspace

_QUICK = StretchCost(12, 1, 1)
"""Of a passphrase that is thrown away at once."""


def play_kit(workspace: Workspace, actor: str, out: Path) -> list[str]:
    """Leaves the kit in `out`; returns what happened, in words. Raises Refused outside a
    drill."""
    if not is_drill(workspace.journal):
        raise Refused("kit-passphrase-discard-drill-only")
    phrase = secrets.token_urlsafe(18)
    build = build_kit(
        workspace, BuildOptions(out, wheels=False, to=SealRecipient(passphrase=phrase, cost=_QUICK)), actor
    )
    lines = [*build.parts, f"the kit stands at event {build.facts.head_seq} of the book, sealed and open"]
    with tempfile.TemporaryDirectory(prefix="continuity-laptop-") as scratch:
        lines += _tampered(build, Path(scratch), actor)
        lines += _laptop(build, SealOpener(passphrase=phrase), Path(scratch) / "home", actor)
    return [*lines, *_stale(workspace, build.folder)]


def _tampered(build: KitBuild, scratch: Path, actor: str) -> Iterator[str]:
    """Somebody with the stick swaps a workbook."""
    copy = scratch / "stick"
    shutil.copytree(build.folder, copy)
    swapped = next((copy / "workbooks").iterdir())
    swapped.write_bytes(swapped.read_bytes()[:-1] + b"!")
    try:
        begin_home(scratch / "never", copy, actor, SealOpener())
    except JournalBroken as caught:
        yield f"a swapped workbook is caught: {caught.problems[0]}"
    else:
        raise JournalBroken("replaced-workbook-not-detected")


def _laptop(build: KitBuild, opener: SealOpener, home: Path, actor: str) -> Iterator[str]:
    assert build.sealed is not None
    laptop = begin_home(home, build.sealed, actor, opener)
    yield f"a clean laptop goes on from the sealed kit at event {laptop.facts.head_seq}"
    journal = open_journal(laptop.settings)
    try:
        numbers = issue_block(journal, laptop.settings, ENTRY_SERIES, 2, "laptop", "2704", actor)
        is_intact = verify_journal(journal, open_content(laptop.settings)).ok
    finally:
        journal.close()
    yield (
        f"it issues {numbers[0]} and {numbers[1]}, from the far end of the reserve; its book "
        f"{'holds' if is_intact else 'DOES NOT HOLD'}"
    )


def _stale(workspace: Workspace, folder: Path) -> Iterator[str]:
    for line in check_kit(workspace, folder):
        if line.light != GREEN:
            yield f"kit check: {line.light}: {line.what}: {line.fact}"
