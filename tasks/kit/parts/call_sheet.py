"""The sheet for the first call, to be filled in by hand before any laptop runs."""

from __future__ import annotations

import re

from tasks.core.settings import BrokerSettings
from tasks.documents.api import Paper, PaperColumn
from tasks.incident.api import NoticePlan, PlanNotice, load_notice_plan
from tasks.kit.part_model import KitPage, KitPart, Provider, state_of
from tasks.workspace import Workspace

NOTICE, TITLE = "call-sheet", "First call: what to say"
_NAMES = re.compile(r"\{[a-z-]+\}")
"""Placeholders of facts that are not known beforehand."""


def _notice(workspace: Workspace) -> tuple[NoticePlan, PlanNotice | None]:
    """A broker's own plan may have no call sheet."""
    plan = load_notice_plan(workspace.settings.home)
    return plan, plan.notices.get(NOTICE)


def make(workspace: Workspace) -> KitPart:
    plan, notice = _notice(workspace)
    if notice is None:
        return KitPart("no call sheet: the plan has none")
    rows = _rows(plan, notice, workspace.settings(BrokerSettings))
    return KitPart(
        "first call sheet, to be filled in by hand", pages=[KitPage(TITLE, lambda paper: _page(paper, notice, rows))]
    )


def _rows(plan: NoticePlan, notice: PlanNotice, broker: BrokerSettings) -> list[tuple[str, str]]:
    """Label and value, empty if not known beforehand, in the order in which they are read out."""
    licence = f", licence {broker.licence}" if broker.licence else ""
    values = {
        "broker": f"{broker.name}, filer code {broker.filer_code}{licence}",
        "contact": ", ".join(filter(None, (broker.contact_name, broker.contact_phone))),
    }
    return [(plan.label(name), values.get(name, "")) for name in notice.facts]


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
    plan, notice = _notice(workspace)
    if notice is None:
        return state_of("none")
    return state_of(list(notice.text), _rows(plan, notice, workspace.settings(BrokerSettings)))


PROVIDER = Provider("call-sheet", make, state, "the plan's call sheet or the broker changed since")
