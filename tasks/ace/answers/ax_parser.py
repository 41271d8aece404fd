"""AX: what ACE did with entry summaries (E0 references, E1 conditions and dispositions).

AE July 2026 p.193-211: an E0 SUMMRY opens each summary; a condition E1 follows the E0s that it is
about; the last E1 with A or R in column 3 is the disposition. Codes decide, never texts.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.answers.answer_facts import ACCEPTED, DELETED, FAILED, NOT_PROCESSED, ON_FILE, REJECTED, UNKNOWN, WARNED
from tasks.ace.answers.answer_shape import last_by_owner
from tasks.ace.answers.column_values import Index, entry_numbers, hide_ssn, trimmed_text
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.checker.record_deck import RecordColumns, is_among, pack_bytes
from tasks.ace.code_meanings import codes_meaning
from tasks.ace.wire.array_tools import NO_TEXT, is_given, take_or_null
from tasks.ace.wire.data_classes import Bytes, Flags
from tasks.core import arrow_compute as pc

SEVERITIES = " IWPF"
"""From none to worst: P outranks W (AE July 2026 p.205)."""

_WHOLE = (
    "SUMMRY",
    "CARMAN",
    "BOLINB",
    "BNDDTL",
    "CONREL",
    "MISDOC",
    "HDRFEE",
    "PSCHRE",
    "PSCEXP",
    "PSTLIN",
    "TOTALS",
    "FEETOT",
)
_ACTIONS = {"995": "added", "996": "replaced"}
_BATCH, _SYSTEM = "999", "ZZZ"
_OLD_PRINT = 1
_REFERENCE_ID = r"^E0 SUMMRY.*?REF ?ID: *(?P<f>[0-9A-Z]{3}) *(?P<n>[0-9]{7})(?P<c>[0-9])"


def read_summaries(reading: AnswerRecords) -> Index:
    """Adds entries and conditions. Returns the ranks of batches that were rejected (E1 999)."""
    if not (reading.has("E0") or reading.has("E1")):
        return np.empty(0, dtype=np.int64)
    starts = _starts(reading)
    rows = reading.rows("E1")
    matrix = _as_printed(rows.matrix)
    owner = reading.owner(rows.at, starts)
    numbers = _numbers(reading, starts, matrix, owner)
    _entries(reading, starts, matrix, owner, numbers)
    _conditions(reading, starts, matrix, owner, numbers, rows)
    rejected = is_among(pack_bytes(matrix[:, 4:7]), 3, [_BATCH]) & (matrix[:, 2] == ord("R"))
    return np.unique(reading.batch[rows.at[rejected]])


def _starts(reading: AnswerRecords) -> Index:
    """E0 SUMMRY records, and the first record of a block that opens with something else."""
    rows = reading.data_rows()
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = reading.block[rows][1:] != reading.block[rows][:-1]
    fresh[1:] |= reading.batch[rows][1:] != reading.batch[rows][:-1]
    opening = np.zeros(len(reading.deck), dtype=bool)
    opening[rows[fresh]] = True
    summary = reading.rows("E0")
    opening[summary.at[_kind(summary.matrix, "SUMMRY")]] = True
    return np.flatnonzero(opening)


def _kind(matrix: Bytes, *kinds: str) -> Flags:
    return is_among(pack_bytes(matrix[:, 3:9]), 6, kinds)


def _as_printed(matrix: Bytes) -> Bytes:
    """E1 records with code and filer in the columns of the layout.

    Batch & Block v23 p.38 prints E1 with the code in 8-10, the text from 12 and the filer in
    52-54: columns that the AE chapter has one or three further left.
    """
    old = (matrix[:, 4:7] == 32).all(axis=1) & (matrix[:, 7:10] != 32).all(axis=1)
    old &= (matrix[:, 10] == 32) & (matrix[:, 11] != 32)
    if not old.any():
        return matrix
    corrected = matrix.copy()
    corrected[old, 4:7] = matrix[old, 7:10]
    corrected[old, 7:10] = 32
    corrected[old, 10:50] = matrix[old, 10 + _OLD_PRINT : 50 + _OLD_PRINT]
    late = old & (matrix[:, 50] == 32) & (matrix[:, 53] != 32)
    corrected[late, 50:53] = matrix[late, 51:54]
    corrected[late, 53] = 32
    return corrected


def _numbers(reading: AnswerRecords, starts: Index, matrix: Bytes, owner: Index) -> pa.Array:
    """The entry number of each summary: from an E1, else read out of the E0 text."""
    printed = entry_numbers(matrix[:, 50:53], matrix[:, 55:63])
    valid = is_given(printed)
    last_row = last_by_owner(np.where(valid, owner, -1), len(starts))
    numbers = take_or_null(printed, last_row)
    unprinted = np.flatnonzero(last_row < 0)
    if not len(unprinted):
        return numbers
    # `REF ID:` as in the layout, or `REFID:` as in the example of B&B v23 p.38
    texts = [reading.deck.matrix[starts[row]].tobytes().decode("latin-1") for row in unprinted]
    matches = pc.extract_regex(
        pa.array(texts), r"^E0 SUMMRY.*?REF ?ID: *(?P<f>[0-9A-Z]{3}) *(?P<n>[0-9]{7})(?P<c>[0-9])"
    )
    parts = [pc.struct_field(matches, name) for name in ("f", "n", "c")]
    from_text = pc.binary_join_element_wise(*parts, "-")
    values = numbers.to_pylist()
    for row, value in zip(unprinted, from_text.to_pylist(), strict=True):
        values[row] = value
    return pa.array(values, pa.string())


def _entries(reading: AnswerRecords, starts: Index, matrix: Bytes, owner: Index, numbers: pa.Array) -> None:
    count = len(starts)
    decided = (matrix[:, 2] == ord("A")) | (matrix[:, 2] == ord("R"))
    final = last_by_owner(np.where(decided, owner, -1), count)
    worst = _worst(matrix, owner, count)
    accepted = final >= 0
    accepted[accepted] = matrix[final[accepted], 2] == ord("A")
    disposition = _dispositions(matrix, owner, final, accepted, worst)
    code = trimmed_text(matrix, 4, 7, final)
    action = [
        _ACTIONS.get(action_code or "", DELETED if is_accepted and "DELETED" in (text or "").upper() else None)
        for action_code, text, is_accepted in zip(
            code.to_pylist(), trimmed_text(matrix, 10, 50, final).to_pylist(), accepted, strict=True
        )
    ]
    cancelled = _any(matrix, owner, count, codes_meaning("AX", "cancelled"))
    summary = [
        "accepted"
        if accepted_at_end and action_of != DELETED
        else "cancelled"
        if is_cancelled and not accepted_at_end
        else None
        for accepted_at_end, is_cancelled, action_of in zip(accepted, cancelled, action, strict=True)
    ]
    columns = {
        "entry_number": numbers,
        "disposition": pa.array(disposition, pa.string()),
        "code": code,
        "severity": pa.array([SEVERITIES[rank].strip() for rank in worst], pa.string()),
        "text": trimmed_text(matrix, 10, 50, final),
        "action": pa.array(action, pa.string()),
        "summary": pa.array(summary, pa.string()),
        "version": trimmed_text(matrix, 63, 68, final),
        "reference": trimmed_text(matrix, 68, 77, last_by_owner(owner, count)),
    }
    # a batch that was refused as a whole names no entry
    rows = np.flatnonzero(is_given(numbers) | (np.array(disposition) != NOT_PROCESSED))
    columns = {name: column.take(rows) for name, column in columns.items()}
    reading.add("entries", columns, starts[rows])


def _dispositions(matrix: Bytes, owner: Index, final: Index, accepted: Flags, worst: Index) -> list[str]:
    count = len(final)
    failed = _any(matrix, owner, count, {_SYSTEM})
    dropped = _any(matrix, owner, count, {_BATCH}) & ~accepted
    on_file = _any(matrix, owner, count, codes_meaning("AX", "on file", "cancelled")) & ~accepted
    warned = np.isin(worst, (SEVERITIES.index("W"), SEVERITIES.index("P")))
    names = np.array([FAILED, NOT_PROCESSED, ON_FILE, UNKNOWN, REJECTED, WARNED, ACCEPTED])
    pick = np.select([failed, dropped, on_file & (final >= 0), final < 0, ~accepted, warned], range(6), 6)
    return names[pick].tolist()


def _any(matrix: Bytes, owner: Index, count: int, codes: frozenset[str] | set[str]) -> Flags:
    """Which summaries have one of the codes."""
    hit = is_among(pack_bytes(matrix[:, 4:7]), 3, sorted(codes)) & (owner >= 0)
    return np.bincount(owner[hit], minlength=count).astype(bool)


def _worst(matrix: Bytes, owner: Index, count: int) -> Index:
    ranks = np.zeros(256, dtype=np.int64)
    for rank, letter in enumerate(SEVERITIES):
        ranks[ord(letter)] = rank
    worst = np.zeros(count, dtype=np.int64)
    inside = owner >= 0
    np.maximum.at(worst, owner[inside], ranks[matrix[inside, 3]])
    return worst


def _conditions(
    reading: AnswerRecords, starts: Index, matrix: Bytes, owner: Index, numbers: pa.Array, rows: RecordColumns
) -> None:
    final = (matrix[:, 2] == ord("A")) | (matrix[:, 2] == ord("R"))
    references, lines = _references(reading, rows.at, owner, starts)
    of_line = is_given(lines)
    level = np.where(of_line & ~final, "line", "entry")
    level[is_among(pack_bytes(matrix[:, 4:7]), 3, [_BATCH])] = "batch"
    every = np.arange(len(matrix))
    reading.add(
        "conditions",
        {
            "head": reading.heads(starts, owner),
            "entry_number": take_or_null(numbers, owner),
            "level": level,
            "code": trimmed_text(matrix, 4, 7, every),
            "place": "",
            "severity": pc.fill_null(trimmed_text(matrix, 3, 4, every), ""),
            "text": trimmed_text(matrix, 10, 50, every),
            "record": "E1",
            "line": pc.if_else(pa.array(final), NO_TEXT, lines),
            "reference": references,
            "final": pa.array(final),
        },
        rows.at,
    )


def _references(reading: AnswerRecords, at: Index, owner: Index, starts: Index) -> tuple[pa.Array, pa.Array]:
    """For each E1 the E0s between it and the E1 before, as text, and the line item that holds.

    A LINITM holds for the conditions after it until an E0 of header or totals takes over.
    """
    references: list[str | None] = []
    lines: list[str | None] = []
    e0 = reading.rows("E0")
    e0_owner = reading.owner(e0.at, starts)
    position, line, last_owner = 0, None, -2
    texts = [row.tobytes().decode("latin-1") for row in e0.matrix]
    for row, summary in zip(at, owner, strict=True):
        if summary != last_owner:
            line, last_owner = None, summary
        described = []
        while position < len(texts) and e0.at[position] < row:
            text = texts[position]
            position += 1
            if e0_owner[position - 1] != summary:
                continue
            kind = text[3:9].strip()
            if kind in _WHOLE:
                line = None
            elif kind == "LINITM":
                line = text[25:28].strip()
            described.append(f"{kind} {text[10:16].lstrip('0')} {_data(text)}".strip())
        references.append("; ".join(described) or None)
        lines.append(line)
    return hide_ssn(pa.array(references, pa.string())), pa.array(lines, pa.string())


def _data(text: str) -> str:
    return " ".join(text[17:].partition(":")[2].split())
