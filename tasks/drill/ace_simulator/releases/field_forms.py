"""Forms of single fields of a cargo release, and what each entry type may report (SE v40 p.33-74).

Rules on what is missing stand in `content_rules`. The condition codes are the simulator's
own: CBP's are not public.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from tasks.drill.ace_simulator.batches.input_records import InputRecord, code_set, day_of
from tasks.drill.ace_simulator.batches.number_forms import is_tariff_number
from tasks.drill.ace_simulator.releases.bill_forms import IN_BOND, check_bill_forms
from tasks.drill.ace_simulator.releases.release_codes import LIMITS, Remark, code_list
from tasks.drill.ace_simulator.releases.release_filing import ReleaseFiling
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.summaries.bond_checks import PROVINCES

_NUMBERS = {
    "EI": re.compile(r"\d{2}-\d{7}([A-Z0-9]{2})?"),  # the suffix may be blank (ESF p.136)
    "ANI": re.compile(r"\d{6}-\d{5}"),
    "34": re.compile(r"\d{3}-\d{2}-\d{4}"),
}
_ENTRY = re.compile(r"[A-Z0-9]{3}\d{8}")
_FLAG = re.compile(r"Y")
REFERENCES = {
    "CR": re.compile(r".{1,9}"),
    "EN": _ENTRY,
    "IB": IN_BOND,
    "FTZ": re.compile(r"[A-Z0-9]{1,19}"),
    "V1": re.compile(r"[A-Z0-9]{3}"),
    "AMT": re.compile(r"[1-9]\d{0,9}"),
    "EXP": _FLAG,
    "KII": _FLAG,
    "PER": _FLAG,
    "CES": _ENTRY,
    "EDA": re.compile(r"\d{6}"),
}
_ZONE = re.compile(r"FTZ\d{3}([A-Z0-9]{2}|[A-Z0-9]{3}|[A-Z0-9]{4}|[A-Z0-9]{6})")
_FIRMS = re.compile(r"[A-Z0-9]{4}")
_PORT = re.compile(r"\d{4}")
_TARIFF_FIELDS = {"SE60": "hts_number", "SE61": "current_hts_number"}
_ADDRESS = code_set("01 02 05 12 13 14 15 28 30 31 32 35 37 57 AK")
_GLOBAL = code_set("LEI GLN DUNS")
_ZONE_WEEK = timedelta(days=7)
Found = Iterator[Remark]


def _header(records: Sequence[InputRecord], filing: ReleaseFiling) -> Found:
    head = records[0]
    kind, number = head["importer_type"], head["importer_number"]
    if filing.action in "AR" and filing.entry_type != "86" and number:
        form = _NUMBERS.get(kind)
        if form and not form.fullmatch(number):
            yield 0, "Z45"
    for name in ("port_of_entry", "port_of_unlading"):
        if head[name] and not _PORT.fullmatch(head[name]):
            yield 0, "Z46"


def _additional(database: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Found:
    for index, record in enumerate(records):
        if record.id == "SE11":
            yield from ((index, code) for code in _extra(database, record, records[0], filing))


def _extra(database: SimulatorState, record: InputRecord, head: InputRecord, filing: ReleaseFiling) -> Iterator[str]:
    kind = filing.entry_type
    for name in ("location_of_goods", "exam_site", "bonded_warehouse"):
        if record[name] and not _FIRMS.fullmatch(record[name]):
            yield "Z47"
    if kind == "06" and not _ZONE.fullmatch(record["conveyance_name"]):
        yield "Z48"
    warehouse = record["warehouse_filer_code"] + record["warehouse_entry_number"]
    barred = (
        record["bonded_warehouse"] and kind not in ("21", "22"),
        warehouse and kind != "22",
        record["entry_date_election_code"] and kind != "06",
        record["voyage"] and kind == "06",
    )
    if any(barred):
        yield "Z49"
    if warehouse and not _ENTRY.fullmatch(warehouse):
        yield "Z58"
    day = record.day("elected_entry_date")
    elected = record["entry_date_election_code"]
    if elected not in ("", "W"):
        yield "Z51"
    if elected and (day is None or not database.today <= day <= database.today + _ZONE_WEEK):
        yield "Z50"
    if record["immediate_delivery_indicator"] not in ("", "Y", "N"):
        yield "Z51"
    if filing.immediate and head["bond_type_code"] not in ("8", "9") and filing.action != "U":
        yield "Z66"


def _contact(records: Sequence[InputRecord], filing: ReleaseFiling) -> Found:
    for index, record in enumerate(records):
        if record.id != "SE13":
            continue
        if record["reason_code"] and filing.action != "D":
            yield index, "Z52"
        if record["reason_code"] == "12" and filing.entry_type not in ("", "06"):
            yield index, "Z49"
        names = ("multiple_cargo_dispositions_indicator", "dis_indicator")
        if any(record[name] not in ("", "1") for name in (*names, "split_shipment_indicator")):
            yield index, "Z51"


def _references(records: Sequence[InputRecord], filing: ReleaseFiling) -> Found:
    for index, record in enumerate(records):
        if record.id != "SE20":
            continue
        form = REFERENCES.get(record["qualifier"])
        dated = record["qualifier"] != "EDA" or day_of(record["reference"]) is not None
        if form and not (form.fullmatch(record["reference"]) and dated):
            yield index, "Z58"
    if filing.action in "AR" and filing.entry_type == "86" and not filing.reference("EDA"):
        yield 0, "Z59"


def check_party_forms(records: Sequence[InputRecord], filing: ReleaseFiling) -> Found:
    """Numbers, address components and countries of the parties."""
    for index, record in enumerate(records):
        if record.id in ("SE30", "SE50"):
            yield from ((index, code) for code in _party(record, filing))
        elif record.id in ("SE31", "SE51") and record["gbi_qualifier"] not in _GLOBAL:
            yield index, "Z62"
        elif record.id in ("SE36", "SE56") and not _country(record["country_code"]):
            yield index, "Z67"
        elif record.id in ("SE35", "SE55"):
            for number in ("", "_2"):
                qualifier = record["address_qualifier" + number]
                text = record["address_information" + number]
                if (qualifier or text) and qualifier not in _ADDRESS:
                    yield index, "Z61"


def _country(code: str) -> bool:
    return code in code_list("country") or code in PROVINCES


def _party(record: InputRecord, filing: ReleaseFiling) -> Iterator[str]:
    code, kind = record["entity_code"], filing.entry_type
    has_name = bool(record["entity_name"])
    on_line = record.id == "SE50"
    if on_line and (code == "BKP" or (code == "CN" and kind == "86")):
        yield "Z60"
    if code == "CN" and has_name and kind not in ("11", "86"):
        yield "Z60"
    form, number = _NUMBERS.get(record["identifier_qualifier"]), record["entity_identifier"]
    if number and not (form and form.fullmatch(number)):
        yield "Z45"


def _lines(records: Sequence[InputRecord], filing: ReleaseFiling) -> Found:
    status = ""
    for index, record in enumerate(records):
        if record.id == "SE40":
            status = ""
        elif record.id == "SE41":
            status, has_date = record["zone_status"], bool(record["privileged_date"])
            if record.number("zone_quantity") == 0:
                yield index, "Z22"
            if (has_date and status != "P") or has_date != _follows(records, index):
                yield index, "Z65"
        elif record.id == "SE61" and (filing.entry_type != "06" or status != "P"):
            yield index, "Z65"
        if record.id == "SE40" and not _country(record["country_of_origin"]):
            yield index, "Z67"
        name = _TARIFF_FIELDS.get(record.id)
        if name and not is_tariff_number(record.raw(name)):
            yield index, "Z63"
    yield from _values(records, filing)


def _follows(records: Sequence[InputRecord], index: int) -> bool:
    """Whether the line of an SE41 has an SE61."""
    for record in records[index + 1 :]:
        if record.id == "SE40":
            return False
        if record.id == "SE61":
            return True
    return False


def _values(records: Sequence[InputRecord], filing: ReleaseFiling) -> Found:
    """Values of the lines whose consignee is given by name and address (notes 2 and 3)."""
    header = line = ""
    totals: Counter[str] = Counter()
    for index, record in enumerate(records):
        if record.id == "SE40":
            line = header
        elif record.id in ("SE30", "SE50") and record["entity_code"] == "CN":
            line = _whole(records, index) if record["entity_name"] else ""
            header = line if record.id == "SE30" else header
        elif record.id == "SE60":
            is_special = record["hts_number"].startswith("99")
            if (line or filing.entry_type == "86") and not (is_special or record["value"]):
                yield index, "Z64"
            totals[line] += record.number("value")
    limit = LIMITS.get(filing.entry_type)
    if limit and any(name and total >= limit for name, total in totals.items()):
        yield 0, "Z10"


def _whole(records: Sequence[InputRecord], index: int) -> str:
    """Name and address of a party."""
    text = records[index]["entity_name"]
    for record in records[index + 1 :]:
        if record.id[2:] not in ("31", "35", "36", "51", "55", "56"):
            break
        text += record.text[4:]
    return text


def check_forms(database: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Found:
    """Everything in a wrong form, by what the action may carry (SE v40 p.34-35)."""
    yield from _header(records, filing)
    if filing.action != "D":
        yield from _additional(database, records, filing)
        yield from check_bill_forms(records, filing)
    yield from _contact(records, filing)
    yield from _references(records, filing)
    if filing.action in "AR":
        yield from check_party_forms(records, filing)
        yield from _lines(records, filing)
