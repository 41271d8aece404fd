"""A letter: what it says, and its page: who writes, to whom, the text, the table, and room for a signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tasks.core.settings import BrokerSettings
from tasks.documents.api import DRILL_MARK, PORTRAIT, PageFrame, Paper, PaperColumn

_GAP = 4.0


def render_letter(
    draft: CorrespondenceDraft, broker: BrokerSettings, made_at: datetime, day: str, *, drill: bool
) -> bytes:
    """The PDF, dated `day`. Raises MissingPart without fpdf2 or its fonts."""
    paper = Paper(_frame(draft, broker, made_at, drill), PORTRAIT)
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
    inner, shares = PORTRAIT.inner, sum(head.share for head in draft.columns)
    columns = [PaperColumn(head.title, inner * head.share / shares) for head in draft.columns]
    urgent = {draft.rows[index] for index in draft.urgent}
    paper.table(columns, draft.rows, 8.5, red=lambda row: tuple(row) in urgent, lines=draft.lines)
    for text in draft.after:
        paper.text(text, 10)
    if draft.signed:
        _sign(paper, broker)
    return paper.bytes()


def _frame(draft: CorrespondenceDraft, broker: BrokerSettings, made_at: datetime, drill: bool) -> PageFrame:
    reach = " · ".join(filter(None, (broker.contact_name, broker.contact_phone)))
    return PageFrame(
        title=draft.subject,
        left=broker.name,
        right=f"filer {broker.filer_code} · licence {broker.licence or 'not set'}",
        foot=f"{reach}{' · ' if reach else ''}Confidential: client records (19 CFR 111.24).",
        mark=DRILL_MARK if drill else "",
        made=made_at,
    )


def _sign(paper: Paper, broker: BrokerSettings) -> None:
    """The place to sign does not stand alone on a page."""
    paper.y += 2 * _GAP
    paper.text(f"For {broker.name}:", 10)
    paper.y += 2 * _GAP
    paper.text("______________________________", 10)
    paper.text("Name, licence, date", 8)


IMPORTERS, FORMS, SURETIES, PORTS, TODAY = "importers", "form-5106", "sureties", "ports", "today"
BONDS = "importer-bonds"
KINDS = (TODAY, FORMS, BONDS, IMPORTERS, SURETIES, PORTS)
"""Also the names of the folders that they are written to; what is most urgent first."""


class LetterColumn(NamedTuple):
    """A column: its words, and its share of the width."""

    title: str
    share: float


@dataclass(frozen=True)
class CorrespondenceDraft:
    """One document. `name` is its file's; `to` the lines of the address; `text` stands before the
    table, `after` behind it; `numbers` are the entries that it is about. With `listed` the table
    also goes out as a workbook."""

    kind: str
    name: str
    to: tuple[str, ...]
    subject: str
    text: tuple[str, ...]
    columns: tuple[LetterColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    after: tuple[str, ...]
    numbers: tuple[str, ...]
    listed: bool = False
    signed: bool = True
    urgent: frozenset[int] = frozenset()
    """Rows, from 0, that are printed in red."""
    lines: int = 1
    """Lines that each row of the table is high at least: room to write by hand."""


def file_name(text: str) -> str:
    """A name for a file out of somebody's name: letters, digits and dashes, at most 40."""
    from anyascii import anyascii

    cleaned = "".join(sign if sign.isalnum() else "-" for sign in anyascii(text).lower())
    return "-".join(part for part in cleaned.split("-") if part)[:40].strip("-") or "unnamed"
