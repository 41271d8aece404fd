"""The letters of a report: an embedded font, how wide a word is, how a text is broken into lines.

The font travels as a package, since a desk's machine has fonts of its own and an archived PDF must
embed what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Literal, cast

from tasks.core.errors import MissingPart

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

Style = Literal["", "B"]
STYLES: tuple[Style, ...] = ("", "B")
MM = 25.4 / 72
"""Millimetres of a point."""

LATIN = "†"
"""Stands behind a text whose script the font lacks, and which was written in Latin letters therefore."""

FACE = "plex"
_FONTS = "fontpkg_ibm_plex_sans_condensed"


class Type:
    """The font in its two weights. Raises MissingPart if it is not installed."""

    def __init__(self, pdf: FPDF) -> None:
        try:
            folder = files(_FONTS) / "files"
        except ModuleNotFoundError:
            raise MissingPart("pdf-fonts-missing", fonts=_FONTS.replace("_", "-")) from None
        for style, face in (("", "Regular"), ("B", "Bold")):
            with as_file(folder / f"IBMPlexSansCondensed-{face}.ttf") as path:
                pdf.add_font(FACE, style, path)
        self._glyphs = cast("dict[int, int]", cast("TTFFont", pdf.fonts[FACE]).cmap)
        self._width = {style: lru_cache(100_000)(_measure(pdf, style)) for style in STYLES}

    def width(self, text: str, style: Style) -> float:
        """Width at 1 point, in millimetres."""
        return self._width[style](text)

    def printable(self, text: str) -> str:
        """The text in letters that the font has; others are transliterated, which `LATIN` marks."""
        glyphs = self._glyphs
        text = " ".join(text.split())
        if all(ord(sign) in glyphs for sign in text):
            return text
        from anyascii import anyascii

        # A sign that is no letter, such as an arrow, is the same word in other signs.
        foreign = any(sign.isalpha() for sign in text if ord(sign) not in glyphs)
        latin = "".join(sign if ord(sign) in glyphs else anyascii(sign) for sign in text)
        return latin + LATIN if foreign else latin

    def squeezed(self, text: str, wide: float, size: float, style: Style) -> tuple[str, float]:
        """The text on one line of at most `wide` millimetres, and the size at which it stands there:
        smaller, down to three quarters, and then cut, with a sign that more was there."""
        text, least = self.printable(text), size * 0.75
        needs = self.width(text, style)
        if needs * size > wide:
            size = max(least, wide / needs)
        if needs * size > wide:
            text = f"{self.wrapped(text, wide - self.width(' …', style) * size, size, style)[0]} …"
        return text, size

    def wrapped(self, text: str, wide: float, size: float, style: Style) -> list[str]:
        """Lines of at most `wide` millimetres; a word that is longer is broken."""
        measure = self._width[style]
        blank, lines, line, used = measure(" ") * size, [], "", 0.0
        for token in self._tokens(self.printable(text), wide / size, style):
            needs = measure(token) * size
            if line and used + blank + needs > wide:
                lines.append(line)
                line, used = "", 0.0
            line, used = (f"{line} {token}", used + blank + needs) if line else (token, needs)
        return [*lines, line] if line else lines

    def _tokens(self, text: str, wide: float, style: Style) -> Iterator[str]:
        measure = self._width[style]
        for token in text.split():
            while measure(token) > wide and len(token) > 1:
                cut = max(1, next(n for n in range(1, len(token) + 1) if measure(token[:n]) > wide) - 1)
                yield token[:cut]
                token = token[cut:]
            yield token


def _measure(pdf: FPDF, style: Style) -> Callable[[str], float]:
    widths = cast("dict[int, int]", pdf.fonts[f"{FACE}{style}"].cw)
    return lambda text: sum(widths[ord(sign)] for sign in text) / 1000 * MM


def clipped(lines: list[str], most: int) -> list[str]:
    """At most so many lines (0: all), the last with a sign that more was there; that sign stands in
    the room of the last letters, so that the line grows no longer."""
    if not most or len(lines) <= most:
        return lines
    last = lines[most - 1]
    return [*lines[: most - 1], f"{last[:-3].rstrip() if len(last) > 6 else last} …"]
