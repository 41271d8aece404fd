"""A draft on paper: who writes, to whom, the text, the table, and room for a signature."""

from __future__ import annotations

from datetime import datetime

from tasks.reconciliation.letters.draft import Draft
from tasks.reconciliation.workbook import DRILL
from tasks.shared.paper import UPRIGHT, Column, Frame, Paper
from tasks.shared.settings import Broker

_GAP = 4.0


def render(draft: Draft, broker: Broker, made: datetime, day: str, *, drill: bool) -> bytes:
    """The PDF, dated `day`. Raises MissingPart without fpdf2 or its fonts."""
    paper = Paper(_frame(draft, broker, made, drill), UPRIGHT)
    paper.page()
    for line in filter(None, draft.to):
        paper.text(line, 10)
    paper.y += _GAP
    paper.text(day, 10)
    paper.y += _GAP
    paper.text(draft.subject, 12, style="B")
    paper.y += 1
    for text in draft.text:
        paper.text(text, 10)
    paper.y += 2
    inner, shares = UPRIGHT.inner, sum(head.share for head in draft.columns)
    columns = [Column(head.title, inner * head.share / shares) for head in draft.columns]
    urgent = {draft.rows[index] for index in draft.urgent}
    paper.table(columns, draft.rows, 8.5, red=lambda row: tuple(row) in urgent, lines=draft.lines)
    for text in draft.after:
        paper.text(text, 10)
    if draft.signed:
        _sign(paper, broker)
    return paper.bytes()


def _frame(draft: Draft, broker: Broker, made: datetime, drill: bool) -> Frame:
    reach = " · ".join(filter(None, (broker.contact_name, broker.contact_phone)))
    return Frame(
        title=draft.subject,
        left=broker.name,
        right=f"filer {broker.filer_code} · licence {broker.licence or 'not set'}",
        foot=f"{reach}{' · ' if reach else ''}Confidential: client records (19 CFR 111.24).",
        mark=DRILL if drill else "",
        made=made,
    )


def _sign(paper: Paper, broker: Broker) -> None:
    """The place to sign does not stand alone on a page."""
    paper.y += 2 * _GAP
    paper.text(f"For {broker.name}:", 10)
    paper.y += 2 * _GAP
    paper.text("______________________________", 10)
    paper.text("Name, licence, date", 8)
