"""What a person at the UI sees of a run: how far it is, what to do when it failed, and the form of a run
that waits for a license holder. The approval itself is in the journal; the server only knows that a run
waits.
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
        artifact = create_progress_artifact(0.0, key=key, description=description)
        assert isinstance(artifact, UUID)  # a coroutine only where there is a running loop
        self._artifact, self._steps, self._done = artifact, steps, 0

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
    instructions = failure_instructions(deployment.description or "")
    page = f"{PREFECT_UI_URL.value() or ''}/deployments/deployment/{deployment.id}"
    text = f"**{flow_run.name}** ended {state.name}.\n\n> {state.message}\n\n{instructions}\n\n[Run-book]({page})"
    artifact = {"key": "what-to-do", "type": "markdown", "data": text, "flow_run_id": str(flow_run.id)}
    post_to_server("/artifacts/", {**artifact, "description": f"{flow_run.name} ended {state.name}"})
    flow_run_logger(flow_run, flow).error("%s\nWhat to do: %s", state.message, instructions)


def failure_instructions(description: str) -> str:
    """The paragraph of a run-book page that says what to do when it is red."""
    paragraphs = [part for part in description.split("\n\n") if part.startswith(RED)]
    instructions = " ".join(paragraphs[0].removeprefix(RED).split()) if paragraphs else "see its run-book page."
    return instructions[:1].upper() + instructions[1:]


class ApprovalForm(RunInput):
    """The form. Person and code may stay empty: then the run only looks again whether it was
    approved. `plan` comes filled in, and tells which plan the person saw."""

    plan: str = Field(default="", max_length=64, title="Plan (leave it as it is)")
    person: str = Field(default="", max_length=40, title="Your id or licence number")
    code: str = Field(default="", pattern=r"^([0-9]{6})?$", title="One-time code, six digits")


@task(name="take the approval that was given")
def take_answer(home: str) -> str:
    """Carry the answers given in this run's form to the approval. Returns why the last one was
    refused; empty if there was none, or it was taken."""
    workspace = Workspace.open(Path(home))
    refused = ""
    for run_input in cast("list[FlowRunInput]", filter_flow_run_input("suspended-", limit=200)):
        _, plan, turn, suffix = (*run_input.key.split("-"), "", "", "")[:4]
        if suffix != "response":
            continue
        answer = ApprovalForm(**run_input.decoded_value)
        # first, so that an answer counts once even if this process dies now
        delete_flow_run_input(run_input.key)
        if not (answer.person or answer.code):
            continue
        at = run_input.created or clock.now()
        refused = give_approval(
            workspace.journal, workspace.settings, plan, answer.plan, answer.person, answer.code, at
        )
        get_run_logger().info("answer %s to plan %s: %s", turn, plan[:12], refused or "approved")
    return refused


def wait_for_approval(home: str, plan: str, refused: str = "", plan_lines: Sequence[str] = (), table: str = "") -> None:
    """Suspend the run until somebody answers; it then begins again at its top. Returns at once where
    a run cannot wait: without a deployment, or because another run waits for the same plan. A run of
    the same deployment that waits for an earlier plan is woken, and will see that it is done.
    `refused`: why the last answer was not taken; `plan_lines`: what an approver must see of the plan;
    `table`: everything that it would send, in Markdown."""
    run = _own_run()
    if run is None:
        return
    suspended = [
        waiting_run for waiting_run in suspended_runs() if waiting_run["deployment_id"] == str(run.deployment_id)
    ]
    if any(awaited_plan(waiting_run) == plan for waiting_run in suspended):
        return
    for waiting_run in suspended:
        post_to_server(f"/flow_runs/{waiting_run['id']}/resume", {"run_input": {}})
    workspace = Workspace.open(Path(home))
    approval = find_approval(workspace.journal, plan)
    title = act_title(workspace, approval)
    # a preset field loses its checks; `give` holds this one against the plan that waits
    form = ApprovalForm.with_initial_data(
        description=form_text(
            title, approval, workspace.settings(ApprovalSettings).persons, refused, plan_lines, table
        ),
        plan=plan[:12],
    )
    # a key of its own each time: with one that it knows, the server would not let the run wait again
    suspend_flow_run(wait_for_input=form, key=f"{plan}-{uuid4().hex[:12]}", timeout=_WAIT_SECONDS)


_WAIT_SECONDS = 30 * 86_400
"""Seconds that a run waits for a person; after that it fails, which raises an alert."""


def _own_run() -> Any:
    """The run of this flow if a deployment started it; None within another run or without one."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return run if run and run.deployment_id and not run.parent_task_run_id else None


def suspended_runs() -> list[dict[str, Any]]:
    """The runs that wait for a person, as the server lists them."""
    query = {"flow_runs": {"state": {"name": {"any_": ["Suspended"]}}}, "limit": 200}
    return post_to_server("/flow_runs/filter", query)


def awaited_plan(run: dict[str, Any]) -> str:
    """The plan that a suspended run waits for; empty if it waits for something else."""
    state: dict[str, Any] = run.get("state") or {}
    details: dict[str, Any] = state.get("state_details") or {}
    return str(details.get("pause_key") or "").partition("-")[0]


def post_to_server(path: str, body: Any) -> Any:
    """POST to the server; its answer. Raises what Prefect's client raises."""
    with get_client(sync_client=True) as client:
        response = client.request("POST", cast("Any", path), json=body)
        return response.json() if response.content else None


def resume_runs(journal: Journal, settings: Settings) -> list[str]:
    """Resume the runs that wait for a plan which is approved or replaced by now; returns their names."""
    waiting = {approval.plan for approval in current_approvals(journal, settings(ApprovalSettings).persons)}
    resumed: list[str] = []
    for run in suspended_runs():
        if (plan := awaited_plan(run)) and plan not in waiting:
            post_to_server(f"/flow_runs/{run['id']}/resume", {"run_input": {}})
            resumed.append(run["name"])
    return resumed
