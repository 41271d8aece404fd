"""The reconciliation's steps as Prefect tasks. Each handles all entries of an incident at once and
is safe to run again: truth is in the journal."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from tasks.reconciliation import account, drill, outbound, plan
from tasks.shared import approval, clock, opening
from tasks.shared.private import Vault
from tasks.shared.settings import load


@task(name="write approved batches", retries=2, retry_delay_seconds=5)
def write_approved(home: str, actor: str) -> list[dict[str, Any]]:
    """Write the batches of every approved plan; what was written before is left alone."""
    settings = load(Path(home))
    book, store = opening.journal(settings), opening.content(settings)
    written = [
        {"batch": one.batch, "file": one.path.name, "entries": one.numbers}
        for ready in outbound.approved(book, store, settings.approval.persons)
        for one in outbound.write(book, store, Vault(settings.home), settings, ready, actor)
    ]
    get_run_logger().info("%d batch file(s) stand in the outbound folder", len(written))
    return written


@task(name="plan batches", retries=1)
def plan_batches(home: str, actor: str, today: date | None = None) -> dict[str, Any] | None:
    """The plan that waits for approval, made if entries are ready; None if there is none."""
    settings = load(Path(home))
    book, store = opening.journal(settings), opening.content(settings)
    made = plan.make(book, store, settings, actor, today or clock.now().date())
    if made is None or len(approval.find(book, made.digest).granted_by) >= approval.needed(
        settings.approval.persons
    ):
        return None
    get_run_logger().info("plan %s: %d entries", made.digest[:12], len(made.numbers))
    return {"plan": made.digest, "batches": len(made.batches), "entries": len(made.numbers)}


@task(name="account for every number", retries=1)
def take_account(home: str, incident: str) -> dict[str, list[str]]:
    """Publish the accounting; returns the unaccounted numbers by desk."""
    lines = account.account(opening.journal(load(Path(home))))
    create_table_artifact(
        key=f"accounting-{incident}",
        table=[{key: str(value) for key, value in row.items()} for row in account.totals(lines)],
        description="Every number ever reserved, by desk and port: each in exactly one place.",
    )
    missing = account.unaccounted(lines)
    get_run_logger().info("%d numbers, %d desk(s) with unaccounted", len(lines), len(missing))
    return missing


@task(name="publish batches")
def publish_batches(incident: str, waiting: dict[str, Any] | None, written: list[Any]) -> None:
    """What was written and what waits, as an artifact with the next thing to do."""
    lines = [f"- `{one['file']}`: {one['entries']} entries" for one in written]
    if waiting:
        lines.append(
            f"\n**{waiting['entries']} entries in {waiting['batches']} file(s) wait for approval:** "
            f"`continuity approve {waiting['plan'][:12]} --by ID`"
        )
    create_markdown_artifact(
        key=f"batches-{incident}", markdown="\n".join(lines or ["Nothing to send."])
    )


@task(name="approve in the drill")
def approve_in_drill(home: str, plan_digest: str) -> str:
    """The sample licence holder gives her code. Refused in a house that is no drill."""
    return drill.approve(load(Path(home)), plan_digest)


@task(name="leave the results")
def leave_results(home: str, out: str, actor: str) -> dict[str, Any]:
    """Accounting, batches in their stored form and journal copy in `out`; what to say of them."""
    found = drill.leave_results(load(Path(home)), Path(out), actor)
    get_run_logger().info("results in %s", out)
    return found


@task(name="seal the folder")
def seal_folder(home: str, out: str, text: str) -> None:
    """The story beside the results, then the signed manifest over everything."""
    drill.seal_folder(load(Path(home)), Path(out), text)
