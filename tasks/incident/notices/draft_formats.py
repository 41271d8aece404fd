"""A draft as text, as PDF, as a mail file and as a list. SSNs are masked unless `opened` gives their value."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Callable, Iterator
from email import policy, utils
from email.message import EmailMessage
from itertools import zip_longest

from tasks.core import clock
from tasks.core.settings import BrokerSettings, Settings
from tasks.documents.api import PORTRAIT, PageFrame, Paper, PaperColumn
from tasks.entries.api import masked_importer
from tasks.incident.notices.drafting import DraftTable, NoticeDraft
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

    def shown(cell: str) -> str:
        if not is_reference(cell):
            return cell
        if cell not in named:
            named[cell] = private_alias()
            private[named[cell]] = cell
        return named[cell]

    return shown


def text(draft: NoticeDraft, settings: Settings, opened: Open = masking, most: int = 0) -> str:
    """The notice as plain text; of tables at most so many rows (0: all)."""
    return "\n".join(_lines(draft, settings, opened, most)) + "\n"


def _lines(draft: NoticeDraft, settings: Settings, opened: Open, most: int) -> Iterator[str]:
    if draft.mark:
        yield f"*** {draft.mark}: an exercise. Nothing of this has happened. ***"
        yield ""
    yield draft.title
    yield "=" * min(len(draft.title), _WIDE)
    yield ""
    yield f"To:   {'; '.join(draft.to)}"
    yield f"As of {draft.made[:16].replace('T', ' ')} UTC; incident {draft.incident}"
    for paragraph in draft.text:
        yield ""
        yield from textwrap.wrap(paragraph, _WIDE)
    yield ""
    left = max((len(label) for label, _ in draft.facts), default=0) + 2
    for label, said in draft.facts:
        yield from textwrap.wrap(said, _WIDE, initial_indent=f"{label + ':':<{left}}", subsequent_indent=" " * left)
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
    whole = table.opened(opened)
    shown = whole[:most] if most else whole
    rows = [[title for title, _ in table.heads], *shown]
    wide = [min(max(len(row[place]) for row in rows), _CELL) for place in range(len(table.heads))]
    yield table.title
    for number, row in enumerate(rows):
        # a long cell goes on below itself, so that the columns stay in line
        parts = [textwrap.wrap(cell, room) for cell, room in zip(row, wide, strict=True)]
        for line in zip_longest(*parts, fillvalue=""):
            yield "  ".join(f"{cell:<{room}}" for cell, room in zip(line, wide, strict=True)).rstrip()
        if not number:
            yield "  ".join("-" * room for room in wide)
    if len(shown) < len(table.rows):
        yield f"... {len(table.rows):,} in all: the list is attached"


def pdf(draft: NoticeDraft, settings: Settings, opened: Open = masking) -> bytes:
    """The notice on paper. Raises MissingPart without fpdf2 or its fonts."""
    broker = settings(BrokerSettings)
    paper = Paper(
        PageFrame(
            title=draft.title,
            left=broker.name,
            right=f"filer {broker.filer_code} · licence {broker.licence or 'not set'}",
            foot=f"Incident {draft.incident} · {draft.template} · made {draft.made[:16]}Z",
            mark=f"{draft.mark}: an exercise" if draft.mark else "",
            made=clock.parse(draft.made),
        ),
        PORTRAIT,
    )
    paper.page()
    for line in draft.to:
        paper.text(line, 10)
    paper.y += _GAP
    paper.text(f"As of {draft.made[:16].replace('T', ' ')} UTC", 10)
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
    return [
        (f"{f'{draft.mark}-' if draft.mark else ''}{table.title.lower().replace(' ', '-')}.csv", _csv(table, opened))
        for table in draft.tables
        if len(table.rows) > _LONG
    ]


def _csv(table: DraftTable, opened: Open) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([title for title, _ in table.heads])
    writer.writerows([cell(value) for value in row] for row in table.opened(opened))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def cell(value: str) -> str:
    """A spreadsheet would run what begins with these as a formula."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def body(draft: NoticeDraft, settings: Settings, opened: Open = masking) -> str:
    """The text of a mail: long tables go as attachments."""
    return text(draft, settings, opened, _LONG)


def title(draft: NoticeDraft) -> str:
    return f"{draft.mark}: {draft.title}" if draft.mark else draft.title


def eml(draft: NoticeDraft, settings: Settings, opened: Open, page: bytes) -> bytes:
    """A mail that a person sends with a program of her own; it opens as a draft. `page`: the PDF."""
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = " ".join(title(draft).split())
    if settings(MailSettings).sender:
        name = " ".join(settings(BrokerSettings).name.split())
        message["From"] = utils.formataddr((name, settings(MailSettings).sender))
    message["To"] = draft.mail or "undisclosed:;"
    message["Date"] = utils.format_datetime(clock.parse(draft.made))
    message["X-Unsent"] = "1"
    message.set_content(body(draft, settings, opened))
    message.add_attachment(page, maintype="application", subtype="pdf", filename=f"{draft.template}.pdf")
    for name, data in lists(draft, opened):
        message.add_attachment(data, maintype="text", subtype="csv", filename=name)
    return bytes(message)
