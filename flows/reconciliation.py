"""After the incident: read what ACE says, settle what stands there as on the paper, write what is
approved and still right, ask what is not known, put what was released on paper into batches, have
them approved, and account for every number.

Run it as often as you like, from any point. What is written is never written again; a plan that
waits is not made anew unless an entry changed; an approved plan of which an entry fell out since is
dropped, and the entries that are left are planned anew.
"""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed

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
    read = steps.read_answers(home, actor)
    settled = steps.settle(home, actor)
    written = steps.write_approved(home, actor)
    asked = steps.ask_ace(home, actor)
    waiting = steps.plan_batches(home, actor)
    missing = steps.take_account(home, incident)
    following = steps.next_steps(home, incident)
    steps.publish_batches(incident, waiting, written)
    result = {"written": written, "waiting": waiting, "unaccounted": missing, "next": following}
    result |= {"read": read, "settled": settled, "asked": asked}
    if waiting:
        told = f"Plan {waiting['plan'][:12]} waits: continuity approve {waiting['plan'][:12]}"
        return Completed(name="AwaitingApproval", message=told, data=result)
    return Completed(message=f"{len(written)} batch file(s) written", data=result)
