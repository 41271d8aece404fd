"""The pages of a document, letter size: a head and foot that tie each page to its journal, and lines of
text at a position."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tasks.core.errors import MissingPart
from tasks.documents.pdf_fonts import FACE, LATIN, Style, Type

LONG, SHORT, TOP = 279.4, 215.9, 24.0
"""Letter size; millimetres."""

Colour = tuple[int, int, int]
INK, GREY, RED, BLUE = (20, 20, 20), (95, 95, 95), (176, 0, 32), (31, 58, 95)
WHITE = (255, 255, 255)
_LATIN = (
    f"{LATIN} written in Latin letters, since this document's font lacks the script of the original: "
    "compare it with the papers"
)


class PageFrame(NamedTuple):
    """What stands on every page. `mark` is set in red over the head, such as DRILL."""

    title: str
    left: str
    right: str
    foot: str
    mark: str
    made: datetime


class Sheet(NamedTuple):
    """The size of a page and its margin, in millimetres."""

    width: float
    height: float
    margin: float

    @property
    def inner(self) -> float:
        return self.width - 2 * self.margin

    @property
    def bottom(self) -> float:
        return self.height - 14.0


LANDSCAPE, PORTRAIT = Sheet(LONG, SHORT, 10.0), Sheet(SHORT, LONG, 16.0)
INNER_WIDTH = LANDSCAPE.inner


class Page:
    """A document being written, page after page, with the position `y` that is reached (millimetres from
    the top). Raises MissingPart without its fonts or fpdf2."""

    def __init__(self, frame: PageFrame, sheet: Sheet = LANDSCAPE) -> None:
        try:
            from fpdf import FPDF
        except ImportError:
            raise MissingPart("pdf-package-missing") from None
        self.frame, self.sheet = frame, sheet
        orientation = "landscape" if sheet.width > sheet.height else "portrait"
        self.pdf = pdf = FPDF(orientation=orientation, unit="mm", format="letter")
        pdf.set_auto_page_break(False)
        pdf.set_margins(sheet.margin, sheet.margin, sheet.margin)
        pdf.set_creation_date(frame.made)
        pdf.set_title(frame.title)
        pdf.set_lang("en-US")
        self.type = Type(pdf)
        self.y = TOP
        self._latin = False

    def page(self) -> None:
        """Begin a new page, with head and foot."""
        self._explain_latin()
        self.pdf.add_page()
        frame, foot = self.frame, self.sheet.height - 8
        if frame.mark:
            self._put(frame.mark, self.sheet.width / 2, 7, 11, "B", RED, "C")
        half_width = self.sheet.inner / 2
        right, size = self.type.squeezed(frame.right, half_width, 8.5, "")
        self._put(right, self.sheet.width - self.sheet.margin, 13, size, "", BLUE, "R")
        free = self.sheet.inner - self.type.width(self.type.printable(right), "") * size - 4
        left, size = self.type.squeezed(frame.left, free, 8.5, "B")
        self._put(left, self.sheet.margin, 13, size, "B", BLUE)
        self._rule(15.5, 0.4)
        self._rule(foot - 3.5, 0.2)
        foot_text, size = self.type.squeezed(frame.foot, self.sheet.inner - 32, 7, "")
        self._put(foot_text, self.sheet.margin, foot, size, "", GREY)
        self._font(7, "", GREY)
        self.pdf.set_xy(self.sheet.width - self.sheet.margin - 40, foot - 2.6)
        self.pdf.cell(40, 3.5, f"page {self.pdf.page_no()} of {{nb}}", align="R")
        self.y = TOP

    def _explain_latin(self) -> None:
        """Under the foot of a page that is full: what its signs of transliteration mean."""
        if self._latin:
            self._put(_LATIN, self.sheet.margin, self.sheet.height - 4.5, 6.5, "", GREY)
            self._latin = False

    def bytes(self) -> bytes:
        """The finished document."""
        self._explain_latin()
        return bytes(self.pdf.output())

    def _room(self, high: float) -> None:
        if self.y + high > self.sheet.bottom:
            self.page()

    def _rule(self, y: float, thick: float, over: float = 0.0) -> None:
        self.pdf.set_draw_color(*(BLUE if thick > 0.3 else (190, 190, 190)))
        self.pdf.set_line_width(thick)
        self.pdf.line(self.sheet.margin, y, self.sheet.margin + (over or self.sheet.inner), y)

    def _font(self, size: float, style: Style, colour: Colour) -> None:
        self.pdf.set_font(FACE, style)
        self.pdf.set_font_size(size)
        self.pdf.set_text_color(*colour)

    def _put(
        self, text: str, x: float, y: float, size: float, style: Style = "", colour: Colour = INK, align: str = "L"
    ) -> None:
        """One line of text with its foot at `y`; `x` is its left, right or middle."""
        text = self.type.printable(text)
        if align != "L":
            wide = self.type.width(text, style) * size
            x -= wide if align == "R" else wide / 2
        self._font(size, style, colour)
        self.pdf.text(x, y, text)
        self._latin = self._latin or LATIN in text
