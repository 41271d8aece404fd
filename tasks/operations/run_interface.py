"""Waiting for a licence holder: the form of a run that is suspended, what is answered in it, and how a
run goes on. The approval itself is the book's; the server only knows that a run waits.

What a person at the UI sees of a run: how far it is, and what to do when it failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRunInput
from prefect.context import FlowRunContext
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.input.actions import delete_flow_run_input, filter_flow_run_input
from prefect.logging.loggers import flow_run_logger
from prefect.settings import PREFECT_UI_URL
from pydantic import Field

from tasks.approved_acts import act_title
from tasks.core import clock
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.core.steps import task
from tasks.operations.form_answer import form_text, give_approval
from tasks.security.api import ApprovalSettings, current_approvals, find_approval
from tasks.workspace import Workspace

T = TypeVar("T")
RED = "**When it is red**: "


class RunProgress:
    """A progress artifact of one run that goes on with every step: `steps` of them make 100."""

    def __init__(self, key: str, description: str, steps: int) -> None:
        made = create_progress_artifact(0.0, key=key, description=description)
        assert isinstance(made, UUID)  # a coroutine only where there is a running loop
        self._artifact, self._steps, self._done = made, steps, 0

    def __call__(self, result: T) -> T:
        """A step is done; its result, for the flow to go on with."""
        self._done = min(self._done + 1, self._steps)
        update_progress_artifact(self._artifact, progress=100.0 * self._done / self._steps)
        return result


def report_failure(flow: Any, flow_run: Any, state: Any) -> None:
    """What every flow does when it failed: the run-book's words for it at the end of the run's own
    log, and as the artifact `what-to-do` with the cause. Nothing for a run without a deployment."""
    if not flow_run.deployment_id:
        return
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment(flow_run.deployment_id)
    todo = failure_instructions(deployment.description or "")
    page = f"{PREFECT_UI_URL.value() or ''}/deployments/deployment/{deployment.id}"
    text = f"**{flow_run.name}** ended {state.name}.\n\n> {state.message}\n\n{todo}\n\n[Run-book]({page})"
    made = {"key": "what-to-do", "type": "markdown", "data": text, "flow_run_id": str(flow_run.id)}
    post_to_server("/artifacts/", {**made, "description": f"{flow_run.name} ended {state.name}"})
    flow_run_logger(flow_run, flow).error("%s\nWhat to do: %s", state.message, todo)


def failure_instructions(description: str) -> str:
    """The paragraph of a run-book page that says what to do when it is red."""
    found = [part for part in description.split("\n\n") if part.startswith(RED)]
    words = " ".join(found[0].removeprefix(RED).split()) if found else "see its run-book page."
    return words[:1].upper() + words[1:]


class ApprovalForm(RunInput):
    """The form. Person and code may stay empty: then the run only looks again whether it was
    approved. `plan` comes filled in, and tells which plan the person had before her."""

    plan: str = Field(default="", max_length=64, title="Plan (leave it as it is)")
    person: str = Field(default="", max_length=40, title="Your id or licence number")
    code: str = Field(default="", pattern=r"^([0-9]{6})?$", title="One-time code, six digits")


@task(name="take the approval that was given")
def take_answer(home: str) -> str:
    """Carry the answers given in this run's form to the approval. Returns why the last one was
    refused; empty if there was none, or it was taken."""
    workspace = Workspace.open(Path(home))
    refused = ""
    for given in cast("list[FlowRunInput]", filter_flow_run_input("suspended-", limit=200)):
        _, plan, turn, last = (*given.key.split("-"), "", "", "")[:4]
        if last != "response":
            continue
        said = ApprovalForm(**given.decoded_value)
        # first, so that an answer counts once even if this process dies now
        delete_flow_run_input(given.key)
        if not (said.person or said.code):
            continue
        at = given.created or clock.now()
        refused = give_approval(workspace.journal, workspace.settings, plan, said.plan, said.person, said.code, at)
        get_run_logger().info("answer %s to plan %s: %s", turn, plan[:12], refused or "approved")
    return refused


def wait_for_approval(home: str, plan: str, refused: str = "", shown: Sequence[str] = (), table: str = "") -> None:
    """Suspend the run until somebody answers; it then begins again at its top. Returns at once where
    a run cannot wait: without a deployment, or because another run waits for the same plan. A run of
    the same deployment that waits for an earlier plan is woken, and will see that it is done.
    `refused`: why the last answer was not taken; `shown`: what an approver must see of the plan;
    `table`: everything that it would let go, in Markdown."""
    run = _own_run()
    if run is None:
        return
    others = [one for one in suspended_runs() if one["deployment_id"] == str(run.deployment_id)]
    if any(awaited_plan(one) == plan for one in others):
        return
    for one in others:
        post_to_server(f"/flow_runs/{one['id']}/resume", {"run_input": {}})
    workspace = Workspace.open(Path(home))
    asked = find_approval(workspace.journal, plan)
    title = act_title(workspace, asked)
    # a preset field loses its checks; `give` holds this one against the plan that waits
    form = ApprovalForm.with_initial_data(
        description=form_text(title, asked, workspace.settings(ApprovalSettings).persons, refused, shown, table),
        plan=plan[:12],
    )
    # a key of its own each time: with one that it knows, the server would not let the run wait again
    suspend_flow_run(wait_for_input=form, key=f"{plan}-{uuid4().hex[:12]}", timeout=_WAIT)


_WAIT = 30 * 86_400
"""Seconds that a run waits for a person; after that it fails, which is told."""


def _own_run() -> Any:
    """The run of this flow if a deployment started it; None within another run or without one."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return run if run and run.deployment_id and not run.parent_task_run_id else None


def suspended_runs() -> list[dict[str, Any]]:
    """The runs that wait for a person, as the server tells them."""
    wanted = {"flow_runs": {"state": {"name": {"any_": ["Suspended"]}}}, "limit": 200}
    return post_to_server("/flow_runs/filter", wanted)


def awaited_plan(run: dict[str, Any]) -> str:
    """The plan that a suspended run waits for; empty if it waits for something else."""
    details = (run.get("state") or {}).get("state_details") or {}
    return str(details.get("pause_key") or "").partition("-")[0]


def post_to_server(path: str, body: Any) -> Any:
    """POST to the server; its answer. Raises what Prefect's client raises."""
    with get_client(sync_client=True) as client:
        answered = client.request("POST", cast("Any", path), json=body)
        return answered.json() if answered.content else None


def resume_runs(journal: Journal, settings: Settings) -> list[str]:
    """Resume the runs that wait for a plan which is approved or replaced by now; returns their names."""
    waiting = {one.plan for one in current_approvals(journal, settings(ApprovalSettings).persons)}
    woken = []
    for run in suspended_runs():
        if (plan := awaited_plan(run)) and plan not in waiting:
            post_to_server(f"/flow_runs/{run['id']}/resume", {"run_input": {}})
            woken.append(run["name"])
    return woken
