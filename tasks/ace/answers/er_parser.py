"""ER: what ACE holds as entry summaries when EQ asks (EQ v26 p.23-53).

JB opens each summary; JC to JN tell its state; JZ says what could not be told: 013 no summary, 014
not permitted, 016 cut at 5,000 summaries or 8 MB. An image (10-90) follows where J0Y asked for it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

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
from tasks.ace.answers.record_reader import AnswerRecords, select_rows
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.code_meanings import look_up_code
from tasks.ace.stored_summaries.stored_records import StoredImages, note_unreadable
from tasks.ace.wire.array_tools import is_given, texts_among
from tasks.core import arrow_compute as pc

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
        columns |= {"entry_number": numbers, "disposition": ON_FILE}
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
    fields = reading.columns(
        heads,
        "version_number",
        "psc_indicator",
        "ownership_data_returned_indicator",
        "liquidation_status_code",
        "liquidation_date",
    )
    accepted, unreadable = twelve_hour_times(heads.raw("accept_date_time"))
    for row in np.flatnonzero(unreadable)[:20]:
        value = heads.raw("accept_date_time")[row].tobytes().decode("latin-1")
        reading.note(int(heads.at[row]), "JB", "accept_date_time", value, "answer-time-unreadable")
    return {
        "version": fields["version_number"],
        "accepted_at": accepted,
        "corrected": pc.fill_null(is_one_of(fields["psc_indicator"], "Y"), False),
        "owned": is_one_of(fields["ownership_data_returned_indicator"], "Y"),
        "liquidation": map_codes(fields["liquidation_status_code"], LIQUIDATION),
        "liquidation_date": fields["liquidation_date"],
    }


def _state(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    """JC. It is missing where the requester no longer owns the summary (p.11)."""
    rows, owner = reading.under("JC", heads)
    fields = reading.columns(
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
    columns = {
        "control": map_codes(fields["entry_summary_control_status"], CONTROL),
        "summary": map_codes(fields["entry_summary_status_code"], SUMMARY),
        "summary_date": fields["entry_summary_status_date"],
        "late": is_one_of(fields["late_filing_status_code"], "1"),
        "release": map_codes(fields["release_status_code"], RELEASE),
        "release_code": fields["release_status_code"],
        "release_date": fields["release_date"],
        "collection": map_codes(fields["collection_status_code"], COLLECTION),
        "collection_date": fields["collection_date"],
        "census": map_codes(fields["census_header_status_code"], CENSUS),
    }
    return _aligned(columns, owner, len(heads))


def _dates(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    rows, owner = reading.under("JD", heads)
    fields = reading.columns(rows, "cbp_review_indicator", "entry_date", "immediate_delivery_indicator")
    columns = {
        "review": is_one_of(fields["cbp_review_indicator"], "1"),
        "entry_date": fields["entry_date"],
        "immediate_delivery": is_one_of(fields["immediate_delivery_indicator"], "Y"),
    }
    return _aligned(columns, owner, len(heads))


def _amounts(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    """JE: ACE's estimates in dollars; a minus may stand before them (p.35)."""
    rows, owner = reading.under("JE", heads)
    texts = reading.texts(
        rows, "estimated_duty", "estimated_tax", "estimated_fee_s", "estimated_interest", "estimated_ad_cvd"
    )
    names = ("duty", "tax", "fees", "interest", "ad_cvd")
    columns = {}
    for name, (field, text) in zip(names, texts.items(), strict=True):
        cents = signed_numbers(text)
        unreadable = is_given(text) & ~is_given(cents)
        for row in np.flatnonzero(unreadable)[:20]:
            value = text[int(row)].as_py()
            reading.note(int(rows.at[row]), "JE", field, value, "answer-amount-unreadable")
        columns[name] = dollar_amounts(cents)
    return _aligned(columns, owner, len(heads))


def _header(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    rows, owner = reading.under("JF", heads)
    fields = reading.columns(
        rows, "importer_of_record_number", "reject_date", "district_port_of_entry", "entry_summary_filing_date"
    )
    columns = _aligned(
        {
            "importer_number": fields["importer_of_record_number"],
            "entry_type": reading.texts(rows, "entry_type")["entry_type"],
            "reject_date": fields["reject_date"],
            "port": fields["district_port_of_entry"],
            "filing_date": fields["entry_summary_filing_date"],
        },
        owner,
        len(heads),
    )
    rows, owner = reading.under("JG", heads)
    columns |= _aligned(
        {"lines": reading.columns(rows, "number_of_line_items")["number_of_line_items"]}, owner, len(heads)
    )
    rows, owner = reading.under("JH", heads)
    fields = reading.columns(rows, "preliminary_statement_print_date", "broker_reference_number")
    names = ("statement_date", "reference")
    return columns | _aligned(dict(zip(names, fields.values(), strict=True)), owner, len(heads))


def _bond(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    """The first JI with a bond; `JI 891 NO BOND ON FILE IN ACE EBOND` tells of none (p.41)."""
    rows = reading.rows("JI")
    if len(rows):
        none = (rows.matrix[:, 7 : 7 + len(_NO_BOND)] == _NO_BOND).all(axis=1)
        rows = select_rows(rows, ~none)
    owner = reading.owner(rows.at, heads.at)
    fields = reading.columns(rows, "bond_number", "single_entry_bond_amount")
    text = reading.texts(rows, "bond_type_code", "surety_code")
    columns = {
        "bond_type": text["bond_type_code"],
        "surety_code": text["surety_code"],
        "bond_number": fields["bond_number"],
        "bond_amount": dollar_amounts(fields["single_entry_bond_amount"]),
    }
    return _aligned(columns, owner, len(heads))


def _returned(reading: AnswerRecords) -> Index:
    """JZ: conditions, and an entry for each number that could not be told. Returns cut batches."""
    rows = reading.rows("JZ")
    if not len(rows):
        return np.empty(0, dtype=np.int64)
    texts = reading.texts(rows, "condition_code", "narrative_text")
    code = texts["condition_code"].to_pylist()
    numbers = entry_numbers(rows.raw("entry_filer_code"), rows.raw("entry_number"))
    named = np.flatnonzero(is_given(numbers))
    severity = pa.array([look_up_code("ER", value or "").severity("F") for value in code], pa.string())
    heads = np.full(len(rows), -1, dtype=np.int64)
    heads[named] = reading.index[rows.at[named]]
    reading.add(
        "conditions",
        {
            "head": heads,
            "entry_number": numbers,
            "level": ["entry" if head >= 0 else "query" for head in heads],
            "code": texts["condition_code"],
            "place": "",
            "severity": severity,
            "text": texts["narrative_text"],
            "record": "JZ",
            "final": True,
        },
        rows.at,
    )
    dispositions = [_MEANINGS.get(look_up_code("ER", code[row] or "").meaning, UNKNOWN) for row in named]
    reading.add(
        "entries",
        {
            "entry_number": numbers.take(named),
            "disposition": dispositions,
            "code": texts["condition_code"].take(named),
            "severity": severity.take(named),
            "text": texts["narrative_text"].take(named),
        },
        rows.at[named],
    )
    return np.unique(reading.batch[rows.at[texts_among(texts["condition_code"], [_CUT])]])


def _aligned(columns: dict[str, pa.Array], owner: Index, count: int) -> dict[str, pa.Array]:
    return {name: first_by_owner(column, owner, count) for name, column in columns.items()}
