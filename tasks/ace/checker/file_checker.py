"""The engine of the checker: a file goes through it a chunk at a time, in constant memory.

A chunk ends before a record that begins a batch, a block or a transaction; the A and B records
that the next one stands under are put before it again. The control records, with their
neighbours, are kept back and judged together at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from tasks.ace.checker.entry_numbers import number_keys
from tasks.ace.checker.field_faults import check_classes
from tasks.ace.checker.finding_report import Reporter
from tasks.ace.checker.pga_rules import check_pga
from tasks.ace.checker.query_rules import check_importer_query, check_status_query, check_summary_query
from tasks.ace.checker.record_deck import Deck, Index
from tasks.ace.checker.record_grammar import application_grammar
from tasks.ace.checker.record_structure import check_structure
from tasks.ace.checker.record_tables import UNKNOWN, application_format, record_table
from tasks.ace.checker.release_rules.rule_list import check_cargo_release
from tasks.ace.checker.summary_rules.rule_list import check_entry_summary
from tasks.ace.wire.data_classes import Bytes, Flags
from tasks.entries.api import Offsets

CHUNK = 200_000
"""Records judged at once: 16 MB of bytes."""

_A, _B = ord("A"), ord("B")
_CONTROL = np.isin(np.arange(256), [ord(letter) for letter in "ABYZ"])
_NUMBERS = {"SE": ("entry_filer_code", "entry_number"), "AE": ("entry_filer_code", "entry_number")}

_RULES: dict[str, tuple[Callable[[Deck, Offsets], None], ...]] = {
    "SE": (check_cargo_release, lambda deck, offsets: check_pga(deck)),
    "AE": (check_entry_summary, lambda deck, offsets: check_pga(deck)),
    "EQ": (check_summary_query,),
    "CQ": (check_status_query,),
    "KI": (lambda deck, offsets: check_importer_query(deck),),
}


class FileChecker:
    """One file on its way through the checker: `feed` its records in order, then `end`."""

    def __init__(self, reporter: Reporter, offsets: Offsets, envelope_only: bool = False) -> None:
        self.reporter = reporter
        self.offsets = offsets
        self.envelope_only = envelope_only
        self.records = 0
        self.transactions: Counter[str] = Counter()
        self.unjudged: Counter[str] = Counter()
        self.applications: dict[str, None] = {}
        self.keys: dict[str, list[tuple[Index, Index]]] = {}
        self._control: list[tuple[Bytes, Index]] = []
        self._above = np.empty((0, 80), dtype=np.uint8)
        self._rest = np.empty((0, 80), dtype=np.uint8)

    def feed(self, matrix: Bytes) -> None:
        """Takes the next (n, 80) records, and judges as many as make whole transactions."""
        matrix = np.concatenate((self._rest, matrix)) if len(self._rest) else matrix
        cut = self._cut(matrix) if len(matrix) >= CHUNK else 0
        self._rest = matrix[cut:]
        if cut:
            self._judge(matrix[:cut])

    def end(self) -> None:
        """Judges what is left."""
        matrix, self._rest = self._rest, self._rest[:0]
        if len(matrix):
            self._judge(matrix)

    def control(self) -> tuple[Bytes, Index]:
        """Control records with the record before and after each, and their record numbers."""
        if not self._control:
            return self._above[:0], np.empty(0, dtype=np.int64)
        matrices, places = zip(*self._control, strict=True)
        return np.concatenate(matrices), np.concatenate(places)

    def _cut(self, matrix: Bytes) -> int:
        """Where to end the chunk: before the last A, else B, else transaction; 0 for nowhere."""
        first = matrix[:, 0]
        for letter in (_A, _B):
            at = np.flatnonzero(first == letter)
            if len(at) and at[-1] > 0:
                return int(at[-1])
        head = _head(_applications(np.concatenate((self._above, matrix[:1])))[1][-1])
        if not head:
            return 0
        text = np.frombuffer(head.encode("ascii"), dtype=np.uint8)
        at = np.flatnonzero((matrix[:, : len(text)] == text).all(axis=1))
        return int(at[-1]) if len(at) else 0

    def _judge(self, matrix: Bytes) -> None:
        base = self.records
        self.records += len(matrix)
        self._keep_control(matrix, base)
        if not self.envelope_only:
            above = len(self._above)
            extended = np.concatenate((self._above, matrix)) if above else matrix
            for application, rows in _by_application(extended):
                deck_matrix = extended if rows is None else extended[rows]
                at = np.arange(len(extended)) if rows is None else rows
                self._judge_application(application, deck_matrix, at - above + base, base)
        self._remember(matrix)

    def _judge_application(self, application: str, matrix: Bytes, at: Index, base: int) -> None:
        read, kinds = application_format(application), record_table(application)
        deck = Deck(application, matrix, kinds.codes(matrix), kinds, _head(application))
        self.applications.setdefault(application)
        classes = check_classes(deck)
        if read.grammar:
            check_structure(deck, application_grammar(read.grammar))
            for check in _RULES.get(application, ()):
                check(deck, self.offsets)
            self.transactions[application] += len(deck.starts)
            self._keep_numbers(application, deck, at)
        elif read.sets:
            deck.found.add("X34", deck.of_kind(UNKNOWN))
        self.unjudged.update(deck.unjudged)
        self.reporter.deck(deck, classes, at, base)

    def _keep_numbers(self, application: str, deck: Deck, at: Index) -> None:
        if application in _NUMBERS and len(deck.starts):
            keys, rows = number_keys(deck, *_NUMBERS[application])
            self.keys.setdefault(application, []).append((keys, at[rows]))

    def _keep_control(self, matrix: Bytes, base: int) -> None:
        near: Flags = _CONTROL[matrix[:, 0]]
        selected = near.copy()
        selected[1:] |= near[:-1]
        selected[:-1] |= near[1:]
        selected[[0, -1]] = True
        rows = np.flatnonzero(selected)
        self._control.append((matrix[rows], rows + base))

    def _remember(self, matrix: Bytes) -> None:
        """The A and B that the next record stands under."""
        letters = np.concatenate((self._above[:, 0], matrix[:, 0]))
        opened = {letter: np.flatnonzero(letters == letter) for letter in (_A, _B)}
        rows = [int(at[-1]) for at in (opened[_A], opened[_B]) if len(at)]
        if len(rows) == 2 and rows[1] < rows[0]:
            rows = rows[:1]
        above = len(self._above)
        headers = [self._above[row] if row < above else matrix[row - above] for row in rows]
        self._above = np.array(headers, dtype=np.uint8).reshape(-1, 80)


def _head(application: str) -> str:
    """The record that begins each transaction, where a block may hold several."""
    name = application_format(application).grammar
    chart = application_grammar(name) if name else None
    return chart.labels[chart.head] if chart is not None else ""


def _by_application(matrix: Bytes) -> Iterator[tuple[str, Index | None]]:
    """Each application of a chunk with the rows under its headers; None stands for all rows."""
    owner, names = _applications(matrix)
    distinct = list(dict.fromkeys(names))
    if len(distinct) == 1:
        yield distinct[0], None
        return
    number = np.array([distinct.index(name) for name in names])[owner]
    for number_of_name, name in enumerate(distinct):
        yield name, np.flatnonzero(number == number_of_name)


def _applications(matrix: Bytes) -> tuple[Index, list[str]]:
    """(n,) number of the A or B that each record stands under, and the application of each.

    Records before the first stand under number 0, whose application is not known; a B without
    an application is read by its A's.
    """
    first = matrix[:, 0]
    opens = np.flatnonzero((first == _A) | (first == _B))
    owner = np.zeros(len(matrix), dtype=np.int64)
    owner[opens] = 1
    owner = np.cumsum(owner)
    names = [""]
    batch = ""
    for row in opens:
        span = slice(25, 27) if first[row] == _A else slice(10, 12)
        name = matrix[row, span].tobytes().decode("latin-1").strip()
        batch = name if first[row] == _A else batch
        names.append(name or batch)
    if len(opens) and opens[0] == 0:
        return owner - 1, names[1:]
    return owner, names
