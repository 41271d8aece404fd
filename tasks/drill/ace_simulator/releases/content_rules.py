"""What a cargo release must say, rule by rule (SE v40 p.33-74).

CBP's list of SX condition codes is not public. Codes 001-014, 007 and 333 are read in third-party
sources only [T]; those that begin with Z are the simulator's own, for rules that have no code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from tasks.drill.ace_simulator.batches.input_records import InputRecord
from tasks.drill.ace_simulator.releases.bill_forms import check_bills
from tasks.drill.ace_simulator.releases.field_forms import check_forms
from tasks.drill.ace_simulator.releases.release_codes import (
    LIMITS,
    MODES,
    PARTIES,
    PORT_TYPES,
    QUALIFIERS,
    REASONS,
    REPLACED,
    TYPES,
    Remark,
)
from tasks.drill.ace_simulator.releases.release_filing import ReleaseFiling
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import ImporterRow, TransactionBondRow


def release_remarks(database: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> list[Remark]:
    """Everything wrong with the data of an SE, in the order of its records."""
    remarks = list(_fields(records))
    action = filing.action
    for rule in _RULES.get(action, ()):
        remarks += rule(database, records, filing)
    if action in _RULES:
        remarks += check_forms(database, records, filing)
    return sorted(dict.fromkeys(remarks))


def _fields(records: Sequence[InputRecord]) -> Iterator[Remark]:
    missing_codes = {"action_code": "001", "entry_filer_code": "003", "entry_number": "005"}
    missing_codes |= {"entry_type": "009"}
    for index, record in enumerate(records):
        if record.id.startswith(("PG", "OI", "SF")):
            continue
        for field in record.faulty():
            if (record.id, field.name) == ("SE16", "carrier_code"):
                continue  # `*F` and the like, where the airline is not known (ESF p.144)
            yield index, "006" if field.name == "entry_number" else "Z01"
        for field in record.missing():
            yield index, missing_codes.get(field.name, "Z02") if index == 0 else "Z02"


def _header(database: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    head = records[0]
    kind = filing.entry_type
    if kind and kind not in TYPES:
        yield 0, "010"
    if kind != "86":
        yield from ((0, code) for code in _importer(database, head))
    if not filing.mode and (kind != "06" or filing.bills):
        yield 0, "Z04"
    elif filing.mode and filing.mode not in MODES:
        yield 0, "Z05"
    if filing.value > LIMITS.get(kind, filing.value):
        yield 0, "Z10"
    if filing.split not in ("", "1", "2"):
        yield 0, "Z11"
    if filing.mode in ("50", "60", "70") and not head["port_of_unlading"]:
        yield 0, "Z12"
    yield from ((0, code) for code in _bond(database, head, filing))


def _importer(database: SimulatorState, head: InputRecord) -> Iterator[str]:
    kind, number = head["importer_type"], head["importer_number"]
    if not kind:
        yield "011"
    elif kind not in ("EI", "ANI", "34"):
        yield "012"
    if not number:
        yield "013"
        return
    state = importer_status(database, number)
    if state in ("unknown", "void"):
        yield "014"
    elif state == "inactive":
        yield "333"


def importer_status(database: SimulatorState, number: str) -> str:
    """active, inactive, void or unknown. Where none was seeded, CBP knows every importer."""
    importer = database.first(ImporterRow, "number = ?", number)
    if importer:
        return importer.status
    return "unknown" if database.has_importers else "active"


def _bond(database: SimulatorState, head: InputRecord, filing: ReleaseFiling) -> Iterator[str]:
    kind = head["bond_type_code"]
    if kind not in ("", "0", "8", "9"):
        yield "Z06"
    if kind != "9":
        return
    surety, amount = filing.reference("V1"), filing.reference("AMT")
    if not surety or not amount.isdigit() or amount.startswith("0"):
        yield "Z07"
        return
    bond = database.first(TransactionBondRow, "entry = ? AND NOT void", filing.number)
    if bond is None or (bond.surety, str(bond.amount)) != (surety, amount):
        yield "Z08"


def _port(database: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    pga = any(record.id.startswith("PG") for record in records)
    bills = any(bill.kind == "I" or bill.non_ams for bill in filing.bills)
    needed = pga or bills or filing.entry_type in PORT_TYPES or filing.action == "D"
    if needed and not filing.port:
        yield 0, "Z09"


def _additional(database: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    index, extra = next(((k, record) for k, record in enumerate(records) if record.id == "SE11"), (0, None))
    kind = filing.entry_type
    zone = bool(extra) and filing.conveyance.startswith("FTZ")
    if kind == "06" and not (filing.location and zone):
        yield index, "Z13"
    if kind in ("21", "22") and not (extra and extra["bonded_warehouse"]):
        yield index, "Z14"
    if kind == "22" and not (extra and extra["warehouse_entry_number"]):
        yield index, "Z15"
    if filing.immediate and kind in ("21", "22"):
        yield index, "Z44"


def _references(database: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    for index, record in enumerate(records):
        if record.id == "SE20" and record["qualifier"] not in QUALIFIERS:
            yield index, "Z28"
        if record.id != "SE13":
            continue
        if record["dis_indicator"] == "1" and not filing.reference("DIS"):
            yield index, "Z27"
        if filing.action == "D":
            reason = record["reason_code"]
            if reason not in REASONS:
                yield index, "Z25"
            elif reason in REPLACED and not filing.reference(REPLACED[reason]):
                yield index, "Z26"


def _lines(database: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    rows = [index for index, record in enumerate(records) if record.id == "SE40"]
    if not rows:
        yield 0, "Z29"
    for count, (index, line) in enumerate(zip(rows, filing.lines, strict=True), 1):
        if line.line != f"{count:03d}":
            yield index, "Z30"
        special = [tariff.startswith("99") for tariff in line.tariffs]
        if special != sorted(special, reverse=True) or all(special):
            yield index, "Z31"
        if filing.entry_type == "23" and not (line.tariffs[0].startswith("9813") and special[1:]):
            yield index, "Z31"
        status = records[index + 1]["zone_status"] if records[index + 1].id == "SE41" else ""
        if (filing.entry_type == "06") != bool(status) or status not in ("", "P", "N"):
            yield index, "Z32"


def _parties(database: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    header: set[str] = set()
    lines: list[set[str]] = []
    for index, record in enumerate(records):
        if record.id == "SE40":
            lines.append(set())
        if record.id not in ("SE30", "SE50"):
            continue
        reported = header if record.id == "SE30" else lines[-1]
        code = record["entity_code"]
        if code in reported:
            yield index, "Z34"
        reported.add(code)
        yield from ((index, fault) for fault in check_party(records, index))
    needed = ("CN", "SE") if filing.entry_type == "86" else ("MF", "CN", "SE", "BY")
    for code in needed:
        if code not in header and not (lines and all(code in line for line in lines)):
            yield 0, "Z33"


def check_party(records: Sequence[InputRecord], index: int) -> Iterator[str]:
    """A party by name and address, or by a number (SE v40 p.56-62)."""
    record, prefix = records[index], records[index].id[:3]
    code = record["entity_code"]
    if code not in PARTIES:
        yield "Z36"
    named, numbered = bool(record["entity_name"]), bool(record["entity_identifier"])
    follow: Counter[str] = Counter()
    for following in records[index + 1 :]:
        if following.id not in (f"{prefix}1", f"{prefix}5", f"{prefix}6"):
            break
        follow[following.id] += 1
    is_complete = bool(follow[f"{prefix}5"] and follow[f"{prefix}6"])
    is_partial = bool(follow[f"{prefix}5"] or follow[f"{prefix}6"])
    alldue = code in ("BY", "ST", "CN") and record["identifier_qualifier"] and not is_partial
    if named == numbered or named != is_complete or (numbered and not alldue):
        yield "Z35"


Rule = Callable[[SimulatorState, Sequence[InputRecord], ReleaseFiling], Iterator[Remark]]
_FULL: tuple[Rule, ...] = (_header, _port, _additional, check_bills, _references, _lines, _parties)
_RULES: dict[str, tuple[Rule, ...]] = {
    "A": _FULL,
    "R": _FULL,
    "U": (check_bills, _references),
    "D": (_port, _references),
}
