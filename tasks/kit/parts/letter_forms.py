"""Letters to be filled in by hand, for the day on which no laptop runs: our own, and CBP's forms where the
broker has put them into the home. They leave the house, so they have not the kit's head and foot."""

from __future__ import annotations

from hashlib import sha256

from tasks.core import clock
from tasks.core.journal.journal import is_drill
from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import AMBER, RED
from tasks.incident.api import (
    REQUIRED,
    SHIPPED,
    LetterSettings,
    Official,
    blank_letter,
    field_titles,
    missing_fields,
    official_blank,
)
from tasks.kit.part_model import HOME, Fault, KitFile, KitPart, KitSheet, Provider, state_of
from tasks.workspace import Workspace

FOLDER = "letters"
_COPY = "copy as many as the desks may need, one an entry"


def _official(workspace: Workspace) -> list[Official]:
    return official_blank(workspace.settings.home, workspace.settings(LetterSettings))


def make(workspace: Workspace) -> KitPart:
    own = blank_letter(workspace.settings(BrokerSettings), clock.now(), drill=is_drill(workspace.journal))
    usable = [one for one in _official(workspace) if not one.problems]
    files = [KitFile(f"{FOLDER}/downtime-letter.pdf", own)]
    files += [KitFile(f"{FOLDER}/{one.file}", one.data) for one in usable]
    files += _for_the_home(workspace)
    sheets = [KitSheet(f"A downtime letter to be filled in by hand: {_COPY}", own)]
    sheets += [KitSheet(f"{one.title}, empty: {_COPY}", one.printable) for one in usable]
    with_ = ", ".join(one.title for one in usable) or "CBP's forms are not among them"
    lacks = field_titles(missing_fields(workspace.settings(BrokerSettings)))
    gap = f", WITHOUT {lacks}: not set" if lacks else ""
    return KitPart(f"blank downtime letter{gap}; {with_}", files, sheets=sheets)


def _for_the_home(workspace: Workspace) -> list[KitFile]:
    """With what says which field takes what: letters that the laptop issues fill them too."""
    found = []
    for name in SHIPPED:
        for suffix in (".pdf", ".csv"):
            path = workspace.settings.home / "forms" / f"{name}{suffix}"
            if path.is_file():
                found.append(KitFile(f"{HOME}forms/{path.name}", path.read_bytes()))
    return found


def state(workspace: Workspace) -> str:
    broker = workspace.settings(BrokerSettings)
    said = [
        broker.name,
        broker.filer_code,
        broker.licence,
        broker.permit,
        broker.address,
        broker.contact_name,
        broker.contact_phone,
    ]
    return state_of(said, [(one.name, sha256(one.data).hexdigest()) for one in _for_the_home(workspace)])


def faults(workspace: Workspace) -> list[Fault]:
    """A setting of the broker without which no port takes the letter, and a form that lies there and
    cannot be printed. That there is no form is no fault: our own stands in."""
    gaps = [
        Fault("kit-letter-setting-missing", RED, setting=name, enter=enter)
        for name, (_, enter) in REQUIRED.items()
        if name in missing_fields(workspace.settings(BrokerSettings))
    ]
    return gaps + [
        Fault("kit-form-not-printable", AMBER, file=problem.file, problem=problem.code, reason=problem.wrong)
        for form in _official(workspace)
        for problem in form.problems
    ]


PROVIDER = Provider("letters", make, state, "the broker or CBP's forms changed since", faults)
