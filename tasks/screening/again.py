"""A screening of the past done again, with the lists, the register and the model that it names: what an
auditor asks for years later. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from tasks.screening import register, running, second
from tasks.screening.delta import in_order
from tasks.screening.finding import Screener
from tasks.screening.house import House
from tasks.screening.lists import versions
from tasks.screening.subjects import of
from tasks.shared import kinds
from tasks.shared.errors import Refused
from tasks.shared.journal import Event

_SAID = ("partner", "record", "name_matched", "partner_name", "score")


@dataclass(frozen=True)
class Again:
    """`hits`: how many were found now; `differ`: (partner, record, what) of each that is not as it was."""

    at: str
    by: str
    model: str
    screened: int
    hits: int
    differ: tuple[tuple[str, str, str], ...]


def again(house: House, content: str) -> Again:
    """Do a screening again by the digest of what it found, or the first letters of it. Raises Refused for
    none, one of a lone name, or a model that is not here."""
    event, said = _find(house, content)
    by = _screener(house, said.model)
    subjects = of(register.read(house.content, said.partners))
    now = in_order(by.screen(subjects, versions.records(house.content, said.lists)))
    differ = _differences(_rows(running.hits_of(house, said.content)), _rows(now))
    return Again(event.at, event.actor, said.model, len(subjects), now.num_rows, tuple(differ))


def _find(house: House, content: str) -> tuple[Event, kinds.ScreeningDone]:
    found = [
        (event, event.said)
        for event in house.journal.events(kind=kinds.ScreeningDone.kind)
        if isinstance(event.said, kinds.ScreeningDone) and event.said.content.startswith(content)
    ]
    whole = [one for one in found if one[1].scope != running.NAME]
    if len(content) < 4 or len({said.content for _, said in whole}) != 1:
        what = "of a lone name, which stands in no register" if found and not whole else "so named"
        count = len({said.content for _, said in whole}) or "No"
        raise Refused(
            f"{count} screening of partners for {content!r} ({what}); see continuity screen log"
        )
    return whole[-1]


def _screener(house: House, model: str) -> Screener:
    """The matching of that time: a model's version, and the second opinion if it was asked."""
    version, _, opinion = model.partition(", ")
    asked = second.logic_v2() if opinion else None
    if asked and asked.name != opinion:
        raise Refused(f"It was done with {opinion}; here is {asked.name}: install that version")
    return Screener(house.settings.screening.threads, asked, version=version)


def _rows(found: pa.Table) -> dict[tuple[str, str], dict[str, object]]:
    rows = found.select(_SAID).to_pylist()
    return {(row["partner"], row["record"]): row for row in rows}


def _differences(
    before: dict[tuple[str, str], dict[str, object]], now: dict[tuple[str, str], dict[str, object]]
) -> list[tuple[str, str, str]]:
    told = []
    for pair in sorted(before.keys() | now.keys()):
        old, new = before.get(pair), now.get(pair)
        if old is None or new is None:
            told.append((*pair, "not found then" if old is None else "not found now"))
        elif old != new:
            told.append((*pair, f"score {old['score']} then, {new['score']} now"))
    return told
