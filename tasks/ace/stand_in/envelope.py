"""What comes in: A, B, Y and Z records, split and judged as Batch & Block v23 p.8-18, 32-36 says.

A fault of the batch level hides those of the blocks, and these hide the transactions'. Of a
level all faults are told; of the transactions only the first, at which evaluation stops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tasks.ace.stand_in.batch import (
    KNOWN,
    PERMIT,
    RESPONSES,
    Batch,
    Block,
    Fault,
    Rejected,
    control,
    filler,
)
from tasks.ace.stand_in.records import Record, strange
from tasks.ace.stand_in.rows import Filer
from tasks.ace.stand_in.syntax import parsed

FilerOf = Callable[[str], Filer | None]


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
    return replace(batch, blocks=tuple(parsed(batch, block) for block in batch.blocks))


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
        "X39": any(filler(one) for one in (head, tail)),
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
        "X39": any(filler(one) for one in (head, tail)),
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
