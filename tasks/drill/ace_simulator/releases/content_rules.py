"""What a cargo release must say, rule by rule (SE v40 p.33-74).

CBP's list of SX condition codes is not public. Codes 001-014, 007 and 333 are read in third-party
sources only [T]; those that begin with Z are the stand-in's own, for rules that have no code.
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


def release_remarks(book: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> list[Remark]:
    """Everything wrong with the data of an SE, in the order of its records."""
    found = list(_fields(records))
    action = filing.action
    for rule in _RULES.get(action, ()):
        found += rule(book, records, filing)
    if action in _RULES:
        found += check_forms(book, records, filing)
    return sorted(dict.fromkeys(found))


def _fields(records: Sequence[InputRecord]) -> Iterator[Remark]:
    own = {"action_code": "001", "entry_filer_code": "003", "entry_number": "005"}
    own |= {"entry_type": "009"}
    for index, record in enumerate(records):
        if record.id.startswith(("PG", "OI", "SF")):
            continue
        for field in record.faulty():
            if (record.id, field.name) == ("SE16", "carrier_code"):
                continue  # `*F` and the like, where the airline is not known (ESF p.144)
            yield index, "006" if field.name == "entry_number" else "Z01"
        for field in record.missing():
            yield index, own.get(field.name, "Z02") if index == 0 else "Z02"


def _header(book: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    head = records[0]
    kind = filing.entry_type
    if kind and kind not in TYPES:
        yield 0, "010"
    if kind != "86":
        yield from ((0, code) for code in _importer(book, head))
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
    yield from ((0, code) for code in _bond(book, head, filing))


def _importer(book: SimulatorState, head: InputRecord) -> Iterator[str]:
    kind, number = head["importer_type"], head["importer_number"]
    if not kind:
        yield "011"
    elif kind not in ("EI", "ANI", "34"):
        yield "012"
    if not number:
        yield "013"
        return
    state = importer_status(book, number)
    if state in ("unknown", "void"):
        yield "014"
    elif state == "inactive":
        yield "333"


def importer_status(book: SimulatorState, number: str) -> str:
    """active, inactive, void or unknown. Where none was seeded, CBP knows every importer."""
    found = book.one(ImporterRow, "number = ?", number)
    if found:
        return found.status
    return "unknown" if book.run("SELECT 1 FROM importers LIMIT 1") else "active"


def _bond(book: SimulatorState, head: InputRecord, filing: ReleaseFiling) -> Iterator[str]:
    kind = head["bond_type_code"]
    if kind not in ("", "0", "8", "9"):
        yield "Z06"
    if kind != "9":
        return
    surety, amount = filing.reference("V1"), filing.reference("AMT")
    if not surety or not amount.isdigit() or amount.startswith("0"):
        yield "Z07"
        return
    stands = book.one(TransactionBondRow, "entry = ? AND NOT void", filing.number)
    if stands is None or (stands.surety, str(stands.amount)) != (surety, amount):
        yield "Z08"


def _port(book: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    pga = any(record.id.startswith("PG") for record in records)
    bills = any(bill.kind == "I" or bill.non_ams for bill in filing.bills)
    needed = pga or bills or filing.entry_type in PORT_TYPES or filing.action == "D"
    if needed and not filing.port:
        yield 0, "Z09"


def _additional(book: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    at, extra = next(((k, one) for k, one in enumerate(records) if one.id == "SE11"), (0, None))
    kind = filing.entry_type
    zone = bool(extra) and filing.conveyance.startswith("FTZ")
    if kind == "06" and not (filing.location and zone):
        yield at, "Z13"
    if kind in ("21", "22") and not (extra and extra["bonded_warehouse"]):
        yield at, "Z14"
    if kind == "22" and not (extra and extra["warehouse_entry_number"]):
        yield at, "Z15"
    if filing.immediate and kind in ("21", "22"):
        yield at, "Z44"


def _references(book: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
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


def _lines(book: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
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


def _parties(book: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    header: set[str] = set()
    lines: list[set[str]] = []
    for index, record in enumerate(records):
        if record.id == "SE40":
            lines.append(set())
        if record.id not in ("SE30", "SE50"):
            continue
        held = header if record.id == "SE30" else lines[-1]
        code = record["entity_code"]
        if code in held:
            yield index, "Z34"
        held.add(code)
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
    for one in records[index + 1 :]:
        if one.id not in (f"{prefix}1", f"{prefix}5", f"{prefix}6"):
            break
        follow[one.id] += 1
    whole = bool(follow[f"{prefix}5"] and follow[f"{prefix}6"])
    some = bool(follow[f"{prefix}5"] or follow[f"{prefix}6"])
    allowed = code in ("BY", "ST", "CN") and record["identifier_qualifier"] and not some
    if named == numbered or named != whole or (numbered and not allowed):
        yield "Z35"


Rule = Callable[[SimulatorState, Sequence[InputRecord], ReleaseFiling], Iterator[Remark]]
_FULL: tuple[Rule, ...] = (_header, _port, _additional, check_bills, _references, _lines, _parties)
_RULES: dict[str, tuple[Rule, ...]] = {
    "A": _FULL,
    "R": _FULL,
    "U": (check_bills, _references),
    "D": (_port, _references),
}
