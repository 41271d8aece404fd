"""What happens next with every recorded entry, as people are told it: the decision of the rules, and
where an entry that should go cannot be written, that."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tasks.core.errors import Problem
from tasks.reconciliation.cycle_stages import entry_decisions
from tasks.reconciliation.decisions.classification import EntryDecision
from tasks.reconciliation.decisions.exclusions import excluded_entries, is_desk_correctable
from tasks.reconciliation.decisions.rule_table import HELD, SENDING, NextStep
from tasks.reconciliation.plan.payment_terms import sending_day
from tasks.reconciliation.plan.plan_description import reason_text
from tasks.reconciliation.plan.planning import held_entries
from tasks.reconciliation.sending.batch_checks import unanswered_batches, unanswered_entries
from tasks.workspace import Workspace


def held_reasons(workspace: Workspace) -> dict[str, Problem]:
    """Entries that should go and cannot be written, with the reason."""
    held = held_entries(workspace.journal, workspace.content, workspace.settings, sending_day(workspace.settings))
    return held | excluded_entries(entry_decisions(workspace), workspace.settings)


def entry_steps(workspace: Workspace) -> list[dict[str, str]]:
    """A row for each recorded entry: number, desk, step, why."""
    reasons, late = held_reasons(workspace), unanswered_entries(unanswered_batches(workspace.journal))
    return [
        {
            "number": entry.number,
            "desk": entry.desk,
            "step": HELD if entry.number in reasons else str(decision.step),
            "why": _held_reason(reasons[entry.number])
            if entry.number in reasons
            else _waiting_reason(decision, late.get(entry.number, "")),
        }
        for entry, decision in entry_decisions(workspace)
    ]


def _waiting_reason(decision: EntryDecision, late: str) -> str:
    return f"{decision.why}; {late}" if late and decision.step is NextStep.WAIT else decision.why


def _held_reason(reason: Problem) -> str:
    text = reason_text(reason)
    if is_desk_correctable(reason):
        return f"{text}. Next: continuity entries correct {reason.subject}"
    return text


def split_held_entries(steps: Mapping[str, list[str]], held_numbers: Collection[str]) -> dict[str, list[str]]:
    """Entries by step, those apart that should go and cannot."""
    sending = {str(step) for step in SENDING}
    entries_by_step: dict[str, list[str]] = {}
    for step, numbers in steps.items():
        for number in numbers:
            name = HELD if step in sending and number in held_numbers else step
            entries_by_step.setdefault(name, []).append(number)
    return entries_by_step
