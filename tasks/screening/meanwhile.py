"""What became of a hit's partner and list record since the last screening, which alone brings hits up
to date: lists and partners may have been taken since."""

from __future__ import annotations

import pyarrow.compute as pc

from tasks.screening import register, running
from tasks.screening.lists import versions
from tasks.screening.subjects import of
from tasks.shared.screening_tables import HITS
from tasks.workspace import Workspace

NEXT = "continuity screen run"


def changed(workspace: Workspace, hit: str) -> list[str]:
    """The sides of a hit, partner or list record, that read otherwise now, or are gone."""
    row = workspace.journal.rows(HITS.select().where(HITS.c.hit == hit))[0]
    now = {
        "partner": (_partner(workspace, row.partner), row.partner_digest),
        "list record": (_record(workspace, row.record), row.record_digest),
    }
    return [side for side, (digest, before) in now.items() if digest != before]


def _partner(workspace: Workspace, subject: str) -> str:
    register_ = register.read(workspace.content, register.current(workspace.journal))
    one = register_.filter(pc.equal(register_["partner"], running.partner_of(subject)))
    everyone = of(one).partners
    found = everyone.filter(pc.equal(everyone["partner"], subject))["digest"].to_pylist()
    return found[0] if found else ""


def _record(workspace: Workspace, record: str) -> str:
    version = versions.used(workspace.journal).get(record.partition("/")[0], "")
    return versions.row(workspace.content, version, record).get("digest", "")
