"""The cargo release that a certified summary asks for (AE 2026-07 p.35, 41, 180), and what that
part must say (AE 2026-07 p.40, 45, 56-64, 80-88).

A fault here rejects the cargo release only; the summary may stand all the same (note 2, p.83).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tasks.drill.ace_simulator.batches.answer_batches import NotificationAddress
from tasks.drill.ace_simulator.batches.input_records import InputRecord, code_set
from tasks.drill.ace_simulator.releases.content_rules import check_party
from tasks.drill.ace_simulator.releases.field_forms import REFERENCES, check_party_forms
from tasks.drill.ace_simulator.releases.release_codes import MANUAL, QUALIFIERS
from tasks.drill.ace_simulator.releases.release_filing import FiledLine, ReleaseFiling, add_bills
from tasks.drill.ace_simulator.releases.release_processing import (
    REJECTED,
    FilingOutcome,
    carry_out,
    certification_answer,
)
from tasks.drill.ace_simulator.releases.release_status import address_text
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import NoticeRow
from tasks.drill.ace_simulator.summaries.filed_summary import FiledSummary, FiledSummaryLine

_HEADER = code_set("CN SE BY ST LG CS SH EX DR PK")
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


def certification_remarks(draft: FiledSummary, filing: ReleaseFiling) -> list[str]:
    """Condition codes of the cargo part, each once."""
    remarks = [*_references(draft, filing), *_bills(draft, filing), *_parties(draft)]
    remarks += [code for _, code in check_party_forms(draft.records, filing)]
    return list(dict.fromkeys(remarks))


def _references(draft: FiledSummary, filing: ReleaseFiling) -> Iterator[str]:
    for qualifier, text in filing.references:
        if qualifier not in QUALIFIERS and qualifier not in _OWN:
            yield "Z28"
            continue
        form = _OWN.get(qualifier) or REFERENCES.get(qualifier)
        if form and not form.fullmatch(text):
            yield "Z58"
    in_warehouse = draft.kind in ("21", "22")
    if in_warehouse and not filing.reference("LOC"):
        yield "Z68"
    if filing.reference("LOC") and not in_warehouse:
        yield "Z49"
    if draft.record("SE13")["dis_indicator"] == "1" and not filing.reference("DIS"):
        yield "Z27"


def _bills(draft: FiledSummary, filing: ReleaseFiling) -> Iterator[str]:
    """Notes 2 and 3 (p.45); one NAM holds for all bills (p.57)."""
    is_non_ams = filing.reference("NAM") == "Y"
    if draft.mode in MANUAL and filing.bills and not is_non_ams:
        yield "Z20"
    if is_non_ams:
        kinds = {record["manifest_component_type_code"] for record in draft.all("23")}
        if kinds - {"M"}:
            yield "Z17"
        if not all(bill.conveyances for bill in filing.lowest):
            yield "Z21"
    if draft.mode == "60" and any(bill.number != "HANDCARRIED" for bill in filing.lowest):
        yield "Z54"


def _parties(draft: FiledSummary) -> Iterator[str]:
    header = _named(draft.header)
    lines = [_named(line.records) + _converted(line) for line in draft.lines]
    if set(header) - _HEADER or any(set(line) - _LINE for line in lines):
        yield "Z60"
    if any(len(set(codes)) < len(codes) for codes in (header, *lines)):
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
                yield from check_party(records, index)
                yield from _numbered(record)
    yield from _low_values(draft)


def _named(records: Sequence[InputRecord]) -> list[str]:
    return [record["entity_code"] for record in records if record.id in ("SE30", "SE50")]


def _converted(line: FiledSummaryLine) -> list[str]:
    """Sold-to and delivered-to of the 47 records, which become buyer and ship-to."""
    kinds = (record["article_party_type_code"] for record in line.all("47"))
    return [_CONVERTED[kind] for kind in kinds if kind in _CONVERTED]


def _numbered(record: InputRecord) -> Iterator[str]:
    """In the header a consignee goes by name only: its number stands in the 11 record."""
    if record.id == "SE30" and record["entity_code"] == "CN" and record["entity_identifier"]:
        yield "Z60"


def _low_values(draft: FiledSummary) -> Iterator[str]:
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


def certify(database: SimulatorState, origin: NotificationAddress, draft: FiledSummary) -> None:
    """The cargo part of a certified summary. Its answer comes apart from the AX (ESF p.35)."""
    filing = _filing(draft)
    entry = database.entry(draft.number)
    # A and R both create a release that is not on file; only R with SE13 replaces one (ESF p.41).
    replaces = entry is not None and draft.action == "R" and draft.has("SE13")
    filing.action = "R" if replaces and draft.kind != "06" else "A"
    codes = certification_remarks(draft, filing)
    if codes:
        outcome = FilingOutcome(REJECTED)
        database.add_event(filing.number, "entry rejected", " ".join(codes))
    else:
        outcome = carry_out(database, origin, filing, "certified")
        codes = [outcome.code] if outcome.code else []
    number = draft.record("11")["importer_of_record_number"]
    kind = "34" if number[3:4] == "-" else "EI" if number[2:3] == "-" else "ANI"
    database.put(
        NoticeRow(
            "SX",
            draft.number,
            at=database.tick(),
            body="\n".join(certification_answer(filing, kind, codes, outcome)),
            address=address_text(origin),
        )
    )


def _filing(draft: FiledSummary) -> ReleaseFiling:
    cargo = draft.record("20")
    filing = ReleaseFiling(
        draft.number,
        entry_type=draft.kind,
        importer=draft.record("11")["importer_of_record_number"],
        mode=draft.mode,
        value=sum(line.value for line in draft.lines),
        port=draft.port,
        location=cargo["location_of_goods_code"],
        conveyance=cargo["conveyance_name"],
        voyage=draft.record("21")["trip_identifier"],
        contact=draft.has("SE13"),
        references=[(record["qualifier"], record["reference"]) for record in draft.all("SE20")],
        lines=[
            FiledLine(
                f"{line.position:03d}", line.head["country_of_origin_code"], [tariff.hts for tariff in line.tariffs]
            )
            for line in draft.lines
        ],
    )
    add_bills(filing, draft.header)
    _bill_facts(draft, filing)
    return filing


def _bill_facts(draft: FiledSummary, filing: ReleaseFiling) -> None:
    """Quantities stand on the 22 records; a bill alone is a simple one; NAM holds for all."""
    quantities = [record.number("manifested_quantity") for record in draft.all("22")]
    is_non_ams = filing.reference("NAM") == "Y"
    levels = [bill.group for bill in filing.bills if bill.kind in "HS"]
    for bill in filing.bills:
        bill.non_ams = is_non_ams
        if bill.kind == "M" and bill.group not in levels:
            bill.kind = "R"
    for bill, quantity in zip(filing.lowest, quantities, strict=False):
        bill.quantity = 0 if bill.conveyances else quantity
