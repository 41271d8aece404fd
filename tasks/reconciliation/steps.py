"""The reconciliation's steps as Prefect tasks. Each handles all entries of an incident at once and
is safe to run again: truth is in the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
)

from tasks.reconciliation import (
    account,
    approval_table,
    cycle,
    drill,
    drill_ace,
    drill_production,
    following,
    plan_words,
    reading,
    report,
    sign_off,
)
from tasks.reconciliation.cycle import STAGES, Cycle, CycleResult
from tasks.reconciliation.terms import sending_day
from tasks.shared import approval
from tasks.shared.steps import task
from tasks.workspace import Workspace


def begin(home: str, actor: str) -> Cycle:
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
    next(one for one in STAGES if one.name == stage).run(current)
    get_run_logger().info("%s", _counts(current))


def _counts(current: Cycle) -> dict[str, int]:
    """How much the stages have done so far."""
    counts = {
        "answers read": sum(one.answers for one in current.read),
        "reopened": len(current.reopened),
        "settled": len(current.settled),
        "batch files": len(current.written),
        "query files": len(current.asked),
        "entries in the plan": len(current.waiting.numbers) if current.waiting else 0,
        "held back": len(current.held),
    }
    return {name: count for name, count in counts.items() if count}


@task(name="what the cycle did", retries=2, retry_delay_seconds=5)
def finish(home: str) -> CycleResult:
    """The result of the cycle; what a person must see of it is in the log."""
    done = cycle.result(Workspace.open(Path(home)).once(_current))
    warn = get_run_logger().warning
    for odd in (odd for one in done.read for odd in one.odd):
        warn("contradiction: %s", odd)
    for file, wrong in reading.unread(done.read).items():
        warn("NOT READ: %s: %s", file, wrong)
    for file, wrong in done.meddled.items():
        warn("not as written: %s: %s", file, wrong)
    for number, reason in done.reopened.items():
        warn("%s is open again: %s", number, reason)
    for plan, reason in done.dropped.items():
        warn("plan %s is dropped: %s", plan[:12], reason)
    for line in words(done):
        get_run_logger().info("%s", line)
    return done


def words(done: CycleResult) -> list[str]:
    """What an approver must see of the plan that waits, or which entries are held back."""
    lines = plan_words.words(done.waiting) if done.waiting else plan_words.held(done.held)
    return lines + done.uncovered


def summary(done: CycleResult) -> dict[str, Any]:
    """The cycle as the result of a flow run."""
    waiting = done.waiting
    return {
        "read": sum(one.answers for one in done.read),
        "settled": list(done.settled),
        "asked": list(done.asked),
        "written": [
            {"batch": one.batch, "file": one.where.rpartition("/")[2], "entries": one.numbers}
            for one in done.written
        ],
        "waiting": waiting
        and {
            "plan": waiting.digest,
            "batches": len(waiting.batches),
            "entries": len(waiting.numbers),
        },
        "words": words(done),
    }


@task(name="what happens next")
def next_steps(home: str, incident: str) -> dict[str, int]:
    """How many entries stand at each step, published with their numbers and the reason."""
    found = following.following(Workspace.open(Path(home)))
    create_table_artifact(key=f"next-{incident}", table=found[:500], description=_NEXT)
    counts: dict[str, int] = {}
    for row in found:
        counts[row["step"]] = counts.get(row["step"], 0) + 1
    get_run_logger().info("%s", counts)
    return counts


_NEXT = "What happens next with each recorded entry (the first 500), and why."


@task(name="account for every number", retries=1)
def take_account(home: str, incident: str) -> dict[str, list[str]]:
    """Publish the accounting and how far it is; returns the unaccounted numbers by desk."""
    lines = account.account(Workspace.open(Path(home)).journal)
    create_table_artifact(
        key=f"accounting-{incident}",
        table=[{key: str(value) for key, value in row.items()} for row in account.totals(lines)],
        description="Every number ever reserved, by desk and port: each in exactly one place.",
    )
    missing = account.unaccounted(lines)
    share = account.finished(lines)
    create_progress_artifact(
        share, key=f"settled-{incident}", description="Numbers that have their final place"
    )
    get_run_logger().info("%d numbers, %.0f %% have their final place, %d desk(s) with unaccounted",
                          len(lines), share, len(missing))  # fmt: skip
    return missing


@task(name="publish batches")
def publish_batches(incident: str, done: dict[str, Any]) -> None:
    """What was written and what waits, as an artifact with all that an approver must see. `done`:
    as `summary` gives it."""
    lines = [f"- `{one['file']}`: {one['entries']} entries" for one in done["written"]]
    if waiting := done["waiting"]:
        lines.append(
            f"\n**{waiting['entries']} entries in {waiting['batches']} file(s) wait for approval:** "
            f"`continuity approve {waiting['plan'][:12]} --by ID`\n"
        )
    if done["words"]:
        lines.append(plan_words.markdown(done["words"]))
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
    asked = approval.find(workspace.journal, plan)
    shown = approval_table.markdown(
        approval_table.bound(workspace.journal, workspace.content, asked)
    )
    create_markdown_artifact(
        key=f"approval-{incident}",
        markdown=shown,
        description=f"What plan {plan[:12]} would let go",
    )
    return shown


@task(name="publish the report's summary", retries=1)
def publish_figures(home: str, incident: str) -> list[dict[str, str]]:
    """The report's summary as a table."""
    workspace = Workspace.open(Path(home))
    facts = report.build(workspace.journal, workspace.content, workspace.settings, incident)
    figures = facts.figures()
    create_table_artifact(key=f"report-{incident}", table=figures, description=facts.status)
    return figures


@task(name="sign the accounting when it is complete")
def sign_accounting(home: str, actor: str) -> dict[str, Any]:
    """`signed`, the `plan` that waits for its approval, or in `words` what is still open."""
    found = sign_off.try_to_end(Workspace.open(Path(home)), actor)
    get_run_logger().info("%s", found["words"])
    return found


@task(name="write the report", retries=1)
def write_report(home: str, incident: str) -> list[str]:
    """PDF, workbook, Parquet and signed manifest, once for each signed accounting."""
    workspace = Workspace.open(Path(home))
    facts = report.build(workspace.journal, workspace.content, workspace.settings, incident)
    paths = report.write(
        facts, workspace.settings.home / "reports" / incident, workspace.settings.home
    )
    get_run_logger().info("%d files in reports/%s", len(paths), incident)
    return [path.name for path in paths]


@task(name="approve in the drill")
def approve_in_drill(home: str, plan_digest: str) -> str:
    """The sample licence holder gives her code. Refused in a house that is no drill."""
    return drill.approve(Workspace.open(Path(home)), plan_digest)


@task(name="seed the stand-in ACE")
def seed_ace(home: str) -> int:
    """What the drill's ACE knows; returns how many entries officers keyed meanwhile."""
    keyed = drill_ace.seed(Workspace.open(Path(home)))
    drill.misbehave(Workspace.open(Path(home)))
    get_run_logger().info("%d entries keyed by officers", keyed)
    return keyed


@task(name="the stand-in answers")
def exchange(home: str) -> int:
    """The drill's ACE takes what was sent and answers."""
    return drill.exchange(Workspace.open(Path(home)))


@task(name="run cycles until nothing moves")
def run_to_rest(home: str, actor: str) -> dict[str, int]:
    """Cycles until nothing moves; how many entries stand at each step."""
    counts = drill.to_rest(Workspace.open(Path(home)), actor)
    get_run_logger().info("%s", counts)
    return counts


@task(name="why entries wait")
def why(home: str, steps: list[str]) -> list[str]:
    """Entries at these steps, each with its reason."""
    return drill.why(Workspace.open(Path(home)), tuple(steps))


@task(name="sureties act")
def sureties_act(home: str, actor: str) -> list[str]:
    """Those who are waited for confirm their eBonds."""
    return drill.sureties_act(Workspace.open(Path(home)), actor)


@task(name="the port acts")
def port_acts(home: str) -> list[str]:
    """What CBP does of its own accord before the cycle can go on."""
    return drill.port_acts(Workspace.open(Path(home)))


@task(name="write the letters that are due")
def write_letters(home: str, out: str, actor: str) -> list[str]:
    """Letters to importers, sureties and ports, for a person to sign; each in words."""
    return drill_production.letters(Workspace.open(Path(home)), Path(out), actor)


@task(name="production runs again from a backup")
def restore_production(home: str, out: str, actor: str) -> list[str]:
    """What ACE took since the backup, the next number, the settled entries; in words."""
    return drill_production.restore(Workspace.open(Path(home)), Path(out), actor)


@task(name="accept differences")
def accept_differences(home: str, actor: str) -> list[str]:
    """The licence holder accepts what officers keyed otherwise."""
    return drill.accept_differences(Workspace.open(Path(home)), actor)


@task(name="sign the accounting")
def try_to_sign(home: str, actor: str) -> str:
    """Sign, or say why that is refused."""
    return drill.try_to_sign(Workspace.open(Path(home)), actor)


@task(name="leave the results")
def leave_results(home: str, out: str) -> dict[str, Any]:
    """Report, accounting, batches and journal copy in `out`; what to say of them."""
    found = drill.leave_results(Workspace.open(Path(home)), Path(out))
    get_run_logger().info("results in %s", out)
    return found


@task(name="seal the folder")
def seal_folder(home: str, out: str, text: str) -> None:
    """The story beside the results, then the signed manifest over everything."""
    drill.seal_folder(Workspace.open(Path(home)), Path(out), text)
