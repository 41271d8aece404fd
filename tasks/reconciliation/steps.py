"""The reconciliation's steps as Prefect tasks. Each handles all entries of an incident at once and
is safe to run again: truth is in the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, create_table_artifact

from tasks.core.steps import task
from tasks.reconciliation.accounting import number_account, sign_off
from tasks.reconciliation.accounting.number_account import account_numbers, finished_percent, place_totals
from tasks.reconciliation.accounting.report_data import build_report
from tasks.reconciliation.accounting.report_pdf import write_report_files
from tasks.reconciliation.cycle_stages import STAGES, Cycle, CycleResult, cycle_result
from tasks.reconciliation.plan.approval_table import approval_contents, contents_markdown
from tasks.reconciliation.plan.payment_terms import sending_day
from tasks.reconciliation.plan.plan_description import held_lines, list_markdown, plan_lines
from tasks.reconciliation.receiving.answer_files import unreadable_files
from tasks.reconciliation.step_listing import entry_steps
from tasks.security.api import find_approval
from tasks.workspace import Workspace


def begin_cycle(home: str, actor: str) -> Cycle:
    """Begin a cycle in the workspace that the run has open."""
    workspace = Workspace.open(Path(home))
    begun = Cycle(workspace, actor, sending_day(workspace.settings))
    workspace.keep(_current, begun)
    return begun


def _current(workspace: Workspace) -> Cycle:
    raise LookupError(f"no reconciliation cycle has begun in {workspace.home}")


@task(name="reconciliation stage", task_run_name="{stage}", retries=2, retry_delay_seconds=5)
def run_stage(home: str, stage: str) -> None:
    """Run a stage of the cycle that has begun."""
    current = Workspace.open(Path(home)).once(_current)
    next(candidate for candidate in STAGES if candidate.name == stage).run(current)
    get_run_logger().info("%s", _counts(current))


def _counts(current: Cycle) -> dict[str, int]:
    """How much the stages have done so far."""
    counts = {
        "answers read": sum(file.answers for file in current.read),
        "reopened": len(current.reopened),
        "settled": len(current.settled),
        "batch files": len(current.written),
        "query files": len(current.query_files),
        "entries in the plan": len(current.waiting.numbers) if current.waiting else 0,
        "held back": len(current.held_entries),
    }
    return {name: count for name, count in counts.items() if count}


@task(name="what the cycle did", retries=2, retry_delay_seconds=5)
def finish_cycle(home: str) -> CycleResult:
    """The result of the cycle; what a person must see of it is in the log."""
    result = cycle_result(Workspace.open(Path(home)).once(_current))
    warn = get_run_logger().warning
    for contradiction in (contradiction for answer_file in result.read for contradiction in answer_file.odd):
        warn("contradiction: %s", contradiction)
    for file, wrong in unreadable_files(result.read).items():
        warn("NOT READ: %s: %s", file, wrong)
    for file, wrong in result.meddled.items():
        warn("not as written: %s: %s", file, wrong)
    for number, reason in result.reopened.items():
        warn("%s is open again: %s", number, reason)
    for plan, reason in result.dropped.items():
        warn("plan %s is dropped: %s", plan[:12], reason)
    for line in plan_or_held_lines(result):
        get_run_logger().info("%s", line)
    return result


def plan_or_held_lines(result: CycleResult) -> list[str]:
    """What an approver must see of the plan that waits, or which entries are held back."""
    lines = plan_lines(result.waiting) if result.waiting else held_lines(result.held)
    return lines + result.uncovered


def cycle_summary(result: CycleResult) -> dict[str, Any]:
    """The cycle as the result of a flow run."""
    waiting = result.waiting
    return {
        "read": sum(batch.answers for batch in result.read),
        "settled": list(result.settled),
        "asked": list(result.asked),
        "written": [
            {"batch": batch.batch, "file": batch.where.rpartition("/")[2], "entries": batch.numbers}
            for batch in result.written
        ],
        "waiting": waiting
        and {"plan": waiting.digest, "batches": len(waiting.batches), "entries": len(waiting.numbers)},
        "words": plan_or_held_lines(result),
    }


@task(name="what happens next")
def next_steps(home: str, incident: str) -> dict[str, int]:
    """How many entries stand at each step, published with their numbers and the reason."""
    rows = entry_steps(Workspace.open(Path(home)))
    create_table_artifact(key=f"next-{incident}", table=rows[:500], description=_NEXT)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["step"]] = counts.get(row["step"], 0) + 1
    get_run_logger().info("%s", counts)
    return counts


_NEXT = "What happens next with each recorded entry (the first 500), and why."


@task(name="account for every number", retries=1)
def take_account(home: str, incident: str) -> dict[str, list[str]]:
    """Publish the accounting and how far it is; returns the unaccounted numbers by desk."""
    lines = account_numbers(Workspace.open(Path(home)).journal)
    create_table_artifact(
        key=f"accounting-{incident}",
        table=[{key: str(value) for key, value in row.items()} for row in place_totals(lines)],
        description="Every number ever reserved, by desk and port: each in exactly one place.",
    )
    missing = number_account.unaccounted(lines)
    share = finished_percent(lines)
    create_progress_artifact(share, key=f"settled-{incident}", description="Numbers that have their final place")
    get_run_logger().info(
        "%d numbers, %.0f %% have their final place, %d desk(s) with unaccounted", len(lines), share, len(missing)
    )
    return missing


@task(name="publish batches")
def publish_batches(incident: str, summary: dict[str, Any]) -> None:
    """What was written and what waits, as an artifact with all that an approver must see. `summary`:
    as `cycle_summary` gives it."""
    lines = [f"- `{batch['file']}`: {batch['entries']} entries" for batch in summary["written"]]
    if waiting := summary["waiting"]:
        lines.append(
            f"\n**{waiting['entries']} entries in {waiting['batches']} file(s) wait for approval:** "
            f"`continuity approve {waiting['plan'][:12]} --by ID`\n"
        )
    if summary["words"]:
        lines.append(list_markdown(summary["words"]))
    create_markdown_artifact(
        key=f"batches-{incident}",
        markdown="\n".join(lines or ["Nothing to send."]),
        description="What was written, and what waits for approval",
    )


@task(name="publish what waits for approval", retries=1)
def publish_approval(home: str, incident: str, plan: str) -> str:
    """Everything that the approval of a plan would let go, as an artifact; the same as Markdown for
    the form."""
    workspace = Workspace.open(Path(home))
    approval = find_approval(workspace.journal, plan)
    markdown = contents_markdown(approval_contents(workspace.journal, workspace.content, approval))
    create_markdown_artifact(
        key=f"approval-{incident}", markdown=markdown, description=f"What plan {plan[:12]} would let go"
    )
    return markdown


@task(name="publish the report's summary", retries=1)
def publish_figures(home: str, incident: str) -> list[dict[str, str]]:
    """The report's summary as a table."""
    workspace = Workspace.open(Path(home))
    facts = build_report(workspace.journal, workspace.content, workspace.settings, incident)
    figures = facts.figures()
    create_table_artifact(key=f"report-{incident}", table=figures, description=facts.status)
    return figures


@task(name="sign the accounting when it is complete")
def sign_accounting(home: str, actor: str) -> dict[str, Any]:
    """`signed`, the `plan` that waits for its approval, or in `words` what is still open."""
    outcome = sign_off.try_to_end(Workspace.open(Path(home)), actor)
    get_run_logger().info("%s", outcome["words"])
    return outcome


@task(name="write the report", retries=1)
def write_report(home: str, incident: str) -> list[str]:
    """PDF, workbook, Parquet and signed manifest, once for each signed accounting."""
    workspace = Workspace.open(Path(home))
    facts = build_report(workspace.journal, workspace.content, workspace.settings, incident)
    paths = write_report_files(facts, workspace.settings.home / "reports" / incident, workspace.settings.home)
    get_run_logger().info("%d files in reports/%s", len(paths), incident)
    return [path.name for path in paths]
