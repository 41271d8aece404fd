"""Something that runs by itself needs a person: written down, told by mail, shown in `status` until it
is mended. Started by the automations; an alert that is known already is not told again.

If it ends `MailWaiting`, the letter lies in the home's `outbox`: set `[mail]`, or mend what it names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed

from tasks.core.steps import Actor, AlertName, AlertSubject, HomeFolder, Words
from tasks.operations import steps
from tasks.operations.api import report_failure
from tasks.workspace import opened

_TEST = "nothing: upkeep closes it"
_BY_HAND = "when it is fixed, run `alert` with code {code} and how it was `mended`"


@flow(
    name="alert",
    flow_run_name="alert-{code}-{subject}",
    description=__doc__,
    validate_parameters=True,
    on_failure=[report_failure],
)
def alert(
    home: HomeFolder,
    actor: Actor,
    code: AlertName = "test",
    subject: AlertSubject = "",
    what: Words = "a test",
    next: Words = _TEST,
    escalate: bool = False,
    mended: Words = "",
) -> State[Any]:
    """`code` and `subject`: its key; while it is open there is no second alert of that key. `what`: in
    words; `next`: what to do; `escalate`: to those who decide rather than to those who fix. `mended`: how
    it was fixed; closes the alert of that key instead, as upkeep does for those that it finds."""
    with opened(Path(home)):
        if mended:
            closed = steps.close_alert(home, actor, code, subject, mended)
            if closed:
                return Completed(message="closed", data={"closed": True})
            name = " ".join(filter(None, (code, subject)))
            message = f"no alert {name} is open: `continuity status` shows those that are"
            return Completed(name="NothingClosed", message=message, data={"closed": False})
        if code != "test" and next in ("", _TEST):
            next = _BY_HAND.format(code=code) + (f" (subject {subject})" if subject else "")
        delivery = steps.raise_alert(home, actor, code, subject, what, next, escalate)
        if delivery["waiting"]:
            message = f"{len(delivery['waiting'])} letter(s) wait: {delivery['reason']}"
            return Completed(name="MailWaiting", message=message, data=delivery)
        return Completed(message="told" if delivery["new"] else "known already", data=delivery)
