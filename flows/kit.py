"""Every month: the off-line kit built anew, and what of it a person must still see to.

Run it again as often as you like: a kit is a copy, and the newest few are kept. If it ends
`Incomplete`, the kit stands and `continuity kit check` says what it lacks. If it fails, no new kit
was made and the old one is untouched: most often the package index could not be reached. A kit is
only worth something away from here: copy it to the stick and print its PDF.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed

from tasks.core.steps import Actor, HomeFolder
from tasks.kit.steps import check_newest_kit, make_kit, publish_kit
from tasks.operations.api import report_failure
from tasks.workspace import opened


@flow(
    name="kit", flow_run_name="kit-{actor}", description=__doc__, validate_parameters=True, on_failure=[report_failure]
)
def kit(home: HomeFolder, actor: Actor, wheels: bool = True) -> State[Any]:
    """Ends `Incomplete` while a line of the check is not green. `wheels`: with the programs."""
    with opened(Path(home)):
        built = make_kit(home, actor, wheels)
        lines = check_newest_kit(home, built["folder"])
        publish_kit(built, lines)
        open_ = [line for line in lines if line["light"] != "green"]
        result = {**built, "open": open_}
        if open_:
            message = "; ".join(f"{line['what']}: {line['fact']}" for line in open_)
            return Completed(name="Incomplete", message=message[:500], data=result)
        return Completed(message=f"{built['name']} stands; carry it and print it", data=result)
