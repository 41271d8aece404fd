"""A draft as text, as PDF, as a mail file and as a list. SSNs are masked unless `opened` gives their value."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from email import policy, utils
from email.message import EmailMessage
from itertools import zip_longest

from tasks.core import clock
from tasks.core.settings import BrokerSettings, Settings
from tasks.documents.api import PORTRAIT, PageFrame, Paper, PaperColumn
from tasks.entries.api import masked_importer
from tasks.incident.data_tables import csv_bytes
from tasks.incident.notices.draft_tables import DraftTable
from tasks.incident.notices.drafting import NoticeDraft
from tasks.security.api import is_reference
from tasks.transport.api import MailSettings, private_alias

Open = Callable[[str], str]
CALL = "call"
_CALLS = (
    PaperColumn("Who answered, office", PORTRAIT.inner - 122),
    PaperColumn("Day and hour", 32),
    PaperColumn("Reference given", 50),
    PaperColumn("Called by", 40),
)
_WIDE, _CELL, _GAP, _LONG = 92, 44, 4.0, 60
"""Letters of a line of text, and of a cell; millimetres; rows that a mail's own text shows of a table."""


def masking(cell: str) -> str:
    return masked_importer(cell)


def opening(vault_open: Open) -> Open:
    """For the one notice whose rule needs the numbers."""
    return lambda cell: vault_open(cell) if is_reference(cell) else cell


def aliasing(private: dict[str, str]) -> Open:
    """References become aliases, which the mail opens when it leaves; `private` gets each: alias ->
    reference."""
    named: dict[str, str] = {}

    def alias(cell: str) -> str:
        if not is_reference(cell):
            return cell
        if cell not in named:
            named[cell] = private_alias()
            private[named[cell]] = cell
        return named[cell]

    return alias


def text(draft: NoticeDraft, settings: Settings, opened: Open = masking, most: int = 0) -> str:
    """The notice as plain text; of tables at most so many rows (0: all)."""
    return "\n".join(_lines(draft, settings, opened, most)) + "\n"


def _lines(draft: NoticeDraft, settings: Settings, opened: Open, most: int) -> Iterator[str]:
    if draft.drill_label:
        yield f"*** {draft.drill_label}: an exercise. Nothing of this has happened. ***"
        yield ""
    yield draft.title
    yield "=" * min(len(draft.title), _WIDE)
    yield ""
    yield f"To:   {'; '.join(draft.to)}"
    yield f"As of {draft.drafted_at[:16].replace('T', ' ')} UTC; incident {draft.incident}"
    for paragraph in draft.text:
        yield ""
        yield from textwrap.wrap(paragraph, _WIDE)
    yield ""
    left = max((len(label) for label, _ in draft.facts), default=0) + 2
    for label, value in draft.facts:
        yield from textwrap.wrap(value, _WIDE, initial_indent=f"{label + ':':<{left}}", subsequent_indent=" " * left)
    for table in draft.tables:
        yield ""
        yield from _table(table, opened, most)
    if draft.signed:
        yield from (
            "",
            f"For {settings(BrokerSettings).name}:",
            "",
            "______________________________",
            "Name, licence, date",
        )


def _table(table: DraftTable, opened: Open, most: int) -> Iterator[str]:
    all_rows = table.opened(opened)
    first_rows = all_rows[:most] if most else all_rows
    rows = [[title for title, _ in table.heads], *first_rows]
    wide = [min(max(len(row[column]) for row in rows), _CELL) for column in range(len(table.heads))]
    yield table.title
    for number, row in enumerate(rows):
        # a long cell goes on below itself, so that the columns stay in line
        parts = [textwrap.wrap(cell, width) for cell, width in zip(row, wide, strict=True)]
        for line in zip_longest(*parts, fillvalue=""):
            yield "  ".join(f"{cell:<{width}}" for cell, width in zip(line, wide, strict=True)).rstrip()
        if not number:
            yield "  ".join("-" * width for width in wide)
    if len(first_rows) < len(table.rows):
        yield f"... {len(table.rows):,} in all: the list is attached"


def pdf(draft: NoticeDraft, settings: Settings, opened: Open = masking) -> bytes:
    """The notice on paper. Raises MissingPart without fpdf2 or its fonts."""
    broker = settings(BrokerSettings)
    paper = Paper(
        PageFrame(
            title=draft.title,
            left=broker.name,
            right=f"filer {broker.filer_code} · licence {broker.licence or 'not set'}",
            foot=f"Incident {draft.incident} · {draft.template} · made {draft.drafted_at[:16]}Z",
            mark=f"{draft.drill_label}: an exercise" if draft.drill_label else "",
            made=clock.parse(draft.drafted_at),
        ),
        PORTRAIT,
    )
    paper.page()
    for line in draft.to:
        paper.text(line, 10)
    paper.y += _GAP
    paper.text(f"As of {draft.drafted_at[:16].replace('T', ' ')} UTC", 10)
    paper.y += _GAP / 2
    paper.text(draft.title, 12, style="B")
    for paragraph in draft.text:
        paper.text(paragraph, 10)
    paper.y += 1
    paper.pairs(draft.facts, 9)
    for table in draft.tables:
        paper.heading(table.title)
        _on_paper(paper, table, opened)
    if draft.channel == CALL:
        paper.heading("The call, to be written down")
        paper.table(_CALLS, [("",) * len(_CALLS)] * 3, 8.5, lines=3)
    if draft.signed:
        paper.signature(f"For {broker.name}:")
    return paper.bytes()


def _on_paper(paper: Paper, table: DraftTable, opened: Open) -> None:
    shares = sum(share for _, share in table.heads)
    columns = [PaperColumn(title, PORTRAIT.inner * share / shares) for title, share in table.heads]
    paper.table(columns, table.opened(opened), 8.5)


def lists(draft: NoticeDraft, opened: Open = masking) -> list[tuple[str, bytes]]:
    """Tables that are too long for a text, as CSV files with a byte order mark."""
    prefix = f"{draft.drill_label}-" if draft.drill_label else ""
    return [
        (f"{prefix}{table.title.lower().replace(' ', '-')}.csv", _csv(table, opened))
        for table in draft.tables
        if len(table.rows) > _LONG
    ]


def _csv(table: DraftTable, opened: Open) -> bytes:
    return csv_bytes([[title for title, _ in table.heads], *table.opened(opened)])


def body(draft: NoticeDraft, settings: Settings, opened: Open = masking) -> str:
    """The text of a mail: long tables go as attachments."""
    return text(draft, settings, opened, _LONG)


def title(draft: NoticeDraft) -> str:
    return f"{draft.drill_label}: {draft.title}" if draft.drill_label else draft.title


def eml(draft: NoticeDraft, settings: Settings, opened: Open, page: bytes) -> bytes:
    """A mail that a person sends with a program of her own; it opens as a draft. `page`: the PDF."""
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = " ".join(title(draft).split())
    if settings(MailSettings).sender:
        name = " ".join(settings(BrokerSettings).name.split())
        message["From"] = utils.formataddr((name, settings(MailSettings).sender))
    message["To"] = draft.mail or "undisclosed:;"
    message["Date"] = utils.format_datetime(clock.parse(draft.drafted_at))
    message["X-Unsent"] = "1"
    message.set_content(body(draft, settings, opened))
    message.add_attachment(page, maintype="application", subtype="pdf", filename=f"{draft.template}.pdf")
    for name, data in lists(draft, opened):
        message.add_attachment(data, maintype="text", subtype="csv", filename=name)
    return bytes(message)
