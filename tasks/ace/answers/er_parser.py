"""ER: what ACE holds as entry summaries when EQ asks (EQ v26 p.23-53).

JB opens each summary; JC to JN tell its state; JZ says what could not be told: 013 no summary, 014
not permitted, 016 cut at 5,000 summaries or 8 MB. An image (10-90) follows where J0Y asked for it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.answer_facts import NOT_FOUND, NOT_PERMITTED, ON_FILE, REJECTED, UNKNOWN
from tasks.ace.answers.column_values import (
    Index,
    dollar_amounts,
    entry_numbers,
    first_by_owner,
    is_one_of,
    map_codes,
    signed_numbers,
    twelve_hour_times,
)
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.code_meanings import look_up_code
from tasks.ace.stored_summaries.stored_records import StoredImages, note_unreadable

CONTROL = {"1": "trade", "2": "CBP", "3": "inactive"}
SUMMARY = {"1": "accepted", "2": "rejected", "3": "cancelled"}
RELEASE = {"0": "not released", "1": "released", "2": "not shown"}
"""JC 12 (EQ v26 p.28). `not shown`: land border within five days of release, ask again later."""

COLLECTION = {"0": "not paid", "2": "paid", "3": "duty free", "5": "drawback", "6": "authorized"}
LIQUIDATION = {"1": "liquidated", "2": "not liquidated", "3": "re-liquidated"}
CENSUS = {"0": "none", "1": "unresolved", "6": "resolved"}

_MEANINGS = {"not found": NOT_FOUND, "not permitted": NOT_PERMITTED, "query": REJECTED}
_CUT = "016"
_NO_BOND = np.frombuffer(b"NO BOND ON FILE", dtype=np.uint8)


def read_summaries(reading: AnswerRecords) -> tuple[StoredImages | None, Index]:
    """Adds entries and conditions. Returns the stored images and the batches that were cut."""
    heads = reading.rows("JB")
    numbers = entry_numbers(heads.raw("entry_filer_code"), heads.raw("entry_number"))
    if len(heads):
        columns = _identity(reading, heads) | _state(reading, heads) | _dates(reading, heads)
        columns |= _amounts(reading, heads) | _header(reading, heads) | _bond(reading, heads)
        columns |= {
            "entry_number": numbers,
            "disposition": _same(ON_FILE, len(heads)),
            "block": pa.array(reading.block[heads.at]),
        }
        reading.add("entries", columns, heads.at)
    cut = _returned(reading)
    if not reading.has("10"):
        return None, cut
    note_unreadable(reading)
    return StoredImages(reading, heads.at, numbers), cut


def resume_at(entries: pa.Table) -> object | None:
    """The last accept time of an answer that was cut: where a range query goes on (p.51)."""
    return pc.max(entries["accepted_at"]).as_py() if entries.num_rows else None


def _identity(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    said = reading.columns(
        heads,
        "version_number",
        "psc_indicator",
        "ownership_data_returned_indicator",
        "liquidation_status_code",
        "liquidation_date",
    )
    accepted, wrong = twelve_hour_times(heads.raw("accept_date_time"))
    for row in np.flatnonzero(wrong)[:20]:
        value = heads.raw("accept_date_time")[row].tobytes().decode("latin-1")
        reading.note(int(heads.at[row]), "JB", "accept_date_time", value, "answer-time-unreadable")
    return {
        "version": said["version_number"],
        "accepted_at": accepted,
        "corrected": pc.fill_null(is_one_of(said["psc_indicator"], "Y"), False),
        "owned": is_one_of(said["ownership_data_returned_indicator"], "Y"),
        "liquidation": map_codes(said["liquidation_status_code"], LIQUIDATION),
        "liquidation_date": said["liquidation_date"],
    }


def _state(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    """JC. It is missing where the requester no longer owns the summary (p.11)."""
    rows, owner = _under(reading, "JC", heads)
    said = reading.columns(
        rows,
        "entry_summary_control_status",
        "entry_summary_status_code",
        "entry_summary_status_date",
        "late_filing_status_code",
        "release_status_code",
        "release_date",
        "collection_status_code",
        "collection_date",
        "census_header_status_code",
    )
    made = {
        "control": map_codes(said["entry_summary_control_status"], CONTROL),
        "summary": map_codes(said["entry_summary_status_code"], SUMMARY),
        "summary_date": said["entry_summary_status_date"],
        "late": is_one_of(said["late_filing_status_code"], "1"),
        "release": map_codes(said["release_status_code"], RELEASE),
        "release_code": said["release_status_code"],
        "release_date": said["release_date"],
        "collection": map_codes(said["collection_status_code"], COLLECTION),
        "collection_date": said["collection_date"],
        "census": map_codes(said["census_header_status_code"], CENSUS),
    }
    return _aligned(made, owner, len(heads))


def _dates(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    rows, owner = _under(reading, "JD", heads)
    said = reading.columns(rows, "cbp_review_indicator", "entry_date", "immediate_delivery_indicator")
    made = {
        "review": is_one_of(said["cbp_review_indicator"], "1"),
        "entry_date": said["entry_date"],
        "immediate_delivery": is_one_of(said["immediate_delivery_indicator"], "Y"),
    }
    return _aligned(made, owner, len(heads))


def _amounts(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    """JE: ACE's estimates in dollars; a minus may stand before them (p.35)."""
    rows, owner = _under(reading, "JE", heads)
    said = reading.texts(
        rows, "estimated_duty", "estimated_tax", "estimated_fee_s", "estimated_interest", "estimated_ad_cvd"
    )
    names = ("duty", "tax", "fees", "interest", "ad_cvd")
    made = {}
    for name, (field, text) in zip(names, said.items(), strict=True):
        cents = signed_numbers(text)
        lost = pc.and_(pc.is_null(cents), pc.is_valid(text)).to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(lost)[:20]:
            value = text[int(row)].as_py()
            reading.note(int(rows.at[row]), "JE", field, value, "answer-amount-unreadable")
        made[name] = dollar_amounts(cents)
    return _aligned(made, owner, len(heads))


def _header(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    rows, owner = _under(reading, "JF", heads)
    said = reading.columns(
        rows, "importer_of_record_number", "reject_date", "district_port_of_entry", "entry_summary_filing_date"
    )
    made = _aligned(
        {
            "importer_number": said["importer_of_record_number"],
            "entry_type": reading.texts(rows, "entry_type")["entry_type"],
            "reject_date": said["reject_date"],
            "port": said["district_port_of_entry"],
            "filing_date": said["entry_summary_filing_date"],
        },
        owner,
        len(heads),
    )
    rows, owner = _under(reading, "JG", heads)
    made |= _aligned(
        {"lines": reading.columns(rows, "number_of_line_items")["number_of_line_items"]}, owner, len(heads)
    )
    rows, owner = _under(reading, "JH", heads)
    said = reading.columns(rows, "preliminary_statement_print_date", "broker_reference_number")
    names = ("statement_date", "reference")
    return made | _aligned(dict(zip(names, said.values(), strict=True)), owner, len(heads))


def _bond(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    """The first JI with a bond; `JI 891 NO BOND ON FILE IN ACE EBOND` tells of none (p.41)."""
    rows = reading.rows("JI")
    if len(rows):
        none = (rows.matrix[:, 7 : 7 + len(_NO_BOND)] == _NO_BOND).all(axis=1)
        rows = RecordColumns(rows.layout, rows.matrix[~none], rows.at[~none])
    owner = reading.owner(rows.at, heads.at)
    said = reading.columns(rows, "bond_number", "single_entry_bond_amount")
    text = reading.texts(rows, "bond_type_code", "surety_code")
    made = {
        "bond_type": text["bond_type_code"],
        "surety_code": text["surety_code"],
        "bond_number": said["bond_number"],
        "bond_amount": dollar_amounts(said["single_entry_bond_amount"]),
    }
    return _aligned(made, owner, len(heads))


def _returned(reading: AnswerRecords) -> Index:
    """JZ: conditions, and an entry for each number that could not be told. Returns cut batches."""
    rows = reading.rows("JZ")
    if not len(rows):
        return np.empty(0, dtype=np.int64)
    said = reading.texts(rows, "condition_code", "narrative_text")
    code = said["condition_code"].to_pylist()
    numbers = entry_numbers(rows.raw("entry_filer_code"), rows.raw("entry_number"))
    named = np.flatnonzero(numbers.is_valid().to_numpy(zero_copy_only=False))
    severity = pa.array([_severity(one) for one in code], pa.string())
    heads = np.full(len(rows), -1, dtype=np.int64)
    heads[named] = reading.index[rows.at[named]]
    reading.add(
        "conditions",
        {
            "head": pa.array(heads),
            "block": pa.array(reading.block[rows.at]),
            "entry_number": numbers,
            "level": pa.array(["entry" if head >= 0 else "query" for head in heads], pa.string()),
            "code": said["condition_code"],
            "place": _same("", len(rows)),
            "severity": severity,
            "text": said["narrative_text"],
            "record": _same("JZ", len(rows)),
            "final": pa.array(np.ones(len(rows), dtype=bool)),
        },
        rows.at,
    )
    place = pa.array(named)
    dispositions = [_MEANINGS.get(look_up_code("ER", code[row] or "").meaning, UNKNOWN) for row in named]
    reading.add(
        "entries",
        {
            "entry_number": numbers.take(place),
            "disposition": pa.array(dispositions, pa.string()),
            "code": said["condition_code"].take(place),
            "severity": severity.take(place),
            "text": said["narrative_text"].take(place),
            "block": pa.array(reading.block[rows.at[named]]),
        },
        rows.at[named],
    )
    limit = np.array([one == _CUT for one in code], dtype=bool)
    return np.unique(reading.batch[rows.at[limit]])


def _severity(code: str | None) -> str:
    found = look_up_code("ER", code or "")
    return found.candidates[0].severity if found.known else "F"


def _under(reading: AnswerRecords, record: str, heads: RecordColumns) -> tuple[RecordColumns, Index]:
    rows = reading.rows(record)
    return rows, reading.owner(rows.at, heads.at)


def _aligned(made: dict[str, pa.Array], owner: Index, count: int) -> dict[str, pa.Array]:
    return {name: first_by_owner(column, owner, count) for name, column in made.items()}


def _same(value: str, count: int) -> pa.Array:
    return pa.array([value] * count, pa.string())
