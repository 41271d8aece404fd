"""ER answers of the summaries in AE batches, made column by column, for benchmarks and large tests.

ACE returns a summary as it was sent, its numbers padded with blanks, a 4A before each line, after
the JB to JI that tell its state (EQ v26 p.25-54).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.ace.wire.record_layouts import RECORD_WIDTH, RecordLayout, record_layouts
from tests.ace import made_answers as made

Bytes = NDArray[np.uint8]
ZERO, BLANK = ord("0"), ord(" ")
LIMIT = 8_000_000
"""Bytes after which ACE cuts an answer (EQ v26 p.51)."""

_WHOLE = ("value_of_goods_amount", "charges_amount", "ad_cvd_value_of_goods_amount")


def records(text: list[str]) -> Bytes:
    return np.frombuffer("".join(text).encode("ascii"), dtype=np.uint8).reshape(-1, RECORD_WIDTH).copy()


def stored(matrix: Bytes) -> tuple[list[str], Bytes, NDArray[np.int64]]:
    """Entry numbers, the ER records of all summaries in AE batches, and the first of each."""
    kept = matrix[~np.isin(matrix[:, 0], [ord(letter) for letter in "ABYZ"])]
    kept = _padded(kept)
    heads = np.flatnonzero(_is(kept, "10"))
    lines = np.flatnonzero(_is(kept, "40"))
    state = records(made.state(0))
    place = np.concatenate((np.repeat(heads, len(state)), lines, np.arange(len(kept))))
    rank = np.repeat([0, 1, 2], [len(heads) * len(state), len(lines), len(kept)])
    whole = np.concatenate((_states(state, kept[heads]), _line_numbers(heads, lines), kept))[np.lexsort((rank, place))]
    return _numbers(kept[heads]), whole, np.flatnonzero(_is(whole, "JB"))


def answers(numbers: list[str], whole: Bytes, starts: NDArray[np.int64]) -> Iterator[tuple[str, list[str], bytes]]:
    """Batch id, entry numbers and bytes of answers that ACE need not cut."""
    bounds = np.concatenate((starts, [len(whole)]))
    low = place = 0
    while low < len(starts):
        room = bounds[low] + LIMIT // RECORD_WIDTH
        high = max(low + 1, int(np.searchsorted(bounds, room, side="right")) - 1)
        part, name = whole[bounds[low] : bounds[high]], f"BENCH-{place:010d}"
        a, b, y, z = made.batch("ER", [[]], name, count=len(part) % 100_000)
        yield name, numbers[low:high], (a + b).encode() + part.tobytes() + (y + z).encode()
        low, place = high, place + 1


def otherwise(whole: Bytes, starts: NDArray[np.int64], every: int) -> list[int]:
    """Officers keyed the first line of each `every`-th summary with another country of origin.
    Returns which summaries."""
    lines = np.flatnonzero(_is(whole, "40"))
    changed = list(range(0, len(starts), every))
    first = lines[np.searchsorted(lines, starts[changed])]
    span = record_layouts("AE")["40", ""]["country_of_origin_code"].span
    whole[first, span] = np.frombuffer(b"ZZ", dtype=np.uint8)
    return changed


def write_terms(home: Path) -> None:
    """The payment table of those batches: everybody pays by daily statement."""
    table = "importer_number,payment_type,branch,account,periodic_day\n*,2,,filer,\n"
    (home / "payment.csv").write_text(table, encoding="utf-8")


def _is(matrix: Bytes, letters: str) -> NDArray[np.bool_]:
    return (matrix[:, :2] == np.frombuffer(letters.encode(), dtype=np.uint8)).all(axis=1)


def _numbers(ten: Bytes) -> list[str]:
    known = record_layouts("AE")["10", ""]
    filer, digits = (
        [row.tobytes().decode() for row in ten[:, known[name].span]] for name in ("entry_filer_code", "entry_number")
    )
    return [f"{f}-{d[:7]}-{d[7]}" for f, d in zip(filer, digits, strict=True)]


def _states(state: Bytes, ten: Bytes) -> Bytes:
    """JB to JI of each summary: its number, and its release on the day of the paper."""
    whole = np.tile(state, (len(ten), 1)).reshape(len(ten), *state.shape)
    head, sent = record_layouts("EQ")["JB", ""], record_layouts("AE")["10", ""]
    for name in ("entry_filer_code", "entry_number"):
        whole[:, 0, head[name].span] = ten[:, sent[name].span]
    return whole.reshape(-1, RECORD_WIDTH)


def _line_numbers(heads: NDArray[np.int64], lines: NDArray[np.int64]) -> Bytes:
    """A 4A for each 40: its place in the summary."""
    owner = np.searchsorted(heads, lines, side="right") - 1
    first = np.searchsorted(owner, np.arange(len(heads)))
    place = np.arange(len(lines)) - first[owner] + 1
    whole = np.tile(records([made.line("EQ", "4A", cbp_line_number="00000")]), (len(lines), 1))
    span = record_layouts("EQ")["4A", ""]["cbp_line_number"].span
    for column in range(span.stop - span.start):
        whole[:, span.stop - 1 - column] = place // 10**column % 10 + ZERO
    return whole


def _padded(matrix: Bytes) -> Bytes:
    """Leading zeros of (S)N numbers as blanks; of an amount in cents three digits stay (p.54)."""
    done = matrix.copy()
    for (record, variant), known in record_layouts("AE").items():
        rows = np.flatnonzero(_is(matrix, record)) if len(record) == 2 and not variant else []
        if len(rows):
            done[rows] = _blank_zeros(known, matrix[rows])
    return done


def _blank_zeros(known: RecordLayout, part: Bytes) -> Bytes:
    for field in known.fields:
        if field.cls != "SN":
            continue
        view = part[:, field.span]
        cents = field.name.endswith("_amount") and field.name not in _WHOLE
        end = field.length - (3 if cents else 1)
        leading = np.logical_and.accumulate(view[:, :end] == ZERO, axis=1)
        view[:, :end][leading] = BLANK
    return part
