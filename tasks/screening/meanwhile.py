"""What became of a hit's partner and list record since the last screening, which alone brings hits up
to date: lists and partners may have been taken since."""

from __future__ import annotations

import pyarrow.compute as pc

from tasks.screening import register, running
from tasks.screening.house import House
from tasks.screening.lists import versions
from tasks.screening.subjects import of
from tasks.shared.screening_tables import HITS

NEXT = "continuity screen run"


def changed(house: House, hit: str) -> list[str]:
    """The sides of a hit, partner or list record, that read otherwise now, or are gone."""
    row = house.journal.rows(HITS.select().where(HITS.c.hit == hit))[0]
    now = {
        "partner": (_partner(house, row.partner), row.partner_digest),
        "list record": (_record(house, row.record), row.record_digest),
    }
    return [side for side, (digest, before) in now.items() if digest != before]


def _partner(house: House, subject: str) -> str:
    register_ = register.read(house.content, register.current(house.journal))
    one = register_.filter(pc.equal(register_["partner"], running.partner_of(subject)))
    everyone = of(one).partners
    found = everyone.filter(pc.equal(everyone["partner"], subject))["digest"].to_pylist()
    return found[0] if found else ""


def _record(house: House, record: str) -> str:
    version = versions.used(house.journal).get(record.partition("/")[0], "")
    return versions.row(house.content, version, record).get("digest", "")
