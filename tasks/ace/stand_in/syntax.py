"""The details of a block, cut into transactions and judged for structure (B&B v23 p.36; ESF p.207).

Evaluation stops at the first fault in the file's order.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from tasks.ace.stand_in.batch import Batch, Block, Fault, Rejected, filler
from tasks.ace.stand_in.grammar import QUERIES, OutOfOrder, Part, order, release, summary
from tasks.ace.stand_in.records import Record, recognised, record_id, strange


def parsed(batch: Batch, block: Block) -> Block:
    """The block with its transactions. Raises Rejected at the first fault in the file's order."""
    if batch.application == "EQ" and block.number > 1:
        raise Rejected([Fault("X41", block, 1, block.details[0][1])])
    transactions: list[tuple[Record, ...]] = []
    for number, part in enumerate(_transactions(batch.application, block), 1):
        transactions.append(_transaction(batch.application, block, number, part))
    return replace(block, transactions=tuple(transactions))


def _transactions(application: str, block: Block) -> list[tuple[tuple[str, int], ...]]:
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
    application: str, block: Block, number: int, details: tuple[tuple[str, int], ...]
) -> tuple[Record, ...]:
    records: list[Record] = []
    code, at, column = "", len(details), 0
    for index, (text, place) in enumerate(details):
        record = recognised(application, text, place)
        code, column = _record_fault(text, record)
        if code or record is None:
            at = index
            break
        records.append(record)
    try:
        _ordered(application, records, cut=at < len(details))
    except OutOfOrder as wrong:
        code, at, column = wrong.code, wrong.at, 0
    if code:
        place = details[min(at, len(details) - 1)][1]
        raise Rejected([Fault(code, block, number, place, column)])
    return tuple(records)


def _record_fault(text: str, record: Record | None) -> tuple[str, int]:
    if strange(text):
        return "X40", strange(text)
    if record is None:
        return "X34", 0
    if filler(record):
        return "X39", filler(record)
    return ("X38", _gap(record)) if _gap(record) else ("", 0)


def _ordered(application: str, records: list[Record], *, cut: bool) -> None:
    """The structure of the records before a fault (`cut`), or of all of them."""
    ids = [record.id for record in records]
    if not ids:
        return
    header = {"SE": "SE10", "AE": "10"}.get(application)
    if header and ids[0] != header:
        raise OutOfOrder("X33", 0)
    try:
        order(_map(application, records), ids)
    except OutOfOrder as wrong:
        if not (cut and wrong.at >= len(ids)):
            raise


def _map(application: str, records: list[Record]) -> tuple[Part, ...]:
    if application == "SE":
        return release(records[0]["action_code"])
    if application == "EQ":
        kinds = [record.id for record in records if record.id != "J0"]
        return QUERIES["EQ by date" if kinds[:1] == ["J2"] else "EQ"]
    return summary() if application == "AE" else QUERIES[application]


def _gap(record: Record) -> int:
    """The column of a number after a blank one in a record of several numbers (X38), or 0."""
    stem = {"J1": "entry_number", "K": "importer_number"}.get(record.id)
    if stem is None:
        return 0
    names = [one for one in record.layout.by_name if one.startswith(stem)]
    for before, name in pairwise(names):
        if record[name] and not record[before]:
            return record.layout[name].start
    return 0
