"""The first sheet of a desk's workbook: what to do, in plain words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from tasks.entries.record.code_lists import code_meanings
from tasks.entries.record.record_fields import RECORD_SHEETS
from tasks.entries.workbook import workbook_layout
from tasks.entries.workbook.workbook_layout import SHEET_PURPOSES


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads(files("continuity_data").joinpath("desk_readme.toml").read_text(encoding="utf-8"))


class ReadmeWriter(Protocol):
    """The facts of the workbook that the sheet shows."""

    title: str
    port: str
    numbers: list[str]
    broker: Mapping[str, str]
    drill: bool
    handed_to: str

    def format(self, name: str, **properties: Any) -> Format: ...


def write_readme(sheet: Worksheet, builder: ReadmeWriter) -> None:
    """Fill the first sheet."""
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 3)
    sheet.set_column(1, 1, 31)
    sheet.set_column(2, 2, 92)
    row = _head(sheet, builder)
    steps = _texts()["steps_for_other_broker" if builder.handed_to else "steps"]
    row = _block(sheet, builder, row, "What to do", steps, numbered=True)
    if not builder.handed_to:
        row = _block(sheet, builder, row, "So that the file can be read", [("", rule) for rule in _texts()["rules"]])
    row = _legend(sheet, builder, row)
    row = _sheets(sheet, builder, row)
    _block(sheet, builder, row, "Questions", [_help(builder)])
    sheet.protect("")
    sheet.set_paper(1)
    sheet.fit_to_pages(1, 1)
    sheet.set_margins(left=0.5, right=0.5, top=0.5, bottom=0.5)


def _head(sheet: Worksheet, builder: ReadmeWriter) -> int:
    title = builder.format("title", font_size=22, bold=True, font_color="1F3864")
    large = builder.format("large", font_size=12, font_color="404040")
    sheet.set_row(0, 36)
    sheet.write_string(0, 1, builder.title, title)
    broker = builder.broker
    sheet.write_string(1, 1, _joined(broker.get("name"), _labelled(broker)), large)
    port = _joined(f"Port {builder.port}", code_meanings("port").get(builder.port, "").title())
    sheet.write_string(2, 1, port, large)
    numbers = builder.numbers
    span = f"{numbers[0]} to {numbers[-1]}" if numbers else "none yet"
    sheet.write_string(3, 1, f"{len(numbers)} entry numbers: {span}", large)
    if not builder.drill:
        return 5
    drill = builder.format("drill", bold=True, font_size=14, font_color="FFFFFF", bg_color="ED7D31", align="center")
    sheet.set_row(5, 26)
    sheet.merge_range(5, 1, 5, 2, "DRILL: this is an exercise. Nothing goes to CBP.", drill)
    return 7


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _labelled(broker: Mapping[str, str]) -> str:
    named = (("filer code", broker.get("filer_code")), ("licence", broker.get("licence")))
    return _joined(*(f"{label} {value}" for label, value in named if value))


def _heading(sheet: Worksheet, builder: ReadmeWriter, row: int, text: str) -> int:
    look = builder.format("section", font_size=13, bold=True, font_color="1F3864", bottom=1, bottom_color="2E75B6")
    sheet.set_row(row, 22)
    sheet.write_string(row, 1, text, look)
    sheet.write_blank(row, 2, None, look)
    return row + 1


def _block(
    sheet: Worksheet,
    builder: ReadmeWriter,
    row: int,
    title: str,
    items: Sequence[tuple[str, str]],
    numbered: bool = False,
) -> int:
    row = _heading(sheet, builder, row, title)
    bold = builder.format("lead", bold=True, font_size=11, valign="top", text_wrap=True)
    body = builder.format("body", font_size=11, valign="top", text_wrap=True)
    for index, (lead, text) in enumerate(items, start=1):
        sheet.set_row(row, 17 * (1 + len(text) // (100 if lead else 124)))
        if lead:
            sheet.write_string(row, 1, f"{index}  {lead}" if numbered else lead, bold)
            sheet.write_string(row, 2, text, body)
        else:
            sheet.merge_range(row, 1, row, 2, text, body)
        row += 1
    return row + 1


def _legend(sheet: Worksheet, builder: ReadmeWriter, row: int) -> int:
    row = _heading(sheet, builder, row, "What the colours of the headings say")
    body = builder.format("meaning", font_size=11, indent=1)
    names = {"key": "Number", "release": "Needed", "release?": "Needed in some cases"}
    names |= {"outcome": "The port", "private": "Private", "summary?": "For the summary"}
    names |= {"optional": "Optional", "set": "The books"}
    for level, (fill, letters, meaning) in workbook_layout.TINTS.items():
        look = builder.format(
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


def _sheets(sheet: Worksheet, builder: ReadmeWriter, row: int) -> int:
    row = _heading(sheet, builder, row, "The sheets")
    link = builder.format("link", font_size=11, font_color="0563C1", underline=1)
    body = builder.format("meaning", font_size=11, indent=1)
    for table, purpose in SHEET_PURPOSES.items():
        name = RECORD_SHEETS[table]
        sheet.set_row(row, 17)
        sheet.write_url(row, 1, f"internal:'{name}'!A1", link, name)
        sheet.write_string(row, 2, purpose, body)
        row += 1
    return row + 1


def _help(builder: ReadmeWriter) -> tuple[str, str]:
    name, phone = builder.broker.get("contact_name", ""), builder.broker.get("contact_phone", "")
    return name or "The compliance desk", phone or "the number on the wall"
