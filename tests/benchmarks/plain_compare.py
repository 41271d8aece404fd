"""The same comparison as a plain program would do it: one summary, one line, one field at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from tasks.ace.layout import WIDTH, layouts
from tasks.entries.record import from_bytes
from tasks.entries.schema import field
from tasks.reconciliation.asking import House
from tasks.reconciliation.compare import COMPARED
from tasks.shared.projections import ENTRIES

Row = dict[str, Any]
AMOUNTS = ("entered_value", "value", "quantity")
_HEAD = {"10": {"entry_type": "entry_type_code", "port_of_entry": "district_port_of_entry",
                "mode_of_transport": "mode_of_transport"},
         "11": {"importer_number": "importer_of_record_number",
                "consignee_number": "consignee_number",
                "state_of_destination": "u_s_state_of_destination_code",
                "import_date": "date_of_importation"},
         "31": {"bond_type": "bond_type_code", "surety_code": "surety_company_code"}}  # fmt: skip
_LINE = {
    "country_of_origin": "country_of_origin_code",
    "country_of_export": "country_of_export_code",
}
_TARIFF = {"hts_number": "hts_number", "value": "value_of_goods_amount", "quantity": "quantity_1",
           "unit": "unit_of_measure_code_1"}  # fmt: skip


def differences(house: House, data: bytes) -> tuple[dict[str, list[str]], int]:
    """The differences of an answer, by entry, and how many summaries it has."""
    contents: dict[str, dict[str, dict[str, list[Row]]]] = {}
    found, count = {}, 0
    for number, theirs in _summaries(data):
        count += 1
        where = house.journal.rows(sa.select(ENTRIES.c.content).where(ENTRIES.c.number == number))
        digest = where[0].content
        if digest not in contents:
            contents[digest] = _by_entry(house.content.get(digest))
        if texts := [*_compared(contents[digest][number], theirs)]:
            found[number] = texts
    return found, count


def _by_entry(blob: bytes) -> dict[str, dict[str, list[Row]]]:
    found: dict[str, dict[str, list[Row]]] = {}
    record = from_bytes(blob)
    for name in COMPARED:
        for row in getattr(record, name).to_pylist():
            found.setdefault(row["entry_number"], {}).setdefault(name, []).append(row)
    return found


def _compared(ours: dict[str, list[Row]], theirs: dict[str, list[Row]]) -> Iterator[str]:
    for name, columns in COMPARED.items():
        mine = {_key(row): row for row in ours.get(name, [])}
        other = {_key(row): row for row in theirs.get(name, [])}
        yield from (f"{_place(key)}nothing in ACE: paper there, ACE nothing"
                    for key in mine if key not in other)  # fmt: skip
        yield from (f"{_place(key)}only in ACE: paper nothing, ACE there"
                    for key in other if key not in mine)  # fmt: skip
        for column in columns:
            for key in mine:
                if key in other:
                    yield from _field(name, column, key, mine[key], other[key])


def _field(name: str, column: str, key: tuple[int, ...], mine: Row, other: Row) -> Iterator[str]:
    left, right = mine[column], other.get(column)
    if column in AMOUNTS:
        differ = (left or 0) != (right or 0)
    else:
        differ = left is not None and right is not None and left != right
        differ |= column == "hts_number" and (left is None) != (right is None)
    if differ:
        title = field(name, column).title
        yield f"{_place(key)}{title}: paper {left or 'nothing'}, ACE {right or 'nothing'}"


def _key(row: Row) -> tuple[int, ...]:
    return tuple(row[name] for name in ("line", "position") if name in row)


def _place(key: tuple[int, ...]) -> str:
    return f"line {'.'.join(map(str, key))}, " if key else ""


def _summaries(data: bytes) -> Iterator[tuple[str, dict[str, list[Row]]]]:
    """Each stored summary with its number, from the text."""
    texts = [data[at : at + WIDTH].decode() for at in range(0, len(data), WIDTH)]
    number, tables = "", {}
    for text in texts:
        if (text[:2] == "JB" or text[0] == "Y") and tables:
            yield number, tables
            tables = {}
        if text[:2] == "JB":
            said = _said(text, "EQ", "JB", {"filer": "entry_filer_code", "digits": "entry_number"})
            number = f"{said['filer']}-{said['digits'][:7]}-{said['digits'][7]}"
            tables = {"entries": [{"entered_value": 0}], "lines": [], "tariffs": []}
        elif tables:
            _take(text, tables)


def _take(text: str, tables: dict[str, list[Row]]) -> None:
    record = text[:2]
    if record in _HEAD:
        tables["entries"][0] |= _said(text, "AE", record, _HEAD[record])
    elif record == "40":
        line = len(tables["lines"]) + 1
        tables["lines"].append({"line": line, **_said(text, "AE", record, _LINE)})
    elif record == "47":
        said = _said(text, "AE", record, {"kind": "article_party_type_code",
                                          "number": "article_party_identifier"})  # fmt: skip
        if said["kind"] == "M":
            tables["lines"][-1]["manufacturer_id"] = said["number"]
    elif record == "50":
        line = len(tables["lines"])
        position = 1 + sum(row["line"] == line for row in tables["tariffs"][-8:])
        row = {"line": line, "position": position, **_said(text, "AE", record, _TARIFF)}
        tables["tariffs"].append(row)
        tables["entries"][0]["entered_value"] += row["value"] or 0


def _said(text: str, application: str, record: str, names: dict[str, str]) -> Row:
    known = layouts(application)[record, ""]
    found: Row = {}
    for ours, name in names.items():
        value = text[known[name].span].strip() or None
        found[ours] = _typed(ours, value)
    return found


def _typed(name: str, value: str | None) -> int | Decimal | date | str | None:
    if value is None:
        return None
    if name in ("value", "entered_value"):
        return int(value)
    if name == "quantity":
        return Decimal(int(value)).scaleb(-2)
    if name == "import_date":
        return datetime.strptime(value, "%m%d%y").date()
    return value
