"""After the incident: account for every number, put what was released on paper into batches for
ACE, have them approved, write them.

Run it as often as you like. What is written is never written again; a plan that waits is not made
anew unless an entry changed.
"""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.states import Completed, State

from tasks.reconciliation import steps


@flow(
    name="reconciliation",
    flow_run_name="reconciliation-{incident}",
    description=__doc__,
    validate_parameters=True,
)
def reconciliation(home: str, actor: str, incident: str = "current") -> State[Any]:
    """Ends `AwaitingApproval` while a plan waits for a licence holder, else `Completed`.

    `home`: the home folder; `actor`: who prepares the plan; `incident`: lower case, digits and
    dashes, as it stands in the artifacts' names.
    """
    written = steps.write_approved(home, actor)
    waiting = steps.plan_batches(home, actor)
    missing = steps.take_account(home, incident)
    steps.publish_batches(incident, waiting, written)
    result = {"written": written, "waiting": waiting, "unaccounted": missing}
    if waiting:
        told = f"Plan {waiting['plan'][:12]} waits: continuity approve {waiting['plan'][:12]}"
        return Completed(name="AwaitingApproval", message=told, data=result)
    return Completed(message=f"{len(written)} batch file(s) written", data=result)
