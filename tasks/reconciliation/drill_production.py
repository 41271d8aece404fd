"""The drill's last chapter but one: production runs again from a backup, and its counter went back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tasks.entries import sample
from tasks.reconciliation import drill, production_export, restored, restored_turn
from tasks.reconciliation.letters.writing import write as write_letters
from tasks.reconciliation.production import Next
from tasks.reconciliation.restored import Restore
from tasks.reconciliation.terms import sending_day
from tasks.shared.errors import ContinuityError
from tasks.workspace import Workspace

MOST_TURNS = 8


def letters(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """Write the letters that are due into `out`; what each is, in words."""
    made = write_letters(workspace, out / "letters", actor)
    return [f"{one.kind}: to {one.to}, {one.subject}" for one in made]


def restore(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """Ask ACE what production sent after its backup, name its next number, hand it the settled
    entries; what that is, in words."""
    facts = sample.ace_facts()["restore"]
    backup = datetime.combine(facts["last_backup"], datetime.min.time())
    told = restored.told(workspace, backup, None, facts["counter"], actor)
    done, following = _answered(workspace, told, actor)
    restored_turn.write(workspace, done, out / "production" / "restored.xlsx")
    files = production_export.write(workspace, out / "production" / "settled", actor)
    numbers = ", ".join(one.number for one in done.lacking)
    return [
        f"ACE took {len(done.lacking)} entries after the backup that production lost: {numbers}",
        f"production's counter stands at {facts['counter']} again; it goes on with "
        f"{following.number}: the highest seen is {following.highest}, {following.margin} are left out",
        f"settled entries handed to production: {len(files)} files",
    ]


def _answered(workspace: Workspace, told: Restore, actor: str) -> tuple[restored_turn.Turn, Next]:
    """Turns, with the stand-in's answers between them, until the next number is named."""
    waiting: tuple[str, ...] = ()
    for _ in range(MOST_TURNS):
        done = restored_turn.turn(workspace, told, (), None, actor, sending_day(workspace.settings))
        if done.following is not None:
            return done, done.following
        waiting = done.waiting
        drill.exchange(workspace)
    raise ContinuityError("ace-answer-missing", waiting=", ".join(waiting))
