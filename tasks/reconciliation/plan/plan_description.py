"""What an approver must see of a plan, in the same words wherever it is shown: at the desk, before the
code is asked for, in the flow's form and in its artifact.

First how much goes for which day, then duty per statement date and payer beside the ceiling, then
release dates that differ, those first that change what is owed, then what is held back and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from tasks.approved_acts import act_title
from tasks.core.errors import Problem, Refused
from tasks.reconciliation.accounting.report_rows import mask_importer
from tasks.reconciliation.decisions.exclusions import is_desk_correctable
from tasks.reconciliation.plan.approval_table import ApprovalContents, content_lines
from tasks.reconciliation.plan.plan_store import Row, SendingPlan, load_plan
from tasks.security.api import Act, ApprovalState
from tasks.workspace import Workspace


def plan_lines(plan: SendingPlan) -> list[str]:
    """A line for each fact."""
    return [
        _head_line(plan),
        *(_duty_line(row) for row in plan.duty),
        *(f"of these, {note}: {count}" for note, count in plan.notes.items()),
        *(_date_line(row) for row in plan.dates),
        *held_lines(plan.held),
    ]


def held_lines(reasons: Mapping[str, Problem]) -> list[str]:
    """A line for each reason for which entries that are due cannot be written, and what to do."""
    together: dict[str, list[str]] = {}
    for number, reason in reasons.items():
        together.setdefault(reason_text(reason), []).append(number)
    lines = [f"held back: {' '.join(numbers)}: {reason}" for reason, numbers in together.items()]
    at_desks = any(is_desk_correctable(reason) for reason in reasons.values())
    return [*lines, TO_CORRECT] if at_desks else lines


TO_CORRECT = "what is held back goes back to its desks: continuity entries correct"


def reason_text(reason: Problem) -> str:
    """A reason in words, without the number of its entry, which stands beside it."""
    return str(replace(reason, subject=""))


def plan_facts(plan: SendingPlan) -> dict[str, object]:
    """The same for a script. Amounts are cents; days YYYY-MM-DD, empty where summaries are paid one
    by one. A payer who is a private person is masked."""
    return {
        "plan": plan.digest,
        "day": plan.day,
        "batches": [
            {
                "batch": batch.batch,
                "application": batch.application,
                "file": batch.file,
                "entries": len(batch.numbers),
                "numbers": list(batch.numbers),
            }
            for batch in plan.batches
        ],
        "duty": [row | {"payer": mask_importer(str(row["payer"]))} for row in plan.duty],
        "notes": plan.notes,
        "dates": list(plan.dates),
        "held": {number: reason.as_dict() for number, reason in plan.held.items()},
        "words": plan_lines(plan),
    }


def list_markdown(lines: list[str]) -> str:
    """The lines as a list for an artifact or a form."""
    return "\n".join(f"- {line}" for line in lines)


def approval_lines(workspace: Workspace, contents: ApprovalContents, approval: ApprovalState, today: date) -> list[str]:
    """The lines above the tables of what is to be approved. Raises Refused for batches whose day is
    over: they would not be written."""
    prepared = f"prepared by {approval.preparer}"
    if contents.act is not Act.SEND_BATCHES:
        return [act_title(workspace, approval), *content_lines(contents), prepared]
    plan = load_plan(workspace.content, approval.plan)
    if reason := plan.lapsed(today):
        raise Refused("plan-day-passed", digest=plan.digest[:12], reason=reason)
    return [*plan_lines(plan), prepared]


def _head_line(plan: SendingPlan) -> str:
    only = f", for {plan.day} only" if plan.duty else ""
    count = f"{len(plan.numbers)} entries in {len(plan.batches)} file(s)"
    return f"plan {plan.digest[:12]}: {count}{only}"


def _duty_line(row: Row) -> str:
    summaries = f"{row['summaries']} summar{'y' if row['summaries'] == 1 else 'ies'}"
    amount_text = f"{summaries}, {_dollars(row['amount'])} dollars"
    payer = mask_importer(str(row["payer"]))
    if not row["statement_date"]:
        return f"duty paid one by one, payer {payer}: {amount_text}"
    # Plans made before the month's debit was told apart do not have the column.
    kind = "debited with a monthly statement on" if row.get("monthly") else "on statement"
    return f"duty {kind} {row['statement_date']}, payer {payer}: {amount_text}{_ceiling_text(row)}"


def _ceiling_text(row: Row) -> str:
    used, ceiling = _cents(row["used"]), row["ceiling"]
    before = f"; {_dollars(used)} stand there already" if used else ""
    if ceiling is None:
        return f"{before}; no ceiling"
    total = used + _cents(row["amount"])
    share = f", {total * 100 // _cents(ceiling)} % used" if ceiling else ""
    over = ", OVER THE CEILING" if row["over"] else ""
    return f"{before}; ceiling {_dollars(ceiling)}{share}{over}"


def _date_line(row: Row) -> str:
    days = _cents(row["days"])
    apart = f"{abs(days)} day{'s' if abs(days) != 1 else ''} {'later' if days > 0 else 'earlier'}"
    text = f"{row['entry_number']}: paper {row['paper_date']}, ACE {row['ace_date']} ({apart})"
    marks = ", ".join(_date_consequences(row))
    if row["fees"] or row["crosses"]:
        return f"DATES DIFFER AND CHANGE WHAT IS OWED: {text}: {marks}"
    return f"dates differ: {text}"


def _date_consequences(row: Row) -> Iterator[str]:
    if row["crosses"]:
        yield f"across {row['crosses']}"
    if row["fees"]:
        yield f"other rates of fee {str(row['fees']).replace(' ', ', ')}"


def _cents(value: object) -> int:
    return int(str(value))


def _dollars(cents: object) -> str:
    return f"{_cents(cents) / 100:,.2f}"
