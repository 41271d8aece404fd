"""The kit's chapter of the drill: built without programs, tampered with, opened on a laptop that goes on
with its book, and taken back. Nothing of the laptop stays but what it says."""

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
    """Leaves the kit in `out`; returns what happened, in words. Raises Refused in a house that is no
    drill."""
    if not is_drill(workspace.journal):
        raise Refused("kit-passphrase-discard-drill-only")
    phrase = secrets.token_urlsafe(18)
    made = build_kit(
        workspace, BuildOptions(out, wheels=False, to=SealRecipient(passphrase=phrase, cost=_QUICK)), actor
    )
    said = [*made.parts, f"the kit stands at event {made.facts.head_seq} of the book, sealed and open"]
    with tempfile.TemporaryDirectory(prefix="continuity-laptop-") as scratch:
        said += _tampered(made, Path(scratch), actor)
        said += _laptop(made, SealOpener(passphrase=phrase), Path(scratch) / "home", actor)
    return [*said, *_stale(workspace, made.folder)]


def _tampered(made: KitBuild, scratch: Path, actor: str) -> Iterator[str]:
    """Somebody with the stick swaps a workbook."""
    copy = scratch / "stick"
    shutil.copytree(made.folder, copy)
    swapped = next((copy / "workbooks").iterdir())
    swapped.write_bytes(swapped.read_bytes()[:-1] + b"!")
    try:
        begin_home(scratch / "never", copy, actor, SealOpener())
    except JournalBroken as caught:
        yield f"a swapped workbook is caught: {caught.problems[0]}"
    else:
        raise JournalBroken("replaced-workbook-not-detected")


def _laptop(made: KitBuild, by: SealOpener, home: Path, actor: str) -> Iterator[str]:
    assert made.sealed is not None
    begun = begin_home(home, made.sealed, actor, by)
    yield f"a clean laptop goes on from the sealed kit at event {begun.facts.head_seq}"
    journal = open_journal(begun.settings)
    try:
        numbers = issue_block(journal, begun.settings, ENTRY_SERIES, 2, "laptop", "2704", actor)
        whole = verify_journal(journal, open_content(begun.settings)).ok
    finally:
        journal.close()
    yield (
        f"it issues {numbers[0]} and {numbers[1]}, from the far end of the reserve; its book "
        f"{'holds' if whole else 'DOES NOT HOLD'}"
    )


def _stale(workspace: Workspace, folder: Path) -> Iterator[str]:
    for line in check_kit(workspace, folder):
        if line.light != GREEN:
            yield f"kit check: {line.light}: {line.what}: {line.fact}"
