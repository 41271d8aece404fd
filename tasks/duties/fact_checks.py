"""Whether the facts given with a proof are those that the catalogue asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.duties.duty import Duty, Fact
from tasks.shared.errors import Problem


def spelled(duty: Duty, given: Mapping[str, str]) -> dict[str, str]:
    """Facts with each choice as the catalogue spells it, whatever letters were typed."""
    return {name: _spelled(duty.fact(name), value) for name, value in given.items()}


def _spelled(fact: Fact | None, value: str) -> str:
    if fact is None or not (choices := fact.some_of or fact.one_of):
        return value
    known = {one.casefold(): one for one in choices}
    said = value.split(",") if fact.some_of else [value]
    return ", ".join(known.get(one.strip().casefold(), one.strip()) for one in said)


def fact_problems(duty: Duty, given: Mapping[str, str]) -> Iterator[Problem]:
    """Everything wrong with `--fact NAME=VALUE`, and each that is missing."""
    for name, value in given.items():
        fact = duty.fact(name)
        if fact is None:
            known = ", ".join(one.name for one in duty.facts) or "none"
            yield Problem(
                column=f"--fact {name}", value=value, right=known, code="duty-fact-unknown"
            )
        else:
            yield from _value(fact, value)
    for fact in duty.facts:
        if fact.required and not given.get(fact.name, "").strip():
            yield Problem(
                column=f"--fact {fact.name}", right=_right(fact), code="required-fact-missing"
            )


def _value(fact: Fact, value: str) -> Iterator[Problem]:
    if not value.strip():
        return
    said = [part.strip() for part in value.split(",")] if fact.some_of else [value]
    choices = fact.some_of or fact.one_of
    if choices and (wrong := [one for one in said if one not in choices]):
        yield Problem(
            column=f"--fact {fact.name}",
            value=wrong[0],
            right=_right(fact),
            code="fact-choice-invalid",
        )
    if fact.number and not value.strip().replace(".", "", 1).isdigit():
        yield Problem(column=f"--fact {fact.name}", value=value, code="fact-not-a-number")


def _right(fact: Fact) -> str:
    if fact.some_of:
        return f"one or more, with commas: {', '.join(fact.some_of)}"
    return ", ".join(fact.one_of) or fact.ask
