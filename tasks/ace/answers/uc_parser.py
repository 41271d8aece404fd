"""UC: what CBP does with an entry summary of its own accord (E1-E4, and agency statuses).

Layouts and codes from a transcription of UC v30 (third party); the one example that CBP prints
(Batch & Block v23 p.39) fits it. E1 is another record than the E1 of AX.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.answers.agency_statuses import read_agencies
from tasks.ace.answers.answer_facts import ON_FILE, REJECTED
from tasks.ace.answers.column_values import Index, clock_times, entry_numbers, hide_ssn, join_texts
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.answers.table_schemas import ColumnValues
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.code_meanings import look_up_code
from tasks.ace.wire.array_tools import is_given, take_or_null
from tasks.core import arrow_compute as pc

_REJECTION, _CANCELLED, _INACTIVE, _OTHER_FILER = "4", "6", "5", "8"
_SOURCES = {"1": "manual", "2": "automatic"}


def read_notices(reading: AnswerRecords) -> None:
    """Adds an entry for each E1 with its disposition, reason, remarks and quota lines."""
    rows = reading.rows("E1")
    if not len(rows):
        return
    fields = reading.columns(
        rows,
        "disposition_type_code",
        "source",
        "team_review_code",
        "reason_code",
        "action_date",
        "line_id",
        "broker_reference_number",
    )
    numbers = entry_numbers(rows.raw("entry_filer_code"), rows.raw("entry_number"))
    kind = fields["disposition_type_code"].to_pylist()
    day = clock_times(fields["action_date"], np.full((len(rows), 4), ord("0"), dtype=np.uint8))
    reading.add(
        "entries",
        {
            "entry_number": numbers,
            "disposition": [REJECTED if code == _REJECTION else ON_FILE for code in kind],
            "code": fields["disposition_type_code"],
            "severity": [look_up_code("UC", code or "", "notice").severity("") for code in kind],
            "text": [look_up_code("UC", code or "", "notice").narrative for code in kind],
            "reference": fields["broker_reference_number"],
            "control": ["inactive" if code == _INACTIVE else None for code in kind],
            "summary": [_summary(code) for code in kind],
            "owned": pa.array([False if code == _OTHER_FILER else None for code in kind], pa.bool_()),
            "at": day,
            "remarks": _remarks(reading, rows),
        },
        rows.at,
    )
    _notice_conditions(reading, rows, numbers, fields, day)
    _quota(reading, rows, numbers)
    read_agencies(reading, rows.at, numbers)


def _summary(kind: str | None) -> str | None:
    return {_REJECTION: "rejected", _CANCELLED: "cancelled"}.get(kind or "")


def _notice_conditions(
    reading: AnswerRecords, rows: RecordColumns, numbers: pa.Array, fields: dict[str, pa.Array], day: pa.Array
) -> None:
    """The notice, and for a rejection its reason."""
    every = np.arange(len(rows))
    source = pa.array([_SOURCES.get(value or "") for value in fields["source"].to_pylist()], pa.string())
    team = pc.binary_join_element_wise("team", fields["team_review_code"], " ")
    where = join_texts(", ", source, team)
    for place, column in (("notice", "disposition_type_code"), ("reason", "reason_code")):
        code = fields[column]
        which = every if place == "notice" else np.flatnonzero(is_given(code))
        codes = take_or_null(code, which).to_pylist()
        _add(
            reading,
            rows,
            numbers,
            which,
            rows.at[which],
            {
                "level": "entry",
                "code": take_or_null(code, which),
                "place": place,
                "severity": [look_up_code("UC", value or "", place).severity("") for value in codes],
                "text": [look_up_code("UC", value or "", place).narrative for value in codes],
                "line": take_or_null(fields["line_id"], which),
                "reference": take_or_null(where, which),
                "at": take_or_null(day, which),
                "final": pa.array([place == "notice"] * len(which)),
            },
        )


def _quota(reading: AnswerRecords, rows: RecordColumns, numbers: pa.Array) -> None:
    """E4: one condition a quota line, with the quantities asked for and reserved."""
    lines = reading.rows("E4")
    fields = reading.columns(
        lines,
        "line_id",
        "quota_status_code",
        "quota_status_description",
        "requested_quantity",
        "uom",
        "reserved_quantity",
        "uom_2",
    )
    codes = fields["quota_status_code"].to_pylist()
    requested = _quantity(fields["requested_quantity"], fields["uom"])
    reserved = _quantity(fields["reserved_quantity"], fields["uom_2"])
    owner = reading.owner(lines.at, rows.at)
    _add(
        reading,
        rows,
        numbers,
        owner,
        lines.at,
        {
            "level": "line",
            "code": fields["quota_status_code"],
            "place": "quota",
            "severity": [look_up_code("UC", value or "", "quota").severity("") for value in codes],
            "text": pc.coalesce(
                fields["quota_status_description"],
                _text([look_up_code("UC", value or "", "quota").narrative for value in codes]),
            ),
            "line": fields["line_id"],
            "reference": join_texts(
                "; ",
                pc.binary_join_element_wise("requested", requested, " "),
                pc.binary_join_element_wise("reserved", reserved, " "),
            ),
            "final": False,
        },
        record="E4",
    )


def _quantity(hundredths: pa.Array, unit: pa.Array) -> pa.Array:
    """Two decimals are implied (UC v30 p.25)."""
    values = [None if amount is None else f"{amount / 100:.2f}" for amount in hundredths.to_pylist()]
    return pc.binary_join_element_wise(_text(values), pc.fill_null(unit, ""), " ")


def _remarks(reading: AnswerRecords, rows: RecordColumns) -> pa.Array:
    """E2 (who at CBP, and how to reach them) and the E3 remarks, in order."""
    remarks_of: list[list[str]] = [[] for _ in range(len(rows))]
    people = reading.rows("E2")
    names = reading.texts(people, "cbp_user_name", "cbp_user_phone", "phone_extension")
    for row, owner in enumerate(reading.owner(people.at, rows.at)):
        parts = [names[name][row].as_py() for name in names]
        if owner >= 0 and any(parts):
            remarks_of[owner].append(" ".join(part for part in parts if part) + ":")
    rows_of_remarks = reading.rows("E3")
    remarks = reading.texts(rows_of_remarks, "remarks")["remarks"]
    for row, owner in enumerate(reading.owner(rows_of_remarks.at, rows.at)):
        if owner >= 0 and remarks[row].is_valid:
            remarks_of[owner].append(remarks[row].as_py())
    return hide_ssn(_text([" ".join(texts) or None for texts in remarks_of]))


def _add(
    reading: AnswerRecords,
    rows: RecordColumns,
    numbers: pa.Array,
    owner: Index,
    at: Index,
    columns: dict[str, ColumnValues],
    record: str = "E1",
) -> None:
    if not len(at):
        return
    reading.add(
        "conditions",
        columns
        | {"head": reading.heads(rows.at, owner), "entry_number": take_or_null(numbers, owner), "record": record},
        at,
    )


def _text(values: list) -> pa.Array:
    return pa.array(values, pa.string())
