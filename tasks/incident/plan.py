"""The notification plan as data: stage, recipients, content and channel of each notice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tasks.incident import states, toml_data
from tasks.incident.contacts import ROLES
from tasks.incident.notice_facts import COMPUTED
from tasks.incident.notice_tables import TABLES
from tasks.incident.toml_data import Mark, Table, Words
from tasks.shared.errors import BadInput, Problem

FILE = "plan.toml"
_ID = r"^[a-z][a-z-]{1,29}$"
_NAMES = re.compile(r"\{([a-z-]+)\}")


class Fact(Table):
    """Something that a person says of the incident. `default`: what is said until then."""

    id: Annotated[str, Field(pattern=_ID)]
    label: Words
    default: str = ""
    replaces: bool = False


class Notice(Table):
    """One notice of the plan; `source` and `mark` say where its content comes from."""

    id: Annotated[str, Field(pattern=_ID)]
    stage: Annotated[int, Field(ge=0, le=6, strict=True)]
    title: Words
    to: tuple[str, ...]
    channel: Literal["call", "mail", "letter"]
    after: tuple[str, ...]
    until: tuple[str, ...] = ()
    follows: str = ""
    breach: bool = False
    repeat: bool = False
    numbers: bool = False
    facts: tuple[str, ...]
    tables: tuple[str, ...] = ()
    text: tuple[Words, ...]
    signed: bool
    source: Words
    mark: Mark
    replaces: bool = False

    @model_validator(mode="after")
    def _known(self) -> Notice:
        wrong = [one for one in self.to if one not in ROLES]
        wrong += [one for one in (*self.after, *self.until) if one not in states.STEPS]
        wrong += [one for one in self.tables if one not in TABLES]
        if wrong:
            raise toml_data.invalid(code="plan-name-unknown", values={"names": ", ".join(wrong)})
        if self.numbers and not self.breach:
            raise toml_data.invalid(code="plan-numbers-without-breach", values={})
        return self


class _File(Table):
    title: str = ""
    source: str = ""
    dated: date | None = None
    notice: tuple[Notice, ...] = ()
    fact: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Notices and the facts that a person says, by their ids."""

    notices: Mapping[str, Notice]
    facts: Mapping[str, Fact]

    def label(self, fact: str) -> str:
        """What a fact is called. Raises KeyError for one that there is not."""
        return self.facts[fact].label if fact in self.facts else COMPUTED[fact][0]

    def notice(self, name: str) -> Notice:
        """Raises BadInput for an id that is not in it."""
        if name in self.notices:
            return self.notices[name]
        raise BadInput("plan-notice-unknown", name=name, notices=", ".join(self.notices))


@cache
def _shipped() -> _File:
    return toml_data.read(toml_data.shipped(FILE), f"data/incident/{FILE}", _File)


def load(home: Path) -> Plan:
    """The shipped plan with the broker's own. Raises BadInput, naming every fault."""
    path, ours = home / FILE, _shipped()
    text = toml_data.own_text(path)
    own = toml_data.read(text, str(path), _File)
    plan = Plan(
        toml_data.merged(ours.notice, own.notice, "notice", text, str(path)),
        toml_data.merged(ours.fact, own.fact, "fact", text, str(path)),
    )
    if problems := _unknown(plan, str(path)):
        raise BadInput("incident-plan-invalid", problems)
    return plan


def _unknown(plan: Plan, name: str) -> list[Problem]:
    """Facts that a notice names and nobody gives."""
    known = plan.facts.keys() | COMPUTED.keys()
    return [
        Problem(
            file=name,
            column=one.id,
            value=fact,
            code="notice-fact-unknown",
            values={"allowed": ", ".join(sorted(known))},
        )
        for one in plan.notices.values()
        for fact in [*one.facts, *_NAMES.findall(" ".join([one.title, *one.text]))]
        if fact not in known
    ]
