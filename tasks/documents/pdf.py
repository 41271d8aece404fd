"""What is written on pages for reports (across) and letters (upright): headings, questions with their
answers, and tables whose cells wrap and whose head comes again on every page. Knows nothing of what it
shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tasks.documents.pdf_fonts import MM, Style, clipped
from tasks.documents.pdf_pages import BLUE, GREY, INK, RED, TOP, WHITE, Colour, Page

_PAD, _LEADING, _MM = 0.9, 1.22, MM


class PaperColumn(NamedTuple):
    """`width` in millimetres; `align` is L or R; `most` lines of a cell are shown (0: all)."""

    title: str
    width: float
    align: str = "L"
    most: int = 0


class Paper(Page):
    """A document being written: each call puts its part under the one before, on new pages as needed."""

    def title(self, text: str, size: float = 17) -> None:
        for line in self.type.wrapped(text, self.sheet.inner, size, "B"):
            self._put(line, self.sheet.margin, self.y + 3, size, "B", BLUE)
            self.y += size * _MM * 1.3
        self.y += size * _MM * 0.4

    def heading(self, text: str) -> None:
        """A heading that does not stand alone at the foot of a page."""
        lines = self.type.wrapped(text, self.sheet.inner, 11, "B")
        self._room(31 + 5 * len(lines))
        self.y += 3
        for line in lines:
            self._put(line, self.sheet.margin, self.y + 3, 11, "B", BLUE)
            self.y += 5
        self.y += 1

    def text(self, text: str, size: float = 8.5, colour: Colour = INK, style: Style = "") -> None:
        for line in self.type.wrapped(text, self.sheet.inner, size, style):
            self._room(size * _MM * _LEADING)
            self._put(line, self.sheet.margin, self.y + size * _MM, size, style, colour)
            self.y += size * _MM * _LEADING
        self.y += 1

    def answers(self, pairs: Sequence[tuple[str, Sequence[str]]], size: float = 8) -> None:
        """Questions in bold at the left, each with its answer beside it, a paragraph a text; set
        smaller, down to 5 points, until all stand on this page."""
        left = 46.0
        right = self.sheet.inner - left
        while True:
            step = size * _MM * _LEADING
            wrapped_pairs = [
                (
                    self.type.wrapped(question, left - 3, size, "B"),
                    [line for text in lines for line in self.type.wrapped(text, right, size, "")],
                )
                for question, lines in pairs
            ]
            high = sum(max(map(len, sides)) * step + 2 for sides in wrapped_pairs)
            if self.y + high <= self.sheet.bottom or size <= 5:
                break
            size -= 0.25
        for sides in wrapped_pairs:
            tall = max(map(len, sides)) * step
            self._room(tall + 2)
            sheet = [PaperColumn("", left), PaperColumn("", right)]
            self._cells(sheet, [sides[0], []], size, "B", INK)
            self._cells(sheet, [[], sides[1]], size, "", INK)
            self.y += tall + 2
            self._rule(self.y, 0.1)

    def pairs(self, pairs: Sequence[tuple[str, str]], size: float = 9, left: float = 58.0) -> None:
        """Labels in bold at the left, each with its words beside it, over as many pages as it takes."""
        sheet = [PaperColumn("", left), PaperColumn("", self.sheet.inner - left)]
        step = size * _MM * _LEADING
        for label, text in pairs:
            sides = [
                self.type.wrapped(label, left - 3, size, "B"),
                self.type.wrapped(text, self.sheet.inner - left - 2 * _PAD, size, ""),
            ]
            for part in self._torn(sides, step):
                tall = max(map(len, part)) * step + 2 * _PAD
                self._room(tall)
                self._cells(sheet, [part[0], []], size, "B", INK)
                self._cells(sheet, [[], part[1]], size, "", INK)
                self.y += tall
            self._rule(self.y, 0.1)
        self.y += 2

    def signature(self, text: str) -> None:
        """The place to sign, which is not torn apart."""
        self._room(30)
        self.y += 8
        self.text(text, 10)
        self.y += 8
        self.text("______________________________", 10)
        self.text("Name, licence, date", 8)

    def table(
        self,
        columns: Sequence[PaperColumn],
        rows: Iterable[Sequence[str]],
        size: float = 7.5,
        bold_last: bool = False,
        red: Callable[[Sequence[str]], bool] = lambda row: False,
        lines: int = 1,
    ) -> None:
        """A row has a text for each column, and is at least so many lines high; one text more stands
        under the row, in grey, over the whole width. Rows that `red` picks are printed so."""
        all_rows = list(rows)
        self._head(columns, size)
        for index, row in enumerate(all_rows):
            style: Style = "B" if bold_last and index == len(all_rows) - 1 else ""
            cells = [
                clipped(self.type.wrapped(text, column.width - 2 * _PAD, size, style), column.most)
                for text, column in zip(row, columns, strict=False)
            ]
            cells[0] += [""] * (lines - len(cells[0]))
            under = self.type.wrapped("".join(row[len(columns) :]), self._over(columns) - 5, size - 0.5, "")
            # The sums stay with the row before them.
            keep = size * _MM * 2 if bold_last and index == len(all_rows) - 2 else 0.0
            *parts, last = self._torn(cells, size * _MM * _LEADING)
            for part in parts:
                self._row(columns, part, [], size, style, RED if red(row) else INK, 0.0)
            self._row(columns, last, under, size, style, RED if red(row) else INK, keep)
        self.y += 2

    def _torn(self, cells: Sequence[list[str]], step: float) -> list[list[list[str]]]:
        """The lines of a row; in parts only where they are more than a page holds."""
        most = int((self.sheet.bottom - TOP - 20) / step)
        tall = max((len(cell) for cell in cells), default=0)
        return [[cell[n : n + most] for cell in cells] for n in range(0, max(tall, 1), most)]

    def _row(
        self,
        columns: Sequence[PaperColumn],
        cells: list[list[str]],
        under: list[str],
        size: float,
        style: Style,
        colour: Colour,
        keep: float,
    ) -> None:
        """A row that is not torn apart, with room for `keep` millimetres after it."""
        step, small = size * _MM * _LEADING, (size - 0.5) * _MM * _LEADING
        tall = max((len(cell) for cell in cells), default=1) * step
        high = tall + len(under) * small + 2 * _PAD
        if self.y + high + keep > self.sheet.bottom:
            self.page()
            self._head(columns, size)
        self._cells(columns, cells, size, style, colour)
        for index, line in enumerate(under):
            y = self.y + _PAD + tall + (index + 0.78) * small
            self._put(line, self.sheet.margin + 4, y, size - 0.5, "", GREY)
        self.y += high
        self._rule(self.y, 0.1, self._over(columns))

    def _cells(
        self, columns: Sequence[PaperColumn], cells: list[list[str]], size: float, style: Style, colour: Colour
    ) -> None:
        x, step = self.sheet.margin, size * _MM * _LEADING
        for cell, column in zip(cells, columns, strict=True):
            at = x + column.width - _PAD if column.align == "R" else x + _PAD
            for index, line in enumerate(cell):
                y = self.y + _PAD + (index + 0.78) * step
                self._put(line, at, y, size, style, colour, column.align)
            x += column.width

    def _head(self, columns: Sequence[PaperColumn], size: float) -> None:
        cells = [self.type.wrapped(column.title, column.width - 2 * _PAD, size, "B") for column in columns]
        step = size * _MM * _LEADING
        high = max(len(cell) for cell in cells) * step + 2 * _PAD
        self._room(high + 3 * step)
        self.pdf.set_fill_color(*BLUE)
        self.pdf.rect(self.sheet.margin, self.y, self._over(columns), high, style="F")
        self._cells(columns, cells, size, "B", WHITE)
        self.y += high

    def fitted(
        self, columns: Sequence[PaperColumn], rows: Sequence[Sequence[str]], size: float = 7
    ) -> tuple[list[PaperColumn], float]:
        """Columns of width 0 made as wide as their longest word needs, and the size at which all
        of them fit: the one given, or less, but never below 5 points."""
        longest = [
            max(
                (
                    self.type.width(token, "B")
                    for text in (column.title, *(row[n] for row in rows[-400:]))
                    for token in self.type.printable(text).split()
                ),
                default=0.0,
            )
            for n, column in enumerate(columns)
        ]
        free, flexible = self.sheet.inner - self._over(columns), [not column.width for column in columns]
        while True:
            needs = [size * width + 2 * _PAD + 0.3 for width in longest]
            spare = free - sum(need for need, flex in zip(needs, flexible, strict=True) if flex)
            if spare >= 0 or size <= 5:
                break
            size -= 0.25
        padding = min(spare / max(sum(flexible), 1), 12)
        return [
            column._replace(width=need + padding) if flex else column
            for column, need, flex in zip(columns, needs, flexible, strict=True)
        ], size

    @staticmethod
    def _over(columns: Sequence[PaperColumn]) -> float:
        return sum(column.width for column in columns)
