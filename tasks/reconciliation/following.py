"""What happens next with every recorded entry, as people are told it: the verdict of the rules, and
where an entry that should go cannot be written, that."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tasks.reconciliation import plan
from tasks.reconciliation.classify import Verdict
from tasks.reconciliation.cycle import verdicts
from tasks.reconciliation.filers import is_desks, kept_back
from tasks.reconciliation.plan_words import plain
from tasks.reconciliation.rules import HELD, SENDING, Step
from tasks.reconciliation.silent import by_number, silent
from tasks.reconciliation.terms import sending_day
from tasks.shared.errors import Problem
from tasks.workspace import Workspace


def held_back(workspace: Workspace) -> dict[str, Problem]:
    """Entries that should go and cannot be written, with the reason."""
    held = plan.held(
        workspace.journal, workspace.content, workspace.settings, sending_day(workspace.settings)
    )
    return held | kept_back(verdicts(workspace), workspace.settings)


def following(workspace: Workspace) -> list[dict[str, str]]:
    """A row for each recorded entry: number, desk, step, why."""
    held, late = held_back(workspace), by_number(silent(workspace.journal))
    return [
        {
            "number": one.number,
            "desk": one.desk,
            "step": HELD if one.number in held else str(verdict.step),
            "why": _why(held[one.number])
            if one.number in held
            else _waiting(verdict, late.get(one.number, "")),
        }
        for one, verdict in verdicts(workspace)
    ]


def _waiting(verdict: Verdict, late: str) -> str:
    return f"{verdict.why}; {late}" if late and verdict.step is Step.WAIT else verdict.why


def _why(reason: Problem) -> str:
    words = plain(reason)
    if is_desks(reason):
        return f"{words}. Next: continuity entries correct {reason.subject}"
    return words


def with_held(steps: Mapping[str, list[str]], held: Collection[str]) -> dict[str, list[str]]:
    """Entries by step, those apart that should go and cannot."""
    sending = {str(step) for step in SENDING}
    found: dict[str, list[str]] = {}
    for step, numbers in steps.items():
        for number in numbers:
            name = HELD if step in sending and number in held else step
            found.setdefault(name, []).append(number)
    return found
