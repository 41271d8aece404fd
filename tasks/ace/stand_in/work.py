"""The stand-in at work: a batch in, its answer out, transaction by transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tasks.ace.layout import layout
from tasks.ace.stand_in import (
    cargo_query as stand_in_cargo_query,
    importers as stand_in_importers,
    query as stand_in_query,
    release as stand_in_release,
    release_answer as stand_in_release_answer,
    summary as stand_in_summary,
)
from tasks.ace.stand_in.answers import Address, accepted, rejected, rejected_by_application
from tasks.ace.stand_in.batch import Batch, Block, Fault, Rejected, control
from tasks.ace.stand_in.book import Book
from tasks.ace.stand_in.envelope import read
from tasks.ace.stand_in.faults import StandInDied, take
from tasks.ace.stand_in.query import Limits
from tasks.ace.stand_in.records import Record, read_lines
from tasks.shared.errors import BadInput, Problem

Lines = tuple[list[str], bool]
"""The records of a batch, and whether the last one is short."""


LIMITS = Limits()
_APPLICATION = layout("BB", "A", "output")["application"].span


@dataclass(frozen=True)
class Rules:
    """Where CBP's documents leave a choice.

    quota_certified: error 320 against the matrix, which allows a quota summary without
    certification. syntax_answer: a fault in a transaction's structure comes as X0/X1 (B&B v23
    p.36), or in the application's own records (AE p.207, EQ p.50, CQ p.65).
    """

    quota_certified: bool = True
    syntax_answer: Literal["envelope", "application"] = "envelope"
    query_limits: Limits = LIMITS


class Worker:
    """Answers batches from the state in a book, and changes it."""

    def __init__(self, book: Book, rules: Rules) -> None:
        self._book, self._rules = book, rules

    def batch(self, lines: Lines, work: str, index: int) -> bytes:
        """The answer to a batch. `work` names the file that it is from, whose transactions are
        done once; blank: each time. Raises StandInDied."""
        records, short = lines
        with self._book.writing():
            code = take(self._book, "reject", control("A", records[0], 1)["application"])
        if code is not None:
            return rejected(records[0], [Fault(code or "X13")])
        try:
            batch = read(records, short, self._book.filer)
        except Rejected as wrong:
            return self._rejection(records, wrong.faults)
        bodies = [
            [
                line
                for place, transaction in enumerate(block.transactions, 1)
                for line in self._done(batch, block, transaction, place, (work, index))
            ]
            for block in batch.blocks
        ]
        return accepted(batch, bodies)

    def _rejection(self, records: list[str], faults: list[Fault]) -> bytes:
        fault = faults[0]
        if self._rules.syntax_answer == "application" and fault.transaction:
            answer = rejected_by_application(records[0], records[-1], fault)
            if answer:
                return answer
        return rejected(records[0], faults)

    def _done(
        self,
        batch: Batch,
        block: Block,
        transaction: tuple[Record, ...],
        place: int,
        work: tuple[str, int],
    ) -> list[str]:
        """Carry out one transaction and keep its answer in the same step, if it is for a file."""
        key = (*work, f"{block.number}.{place}")
        if work[0]:
            sql = "SELECT body FROM done WHERE work = ? AND batch = ? AND item = ?"
            rows = self._book.run(sql, *key)
            if rows:
                return rows[0]["body"].split("\n")
        with self._book.writing():
            died = take(self._book, "die") is not None
        if died:
            raise StandInDied("ace-simulator-stopped", transaction=place, block=block.number)
        with self._book.writing():
            fails = take(self._book, "ZZZ") is not None
            body = self._body(batch, block, transaction, place, fails=fails)
            if work[0]:
                self._book.run("INSERT INTO done VALUES (?, ?, ?, ?)", *key, "\n".join(body))
        return body

    def _body(
        self,
        batch: Batch,
        block: Block,
        transaction: tuple[Record, ...],
        place: int,
        *,
        fails: bool,
    ) -> list[str]:
        book, origin = self._book, _origin(batch, block)
        match batch.application:
            case "SE":
                if fails:
                    return stand_in_release_answer.failed(transaction)
                return stand_in_release.transact(book, origin, transaction)
            case "AE":
                if fails:
                    return stand_in_summary.failed(transaction, place)
                quota = self._rules.quota_certified
                return stand_in_summary.transact(
                    book, origin, transaction, place, quota_certified=quota
                )
            case "EQ":
                if fails:
                    return stand_in_query.failed(origin)
                return stand_in_query.answer(book, origin, transaction, self._rules.query_limits)
            case "CQ":
                if fails:
                    return stand_in_cargo_query.failed(transaction)
                return stand_in_cargo_query.answer(book, origin, transaction)
            case _:
                return stand_in_importers.answer(book, transaction)

    def delivered(self, name: str, answer: bytes) -> list[tuple[str, bytes]]:
        """An answer as it reaches the sender: once, twice, later or never."""
        said = answer[_APPLICATION].decode("ascii", "replace")
        if take(self._book, "drop", said) is not None:
            return []
        if take(self._book, "late", said) is not None:
            sql = "INSERT INTO late (name, data) VALUES (?, ?)"
            self._book.run(sql, f"{name}-late.abi", answer)
            return []
        again = take(self._book, "twice", said) is not None
        return [(f"{name}.abi", answer)] + [(f"{name}-again.abi", answer)] * again

    def late(self) -> list[tuple[str, bytes]]:
        """Answers kept back, by name; they are gone from here then."""
        rows = self._book.run("SELECT name, data FROM late ORDER BY id")
        self._book.run("DELETE FROM late")
        return [(row["name"], row["data"]) for row in rows]


def _origin(batch: Batch, block: Block) -> Address:
    return Address(
        site=batch.head["site_code"],
        sender=batch.head["sender_id"],
        office=batch.head["office_code"],
        port=block.head["port"],
        filer=block.head["filer_code"],
        user_text=block.head.raw("user_text").rstrip(),
        preparer=block.head.text[46:56],
    )


def batches(data: bytes, name: str = "") -> Iterator[tuple[int, tuple[list[str], bool]]]:
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
