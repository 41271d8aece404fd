"""The first sheet of a desk's workbook: what to do, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from tasks.entries.record.code_lists import code_meanings
from tasks.entries.record.record_fields import RECORD_SHEETS
from tasks.entries.workbook import workbook_layout

_STEPS = (
    (
        "Take a number.",
        "Use the next free row on the sheet Entries, in order. Write that number on "
        "every paper of the shipment, digit by digit. Never write over a printed number.",
    ),
    (
        "Fill in the row.",
        "Blue headings are needed before the papers go to the port; light blue "
        "ones in the case that the note on the heading names. Point at a heading to read its note.",
    ),
    (
        "List the rest.",
        "Bills, parties, lines and tariff numbers go on the sheets of those names. "
        "In column A pick the entry number that they belong to.",
    ),
    (
        "When the port has answered,",
        "fill in the green columns the same day: what it did, when, who signed. Scan the stamped copy.",
    ),
    ("Spoiled a number?", "It is gone for good. Put it on the sheet Voided, say why, and take the next one."),
    ("Yellow can wait.", "What only the entry summary needs is asked from the importer later."),
    (
        "Hand the file in",
        "at the end of the shift, and keep a copy. Drivers' data in it is private: no e-mail outside the house.",
    ),
)
_HANDED_OVER = (
    (
        "These are yours now.",
        "File them with ACE under your own filer code and your own entry numbers, with your own power "
        "of attorney and bond data. CBP has seen none of them.",
    ),
    (
        "Our numbers are no numbers for you.",
        "The entry numbers here only tie the rows together: write them on no paper and send them in no message to CBP.",
    ),
    ("Papers", "lie beside this file, each named by its entry; about.json lists them."),
    (
        "When you have filed one,",
        "tell us your number and send its proof: our number is then void. Tell us as well what you do "
        "not file: we take it back.",
    ),
    ("Private", "is what stands here of drivers and importers: keep it where only you can read."),
)
_RULES = (
    "Codes: pick from the list or type the code alone, in capitals.",
    "Dates as dates (2026-11-24), money in whole dollars, no formulas.",
    "Do not merge cells, nor rename, add or delete sheets and headings: the file would come back to you.",
    "Pale red cells are needed and still empty.",
)


class ReadmeWriter(Protocol):
    """What the sheet needs to know of the workbook being made."""

    title: str
    port: str
    numbers: list[str]
    house: Mapping[str, str]
    drill: bool
    handed_to: str

    def format(self, name: str, **properties: Any) -> Format: ...


def write_readme(book: xlsxwriter.Workbook, sheet: Worksheet, maker: ReadmeWriter) -> None:
    """Fill the first sheet."""
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 3)
    sheet.set_column(1, 1, 31)
    sheet.set_column(2, 2, 92)
    row = _head(sheet, maker)
    steps = _HANDED_OVER if maker.handed_to else _STEPS
    row = _block(sheet, maker, row, "What to do", steps, numbered=True)
    if not maker.handed_to:
        row = _block(sheet, maker, row, "So that the file can be read", [("", r) for r in _RULES])
    row = _legend(sheet, maker, row)
    row = _sheets(sheet, maker, row)
    _block(sheet, maker, row, "Questions", [(who, what) for who, what in _help(maker)])
    sheet.protect("")
    sheet.set_paper(1)
    sheet.fit_to_pages(1, 1)
    sheet.set_margins(left=0.5, right=0.5, top=0.5, bottom=0.5)


def _head(sheet: Worksheet, maker: ReadmeWriter) -> int:
    title = maker.format("title", font_size=22, bold=True, font_color="1F3864")
    large = maker.format("large", font_size=12, font_color="404040")
    sheet.set_row(0, 36)
    sheet.write_string(0, 1, maker.title, title)
    house = maker.house
    sheet.write_string(1, 1, _joined(house.get("name"), _labelled(house)), large)
    port = _joined(f"Port {maker.port}", code_meanings("port").get(maker.port, "").title())
    sheet.write_string(2, 1, port, large)
    numbers = maker.numbers
    span = f"{numbers[0]} to {numbers[-1]}" if numbers else "none yet"
    sheet.write_string(3, 1, f"{len(numbers)} entry numbers: {span}", large)
    if not maker.drill:
        return 5
    drill = maker.format("drill", bold=True, font_size=14, font_color="FFFFFF", bg_color="ED7D31", align="center")
    sheet.set_row(5, 26)
    sheet.merge_range(5, 1, 5, 2, "DRILL: this is an exercise. Nothing goes to CBP.", drill)
    return 7


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _labelled(house: Mapping[str, str]) -> str:
    named = (("filer code", house.get("filer_code")), ("licence", house.get("licence")))
    return _joined(*(f"{label} {value}" for label, value in named if value))


def _heading(sheet: Worksheet, maker: ReadmeWriter, row: int, text: str) -> int:
    look = maker.format("section", font_size=13, bold=True, font_color="1F3864", bottom=1, bottom_color="2E75B6")
    sheet.set_row(row, 22)
    sheet.write_string(row, 1, text, look)
    sheet.write_blank(row, 2, None, look)
    return row + 1


def _block(
    sheet: Worksheet,
    maker: ReadmeWriter,
    row: int,
    title: str,
    items: Sequence[tuple[str, str]],
    numbered: bool = False,
) -> int:
    row = _heading(sheet, maker, row, title)
    bold = maker.format("lead", bold=True, font_size=11, valign="top", text_wrap=True)
    body = maker.format("body", font_size=11, valign="top", text_wrap=True)
    for place, (lead, text) in enumerate(items, start=1):
        sheet.set_row(row, 17 * (1 + len(text) // (100 if lead else 124)))
        if lead:
            sheet.write_string(row, 1, f"{place}  {lead}" if numbered else lead, bold)
            sheet.write_string(row, 2, text, body)
        else:
            sheet.merge_range(row, 1, row, 2, text, body)
        row += 1
    return row + 1


def _legend(sheet: Worksheet, maker: ReadmeWriter, row: int) -> int:
    row = _heading(sheet, maker, row, "What the colours of the headings say")
    body = maker.format("meaning", font_size=11, indent=1)
    names = {"key": "Number", "release": "Needed", "release?": "Needed in some cases"}
    names |= {"outcome": "The port", "private": "Private", "summary?": "For the summary"}
    names |= {"optional": "Optional", "set": "The books"}
    for level, (fill, letters, meaning) in workbook_layout.TINTS.items():
        look = maker.format(
            f"swatch {level}",
            bg_color=fill,
            font_color=letters,
            bold=True,
            align="center",
            border=1,
            border_color="FFFFFF",
        )
        sheet.set_row(row, 18)
        sheet.write_string(row, 1, names[level], look)
        sheet.write_string(row, 2, meaning, body)
        row += 1
    return row + 1


def _sheets(sheet: Worksheet, maker: ReadmeWriter, row: int) -> int:
    row = _heading(sheet, maker, row, "The sheets")
    link = maker.format("link", font_size=11, font_color="0563C1", underline=1)
    body = maker.format("meaning", font_size=11, indent=1)
    for table, purpose in workbook_layout.PURPOSE.items():
        name = RECORD_SHEETS[table]
        sheet.set_row(row, 17)
        sheet.write_url(row, 1, f"internal:'{name}'!A1", link, name)
        sheet.write_string(row, 2, purpose, body)
        row += 1
    return row + 1


def _help(maker: ReadmeWriter) -> Iterator[tuple[str, str]]:
    name, phone = maker.house.get("contact_name", ""), maker.house.get("contact_phone", "")
    yield (name or "The compliance desk"), phone or "the number on the wall"
