"""What a letter's pages have besides texts and tables: numbered boxes as on a form, a machine-readable
number, a band that nobody overlooks, room to sign and to stamp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tasks.documents.pdf import Paper
from tasks.documents.pdf_fonts import MM
from tasks.documents.pdf_pages import BLUE, GREY, INK, PORTRAIT, RED, Colour, PageFrame

_LABEL, _TEXT, _PAD, _LEADING = 6.0, 8.5, 1.0, 1.22
_WIDE_BAR = 0.75
"""Millimetres of a wide bar; a narrow one has a third. Code 39 wants at least 0.19 (ANSI MH10.8M)."""
_BAR_HIGH = 11.0
_SIGNS = 15
"""Of an entry number in Code 39: thirteen, and a star before and after."""


class LetterBox(NamedTuple):
    """`share` of the width of its row; `number` as on the form, empty where it has none there."""

    share: float
    number: str
    title: str
    text: str
    colour: Colour = INK


class LetterPaper(Paper):
    """Upright pages of a letter."""

    def __init__(self, frame: PageFrame) -> None:
        super().__init__(frame, PORTRAIT)

    def gap(self, high: float = 4.0) -> None:
        self.y += high

    def heading(self, text: str) -> None:
        """Closer than a report's: a sheet has many short tables, and paper is carried."""
        self._room(22)
        self.y += 1
        self._put(text, self.sheet.margin, self.y + 3, 10, "B", BLUE)
        self.y += 5

    def room(self, high: float) -> None:
        """A new page if less than so many millimetres are left on this one."""
        self._room(high)

    def barcode(self, number: str) -> None:
        """The number in Code 39 at the right, its letters under it; the rest of the line is free."""
        wide = _SIGNS * (3 * _WIDE_BAR + 7 * _WIDE_BAR / 3)
        x, y = self.sheet.width - self.sheet.margin - wide, self.y
        self.pdf.set_fill_color(0, 0, 0)
        self.pdf.code39(f"*{number}*", x=x, y=y, w=_WIDE_BAR, h=_BAR_HIGH)
        self._put(number, x + wide / 2, y + _BAR_HIGH + 4, 9, "B", INK, "C")

    def beside(self, lines: Sequence[tuple[str, float, Colour]], high: float = 17.0) -> None:
        """Lines (text, size, colour) at the left of a barcode, which is `high` with its number."""
        top, free = self.y, self.sheet.inner - 68
        for text, size, colour in lines:
            for line in self.type.wrapped(text, free, size, "B"):
                self._put(line, self.sheet.margin, self.y + size * MM, size, "B", colour)
                self.y += size * MM * 1.35
        self.y = max(self.y, top + high)

    def band(self, text: str) -> None:
        """A sentence in a red frame over the whole width; in several frames where one page cannot
        hold it."""
        size = 9.5
        lines = self.type.wrapped(text, self.sheet.inner - 6, size, "B")
        for (part,) in self._torn([lines], size * MM * _LEADING):
            self._framed(part, size)

    def _framed(self, lines: Sequence[str], size: float) -> None:
        step, inner = size * MM * _LEADING, self.sheet.inner
        high = len(lines) * step + 3
        self._room(high + 3)
        self.y += 1
        self.pdf.set_draw_color(*RED)
        self.pdf.set_line_width(0.5)
        self.pdf.rect(self.sheet.margin, self.y, inner, high)
        for index, line in enumerate(lines):
            y = self.y + 1.5 + (index + 0.8) * step
            self._put(line, self.sheet.margin + 3, y, size, "B", RED)
        self.y += high + 2.5

    def boxes(self, rows: Sequence[Sequence[LetterBox]]) -> None:
        """Rows of boxes; a row is as high as its fullest box and is not torn apart."""
        for row in rows:
            total = sum(box.share for box in row)
            widths = [self.sheet.inner * box.share / total for box in row]
            texts = [
                self.type.wrapped(box.text, wide - 2 * _PAD, _TEXT, "") for box, wide in zip(row, widths, strict=True)
            ]
            labels = [
                self.type.wrapped(f"{box.number} {box.title}".strip(), wide - 2 * _PAD, _LABEL, "")
                for box, wide in zip(row, widths, strict=True)
            ]
            head = max(map(len, labels)) * _LABEL * MM * _LEADING
            high = head + max(1, *map(len, texts)) * _TEXT * MM * _LEADING + 2 * _PAD
            self._room(high)
            self._row_of_boxes(row, widths, labels, texts, head, high)
            self.y += high
        self.y += 2

    def _row_of_boxes(
        self,
        row: Sequence[LetterBox],
        widths: list[float],
        labels: list[list[str]],
        texts: list[list[str]],
        head: float,
        high: float,
    ) -> None:
        x = self.sheet.margin
        self.pdf.set_line_width(0.2)
        for box, wide, label, text in zip(row, widths, labels, texts, strict=True):
            self.pdf.set_draw_color(*GREY)
            self.pdf.rect(x, self.y, wide, high)
            for index, line in enumerate(label):
                y = self.y + _PAD + (index + 0.8) * _LABEL * MM * _LEADING
                self._put(line, x + _PAD, y, _LABEL, "", BLUE)
            for index, line in enumerate(text):
                y = self.y + _PAD + head + (index + 0.8) * _TEXT * MM * _LEADING
                self._put(line, x + _PAD, y, _TEXT, "", box.colour)
            x += wide

    def blank(self, titles: Sequence[tuple[float, str]], high: float = 16.0) -> None:
        """Empty boxes to be written or stamped in, with their titles."""
        self._room(high)
        total, x = sum(share for share, _ in titles), self.sheet.margin
        self.pdf.set_line_width(0.2)
        for share, title in titles:
            wide = self.sheet.inner * share / total
            self.pdf.set_draw_color(*GREY)
            self.pdf.rect(x, self.y, wide, high)
            for index, line in enumerate(self.type.wrapped(title, wide - 2 * _PAD, _LABEL, "")):
                y = self.y + _PAD + (index + 0.8) * _LABEL * MM * _LEADING
                self._put(line, x + _PAD, y, _LABEL, "", BLUE)
            x += wide
        self.y += high + 2
