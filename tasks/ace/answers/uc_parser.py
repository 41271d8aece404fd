"""UC: what CBP does with an entry summary of its own accord (E1-E4, and agency statuses).

Layouts and codes from a transcription of UC v30 (third party); the one example that CBP prints
(Batch & Block v23 p.39) fits it. E1 is another record than the E1 of AX.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.agency_statuses import read_agencies
from tasks.ace.answers.answer_facts import ON_FILE, REJECTED
from tasks.ace.answers.column_values import Index, clock_times, entry_numbers, hide_ssn, join_texts, take_or_null
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.code_meanings import look_up_code

_REJECTION, _CANCELLED, _INACTIVE, _OTHER_FILER = "4", "6", "5", "8"
_SOURCES = {"1": "manual", "2": "automatic"}


def read_notices(reading: AnswerRecords) -> None:
    """Adds an entry for each E1 with its disposition, reason, remarks and quota lines."""
    rows = reading.rows("E1")
    if not len(rows):
        return
    said = reading.columns(
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
    kind = said["disposition_type_code"].to_pylist()
    day = clock_times(said["action_date"], np.full((len(rows), 4), ord("0"), dtype=np.uint8))
    reading.add(
        "entries",
        {
            "entry_number": numbers,
            "disposition": _text([REJECTED if one == _REJECTION else ON_FILE for one in kind]),
            "code": said["disposition_type_code"],
            "severity": _text([_severity(one, "notice") for one in kind]),
            "text": _text([_narrative(one, "notice") for one in kind]),
            "reference": said["broker_reference_number"],
            "block": pa.array(reading.block[rows.at]),
            "control": _text(["inactive" if one == _INACTIVE else None for one in kind]),
            "summary": _text([_summary(one) for one in kind]),
            "owned": pa.array([False if one == _OTHER_FILER else None for one in kind], pa.bool_()),
            "at": day,
            "remarks": _remarks(reading, rows),
        },
        rows.at,
    )
    _notices(reading, rows, numbers, said, day)
    _quota(reading, rows, numbers)
    read_agencies(reading, rows.at, numbers)


def _summary(kind: str | None) -> str | None:
    return {_REJECTION: "rejected", _CANCELLED: "cancelled"}.get(kind or "")


def _notices(
    reading: AnswerRecords, rows: RecordColumns, numbers: pa.Array, said: dict[str, pa.Array], day: pa.Array
) -> None:
    """The notice, and for a rejection its reason."""
    every = np.arange(len(rows))
    source = pa.array([_SOURCES.get(one or "") for one in said["source"].to_pylist()], pa.string())
    team = pc.binary_join_element_wise("team", said["team_review_code"], " ")
    where = join_texts(", ", source, team)
    for place, column in (("notice", "disposition_type_code"), ("reason", "reason_code")):
        code = said[column]
        which = every if place == "notice" else np.flatnonzero(code.is_valid().to_numpy(zero_copy_only=False))
        codes = take_or_null(code, which).to_pylist()
        _add(
            reading,
            rows,
            numbers,
            which,
            rows.at[which],
            {
                "level": _text(["entry"] * len(which)),
                "code": take_or_null(code, which),
                "place": _text([place] * len(which)),
                "severity": _text([_severity(one, place) for one in codes]),
                "text": _text([_narrative(one, place) for one in codes]),
                "line": take_or_null(said["line_id"], which),
                "reference": take_or_null(where, which),
                "at": take_or_null(day, which),
                "final": pa.array([place == "notice"] * len(which)),
            },
        )


def _quota(reading: AnswerRecords, rows: RecordColumns, numbers: pa.Array) -> None:
    """E4: one condition a quota line, with the quantities asked for and reserved."""
    lines = reading.rows("E4")
    said = reading.columns(
        lines,
        "line_id",
        "quota_status_code",
        "quota_status_description",
        "requested_quantity",
        "uom",
        "reserved_quantity",
        "uom_2",
    )
    codes = said["quota_status_code"].to_pylist()
    asked = _quantity(said["requested_quantity"], said["uom"])
    kept = _quantity(said["reserved_quantity"], said["uom_2"])
    owner = reading.owner(lines.at, rows.at)
    _add(
        reading,
        rows,
        numbers,
        owner,
        lines.at,
        {
            "level": _text(["line"] * len(lines)),
            "code": said["quota_status_code"],
            "place": _text(["quota"] * len(lines)),
            "severity": _text([_severity(one, "quota") for one in codes]),
            "text": pc.coalesce(said["quota_status_description"], _text([_narrative(one, "quota") for one in codes])),
            "line": said["line_id"],
            "reference": join_texts(
                "; ",
                pc.binary_join_element_wise("requested", asked, " "),
                pc.binary_join_element_wise("reserved", kept, " "),
            ),
            "final": pa.array([False] * len(lines), pa.bool_()),
        },
        record="E4",
    )


def _quantity(hundredths: pa.Array, unit: pa.Array) -> pa.Array:
    """Two decimals are implied (UC v30 p.25)."""
    values = [None if one is None else f"{one / 100:.2f}" for one in hundredths.to_pylist()]
    return pc.binary_join_element_wise(_text(values), pc.fill_null(unit, ""), " ")


def _remarks(reading: AnswerRecords, rows: RecordColumns) -> pa.Array:
    """E2 (who at CBP, and how to reach them) and the E3 remarks, in order."""
    said: list[list[str]] = [[] for _ in range(len(rows))]
    people = reading.rows("E2")
    who = reading.texts(people, "cbp_user_name", "cbp_user_phone", "phone_extension")
    for row, own in enumerate(reading.owner(people.at, rows.at)):
        words = [who[name][row].as_py() for name in who]
        if own >= 0 and any(words):
            said[own].append(" ".join(word for word in words if word) + ":")
    more = reading.rows("E3")
    remarks = reading.texts(more, "remarks")["remarks"]
    for row, own in enumerate(reading.owner(more.at, rows.at)):
        if own >= 0 and remarks[row].is_valid:
            said[own].append(remarks[row].as_py())
    return hide_ssn(_text([" ".join(one) or None for one in said]))


def _add(
    reading: AnswerRecords,
    rows: RecordColumns,
    numbers: pa.Array,
    owner: Index,
    at: Index,
    columns: dict[str, pa.Array],
    record: str = "E1",
) -> None:
    if not len(at):
        return
    reading.add(
        "conditions",
        columns
        | {
            "head": pa.array(reading.heads(rows.at, owner)),
            "block": pa.array(reading.block[at]),
            "entry_number": take_or_null(numbers, owner),
            "record": _text([record] * len(at)),
        },
        at,
    )


def _narrative(code: str | None, place: str) -> str | None:
    found = look_up_code("UC", code or "", place)
    return found.texts[0] if found.known else None


def _severity(code: str | None, place: str) -> str:
    found = look_up_code("UC", code or "", place)
    return found.candidates[0].severity if found.known else ""


def _text(values: list) -> pa.Array:
    return pa.array(values, pa.string())
