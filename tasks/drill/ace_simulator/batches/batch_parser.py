"""A, B, Y and Z records, split and judged (Batch & Block v23 p.8-18, 32-36), and the details of a
block, cut into transactions and judged for structure (B&B v23 p.36; ESF p.207).

A fault of the batch level hides those of the blocks, and these hide the transactions'. Of a
level all faults are reported; of the transactions only the first in the file's order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from tasks.drill.ace_simulator.batches.input_batch import (
    KNOWN,
    PERMIT,
    RESPONSES,
    BatchFault,
    BatchRejected,
    InputBatch,
    InputBlock,
    control_record,
    filler_column,
)
from tasks.drill.ace_simulator.batches.input_records import InputRecord, input_layout, odd_column, record_id
from tasks.drill.ace_simulator.batches.transaction_grammar import (
    QUERIES,
    GrammarPart,
    RecordOutOfOrder,
    check_record_order,
    release_map,
    summary_map,
)
from tasks.drill.ace_simulator.state_rows import FilerRow


def parse_block(batch: InputBatch, block: InputBlock) -> InputBlock:
    """The block with its transactions. Raises Rejected at the first fault in the file's order."""
    if batch.application == "EQ" and block.number > 1:
        raise BatchRejected([BatchFault("X41", block, 1, block.details[0][1])])
    transactions: list[tuple[InputRecord, ...]] = []
    for number, part in enumerate(_transactions(batch.application, block), 1):
        transactions.append(_transaction(batch.application, block, number, part))
    return replace(block, transactions=tuple(transactions))


def _transactions(application: str, block: InputBlock) -> list[tuple[tuple[str, int], ...]]:
    """Details split where a header begins, and after an AE's 90 record (ESF p.207)."""
    first = {"SE": "SE10", "AE": "10"}.get(application)
    if first is None:
        return [block.details]
    ids = [record_id(text) for text, _ in block.details]
    starts = {at for at, code in enumerate(ids) if code == first} | {0}
    if application == "AE":
        starts |= {at + 1 for at, code in enumerate(ids[:-1]) if code == "90"}
    ends = [*sorted(starts), len(ids)]
    return [block.details[a:b] for a, b in pairwise(ends)]


def _transaction(
    application: str, block: InputBlock, number: int, details: tuple[tuple[str, int], ...]
) -> tuple[InputRecord, ...]:
    records: list[InputRecord] = []
    code, fault_index, column = "", len(details), 0
    for index, (text, position) in enumerate(details):
        record = input_layout(application, text, position)
        code, column = _record_fault(text, record)
        if code or record is None:
            fault_index = index
            break
        records.append(record)
    try:
        _ordered(application, records, cut=fault_index < len(details))
    except RecordOutOfOrder as error:
        code, fault_index, column = error.code, error.at, 0
    if code:
        position = details[min(fault_index, len(details) - 1)][1]
        raise BatchRejected([BatchFault(code, block, number, position, column)])
    return tuple(records)


def _record_fault(text: str, record: InputRecord | None) -> tuple[str, int]:
    if odd_column(text):
        return "X40", odd_column(text)
    if record is None:
        return "X34", 0
    if filler_column(record):
        return "X39", filler_column(record)
    return ("X38", _gap(record)) if _gap(record) else ("", 0)


def _ordered(application: str, records: list[InputRecord], *, cut: bool) -> None:
    """The structure of the records before a fault (`cut`), or of all of them."""
    ids = [record.id for record in records]
    if not ids:
        return
    header = {"SE": "SE10", "AE": "10"}.get(application)
    if header and ids[0] != header:
        raise RecordOutOfOrder("X33", 0)
    try:
        check_record_order(_map(application, records), ids)
    except RecordOutOfOrder as error:
        if not (cut and error.at >= len(ids)):
            raise


def _map(application: str, records: list[InputRecord]) -> tuple[GrammarPart, ...]:
    if application == "SE":
        return release_map(records[0]["action_code"])
    if application == "EQ":
        kinds = [record.id for record in records if record.id != "J0"]
        return QUERIES["EQ by date" if kinds[:1] == ["J2"] else "EQ"]
    return summary_map() if application == "AE" else QUERIES[application]


def _gap(record: InputRecord) -> int:
    """The column of a number after a blank one in a record of several numbers (X38), or 0."""
    stem = {"J1": "entry_number", "K": "importer_number"}.get(record.id)
    if stem is None:
        return 0
    names = [field_name for field_name in record.layout.by_name if field_name.startswith(stem)]
    for previous, name in pairwise(names):
        if record[name] and not record[previous]:
            return record.layout[name].start
    return 0


FilerOf = Callable[[str], FilerRow | None]


def read_batch(lines: list[str], short: bool, filer_of: FilerOf) -> InputBatch:
    """The batch of records A to Z. Raises Rejected."""
    faults, batch = _split(lines)
    if short:
        faults.append(BatchFault("X42"))
    if batch is not None:
        faults += _batch_faults(batch)
    if faults or batch is None:
        raise BatchRejected(list(dict.fromkeys(faults)))
    for block in batch.blocks:
        faults += _block_faults(batch, block, filer_of)
    if faults:
        raise BatchRejected(faults)
    return replace(batch, blocks=tuple(parse_block(batch, block) for block in batch.blocks))


def _split(lines: list[str]) -> tuple[list[BatchFault], InputBatch | None]:
    """The control records in their order; missing ones are X03 to X06."""
    faults: list[BatchFault] = []
    blocks: list[InputBlock] = []
    head: tuple[str, int] | None = None
    details: list[tuple[str, int]] = []
    ended = lines[-1][:1] == "Z"
    for position, text in enumerate(lines[1 : -1 if ended else None], 2):
        kind = text[:1]
        if kind == "B":
            if head:
                faults.append(BatchFault("X05"))
            head, details = (text, position), []
        elif head is None:
            faults.append(BatchFault("X03"))
        elif kind == "Y":
            if not details:
                faults.append(BatchFault("X04"))
            pair = control_record("B", *head), control_record("Y", text, position)
            blocks.append(InputBlock(pair[0], tuple(details), pair[1], len(blocks) + 1))
            head = None
        else:
            details.append((text, position))
    if head:
        faults.append(BatchFault("X05"))
    if not blocks and not faults:
        faults.append(BatchFault("X03"))
    if not ended:
        return [*faults, BatchFault("X06")], None
    tail = control_record("Z", lines[-1], len(lines))
    return faults, InputBatch(control_record("A", lines[0], 1), tuple(blocks), tail)


def _batch_faults(batch: InputBatch) -> list[BatchFault]:
    head, tail = batch.head, batch.tail
    application = head["application"]
    checks = {
        "X40": any(odd_column(record.text) for record in (head, tail)),
        "X39": any(filler_column(record) for record in (head, tail)),
        "X07": not head["site_code"],
        "X08": not head["sender_id"],
        "X10": bool(head["transmission_date"]) and head.day("transmission_date") is None,
        "X11": not application,
        "X12": bool(application) and application not in KNOWN,
        "X13": application in KNOWN and application not in RESPONSES,
        "X14": any(
            head.raw(name) != tail.raw(name) for name in ("site_code", "sender_id", "transmission_date", "office_code")
        ),
    }
    return [BatchFault(code) for code, is_wrong in checks.items() if is_wrong]


def _block_faults(batch: InputBatch, block: InputBlock, filer_of: FilerOf) -> list[BatchFault]:
    head, tail = block.head, block.tail
    application, filer = head["application"], filer_of(head["filer_code"])
    mirrored = ("port", "filer_code", "application", "office_code")
    checks = {
        "X40": any(odd_column(record.text) for record in (head, tail)),
        "X39": any(filler_column(record) for record in (head, tail)),
        "X15": not head["port"],
        "X16": not head["filer_code"],
        "X17": bool(head["filer_code"]) and filer is None,
        **_preparer(head, filer),
        "X11": not application,
        "X12": bool(application) and application not in KNOWN,
        "X19": bool(application) and application != batch.application,
        "X32": any(head.raw(name) != tail.raw(name) for name in mirrored),
    }
    return [BatchFault(code, block) for code, is_wrong in checks.items() if is_wrong]


def _preparer(head: InputRecord, filer: FilerRow | None) -> dict[str, bool]:
    """B 47-56 names another office of the same filer, or stays blank (B&B v23 p.13-17)."""
    port, code = head["preparer_port"], head["preparer_filer_code"]
    indicator = head["preparer_indicator"]
    is_stated = bool(port or code or head["preparer_office_code"])
    if not is_stated and not indicator:
        return {}
    ports = filer.preparer_ports if filer else None
    return {
        "X21": indicator not in ("", "1"),
        "X22": is_stated and not indicator,
        "X23": head["application"] in KNOWN and head["application"] not in PERMIT,
        "X24": not port,
        "X25": not code,
        "X26": bool(code) and code != head["filer_code"],
        "X27": filer is not None and not filer.national_permit,
        "X31": ports is not None and head["port"] not in ports,
    }
