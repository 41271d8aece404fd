"""The fields of a `[[duty]]` table, what must hold between them, and the check of the facts given with a proof."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tasks.core.errors import Problem
from tasks.core.messages import Reason


def spelled_facts(duty: Duty, facts: Mapping[str, str]) -> dict[str, str]:
    """Facts with each choice as the catalog spells it, regardless of case."""
    return {name: _spelled_value(duty.fact(name), value) for name, value in facts.items()}


def _spelled_value(fact: DutyFact | None, value: str) -> str:
    if fact is None or not (choices := fact.some_of or fact.one_of):
        return value
    spelled = {part.casefold(): part for part in choices}
    parts = value.split(",") if fact.some_of else [value]
    return ", ".join(spelled.get(part.strip().casefold(), part.strip()) for part in parts)


def fact_problems(duty: Duty, facts: Mapping[str, str]) -> Iterator[Problem]:
    """Everything wrong with `--fact NAME=VALUE`, and each that is missing."""
    for name, value in facts.items():
        fact = duty.fact(name)
        if fact is None:
            names = ", ".join(allowed.name for allowed in duty.facts) or "none"
            yield Problem(column=f"--fact {name}", value=value, right=names, code="duty-fact-unknown")
        else:
            yield from _value_problems(fact, value)
    for fact in duty.facts:
        if fact.required and not facts.get(fact.name, "").strip():
            yield Problem(column=f"--fact {fact.name}", right=_allowed_values(fact), code="required-fact-missing")


def _value_problems(fact: DutyFact, value: str) -> Iterator[Problem]:
    if not value.strip():
        return
    parts = [part.strip() for part in value.split(",")] if fact.some_of else [value]
    choices = fact.some_of or fact.one_of
    if choices and (invalid := [choice for choice in parts if choice not in choices]):
        yield Problem(
            column=f"--fact {fact.name}", value=invalid[0], right=_allowed_values(fact), code="fact-choice-invalid"
        )
    if fact.number and not value.strip().replace(".", "", 1).isdigit():
        yield Problem(column=f"--fact {fact.name}", value=value, code="fact-not-a-number")


def _allowed_values(fact: DutyFact) -> str:
    if fact.some_of:
        return f"one or more, with commas: {', '.join(fact.some_of)}"
    return ", ".join(fact.one_of) or fact.ask


SIMPLE_LADDER = (30, 7, 0)
"""Reminders of a duty without its own `ladder`, in days before the end, after that of its `lead`."""

SEVERITIES = ("critical", "high", "medium", "low", "info")
_PERIOD = re.compile(r"(\d{1,3}) (day|month|year)s?")


class InconsistentDuty(ValueError):
    """Values of a duty that cannot be used. `faults`: each of them."""

    def __init__(self, *faults: Reason) -> None:
        super().__init__("; ".join(fault.text for fault in faults))
        self.faults = faults


class DutyTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class DutyPeriod:
    """A cadence: `months` by the calendar, or `days`; the other is 0."""

    months: int = 0
    days: int = 0

    def __str__(self) -> str:
        number, unit = (self.months, "month") if self.months else (self.days, "day")
        return f"{number} {unit}{'' if number == 1 else 's'}"


def _period(text: object) -> DutyPeriod:
    match = _PERIOD.fullmatch(str(text))
    if not match:
        raise InconsistentDuty(Reason("duty-interval-invalid"))
    number, unit = int(match[1]), match[2]
    if unit == "day":
        return DutyPeriod(days=number)
    return DutyPeriod(months=number * (12 if unit == "year" else 1))


Cadence = Annotated[DutyPeriod, BeforeValidator(_period)]
DutyId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
Text = Annotated[str, Field(min_length=1, max_length=400)]
Days = Annotated[int, Field(ge=0, le=3650, strict=True)]
Confidence = Literal["P", "S", "W", "G"]
Role = Annotated[str, Field(pattern=r"^[a-z][a-z-]{1,30}$")]


class DutyFact(DutyTable):
    """A fact that each proof needs. `most` and `warn`: beyond it the duty is amber."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z-]{1,30}$")]
    required: bool = False
    one_of: tuple[Text, ...] = ()
    some_of: tuple[Text, ...] = ()
    number: bool = False
    most: float | None = None
    warn: tuple[Text, ...] = ()
    ask: str = ""


class DutyTrigger(DutyTable):
    """A change that makes the duty due again."""

    what: Text
    mark: Confidence


class FactReminder(DutyTable):
    """A text that reminders carry when a fact has this value."""

    fact: str
    is_: str = Field(alias="is")
    say: Text


class Escalation(DutyTable):
    """From `days` before the end (negative: after it) reminders go to these roles too."""

    days: Annotated[int, Field(ge=-365, le=3650, strict=True)]
    to: tuple[Role, ...]


_ESCALATION = (Escalation(days=0, to=("deputy",)), Escalation(days=-7, to=("licence-holder",)))


class Duty(DutyTable):
    """One recurring duty. `submit`: days before the end by which it must be handed in.
    `by`: kinds of events that fulfill it; `beside`: items of theirs that do not count for this duty.
    `watched`: a fact that the program counts itself. `each`: what there can be several of, each with its
    own dates."""

    id: DutyId
    what: Text
    about: Literal["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "licence", "clients"]
    source: Text
    mark: Confidence
    every: Cadence | None = None
    due: date | None = None
    until: Literal["", "optional", "required"] = ""
    submit: Days | None = None
    lead: Days
    ladder: tuple[Days, ...] = ()
    steps: dict[Annotated[str, Field(pattern=r"^\d{1,4}$")], Text] = {}
    owner: Role
    escalation: tuple[Escalation, ...] = _ESCALATION
    proof: Text
    statement: bool = False
    each: str = ""
    facts: tuple[DutyFact, ...] = ()
    when: tuple[FactReminder, ...] = ()
    triggers: tuple[DutyTrigger, ...] = ()
    by: tuple[Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")], ...] = ()
    beside: tuple[Text, ...] = ()
    again_after: tuple[Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")], ...] = ()
    again_within: Cadence = DutyPeriod()
    scan: bool = False
    limits: dict[Literal["critical", "high", "medium", "low"], Days] = {}
    watched: Literal["", "reserve"] = ""
    replaces: bool = False

    @model_validator(mode="after")
    def _holds_together(self) -> Duty:
        if faults := list(_faults(self)):
            raise InconsistentDuty(*faults)
        return self

    @property
    def rungs(self) -> tuple[int, ...]:
        """Days before the end on which reminders are sent, most first."""
        simple = {self.lead, *(days for days in SIMPLE_LADDER if days < self.lead)}
        return tuple(sorted(self.ladder or simple, reverse=True))

    def fact(self, name: str) -> DutyFact | None:
        return next((fact for fact in self.facts if fact.name == name), None)


def _faults(duty: Duty) -> Iterator[Reason]:
    if not (duty.every or duty.until == "required" or duty.watched):
        yield Reason("duty-never-due")
    if duty.due and not duty.every:
        yield Reason("duty-due-without-interval")
    if duty.due and (duty.triggers or duty.again_after):
        yield Reason("duty-due-with-triggers")
    span = duty.every.months * 28 + duty.every.days if duty.every else 3650
    if duty.every and not span:
        yield Reason("duty-interval-empty")
    if duty.every and max((duty.lead, *duty.ladder)) >= max(span, 1):
        yield Reason("duty-lead-too-long", every=str(duty.every))
    if duty.submit is not None and duty.submit > duty.rungs[0]:
        yield Reason("duty-submission-before-reminders")
    if duty.limits and not duty.scan:
        yield Reason("duty-limits-without-scan")
    names = {fact.name for fact in duty.facts}
    for when in duty.when:
        if when.fact not in names:
            yield Reason("duty-note-fact-unknown", fact=when.fact)
