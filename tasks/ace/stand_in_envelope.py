"""What comes in: A, B, Y and Z records, split and judged as Batch & Block v23 p.8-18, 32-36 says.

A fault of the batch level hides those of the blocks, and these hide the transactions'. Of a
level all faults are told; of the transactions only the first, at which evaluation stops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from tasks.ace.layout import layout
from tasks.ace.stand_in_grammar import QUERIES, OutOfOrder, Part, order, release, summary
from tasks.ace.stand_in_records import Record, recognised, record_id, strange

RESPONSES = {"SE": "SX", "AE": "AX", "EQ": "ER", "CQ": "C1", "KI": "KR"}
"""What the stand-in serves, and the application of the answer (B&B v23 p.10, 21)."""

KNOWN = frozenset(
    "FQ FI AD AH SE CQ CW CJ CB DE EC AE EQ FT FZ GE HB HA KI TP SF WP QP $I MA NE CA MO QA RE "
    "PE SU TE RM".split()
)
PERMIT = frozenset("AE SE DE RE NE SU CA TE PE".split())
"""Applications in which B 47-56 may name a preparer (B&B v23 p.15)."""


@dataclass(frozen=True, slots=True)
class Filer:
    """A filer's profile at CBP. `preparer_ports`: where a preparer may file for it; None: all."""

    code: str
    factor: int = 0
    national_permit: bool = True
    reference_required: bool = False
    client_branch: bool = False
    monthly: bool = True
    preparer_ports: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Block:
    """B, its details and Y. `transactions` are filled once the whole batch is sound."""

    head: Record
    details: tuple[tuple[str, int], ...]
    tail: Record
    number: int
    transactions: tuple[tuple[Record, ...], ...] = ()


@dataclass(frozen=True)
class Batch:
    """A to Z. `application` is served by the stand-in."""

    head: Record
    blocks: tuple[Block, ...]
    tail: Record

    @property
    def application(self) -> str:
        return self.head["application"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a batch is rejected. No block: its A or Z record; no transaction: the block's B or Y."""

    code: str
    block: Block | None = None
    transaction: int = 0
    place: int = 0
    column: int = 0


class Rejected(Exception):
    """The whole batch is refused and nothing in it is processed."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[0].code)
        self.faults = faults


FilerOf = Callable[[str], Filer | None]


def control(kind: str, text: str, place: int) -> Record:
    """An input control record. CBP turns its small letters into capitals, user text excepted."""
    shown = text if kind in "YZ" else text[:59].upper() + text[59:]
    return Record(layout("BB", kind, "input"), shown, place)


def read(lines: list[str], short: bool, filer_of: FilerOf) -> Batch:
    """The batch of records A to Z. Raises Rejected."""
    faults, batch = _split(lines)
    if short:
        faults.append(Fault("X42"))
    if batch is not None:
        faults += _batch_faults(batch)
    if faults or batch is None:
        raise Rejected(list(dict.fromkeys(faults)))
    for block in batch.blocks:
        faults += _block_faults(batch, block, filer_of)
    if faults:
        raise Rejected(faults)
    return replace(batch, blocks=tuple(_parsed(batch, block) for block in batch.blocks))


def _split(lines: list[str]) -> tuple[list[Fault], Batch | None]:
    """The control records in their order; missing ones are X03 to X06."""
    faults: list[Fault] = []
    blocks: list[Block] = []
    head: tuple[str, int] | None = None
    details: list[tuple[str, int]] = []
    ended = lines[-1][:1] == "Z"
    for place, text in enumerate(lines[1 : -1 if ended else None], 2):
        kind = text[:1]
        if kind == "B":
            if head:
                faults.append(Fault("X05"))
            head, details = (text, place), []
        elif head is None:
            faults.append(Fault("X03"))
        elif kind == "Y":
            if not details:
                faults.append(Fault("X04"))
            pair = control("B", *head), control("Y", text, place)
            blocks.append(Block(pair[0], tuple(details), pair[1], len(blocks) + 1))
            head = None
        else:
            details.append((text, place))
    if head:
        faults.append(Fault("X05"))
    if not blocks and not faults:
        faults.append(Fault("X03"))
    if not ended:
        return [*faults, Fault("X06")], None
    tail = control("Z", lines[-1], len(lines))
    return faults, Batch(control("A", lines[0], 1), tuple(blocks), tail)


def _batch_faults(batch: Batch) -> list[Fault]:
    head, tail = batch.head, batch.tail
    application = head["application"]
    checks = {
        "X40": any(strange(one.text) for one in (head, tail)),
        "X39": any(_filler(one) for one in (head, tail)),
        "X07": not head["site_code"],
        "X08": not head["sender_id"],
        "X10": bool(head["transmission_date"]) and head.day("transmission_date") is None,
        "X11": not application,
        "X12": bool(application) and application not in KNOWN,
        "X13": application in KNOWN and application not in RESPONSES,
        "X14": any(
            head.raw(name) != tail.raw(name)
            for name in ("site_code", "sender_id", "transmission_date", "office_code")
        ),
    }
    return [Fault(code) for code, wrong in checks.items() if wrong]


def _block_faults(batch: Batch, block: Block, filer_of: FilerOf) -> list[Fault]:
    head, tail = block.head, block.tail
    application, filer = head["application"], filer_of(head["filer_code"])
    same = ("port", "filer_code", "application", "office_code")
    checks = {
        "X40": any(strange(one.text) for one in (head, tail)),
        "X39": any(_filler(one) for one in (head, tail)),
        "X15": not head["port"],
        "X16": not head["filer_code"],
        "X17": bool(head["filer_code"]) and filer is None,
        **_preparer(head, filer),
        "X11": not application,
        "X12": bool(application) and application not in KNOWN,
        "X19": bool(application) and application != batch.application,
        "X32": any(head.raw(name) != tail.raw(name) for name in same),
    }
    return [Fault(code, block) for code, wrong in checks.items() if wrong]


def _preparer(head: Record, filer: Filer | None) -> dict[str, bool]:
    """B 47-56 names another office of the same filer, or stays blank (B&B v23 p.13-17)."""
    port, code = head["preparer_port"], head["preparer_filer_code"]
    claimed = head["preparer_indicator"]
    stated = bool(port or code or head["preparer_office_code"])
    if not stated and not claimed:
        return {}
    ports = filer.preparer_ports if filer else None
    return {
        "X21": claimed not in ("", "1"),
        "X22": stated and not claimed,
        "X23": head["application"] in KNOWN and head["application"] not in PERMIT,
        "X24": not port,
        "X25": not code,
        "X26": bool(code) and code != head["filer_code"],
        "X27": filer is not None and not filer.national_permit,
        "X31": ports is not None and head["port"] not in ports,
    }


def _parsed(batch: Batch, block: Block) -> Block:
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
        odd = strange(text)
        if odd or record is None or _filler(record):
            code, at = ("X40" if odd else "X34" if record is None else "X39"), index
            column = odd or (_filler(record) if record else 0)
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


def _ordered(application: str, records: list[Record], *, cut: bool) -> None:
    """The structure of the records before a fault (`cut`), or of all of them."""
    ids = [record.id for record in records]
    if not ids:
        return
    header = {"SE": "SE10", "AE": "10"}.get(application)
    if header and ids[0] != header:
        raise OutOfOrder("X33", 0)
    try:
        order(_map(application, records[0]), ids)
    except OutOfOrder as wrong:
        if not (cut and wrong.at >= len(ids)):
            raise


def _map(application: str, head: Record) -> tuple[Part, ...]:
    if application == "SE":
        return release(head["action_code"])
    return summary() if application == "AE" else QUERIES[application]


def _filler(record: Record) -> int:
    """The column (from 1) of the first filler with something in it, or 0."""
    for field in record.layout.fields:
        if field.is_filler and record.text[field.span].strip():
            return field.start
    return 0
