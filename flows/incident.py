"""An incident: declared once, whom to tell written and sent, the clocks shown, again and again until it
is closed.

The truth is the journal: everything here can be done at the desk with every server gone (`continuity
incident`). Run it as often as you like; declaring twice is one incident, and a notice goes out once. It
ends `NoticesWait` while a notice waits for the mail server or for a person, and `ClockRed` while a clock
has less than a day.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed

from tasks.core.steps import Actor, HomeFolder, Words
from tasks.incident import steps
from tasks.operations import steps as operations
from tasks.operations.api import report_failure
from tasks.workspace import opened


@flow(
    name="incident",
    flow_run_name="incident-{actor}",
    description=__doc__,
    validate_parameters=True,
    on_failure=[report_failure],
)
def incident(
    home: HomeFolder, actor: Actor, declare: bool = False, note: Words = "", breach: bool = True
) -> State[Any]:
    """`declare` opens an incident, if none is open, with `note`; `breach`: a breach of records is
    known, so that the 72 hours of 19 CFR 111.21(b) run from now. Without it the open one goes on."""
    with opened(Path(home)):
        declared = steps.declare(home, actor, note, breach) if declare else {}
        relayed = operations.carry_news(home)
        now = steps.publish(home)
        if not now["incident"]:
            return Completed(name="NoIncident", message="no incident is open", data={"told": relayed})
        sent = steps.notify(home, actor)
        result = {**now, **sent, "new": declared.get("new", False), "told": relayed, "left": declared.get("left", [])}
        missing = [problem["value"] or problem["column"] for problem in sent["missing"]]
        waits = [*sent["waiting"], *sent["by_hand"], *missing]
        if waits:
            message = f"incident {now['incident']}: {len(waits)} to tell, {sent['reason'] or waits[0]}"
            return Completed(name="NoticesWait", message=message, data=result)
        if now["red"]:
            message = f"incident {now['incident']}: {now['red']} clock(s) red"
            return Completed(name="ClockRed", message=message, data=result)
        return Completed(message=f"incident {now['incident']}: {now['state']}", data=result)
