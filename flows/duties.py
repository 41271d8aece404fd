"""Every day: reminders of the recurring duties, each once, and the page that says whether we are ready.

Run it as often as you like: the journal says what is told. After days off it sends one letter that sums
up what was missed. If it ends `MailWaiting`, the letters lie in the home's `outbox`: mend the mail
server or the address that the message names, then run it again. Deploy it with a zone on its schedule
(`America/New_York`, hours outside 01 to 03, which daylight saving shifts).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed

from tasks.duties import steps
from tasks.operations.showing.steps import what_to_do
from tasks.shared.steps import Actor, HomeFolder
from tasks.status import steps as status
from tasks.workspace import opened


@flow(
    name="duties",
    flow_run_name="duties-{actor}",
    description=__doc__,
    validate_parameters=True,
    on_failure=[what_to_do],
)
def duties(home: HomeFolder, actor: Actor) -> State[Any]:
    """Ends `MailWaiting` while a letter is not sent, else `Completed`."""
    with opened(Path(home)):
        done = steps.remind(home, actor)
        lights = status.publish(home)
        steps.publish(home)
        result = {**done, "lights": lights}
        if done["waiting"]:
            told = f"{len(done['waiting'])} letter(s) wait: {done['reason']}"
            return Completed(name="MailWaiting", message=told, data=result)
        red = ", ".join(name for name, light in lights.items() if light == "red")
        message = f"{len(done['rungs'])} reminder(s); red: {red or 'none'}"
        return Completed(message=message, data=result)
