"""How every step is made: a Prefect task that retries only what a retry may fix.

A missing home or a number that is not to be had fails at once, not after the step's patience (ten
minutes for the kit), with its own message in the run. A share that is away, a lost connection, a locked
file or database are tried again as often as the step says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ParamSpec, TypeVar

import prefect
from prefect import Task
from prefect.client.schemas import State, TaskRun
from pydantic import AfterValidator, Field

from tasks.core.errors import BadInput, ContinuityError
from tasks.core.ssn import holds_ssn

# Of a flow's parameters, checked in the UI's form: what is wrong there never becomes a red run.
HomeFolder = Annotated[str, Field(min_length=1)]
Actor = Annotated[str, Field(min_length=1)]
IncidentName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
AlertName = Annotated[str, Field(pattern=r"^\S(.*\S)?$", max_length=200)]

AlertSubject = Annotated[str, Field(pattern=r"^(\S(.*\S)?)?$", max_length=200)]


def _refuse_ssn(text: str) -> str:
    if holds_ssn(text):
        raise BadInput("ssn-in-text")
    return text


# as a pattern too, in the schema alone: it is refused before the server keeps it
_NO_SSN = r"^(?![\s\S]*(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-]))"
Words = Annotated[
    str,
    AfterValidator(_refuse_ssn),
    Field(description="No Social Security number", json_schema_extra={"pattern": _NO_SSN}),
]

P = ParamSpec("P")
R = TypeVar("R")


def task(
    *, name: str, task_run_name: str | None = None, retries: int = 0, retry_delay_seconds: float = 0
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Like Prefect's own. `retries` count for errors that may pass only."""
    return prefect.task(
        name=name,
        task_run_name=task_run_name,
        retries=retries,
        retry_delay_seconds=retry_delay_seconds,
        retry_condition_fn=may_pass,
    )


def may_pass(step: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether the same attempt may succeed a little later: not where an error of our own tree says no."""
    error = state.data
    return error.transient if isinstance(error, ContinuityError) else True
