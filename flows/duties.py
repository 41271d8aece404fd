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

from tasks.core.steps import Actor, HomeFolder
from tasks.duties.steps import publish_duties, send_reminders
from tasks.operations.api import report_failure
from tasks.status.steps import publish_status
from tasks.workspace import opened


@flow(
    name="duties",
    flow_run_name="duties-{actor}",
    description=__doc__,
    validate_parameters=True,
    on_failure=[report_failure],
)
def duties(home: HomeFolder, actor: Actor) -> State[Any]:
    """Ends `MailWaiting` while a letter is not sent, else `Completed`."""
    with opened(Path(home)):
        reminders = send_reminders(home, actor)
        statuses = publish_status(home)
        publish_duties(home)
        result = {**reminders, "lights": statuses}
        if reminders["waiting"]:
            summary_text = f"{len(reminders['waiting'])} letter(s) wait: {reminders['reason']}"
            return Completed(name="MailWaiting", message=summary_text, data=result)
        red = ", ".join(name for name, status in statuses.items() if status == "red")
        message = f"{len(reminders['rungs'])} reminder(s); red: {red or 'none'}"
        return Completed(message=message, data=result)
