"""After the incident: read what ACE says, settle what stands there as on the paper, write what is
approved and still right, ask what is not known, put what was released on paper into batches, have
them approved, and account for every number. When each has its final place: the signature, and the
report for CBP in `reports/` of the home folder.

Run it as often as you like, from any point. What is written is never written again; a plan that
waits is not made anew unless an entry changed; an approved plan of which an entry fell out since is
dropped, and the entries that are left are planned anew.

A deployed run that needs an approval suspends with a form, and begins at its top when it is answered
or when the plan was approved at a desk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed

from tasks.core.steps import Actor, HomeFolder, IncidentName
from tasks.operations.api import RunProgress, report_failure, take_answer, wait_for_approval
from tasks.operations.steps import begin_once
from tasks.reconciliation import steps
from tasks.reconciliation.api import STAGES
from tasks.reconciliation.steps import begin_cycle, cycle_summary, finish_cycle
from tasks.workspace import opened


@flow(
    name="reconciliation",
    flow_run_name="reconciliation-{incident}",
    description=__doc__,
    validate_parameters=True,
    on_failure=[report_failure],
)
def reconciliation(home: HomeFolder, actor: Actor, incident: IncidentName = "current", because: str = "") -> State[Any]:
    """Ends `AwaitingApproval` while a plan or the accounting waits for a licence holder and the run
    cannot, `AlreadyBegun` if another run has this event, else `Completed`.

    `home`: the home folder; `actor`: who prepares the plan; `incident`: lower case, digits and
    dashes, as it stands in the artifacts' names; `because`: the event that started it, if one did.
    """
    with opened(Path(home)):
        if earlier := begin_once(home, "reconciliation", incident, because, actor):
            return Completed(name="AlreadyBegun", message=f"run {earlier} has this event")
        return _run(home, actor, incident)


def _run(home: str, actor: str, incident: str) -> State[Any]:
    progress = RunProgress(f"progress-{incident}", "How far this cycle is", len(STAGES) + 4)
    refused = take_answer(home)
    begin_cycle(home, actor)
    for stage in STAGES:
        progress(steps.run_stage(home, stage.name))
    result = cycle_summary(progress(finish_cycle(home)))
    waiting = result["waiting"]
    result["unaccounted"] = progress(steps.take_account(home, incident))
    result["next"] = progress(steps.next_steps(home, incident))
    steps.publish_batches(incident, result)
    progress(steps.publish_figures(home, incident))
    end = result["end"] = {} if waiting else steps.sign_accounting(home, actor)
    if end.get("signed"):
        result["report"] = steps.write_report(home, incident)
    if plan := (waiting or end).get("plan", ""):
        table = steps.publish_approval(home, incident, plan)
        wait_for_approval(home, plan, refused, result["words"] if waiting else (), table)
        message = f"Plan {plan[:12]} waits: continuity approve {plan[:12]}"
        return Completed(name="AwaitingApproval", message=message, data=result)
    written = len(result["written"])
    message = f"{written} batch file(s) written; {end.get('words', 'entries are still open')}"
    return Completed(message=message, data=result)
