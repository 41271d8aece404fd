"""The simulator at work: a batch in, its answer out, transaction by transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tasks.ace.api import record_layout
from tasks.core.errors import BadInput, Problem
from tasks.drill.ace_simulator.batches.answer_batches import (
    NotificationAddress,
    acceptance_answer,
    application_rejection,
    rejection_answer,
)
from tasks.drill.ace_simulator.batches.batch_parser import read_batch
from tasks.drill.ace_simulator.batches.input_batch import (
    BatchFault,
    BatchRejected,
    InputBatch,
    InputBlock,
    control_record,
)
from tasks.drill.ace_simulator.batches.input_records import InputRecord, read_lines
from tasks.drill.ace_simulator.fault_switches import SimulatorStopped, take_switch
from tasks.drill.ace_simulator.queries import cargo_query, importer_query, summary_query
from tasks.drill.ace_simulator.queries.cargo_query import cargo_query_failure
from tasks.drill.ace_simulator.queries.summary_query import AnswerLimits, summary_query_failure
from tasks.drill.ace_simulator.releases import release_processing
from tasks.drill.ace_simulator.releases.release_processing import release_failure
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.summaries import summary_processing
from tasks.drill.ace_simulator.summaries.summary_processing import summary_failure

Lines = tuple[list[str], bool]
"""The records of a batch, and whether the last one is short."""

LIMITS = AnswerLimits()
_APPLICATION = record_layout("BB", "A", "output")["application"].span


@dataclass(frozen=True)
class SimulatorRules:
    """Where CBP's documents leave a choice.

    quota_certified: error 320 against the matrix, which allows a quota summary without
    certification. syntax_answer: a fault in a transaction's structure comes as X0/X1 (B&B v23
    p.36), or in the application's own records (AE p.207, EQ p.50, CQ p.65).
    """

    quota_certified: bool = True
    syntax_answer: Literal["envelope", "application"] = "envelope"
    query_limits: AnswerLimits = LIMITS


class BatchWorker:
    """Answers batches from the simulator's state, and changes it."""

    def __init__(self, database: SimulatorState, rules: SimulatorRules) -> None:
        self._database, self._rules = database, rules

    def batch(self, lines: Lines, work: str, index: int) -> bytes:
        """The answer to a batch. `work` names the file that it is from, whose transactions are
        done once; blank: each time. Raises SimulatorStopped."""
        records, short = lines
        with self._database.writing():
            code = take_switch(self._database, "reject", control_record("A", records[0], 1)["application"])
        if code is not None:
            return rejection_answer(records[0], [BatchFault(code or "X13")])
        try:
            batch = read_batch(records, short, self._database.filer)
        except BatchRejected as error:
            return self._rejection(records, error.faults)
        bodies = [
            [
                line
                for position, transaction in enumerate(block.transactions, 1)
                for line in self._done(batch, block, transaction, position, (work, index))
            ]
            for block in batch.blocks
        ]
        return acceptance_answer(batch, bodies)

    def _rejection(self, records: list[str], faults: list[BatchFault]) -> bytes:
        fault = faults[0]
        if self._rules.syntax_answer == "application" and fault.transaction:
            answer = application_rejection(records[0], records[-1], fault)
            if answer:
                return answer
        return rejection_answer(records[0], faults)

    def _done(
        self,
        batch: InputBatch,
        block: InputBlock,
        transaction: tuple[InputRecord, ...],
        position: int,
        work: tuple[str, int],
    ) -> list[str]:
        """Carry out one transaction and keep its answer in the same step, if it is for a file."""
        key = (*work, f"{block.number}.{position}")
        if work[0]:
            sql = "SELECT body FROM done WHERE work = ? AND batch = ? AND item = ?"
            rows = self._database.run(sql, *key)
            if rows:
                return rows[0]["body"].split("\n")
        with self._database.writing():
            stops = take_switch(self._database, "die") is not None
        if stops:
            raise SimulatorStopped("ace-simulator-stopped", transaction=position, block=block.number)
        with self._database.writing():
            fails = take_switch(self._database, "ZZZ") is not None
            body = self._body(batch, block, transaction, position, fails=fails)
            if work[0]:
                self._database.run("INSERT INTO done VALUES (?, ?, ?, ?)", *key, "\n".join(body))
        return body

    def _body(
        self, batch: InputBatch, block: InputBlock, transaction: tuple[InputRecord, ...], position: int, *, fails: bool
    ) -> list[str]:
        database, origin = self._database, _origin(batch, block)
        match batch.application:
            case "SE":
                if fails:
                    return release_failure(transaction)
                return release_processing.transact(database, origin, transaction)
            case "AE":
                if fails:
                    return summary_failure(transaction, position)
                quota = self._rules.quota_certified
                return summary_processing.transact(database, origin, transaction, position, quota_certified=quota)
            case "EQ":
                if fails:
                    return summary_query_failure(origin)
                return summary_query.answer(database, origin, transaction, self._rules.query_limits)
            case "CQ":
                if fails:
                    return cargo_query_failure(transaction)
                return cargo_query.answer(database, origin, transaction)
            case _:
                return importer_query.answer(database, transaction)

    def delivered(self, name: str, answer: bytes) -> list[tuple[str, bytes]]:
        """An answer as it reaches the sender: once, twice, later or never."""
        application = answer[_APPLICATION].decode("ascii", "replace")
        if take_switch(self._database, "drop", application) is not None:
            return []
        if take_switch(self._database, "late", application) is not None:
            sql = "INSERT INTO late (name, data) VALUES (?, ?)"
            self._database.run(sql, f"{name}-late.abi", answer)
            return []
        is_repeated = take_switch(self._database, "twice", application) is not None
        return [(f"{name}.abi", answer)] + [(f"{name}-again.abi", answer)] * is_repeated

    def late(self) -> list[tuple[str, bytes]]:
        """Answers kept back, by name; they are gone from here then."""
        rows = self._database.run("SELECT name, data FROM late ORDER BY id")
        self._database.run("DELETE FROM late")
        return [(row["name"], row["data"]) for row in rows]


def _origin(batch: InputBatch, block: InputBlock) -> NotificationAddress:
    return NotificationAddress(
        site=batch.head["site_code"],
        sender=batch.head["sender_id"],
        office=batch.head["office_code"],
        port=block.head["port"],
        filer=block.head["filer_code"],
        user_text=block.head.raw("user_text").rstrip(),
        preparer=block.head.text[46:56],
    )


def split_batches(data: bytes, name: str = "") -> Iterator[tuple[int, tuple[list[str], bool]]]:
    """The batches of a file, counted from 1, each from its A record to its Z or the next A.

    Raises BadInput for records outside of a batch: there is nobody to answer (X01, X02).
    """
    lines, short = read_lines(data, name)
    starts = [at for at, line in enumerate(lines) if line[:1] == "A"]
    ends = [*starts, len(lines)][1:]
    outside = [0] if starts[:1] != [0] else []
    for start, end in zip(starts, ends, strict=True):
        closed = next((k for k in range(start, end) if lines[k][:1] == "Z"), end - 1)
        outside += [closed + 1] if closed + 1 < end else []
    if outside:
        raise BadInput(
            "records-outside-batch",
            [
                Problem(
                    file=name,
                    row=at + 1,
                    value=lines[at].rstrip()[:20],
                    wrong="stands in no batch",
                    right="an A record before it",
                    code="X01",
                )
                for at in outside
            ],
        )
    for index, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        yield index, (lines[start:end], short and end == len(lines))
