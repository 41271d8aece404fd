"""The steps of screening as Prefect tasks. Each handles all lists or all partners at once and is
safe to run again: truth is in the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from tasks.core.messages import reason_text
from tasks.core.steps import task
from tasks.screening.hits import screening_run
from tasks.screening.hits.alert_letter import mail_alert
from tasks.screening.hits.hit_decisions import current_hits
from tasks.screening.hits.role_policy import BLOCK
from tasks.screening.hits.screening_run import screen_register
from tasks.screening.lists.list_loading import ListIntake, load_folder
from tasks.screening.lists.list_updates import download_lists, refused_problems
from tasks.screening.lists.list_versions import red_lists
from tasks.workspace import Workspace

_MOST = 500


@task(name="update the lists", retries=2, retry_delay_seconds=300)
def update_lists(home: str, actor: str, folder: str = "") -> dict[str, Any]:
    """Load lists from a folder, or fetch them from their publishers. What fails keeps its old
    version in force, and is named."""
    workspace = Workspace.open(Path(home))
    intake = ListIntake(actor)
    if folder:
        loaded, missed = load_folder(workspace, intake, Path(folder)), ()
    else:
        outcome = download_lists(workspace, intake)
        loaded, missed = list(outcome.loaded), outcome.missed
    lists_kept = [loaded_list.list for loaded_list in loaded if loaded_list.state == "refused"] + [
        list_ for list_, _ in missed
    ]
    new = [loaded_list.list for loaded_list in loaded if loaded_list.state == "new"]
    get_run_logger().info("new: %s; old version kept: %s", ", ".join(new), ", ".join(lists_kept))
    for problem in refused_problems(loaded):
        get_run_logger().warning("refused: %s", problem)
    for list_, error in missed:
        get_run_logger().warning("not fetched: %s: %s", list_, error)
    return {"new": new, "kept": lists_kept}


@task(name="screen what changed", retries=2, retry_delay_seconds=5)
def screen(home: str, actor: str, full: bool) -> dict[str, Any]:
    """Hold changed partners against all lists, and all partners against what changed in lists."""
    outcome = screen_register(Workspace.open(Path(home)), actor, full=full)
    get_run_logger().info(
        "%s: %d screened, %d hits stand, %d new", outcome.scope, outcome.screened, outcome.hits, len(outcome.new)
    )
    return {
        "scope": outcome.scope,
        "screened": outcome.screened,
        "hits": outcome.hits,
        "new": [line.hit for line in outcome.new],
        "gone": len(outcome.removed),
    }


@task(name="publish the hits")
def publish(home: str) -> dict[str, Any]:
    """What waits for a person, by ids alone: logs and artifacts are seen by all who may log in."""
    workspace = Workspace.open(Path(home))
    waiting = [hit for hit in current_hits(workspace) if hit.undecided]
    table = [
        {
            "hit": h.hit,
            "partner": screening_run.partner_of(h.partner),
            "record": h.record,
            "score": f"{h.score:.2f}",
            "effect": h.effect,
            "state": h.state,
            "why": h.why,
        }
        for h in waiting[:_MOST]
    ]
    red = reason_text(red_lists(workspace.journal))
    summary = f"{len(waiting)} hit(s) wait for a person (the first {_MOST} are shown)."
    create_table_artifact(
        key="screening-hits",
        table=table,
        description=f"{summary} Decide: `continuity screen decide HIT`." + (f" **Red lists**: {red}" if red else ""),
    )
    get_run_logger().info("%s red lists: %s", summary, red or "none")
    blocking = sum(hit.effect == BLOCK for hit in waiting)
    return {"undecided": len(waiting), "blocking": blocking, "red": red}


@task(name="tell by mail", retries=1)
def alert(home: str, actor: str, new: list[str], lists_kept: list[str]) -> str:
    """Tell those whom the settings name; what the server does not take waits in the outbox."""
    delivery = mail_alert(Workspace.open(Path(home)), actor, new, lists_kept)
    summary = "nothing to tell" if delivery is None else delivery.reason or f"{len(delivery.sent)} letter(s) sent"
    get_run_logger().info("%s", summary)
    return summary
