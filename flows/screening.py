"""Partners against the lists: bring the lists up to date, screen what changed, publish what waits for
a person, and tell by mail what is new.

Runs every morning, and when a list or the partners change. Run it again whenever it failed: what was
screened is not screened twice, a letter goes out once. It ends `Red` while a list is too old, refused
or only the subset that ships: nobody is cleared by it; see `continuity screen lists status`. It ends
`HitsWait` while a hit waits for a person: `continuity screen hits`, then `continuity screen decide`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed

from tasks.core.steps import Actor, HomeFolder
from tasks.operations.api import report_failure
from tasks.operations.steps import run_heavy_step
from tasks.screening import steps
from tasks.workspace import opened


@flow(
    name="screening",
    flow_run_name="screening-{actor}",
    description=__doc__,
    validate_parameters=True,
    on_failure=[report_failure],
)
def screening(home: HomeFolder, actor: Actor, folder: str = "", update: bool = True, full: bool = False) -> State[Any]:
    """`folder`: take lists from there rather than from their publishers; `update` false leaves the
    lists as they are; `full` screens everything, as is due after a change of the matching model."""
    with opened(Path(home)):
        lists = steps.update_lists(home, actor, folder) if update else {"new": [], "kept": []}
        outcome = run_heavy_step(steps.screen, home, actor, full)
        waiting = steps.publish(home)
        mailed = steps.alert(home, actor, outcome["new"], lists["kept"])
        result = {"lists": lists, **outcome, **waiting, "told": mailed}
        kept_lists = f"old version kept, see the log: {', '.join(lists['kept'])}" if lists["kept"] else ""
        red = "; ".join(filter(None, (waiting["red"], kept_lists)))
        if waiting["undecided"]:
            message = f"{waiting['undecided']} hit(s) wait, {waiting['blocking']} block a partner"
            message += f"; {red}" if red else ""
            return Completed(name="HitsWait", message=message, data=result)
        if red:
            return Completed(name="Red", message=red, data=result)
        return Completed(message=f"{outcome['screened']} screened, nothing waits", data=result)
