"""What to say in the first call, to be filled in by hand: it is made before any laptop runs."""

from __future__ import annotations

import re

from tasks.core.settings import BrokerSettings
from tasks.documents.api import Paper, PaperColumn
from tasks.incident.api import NoticePlan, PlanNotice, load_notice_plan
from tasks.kit.part_model import KitPage, KitPart, Provider, state_of
from tasks.workspace import Workspace

NOTICE, TITLE = "call-sheet", "First call: what to say"
_NAMES = re.compile(r"\{[a-z-]+\}")
"""Facts that the text names, and nobody knows beforehand."""


def _notice(workspace: Workspace) -> tuple[NoticePlan, PlanNotice | None]:
    """A broker's own plan may have no call sheet."""
    found = load_notice_plan(workspace.settings.home)
    return found, found.notices.get(NOTICE)


def make(workspace: Workspace) -> KitPart:
    found, notice = _notice(workspace)
    if notice is None:
        return KitPart("no call sheet: the plan has none")
    rows = _rows(found, notice, workspace.settings(BrokerSettings))
    return KitPart(
        "first call sheet, to be filled in by hand", pages=[KitPage(TITLE, lambda paper: _page(paper, notice, rows))]
    )


def _rows(found: NoticePlan, notice: PlanNotice, broker: BrokerSettings) -> list[tuple[str, str]]:
    """Label and what is known beforehand, in the order in which it is read out."""
    licence = f", licence {broker.licence}" if broker.licence else ""
    known = {
        "broker": f"{broker.name}, filer code {broker.filer_code}{licence}",
        "contact": ", ".join(filter(None, (broker.contact_name, broker.contact_phone))),
    }
    return [(found.label(name), known.get(name, "")) for name in notice.facts]


def _page(paper: Paper, notice: PlanNotice, rows: list[tuple[str, str]]) -> None:
    for text in notice.text[:1]:
        paper.text(f"{_NAMES.sub('______', text)} Source: {notice.source} [{notice.mark}].", 8.5)
    paper.text(
        "A known breach of records is told within 72 hours of its discovery, whatever is not known "
        "yet (19 CFR 111.21(b)) [S]. Write with a pen; the book takes it in later: continuity incident "
        "declare, fact, sent.",
        8.5,
    )
    columns = [PaperColumn("What they ask", 56), PaperColumn("What to say", paper.sheet.inner - 56)]
    paper.table(columns, rows, 9, lines=3)
    paper.heading("Who was called")
    wide = paper.sheet.inner - 110
    columns = [
        PaperColumn("Office, who answered", wide),
        PaperColumn("Day and hour", 34),
        PaperColumn("Reference given", 42),
        PaperColumn("Called by", 34),
    ]
    paper.table(columns, [("", "", "", "")] * 3, 9, lines=2)


def state(workspace: Workspace) -> str:
    found, notice = _notice(workspace)
    if notice is None:
        return state_of("none")
    return state_of(list(notice.text), _rows(found, notice, workspace.settings(BrokerSettings)))


PROVIDER = Provider("call-sheet", make, state, "the plan's call sheet or the broker changed since")
