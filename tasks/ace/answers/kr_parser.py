"""KR: importers, consignees and their continuous bonds (Importer/Bond Query v7 p.10-20).

One K1 for each bond of an importer, or a single one that says why there is none. A bond amount of
up to nine digits stands in K1, one of ten in K2 (p.12). Void and inactive importers have K1 only.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.answers.answer_facts import NO_BOND_STATUS
from tasks.ace.answers.column_values import first_by_owner, hide_ssn, is_one_of, join_texts
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.answers.table_schemas import ColumnValues
from tasks.ace.checker.record_deck import RecordColumns
from tasks.core import arrow_compute as pc

STATUSES = {"0": "unknown", "1": "bonded", NO_BOND_STATUS: "no bond", "3": "void", "4": "inactive"}
"""Query result codes (KI v7 p.11). Only `bonded` and `no bond` are importers that may be used."""

_OVERFLOW_NAME = "IN1"


def read_importers(reading: AnswerRecords) -> None:
    """Adds a row for each K1 with the K2-K8 that follow it."""
    heads = reading.rows("K1")
    if not len(heads):
        return
    code = reading.texts(heads, "query_results_code")["query_results_code"]
    amount = reading.columns(heads, "bond_amount")["bond_amount"]
    columns: dict[str, ColumnValues] = {
        "code": code,
        "status": [STATUSES.get(value or "", "?") for value in code.to_pylist()],
    }
    columns |= reading.named(
        heads,
        importer_number="importer_number",
        name="importers_name",
        surety_code="surety_code",
        activity="bond_type_activity_code",
        bond_number="bond_number",
        bond_port="district_port_where_bond_was_filed",
        bond_from="bond_effective_date",
    )
    columns |= _bond_details(reading, heads, amount)
    columns |= _addresses(reading, heads)
    columns |= _names(reading, heads)
    reading.add("importers", columns, heads.at)
    _conditions(reading, heads, code, reading.columns(heads, "importer_number")["importer_number"])


def _bond_details(reading: AnswerRecords, heads: RecordColumns, amount: pa.Array) -> dict[str, pa.Array]:
    """K2: second name, bond end, sufficiency, user status, and the amount where it is longer."""
    rows, owner = reading.under("K2", heads)
    fields = reading.columns(
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
    columns = {
        "second_name": join_texts(" ", fields["name_qualifier"], fields["line_two_of_importer_name"]),
        "bond_until": fields["bond_termination_date"],
        "periodic_monthly": is_one_of(fields["periodic_monthly_statement_status"], "Y"),
        "sufficient": is_one_of(fields["bond_sufficiency_indicator"], "Y"),
        "user_active": is_one_of(fields["bond_user_status_indicator"], "A"),
        "user_until": fields["bond_user_termination_date"],
        "bond_amount": fields["bond_amount"],
    }
    columns = {key: first_by_owner(column, owner, len(heads)) for key, column in columns.items()}
    columns["bond_amount"] = pc.coalesce(amount, columns["bond_amount"])
    return columns


def _addresses(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    """K3 and K4: mailing address; K5 and K6: physical address."""
    columns: dict[str, pa.Array] = {}
    for street, city, prefix in (("K3", "K4", "mail_"), ("K5", "K6", "")):
        rows, owner = reading.under(street, heads)
        lines = reading.texts(rows, "address_line_one", "address_line_two").values()
        columns[f"{prefix}address"] = first_by_owner(join_texts(", ", *lines), owner, len(heads))
        rows, owner = reading.under(city, heads)
        texts = reading.texts(rows, "city", "state_code", "postal_code")
        for name, column in zip(("city", "state", "postal_code"), texts.values(), strict=True):
            columns[f"{prefix}{name}"] = first_by_owner(column, owner, len(heads))
    return columns


def _names(reading: AnswerRecords, heads: RecordColumns) -> dict[str, pa.Array]:
    """K7 and its K8s: the full legal name and the centre, with what ran over."""
    rows, owner = reading.under("K7", heads)
    centers = reading.texts(rows, "center_identifier")
    # untrimmed: a blank at the end of the first part belongs between the parts
    raw = [row.tobytes().decode("latin-1") for row in rows.raw("full_legal_importer_name")]
    names = first_by_owner(pa.array(raw, pa.string()), owner, len(heads)).to_pylist()
    overflow, owner_of = reading.under("K8", heads)
    extra = reading.texts(overflow, "additional_information_qualifier_code", "additional_information")
    kinds, texts = (column.to_pylist() for column in extra.values())
    for kind, text, head in zip(kinds, texts, owner_of, strict=True):
        if kind == _OVERFLOW_NAME and head >= 0 and text:
            names[head] = f"{names[head] or ''}{text}"
    trimmed = [(name or "").strip() or None for name in names]
    return {
        "legal_name": pa.array(trimmed, pa.string()),
        "center": first_by_owner(centers["center_identifier"], owner, len(heads)),
    }


def _conditions(reading: AnswerRecords, heads: RecordColumns, code: pa.Array, number: pa.Array) -> None:
    """Importers that may not be used, or have no bond, as conditions."""
    worth = np.flatnonzero(pc.fill_null(pc.not_equal(code, "1"), True).to_numpy(False))
    codes = code.take(worth).to_pylist()
    reading.add(
        "conditions",
        {
            "head": -1,
            "level": "importer",
            "code": codes,
            "place": "",
            "severity": ["I" if value == "2" else "F" for value in codes],
            "text": [STATUSES.get(value or "", "?") for value in codes],
            "record": "K1",
            "reference": hide_ssn(number.take(worth)),
            "final": False,
        },
        heads.at[worth],
    )
