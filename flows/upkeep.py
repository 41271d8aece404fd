"""Every ten minutes: the house is looked after. News of the book are carried to the triggers, the chain
is verified, and what waits, failed or stands still is told once and closed when it is mended. A
reconciliation that is under way goes on. Once a day, with `full`, the whole book is verified.

If it ends `Faults`, the artifact `upkeep` names each with what to do. It is safe to run at any time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed

from tasks.core.steps import Actor, HomeFolder
from tasks.duties.steps import publish_duties
from tasks.operations import steps
from tasks.operations.api import report_failure
from tasks.operations.steps import continue_reconciliation, run_upkeep
from tasks.status.steps import publish_status
from tasks.workspace import opened


@flow(
    name="upkeep",
    flow_run_name="upkeep-{actor}",
    description=__doc__,
    validate_parameters=True,
    on_failure=[report_failure],
)
def upkeep(home: HomeFolder, actor: Actor, full: bool = False) -> State[Any]:
    """Ends `Faults` while something needs a person, else `Completed`."""
    with opened(Path(home)):
        relayed = steps.carry_news(home)
        report = run_upkeep(home, actor, full)
        going = continue_reconciliation(home)
        statuses = publish_status(home)
        publish_duties(home)
        result = {**report, "told": relayed, "reconciliation": going, "lights": statuses}
        if report["faults"]:
            message = f"{len(report['faults'])} fault(s): {report['faults'][0]['text']}"
            return Completed(name="Faults", message=message, data=result)
        return Completed(message=f"all is well; {relayed} news carried", data=result)
