"""What the cargo part of a certified summary must say (AE 2026-07 p.40, 45, 56-64, 80-88).

A fault here rejects the cargo release only; the summary may stand all the same (note 2, p.83).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tasks.ace.stand_in.draft import Draft, Line
from tasks.ace.stand_in.filing import Filing
from tasks.ace.stand_in.records import Record, words
from tasks.ace.stand_in.release_codes import MANUAL, QUALIFIERS
from tasks.ace.stand_in.release_forms import REFERENCES, party_forms
from tasks.ace.stand_in.release_rules import party

_HEADER = words("CN SE BY ST LG CS SH EX DR PK")
_LINE = _HEADER | {"MF"}
_CONVERTED = {"S": "BY", "C": "ST"}
_FACILITY = re.compile(r"[A-Z0-9]{4}")
_FLAG = re.compile(r"Y")
_OWN = {
    "SCE": _FLAG,
    "NAM": _FLAG,
    "SSR": re.compile(r"[12]"),
    "LOC": _FACILITY,
    "GEN": re.compile(r"[A-Z0-9]{1,20}"),
    "CES": re.compile(r"[A-Z0-9]{3}\d{8}|[A-Z0-9]{4}"),
}
_LOW_VALUE = 2_500


def remarks(draft: Draft, filing: Filing) -> list[str]:
    """Condition codes of the cargo part, each once."""
    found = [*_references(draft, filing), *_bills(draft, filing), *_parties(draft)]
    found += [code for _, code in party_forms(draft.records, filing)]
    return list(dict.fromkeys(found))


def _references(draft: Draft, filing: Filing) -> Iterator[str]:
    for qualifier, text in filing.references:
        if qualifier not in QUALIFIERS and qualifier not in _OWN:
            yield "Z28"
            continue
        form = _OWN.get(qualifier) or REFERENCES.get(qualifier)
        if form and not form.fullmatch(text):
            yield "Z58"
    stored = draft.kind in ("21", "22")
    if stored and not filing.reference("LOC"):
        yield "Z68"
    if filing.reference("LOC") and not stored:
        yield "Z49"
    if draft.record("SE13")["dis_indicator"] == "1" and not filing.reference("DIS"):
        yield "Z27"


def _bills(draft: Draft, filing: Filing) -> Iterator[str]:
    """Notes 2 and 3 (p.45); one NAM holds for all bills (p.57)."""
    outside = filing.reference("NAM") == "Y"
    if draft.mode in MANUAL and filing.bills and not outside:
        yield "Z20"
    if outside:
        kinds = {one["manifest_component_type_code"] for one in draft.all("23")}
        if kinds - {"M"}:
            yield "Z17"
        if not all(bill.conveyances for bill in filing.lowest):
            yield "Z21"
    if draft.mode == "60" and any(bill.number != "HANDCARRIED" for bill in filing.lowest):
        yield "Z54"


def _parties(draft: Draft) -> Iterator[str]:
    header = _named(draft.header)
    lines = [_named(line.records) + _converted(line) for line in draft.lines]
    if set(header) - _HEADER or any(set(line) - _LINE for line in lines):
        yield "Z60"
    if any(len(set(one)) < len(one) for one in (header, *lines)):
        yield "Z34"
    for code in ("MF", "SE", "BY"):
        if not (code in header and code != "MF") and not all(code in line for line in lines):
            yield "Z33"
    consignee = draft.record("11")["consignee_number"].strip("0-")
    if not consignee and "CN" not in header and not all("CN" in line for line in lines):
        yield "Z33"
    for records in (draft.header, *(line.records for line in draft.lines)):
        for index, record in enumerate(records):
            if record.id in ("SE30", "SE50"):
                yield from party(records, index)
                yield from _numbered(record)
    yield from _low_values(draft)


def _named(records: Sequence[Record]) -> list[str]:
    return [one["entity_code"] for one in records if one.id in ("SE30", "SE50")]


def _converted(line: Line) -> list[str]:
    """Sold-to and delivered-to of the 47 records, which become buyer and ship-to."""
    kinds = (one["article_party_type_code"] for one in line.all("47"))
    return [_CONVERTED[kind] for kind in kinds if kind in _CONVERTED]


def _numbered(record: Record) -> Iterator[str]:
    """In the header a consignee goes by name only: its number stands in the 11 record."""
    if record.id == "SE30" and record["entity_code"] == "CN" and record["entity_identifier"]:
        yield "Z60"


def _low_values(draft: Draft) -> Iterator[str]:
    """A consignee by name and address: under 2,500 dollars in all."""
    total = sum(line.value for line in draft.lines)
    if "CN" in _named(draft.header) and total >= _LOW_VALUE:
        yield "Z10"
    totals: dict[str, int] = {}
    for line in draft.lines:
        for record in line.all("SE50"):
            if record["entity_code"] == "CN" and record["entity_name"]:
                name = record["entity_name"]
                totals[name] = totals.get(name, 0) + line.value
    if any(total >= _LOW_VALUE for total in totals.values()):
        yield "Z10"
