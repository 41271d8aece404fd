"""KR: importers, consignees and their continuous bonds (Importer/Bond Query v7 p.10-20).

One K1 for each bond of an importer, or a single one that says why there is none. A bond amount of
up to nine digits stands in K1, one of ten in K2 (p.12). Void and inactive importers have K1 only.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.answer_facts import NO_BOND_STATUS
from tasks.ace.answers.column_values import Index, first_by_owner, hide_ssn, is_one_of, join_texts
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.checker.record_deck import RecordColumns

STATUSES = {"0": "unknown", "1": "bonded", NO_BOND_STATUS: "no bond", "3": "void", "4": "inactive"}
"""Query result codes (KI v7 p.11). Only `bonded` and `no bond` are importers that may be used."""

_OVERFLOW_NAME = "IN1"


def read_importers(reading: AnswerRecords) -> None:
    """Adds a row for each K1 with the K2-K8 that follow it."""
    heads = reading.rows("K1")
    if not len(heads):
        return
    said = reading.columns(
        heads,
        "importer_number",
        "importers_name",
        "surety_code",
        "bond_type_activity_code",
        "bond_amount",
        "district_port_where_bond_was_filed",
        "bond_effective_date",
        "bond_number",
    )
    code = reading.texts(heads, "query_results_code")["query_results_code"]
    columns = {
        "importer_number": said["importer_number"],
        "status": pa.array([STATUSES.get(one or "", "?") for one in code.to_pylist()], pa.string()),
        "code": code,
        "name": said["importers_name"],
        "surety_code": said["surety_code"],
        "activity": said["bond_type_activity_code"],
        "bond_number": said["bond_number"],
        "bond_port": said["district_port_where_bond_was_filed"],
        "bond_from": said["bond_effective_date"],
    }
    columns |= _more(reading, heads, said["bond_amount"])
    columns |= _addresses(reading, heads)
    columns |= _names(reading, heads)
    reading.add("importers", columns, heads.at)
    _conditions(reading, heads, code, said["importer_number"])


def _more(reading: AnswerRecords, heads: RecordColumns, amount: pa.Array) -> dict[str, pa.Array]:
    """K2: second name, bond end, sufficiency, user status, and the amount where it is longer."""
    rows, owner = _under(reading, "K2", heads)
    said = reading.columns(
        rows,
        "name_qualifier",
        "line_two_of_importer_name",
        "bond_termination_date",
        "periodic_monthly_statement_status",
        "bond_sufficiency_indicator",
        "bond_user_status_indicator",
        "bond_user_termination_date",
        "bond_amount",
    )
    made = {
        "second_name": join_texts(" ", said["name_qualifier"], said["line_two_of_importer_name"]),
        "bond_until": said["bond_termination_date"],
        "periodic_monthly": is_one_of(said["periodic_monthly_statement_status"], "Y"),
        "sufficient": is_one_of(said["bond_sufficiency_indicator"], "Y"),
        "user_active": is_one_of(said["bond_user_status_indicator"], "A"),
        "user_until": said["bond_user_termination_date"],
        "bond_amount": said["bond_amount"],
    }
    made = {key: first_by_owner(column, owner, len(heads)) for key, column in made.items()}
    made["bond_amount"] = pc.coalesce(amount, made["bond_amount"])
    return made


def _addresses(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    """K3 and K4: mailing address; K5 and K6: physical address."""
    made: dict[str, pa.Array] = {}
    for street, city, mark in (("K3", "K4", "mail_"), ("K5", "K6", "")):
        rows, owner = _under(reading, street, heads)
        whole = reading.texts(rows, "address_line_one", "address_line_two").values()
        made[f"{mark}address"] = first_by_owner(join_texts(", ", *whole), owner, len(heads))
        rows, owner = _under(reading, city, heads)
        said = reading.texts(rows, "city", "state_code", "postal_code")
        for name, column in zip(("city", "state", "postal_code"), said.values(), strict=True):
            made[f"{mark}{name}"] = first_by_owner(column, owner, len(heads))
    return made


def _names(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    """K7 and its K8s: the full legal name and the centre, with what ran over."""
    rows, owner = _under(reading, "K7", heads)
    said = reading.texts(rows, "center_identifier")
    # untrimmed: a blank at the end of the first part belongs between the parts
    raw = [row.tobytes().decode("latin-1") for row in rows.raw("full_legal_importer_name")]
    names = first_by_owner(pa.array(raw, pa.string()), owner, len(heads)).to_pylist()
    more, place = _under(reading, "K8", heads)
    extra = reading.texts(more, "additional_information_qualifier_code", "additional_information")
    kinds, texts = (column.to_pylist() for column in extra.values())
    for kind, text, head in zip(kinds, texts, place, strict=True):
        if kind == _OVERFLOW_NAME and head >= 0 and text:
            names[head] = f"{names[head] or ''}{text}"
    trimmed = [(name or "").strip() or None for name in names]
    return {
        "legal_name": pa.array(trimmed, pa.string()),
        "center": first_by_owner(said["center_identifier"], owner, len(heads)),
    }


def _under(reading: AnswerRecords, record: str, heads: RecordColumns) -> tuple[RecordColumns, Index]:
    rows = reading.rows(record)
    return rows, reading.owner(rows.at, heads.at)


def _conditions(reading: AnswerRecords, heads: RecordColumns, code: pa.Array, number: pa.Array) -> None:
    """Importers that may not be used, or have no bond, as conditions."""
    worth = np.flatnonzero(pc.fill_null(pc.not_equal(code, "1"), True).to_numpy(False))
    kept = code.take(pa.array(worth)).to_pylist()
    reading.add(
        "conditions",
        {
            "head": pa.array(np.full(len(worth), -1)),
            "block": pa.array(reading.block[heads.at[worth]]),
            "level": pa.array(["importer"] * len(worth), pa.string()),
            "code": pa.array(kept, pa.string()),
            "place": pa.array([""] * len(worth), pa.string()),
            "severity": pa.array(["I" if one == "2" else "F" for one in kept], pa.string()),
            "text": pa.array([STATUSES.get(one or "", "?") for one in kept], pa.string()),
            "record": pa.array(["K1"] * len(worth), pa.string()),
            "reference": hide_ssn(number.take(pa.array(worth))),
            "final": pa.array(np.zeros(len(worth), dtype=bool)),
        },
        heads.at[worth],
    )
