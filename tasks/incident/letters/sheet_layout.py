"""The sheet of one entry: the data that CBP Form 3461 asks for, by its box numbers, then bills, parties,
lines, agencies, documents, what is to follow, and room for the officer's stamp."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from tasks.documents.api import GREY, INK, RED, LetterBox, LetterPaper, PaperColumn
from tasks.entries.api import code_meanings, codes_where
from tasks.incident.agencies.agency_requirements import HINT, LET_GO, NOTED, line_spans
from tasks.incident.letters.entry_case import EntryCase, Row
from tasks.incident.letters.letter_draft import LetterDraft, LetterPart
from tasks.incident.letters.letter_values import FOLLOWS, IMMEDIATE, WITHDRAWALS, bill, dollars, joined, party, text_of

_QUOTA = codes_where("entry_type", "quota")
_LINES = "Lines"
_DRIVER = (
    ("driver_name", "Driver"),
    ("driver_birth_date", "Born"),
    ("vehicle_plate", "Plate"),
    ("trip_number", "ACE trip number"),
)


def entry_sheet(
    paper: LetterPaper, draft: LetterDraft, part: LetterPart, places: Mapping[Any, Any], *, hidden: bool, official: bool
) -> None:
    """Draw the sheet from where the page begins. With `official` it continues the filled form."""
    case = part.case
    paper.barcode(case.number)
    name = "Continuation of CBP Form 3461" if official else "Data for CBP Form 3461"
    paper.beside([(f"{name}: {part.asks}", 12, INK), (f"of {draft.id}, port {draft.port}", 8, GREY)])
    for text in _warnings(part):
        paper.band(text)
    if not official:
        paper.boxes(list(_form_boxes(case)))
        note = "Box numbers are those of the form's header; its lines follow."
        paper.text(f"This is a data sheet and no CBP form. {note}", 7, GREY)
    paper.boxes(list(_carriage(case, hidden)))
    paper.blank(
        [
            (3, "CBP: action (released, conditional, exam, hold, refused)"),
            (2, "Officer or badge"),
            (2, "Date and time"),
            (3, "Stamp"),
        ],
        24,
    )
    if part.follows:
        paper.text(f"To follow: {'; '.join(gap.text for gap in part.follows)}", 8.5, RED)
    for title, columns, rows in _tables(part, places):
        if rows:
            paper.heading(title)
            paper.table(
                columns,
                rows,
                7.5,
                red=lambda row: FOLLOWS in row,
                bold_last=title == _LINES and len(case.rows("lines")) > 1,
            )


def _warnings(part: LetterPart) -> Iterator[str]:
    kind = part.case.entry["entry_type"]
    if part.asks == IMMEDIATE:
        yield "IMMEDIATE DELIVERY, not entry" + (
            "" if part.se_accepted else ": it needs a cargo release accepted in ACE first, and we know of none"
        )
    if kind in _QUOTA or kind in WITHDRAWALS:
        rule = "19 CFR 142.13(b)" if kind in _QUOTA else "19 CFR 144.38"
        yield f"Type {kind}: the summary with its duty comes before release ({rule})"
    released: dict[tuple[str, str], list[int]] = {}
    for demand in part.demands:
        if demand.state == LET_GO:
            released.setdefault((demand.agency, demand.have), []).append(demand.line)
    for (agency, reason), lines in released.items():
        named = f"line{'s' if lines[1:] else ''} {line_spans(lines)}"
        yield f"Without the paper of {agency} ({named}: {reason})"


def _form_boxes(case: EntryCase) -> Iterator[Sequence[LetterBox]]:
    rows: dict[str, list[LetterBox]] = {}
    for row in form_rows("cbp_3461.csv"):
        text = text_of(case, row["value"]) if row["value"] else ""
        box = LetterBox(float(row["share"]), row["box"], row["title"], text)
        rows.setdefault(row["row"], []).append(box)
    yield from rows.values()


@cache
def form_rows(name: str) -> tuple[dict[str, str], ...]:
    """The boxes of an official form, as shipped: an edition of it, not the broker's to change."""
    text = files("continuity_data").joinpath("letters", name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _carriage(case: EntryCase, hidden: bool) -> Iterator[Sequence[LetterBox]]:
    """How the goods come, who drives, whom to ask."""

    def box(share: float, name: str, title: str) -> LetterBox:
        text = text_of(case, name, hidden=hidden)
        return LetterBox(share, "", title, text or FOLLOWS, INK if text else RED)

    yield (box(5, "carrier", "Carrier"), box(3, "arrival", "Arrival"), box(4, "contact", "Whom to ask"))
    if case.mode == "truck" or any(text_of(case, name) for name, _ in _DRIVER):
        yield [box(3, name, title) for name, title in _DRIVER]


Listed = tuple[str, list[PaperColumn], list[tuple[str, ...]]]


def record_tables(case: EntryCase) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """What the tables of a sheet say of the record: title and rows."""
    yield from ((title, rows) for title, _, rows in _of_record(case))


def _tables(part: LetterPart, places: Mapping[Any, Any]) -> Iterator[Listed]:
    yield from _of_record(part.case)
    yield from _of_packet(part, places)


def _of_record(case: EntryCase) -> Iterator[Listed]:
    yield (
        "Bills",
        [
            PaperColumn("Group", 13),
            PaperColumn("Bill", 100),
            PaperColumn("Packages", 30),
            PaperColumn("On an electronic manifest", 40.9),
        ],
        [
            (str(row["bill_group"]), bill(row), _packages(row), "no" if row["not_automated"] else "yes")
            for row in case.rows("bills")
        ],
    )
    yield (
        "Containers and trailers",
        [PaperColumn("Group", 13), PaperColumn("Number", 60), PaperColumn("Seal", 60)],
        [(str(row["bill_group"]), row["equipment_number"] or "", row["seal"] or "") for row in case.rows("equipment")],
    )
    yield (
        "Parties",
        [PaperColumn("Line", 13), PaperColumn("Party", 38), PaperColumn("Name and address, or number", 132.9)],
        [
            (str(row["line"] or "all"), code_meanings("party").get(row["party"], row["party"]), party(row))
            for row in case.rows("parties")
        ],
    )
    yield (
        _LINES,
        [
            PaperColumn("Line", 11),
            PaperColumn("Goods", 62),
            PaperColumn("Origin", 12),
            PaperColumn("HTS", 24),
            PaperColumn("Value", 27, "R"),
            PaperColumn("Quantity", 25, "R"),
            PaperColumn("AD / CVD", 22.9),
        ],
        list(_lines(case)),
    )


def _of_packet(part: LetterPart, places: Mapping[Any, Any]) -> Iterator[Listed]:
    yield (
        "Other agencies",
        [
            PaperColumn("Lines", 24),
            PaperColumn("Agency", 24),
            PaperColumn("Paper and its number", 72),
            PaperColumn("Where it stands", 28),
            PaperColumn("Route", 35.9),
        ],
        list(_agencies(part)),
    )
    yield (
        "Documents in this packet",
        [
            PaperColumn("Document", 32),
            PaperColumn("File", 54),
            PaperColumn("Reference", 36),
            PaperColumn("Packet pages", 19),
            PaperColumn("SHA-256", 42.9),
        ],
        [
            (
                document.document,
                document.file,
                document.reference,
                _pages(places.get((document.number, document.reference))),
                document.content,
            )
            for document in part.documents
        ],
    )


def _agencies(part: LetterPart) -> Iterator[tuple[str, ...]]:
    """A row a paper; the lines that it is for together. The route matters while it is not in hand."""
    lines_by_paper: dict[tuple[str, ...], list[int]] = {}
    for demand in part.demands:
        if demand.need not in (HINT, NOTED):
            route = "" if demand.have else demand.route
            key = (joined((demand.agency, demand.program), " "), demand.have or demand.paper, demand.state, route)
            lines_by_paper.setdefault(key, []).append(demand.line)
    for key, lines in lines_by_paper.items():
        yield (line_spans(lines), *key)


def _packages(row: Row) -> str:
    return joined((row["quantity"], row["unit"]), " ")


def _pages(position: Any) -> str:
    if position is None:
        return ""
    return str(position.first) if position.first == position.last else f"{position.first}-{position.last}"


def _lines(case: EntryCase) -> Iterator[tuple[str, ...]]:
    """A row a line, its tariff numbers under each other; then what they come to, to be held against
    box 7 of the form."""
    total: Decimal | None = Decimal()
    tariffs: dict[int, list[Row]] = {}
    for row in case.rows("tariffs"):
        tariffs.setdefault(row["line"], []).append(row)
    for line in case.rows("lines"):
        line_tariffs = sorted(tariffs.get(line["line"], []), key=lambda row: row["position"])
        values = [row["value"] for row in line_tariffs if row["value"] is not None]
        total = None if total is None or not values else total + sum(values)
        quantities = [joined((_number(row["quantity"]), row["unit"]), " ") for row in line_tariffs]
        yield (
            str(line["line"]),
            joined((line["description"], _zone(line))),
            line["country_of_origin"] or "",
            " ".join(dotted(row["hts_number"] or "") for row in line_tariffs),
            dollars(sum(values)) if values else FOLLOWS,
            joined(quantities, " / "),
            joined((line["ad_case"], line["cd_case"]), " "),
        )
    if count := len(case.rows("lines")[1:]):
        total_text = FOLLOWS if total is None else dollars(total)
        yield ("", f"{count + 1} lines in all", "", "", total_text, "", "")


def _zone(line: Row) -> str:
    return f"zone status {line['zone_status']}" if line["zone_status"] else ""


def _number(value: object) -> str:
    text = "" if value is None else f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def dotted(hts: str) -> str:
    """`8471.30.0100`, as the tariff prints it."""
    return f"{hts[:4]}.{hts[4:6]}.{hts[6:]}".strip(".")
