"""What a person at the UI sees of a run: how far it is, and what to do when it failed."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.orchestration import get_client
from prefect.logging.loggers import flow_run_logger
from prefect.settings import PREFECT_UI_URL

from tasks.operations.waiting.steps import ask

T = TypeVar("T")
RED = "**When it is red**: "


class Progress:
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


def what_to_do(flow: Any, flow_run: Any, state: Any) -> None:
    """What every flow does when it failed: the run-book's words for it at the end of the run's own
    log, and as the artifact `what-to-do` with the cause. Nothing for a run without a deployment."""
    if not flow_run.deployment_id:
        return
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment(flow_run.deployment_id)
    todo = when_red(deployment.description or "")
    page = f"{PREFECT_UI_URL.value() or ''}/deployments/deployment/{deployment.id}"
    text = f"**{flow_run.name}** ended {state.name}.\n\n> {state.message}\n\n{todo}\n\n[Run-book]({page})"
    made = {"key": "what-to-do", "type": "markdown", "data": text, "flow_run_id": str(flow_run.id)}
    ask("/artifacts/", {**made, "description": f"{flow_run.name} ended {state.name}"})
    flow_run_logger(flow_run, flow).error("%s\nWhat to do: %s", state.message, todo)


def when_red(description: str) -> str:
    """The paragraph of a run-book page that says what to do when it is red."""
    found = [part for part in description.split("\n\n") if part.startswith(RED)]
    words = " ".join(found[0].removeprefix(RED).split()) if found else "see its run-book page."
    return words[:1].upper() + words[1:]
