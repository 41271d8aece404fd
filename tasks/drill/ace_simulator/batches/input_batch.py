"""A batch of input: A, blocks of B, details and Y, Z; why one is refused (B&B v23 p.8-33)."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.ace.api import record_layout
from tasks.drill.ace_simulator.batches.input_records import InputRecord, code_set

RESPONSES = {"SE": "SX", "AE": "AX", "EQ": "ER", "CQ": "C1", "KI": "KR"}
"""What the simulator serves, and the application of the answer (B&B v23 p.10, 21)."""

KNOWN = code_set(
    "FQ FI AD AH SE CQ CW CJ CB DE EC AE EQ FT FZ GE HB HA KI TP SF WP QP $I MA NE CA MO QA RE PE SU TE RM"
)

PERMIT = code_set("AE SE DE RE NE SU CA TE PE")
"""Applications in which B 47-56 may name a preparer (B&B v23 p.15)."""


@dataclass(frozen=True)
class InputBlock:
    """B, its details and Y. `transactions` are filled once the whole batch is sound."""

    head: InputRecord
    details: tuple[tuple[str, int], ...]
    tail: InputRecord
    number: int
    transactions: tuple[tuple[InputRecord, ...], ...] = ()


@dataclass(frozen=True)
class InputBatch:
    """A to Z. `application` is served by the simulator."""

    head: InputRecord
    blocks: tuple[InputBlock, ...]
    tail: InputRecord

    @property
    def application(self) -> str:
        return self.head["application"]


@dataclass(frozen=True, slots=True)
class BatchFault:
    """Why a batch is rejected. No block: its A or Z record; no transaction: the block's B or Y."""

    code: str
    block: InputBlock | None = None
    transaction: int = 0
    position: int = 0
    column: int = 0


class BatchRejected(Exception):
    """The whole batch is refused and nothing in it is processed.

    Stays inside the simulator: `BatchWorker.batch` catches it and answers with its faults.
    """

    def __init__(self, faults: list[BatchFault]) -> None:
        super().__init__(faults[0].code)
        self.faults = faults


def control_record(kind: str, text: str, position: int) -> InputRecord:
    """An input control record. CBP turns its small letters into capitals, user text excepted."""
    folded = text if kind in "YZ" else text[:59].upper() + text[59:]
    return InputRecord(record_layout("BB", kind, "input"), folded, position)


def filler_column(record: InputRecord) -> int:
    """The column (from 1) of the first filler with something in it, or 0."""
    for field in record.layout.fields:
        if field.is_filler and record.text[field.span].strip():
            return field.start
    return 0
