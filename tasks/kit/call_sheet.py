"""What to say in the first call, to be filled in by hand: it is made before any laptop runs."""

from __future__ import annotations

import re

from tasks.incident import plan
from tasks.incident.plan import Notice, Plan
from tasks.shared.kit_part import KitPage, KitPart, Provider, state_of
from tasks.shared.paper import Column, Paper
from tasks.shared.settings import Broker
from tasks.workspace import Workspace

NOTICE, TITLE = "call-sheet", "First call: what to say"
_NAMES = re.compile(r"\{[a-z-]+\}")
"""Facts that the text names, and nobody knows beforehand."""


def _notice(workspace: Workspace) -> tuple[Plan, Notice | None]:
    """A broker's own plan may have no call sheet."""
    found = plan.load(workspace.settings.home)
    return found, found.notices.get(NOTICE)


def make(workspace: Workspace) -> KitPart:
    found, notice = _notice(workspace)
    if notice is None:
        return KitPart("no call sheet: the plan has none")
    rows = _rows(found, notice, workspace.settings.broker)
    return KitPart(
        "first call sheet, to be filled in by hand",
        pages=[KitPage(TITLE, lambda paper: _page(paper, notice, rows))],
    )


def _rows(found: Plan, notice: Notice, broker: Broker) -> list[tuple[str, str]]:
    """Label and what is known beforehand, in the order in which it is read out."""
    licence = f", licence {broker.licence}" if broker.licence else ""
    known = {
        "broker": f"{broker.name}, filer code {broker.filer_code}{licence}",
        "contact": ", ".join(filter(None, (broker.contact_name, broker.contact_phone))),
    }
    return [(found.label(name), known.get(name, "")) for name in notice.facts]


def _page(paper: Paper, notice: Notice, rows: list[tuple[str, str]]) -> None:
    for text in notice.text[:1]:
        paper.text(f"{_NAMES.sub('______', text)} Source: {notice.source} [{notice.mark}].", 8.5)
    paper.text("A known breach of records is told within 72 hours of its discovery, whatever is not known "
               "yet (19 CFR 111.21(b)) [S]. Write with a pen; the book takes it in later: continuity incident "
               "declare, fact, sent.", 8.5)  # fmt: skip
    columns = [Column("What they ask", 56), Column("What to say", paper.sheet.inner - 56)]
    paper.table(columns, rows, 9, lines=3)
    paper.heading("Who was called")
    wide = paper.sheet.inner - 110
    columns = [Column("Office, who answered", wide), Column("Day and hour", 34),
               Column("Reference given", 42), Column("Called by", 34)]  # fmt: skip
    paper.table(columns, [("", "", "", "")] * 3, 9, lines=2)


def state(workspace: Workspace) -> str:
    found, notice = _notice(workspace)
    if notice is None:
        return state_of("none")
    return state_of(list(notice.text), _rows(found, notice, workspace.settings.broker))


PROVIDER = Provider("call-sheet", make, state, "the plan's call sheet or the broker changed since")
