"""Letters to be filled in by hand when no laptop runs: our own, and CBP's forms where the broker has put them into
the home. They go to outsiders, so they lack the kit's header and footer."""

from __future__ import annotations

from hashlib import sha256

from tasks.core import clock
from tasks.core.journal.journal import is_drill
from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import AMBER, RED
from tasks.incident.api import (
    REQUIRED_BROKER_FACTS,
    SHIPPED,
    LetterSettings,
    Official,
    blank_letter,
    field_titles,
    missing_fields,
    official_blank,
)
from tasks.kit.part_model import HOME_FOLDER, Fault, KitFile, KitPart, KitSheet, Provider, state_of
from tasks.workspace import Workspace

FOLDER = "letters"
_COPY = "copy as many as the desks may need, one an entry"


def _official(workspace: Workspace) -> list[Official]:
    return official_blank(workspace.settings.home, workspace.settings(LetterSettings))


def make(workspace: Workspace) -> KitPart:
    letter = blank_letter(workspace.settings(BrokerSettings), clock.now(), drill=is_drill(workspace.journal))
    usable = [form for form in _official(workspace) if not form.problems]
    files = [KitFile(f"{FOLDER}/downtime-letter.pdf", letter)]
    files += [KitFile(f"{FOLDER}/{form.file}", form.data) for form in usable]
    files += _home_forms(workspace)
    sheets = [KitSheet(f"A downtime letter to be filled in by hand: {_COPY}", letter)]
    sheets += [KitSheet(f"{form.title}, empty: {_COPY}", form.printable) for form in usable]
    with_ = ", ".join(form.title for form in usable) or "CBP's forms are not among them"
    lacks = field_titles(missing_fields(workspace.settings(BrokerSettings)))
    gap = f", WITHOUT {lacks}: not set" if lacks else ""
    return KitPart(f"blank downtime letter{gap}; {with_}", files, sheets=sheets)


def _home_forms(workspace: Workspace) -> list[KitFile]:
    """CBP's forms and their field tables: letters that the laptop issues fill them too."""
    folder = workspace.settings.home / "forms"
    paths = [folder / f"{name}{suffix}" for name in SHIPPED for suffix in (".pdf", ".csv")]
    return [KitFile(f"{HOME_FOLDER}forms/{path.name}", path.read_bytes()) for path in paths if path.is_file()]


def state(workspace: Workspace) -> str:
    broker = workspace.settings(BrokerSettings)
    values = [
        broker.name,
        broker.filer_code,
        broker.licence,
        broker.permit,
        broker.address,
        broker.contact_name,
        broker.contact_phone,
    ]
    return state_of(values, [(file.name, sha256(file.data).hexdigest()) for file in _home_forms(workspace)])


def faults(workspace: Workspace) -> list[Fault]:
    """Missing settings of the broker without which no port takes the letter, and forms that cannot be printed.
    A missing form is no fault: our own replaces it."""
    gaps = [
        Fault("kit-letter-setting-missing", RED, setting=name, enter=enter)
        for name, (_, enter) in REQUIRED_BROKER_FACTS.items()
        if name in missing_fields(workspace.settings(BrokerSettings))
    ]
    return gaps + [
        Fault("kit-form-not-printable", AMBER, file=problem.file, problem=problem.code, reason=problem.wrong)
        for form in _official(workspace)
        for problem in form.problems
    ]


PROVIDER = Provider("letters", make, state, "the broker or CBP's forms changed since", faults)
