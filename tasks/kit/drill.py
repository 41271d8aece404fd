"""The kit's chapter of the drill: built without programs, tampered with, opened on a laptop that goes on
with its book, and taken back. Nothing of the laptop stays but what it says."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tasks.entries import reserve
from tasks.kit.begin import begin
from tasks.kit.build import Built, Order, build
from tasks.kit.check import check
from tasks.shared import opening
from tasks.shared.board import GREEN
from tasks.shared.errors import JournalBroken, Refused
from tasks.shared.journal import is_drill
from tasks.shared.journal_check import verify
from tasks.shared.seal import By, To
from tasks.shared.seal_keys import Cost
from tasks.workspace import Workspace

_QUICK = Cost(12, 1, 1)
"""Of a passphrase that is thrown away at once."""


def chapter(workspace: Workspace, actor: str, out: Path) -> list[str]:
    """Leaves the kit in `out`; returns what happened, in words. Raises Refused in a house that is no
    drill."""
    if not is_drill(workspace.journal):
        raise Refused("kit-passphrase-discard-drill-only")
    phrase = secrets.token_urlsafe(18)
    made = build(workspace, Order(out, wheels=False, to=To(passphrase=phrase, cost=_QUICK)), actor)
    said = [
        *made.parts,
        f"the kit stands at event {made.facts.head_seq} of the book, sealed and open",
    ]
    with tempfile.TemporaryDirectory(prefix="continuity-laptop-") as scratch:
        said += _tampered(made, Path(scratch), actor)
        said += _laptop(made, By(passphrase=phrase), Path(scratch) / "home", actor)
    return [*said, *_stale(workspace, made.folder)]


def _tampered(made: Built, scratch: Path, actor: str) -> Iterator[str]:
    """Somebody with the stick swaps a workbook."""
    copy = scratch / "stick"
    shutil.copytree(made.folder, copy)
    swapped = next((copy / "workbooks").iterdir())
    swapped.write_bytes(swapped.read_bytes()[:-1] + b"!")
    try:
        begin(scratch / "never", copy, actor, By())
    except JournalBroken as caught:
        yield f"a swapped workbook is caught: {caught.problems[0]}"
    else:
        raise JournalBroken("replaced-workbook-not-detected")


def _laptop(made: Built, by: By, home: Path, actor: str) -> Iterator[str]:
    assert made.sealed is not None
    begun = begin(home, made.sealed, actor, by)
    yield f"a clean laptop goes on from the sealed kit at event {begun.facts.head_seq}"
    journal = opening.journal(begun.settings)
    try:
        numbers = reserve.issue(journal, begun.settings, reserve.ENTRY, 2, "laptop", "2704", actor)
        whole = verify(journal, opening.content(begun.settings)).ok
    finally:
        journal.close()
    yield (f"it issues {numbers[0]} and {numbers[1]}, from the far end of the reserve; its book "
           f"{'holds' if whole else 'DOES NOT HOLD'}")  # fmt: skip


def _stale(workspace: Workspace, folder: Path) -> Iterator[str]:
    for line in check(workspace, folder):
        if line.light != GREEN:
            yield f"kit check: {line.light}: {line.what}: {line.fact}"
