"""SX: what ACE did with cargo releases (echoed SE records, each followed by its SE90s).

CATAIR SE v40 p.20, 28-29, 85: SE10 opens each entry; SE90 of type 11 or 13 is about the record
before it; SE90 of type 01-04 closes the entry. CBP's list of SE90 codes is a document of its own
that is not at hand, so the text counts where a code is not certain.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.answers.answer_facts import ACCEPTED, FAILED, NOT_PROCESSED, ON_FILE, REFERRED, REJECTED, UNKNOWN, WARNED
from tasks.ace.answers.answer_shape import last_by_owner
from tasks.ace.answers.column_values import Index, entry_numbers, first_by_owner, hide_ssn
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.code_meanings import codes_meaning
from tasks.ace.wire.array_tools import NO_TEXT, as_mask, is_given, take_or_null, texts_among
from tasks.core import arrow_compute as pc

TYPES = {"01": REJECTED, "02": ACCEPTED, "03": WARNED, "04": REFERRED}
_SEVERITY = {"01": "F", "02": "", "03": "W", "04": "", "11": "F", "13": "W"}
_ON_FILE_TEXT = r"ALREADY ON FILE|ALREADY EXISTS|DUPLICATE ENTRY"
_FILE_TEXT = r"ON FILE"
_NOT_ON_FILE = r"NOT ON FILE"
_LINES = ("SE4", "SE5", "SE6", "OI", "PG")


def read_releases(reading: AnswerRecords) -> None:
    """Adds an entry for each SE10 and a condition for each SE90."""
    if not reading.has("SE10") and not reading.has("SE90"):
        return
    heads = reading.rows("SE10")
    fields = reading.columns(heads, "action_code", "entry_type", "importer_number", "port_of_entry")
    numbers = entry_numbers(heads.raw("entry_filer_code"), heads.raw("entry_number"))
    notes = reading.rows("SE90")
    texts = reading.texts(notes, "message_type_code", "message_identifier_code", "narrative_message_text")
    owner = reading.owner(notes.at, heads.at)
    closing = texts_among(texts["message_type_code"], list(TYPES))
    final = last_by_owner(np.where(closing, owner, -1), len(heads))
    columns = {
        "entry_number": numbers,
        "disposition": _dispositions(texts, owner, final),
        "code": take_or_null(texts["message_identifier_code"], final),
        "severity": _severity(take_or_null(texts["message_type_code"], final)),
        "text": take_or_null(texts["narrative_message_text"], final),
        "action": fields["action_code"],
        "reference": _reference(reading, heads),
        "port": fields["port_of_entry"],
        "entry_type": fields["entry_type"],
        "importer_number": fields["importer_number"],
    }
    reading.add("entries", columns, heads.at)
    _conditions(reading, heads, numbers, notes, texts, owner, closing)


def _dispositions(texts: dict[str, pa.Array], owner: Index, final: Index) -> pa.Array:
    count = len(final)
    code, text = texts["message_identifier_code"], texts["narrative_message_text"]
    kinds = take_or_null(texts["message_type_code"], final).to_pylist()
    fatal = texts_among(texts["message_type_code"], ["01", "11"])
    failed = _any(texts_among(code, ["ZZZ"]) | _matches(text, "ACE SYSTEM FAILURE"), owner, count)
    dropped = _any(texts_among(code, ["999"]), owner, count)
    on_file = _any(_already(code, text) & fatal, owner, count)
    dispositions = []
    for kind, is_failed, is_dropped, is_found in zip(kinds, failed, dropped, on_file, strict=True):
        plain = TYPES.get(kind or "", UNKNOWN)
        if is_failed:
            plain = FAILED
        elif plain == REJECTED:
            plain = NOT_PROCESSED if is_dropped else ON_FILE if is_found else REJECTED
        dispositions.append(plain)
    return pa.array(dispositions, pa.string())


def _already(code: pa.Array, text: pa.Array) -> np.ndarray:
    """Conditions that say that ACE has the entry: plain words, or a code known for it whose text
    speaks of the file."""
    listed = texts_among(code, sorted(codes_meaning("SX", "on file")))
    about = _matches(text, _FILE_TEXT) & ~_matches(text, _NOT_ON_FILE)
    silent = ~is_given(text)
    return _matches(text, _ON_FILE_TEXT) | (listed & (about | silent))


def _conditions(
    reading: AnswerRecords,
    heads: RecordColumns,
    numbers: pa.Array,
    notes: RecordColumns,
    texts: dict[str, pa.Array],
    owner: Index,
    closing: np.ndarray,
) -> None:
    parent = _parents(reading, notes)
    records = reading.deck.table.records
    kinds = [records[reading.deck.kinds[row]] if row >= 0 else "" for row in parent]
    record = np.where(closing, "SE90", kinds)
    line = _line(reading, notes, heads)
    of_line = np.array([str(name).startswith(_LINES) for name in record], dtype=bool)
    level = np.where(closing, "entry", np.where(of_line, "line", "entry"))
    level[record == "SE15"] = "bill"
    reading.add(
        "conditions",
        {
            "head": reading.heads(heads.at, owner),
            "entry_number": take_or_null(numbers, owner),
            "level": level,
            "code": texts["message_identifier_code"],
            "place": "",
            "severity": _severity(texts["message_type_code"]),
            "text": texts["narrative_message_text"],
            "record": record,
            "line": pc.if_else(pa.array(of_line), line, NO_TEXT),
            "reference": _returned_records(reading, np.where(closing, -1, parent)),
            "final": closing,
        },
        notes.at,
    )


def _parents(reading: AnswerRecords, notes: RecordColumns) -> Index:
    """The deck row of the record that each SE90 follows; -1 at the head of a block."""
    rows = reading.data_rows()
    parents = np.setdiff1d(rows, notes.at, assume_unique=True)
    if not len(parents):
        return np.full(len(notes), -1, dtype=np.int64)
    index = np.searchsorted(parents, notes.at) - 1
    parent = parents[np.maximum(index, 0)]
    return np.where((index >= 0) & (reading.block[parent] == reading.block[notes.at]), parent, -1)


def _line(reading: AnswerRecords, notes: RecordColumns, heads: RecordColumns) -> pa.Array:
    """The line number of the SE40 before each SE90 in the same entry."""
    lines = reading.rows("SE40")
    number = reading.texts(lines, "line")["line"]
    row = reading.owner(notes.at, lines.at)
    same = reading.owner(notes.at, heads.at) == _or_none(reading.owner(lines.at, heads.at), row)
    return take_or_null(number, np.where(same, row, -1))


def _or_none(values: Index, rows: Index) -> Index:
    if not len(values):
        return np.full(len(rows), -2, dtype=np.int64)
    return np.where(rows >= 0, values[np.maximum(rows, 0)], -2)


def _reference(reading: AnswerRecords, heads: RecordColumns) -> pa.Array:
    """SE20 CR, the ledger key, where the record came back."""
    rows = reading.rows("SE20")
    texts = reading.texts(rows, "qualifier", "reference")
    mine = np.where(texts_among(texts["qualifier"], ["CR", "9X"]), reading.owner(rows.at, heads.at), -1)
    return first_by_owner(texts["reference"], mine, len(heads))


def _returned_records(reading: AnswerRecords, rows: Index) -> pa.Array:
    """The record as it came back, Social Security numbers hidden; null for a row below zero."""
    texts = [reading.deck.matrix[row].tobytes().decode("latin-1").rstrip() if row >= 0 else None for row in rows]
    return hide_ssn(pa.array(texts, pa.string()))


def _severity(kind: pa.Array) -> pa.Array:
    return pa.array([_SEVERITY.get(code or "", "") for code in kind.to_pylist()], pa.string())


def _matches(text: pa.Array, pattern: str) -> np.ndarray:
    return as_mask(pc.match_substring_regex(text, pattern))


def _any(mask: np.ndarray, owner: Index, count: int) -> np.ndarray:
    marked = mask & (owner >= 0)
    return np.bincount(owner[marked], minlength=count).astype(bool)
