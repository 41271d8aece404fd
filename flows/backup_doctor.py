"""Weekly: does the store still refuse what an attacker on this host would do? Each destructive verb is tried on
canaries with the host's own credentials. Failed means that the backups are not safe from this host: have the
share mended today.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed, Failed

from tasks.backup.steps import check_store
from tasks.core.steps import Actor, HomeFolder
from tasks.operations.api import report_failure
from tasks.workspace import opened


@flow(
    name="backup doctor",
    flow_run_name="doctor-{actor}",
    description=__doc__,
    validate_parameters=True,
    on_failure=[report_failure],
)
def backup_doctor(home: HomeFolder, actor: Actor) -> State[Any]:
    """Ends failed with the names of the verbs that the store let through."""
    with opened(Path(home)):
        failed = check_store(home, actor)
        if failed:
            return Failed(message=f"the store fails: {', '.join(failed)}", data=failed)
        return Completed(message="the store refuses every destructive verb", data=failed)
