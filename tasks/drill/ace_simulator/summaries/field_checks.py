"""Class and presence of each field of an entry summary, with CBP's code where it has one."""

from __future__ import annotations

import csv
from importlib.resources import files

from tasks.drill.ace_simulator.batches.input_records import code_set
from tasks.drill.ace_simulator.summaries.filed_summary import ConditionReport, FiledSummary, on_line

_FREE = frozenset(
    {
        ("20", "carrier_code"),
        ("SE16", "carrier_code"),
        ("40", "trade_agreement_special_program_claim_code"),
        ("47", "article_party_identifier"),
    }
)
"""Fields of class AN whose own code lists hold more: `*F` carriers, `S+` and `B#` programs,
hyphens in party numbers."""

_BLANK = frozenset({("50", "unit_of_measure_code_1")})
_GROUP_CODES = {"34": "253", "88": "736", "89": "714"}


def _field_conditions(column: str) -> dict[tuple[str, str], str]:
    """Codes of `data/ace/simulator_field_conditions.csv` by record and field."""
    source = files("continuity_data") / "ace" / "simulator_field_conditions.csv"
    rows = csv.DictReader(source.read_text(encoding="utf-8").splitlines())
    return {(row["record"], row["field"]): row[column] for row in rows if row[column]}


_CLASS_CODES, _MISSING_CODES = _field_conditions("wrong_class"), _field_conditions("missing")
_JUDGED = code_set("10 11 22 23 30 31 40 41 47")
"""Records whose missing fields have conditions of their own in the rules."""


def check(draft: FiledSummary, report: ConditionReport) -> None:
    """Class and presence of each field; CBP's code for it, else the simulator's own."""
    line = None
    for record in draft.records:
        if record.id == "40":
            line = next(candidate for candidate in draft.lines if candidate.head is record)
        elif record.id in ("88", "89", "90"):
            line = None
        if record.id.startswith(("PG", "OI")):
            continue
        references = on_line(line) if line else ()
        references = report.total() if record.id in ("88", "89", "90") else references
        for field in record.faulty():
            if (record.id, field.name) not in _FREE:
                report.add(_class_code(record.id, field.name), *references)
        for field in record.missing():
            if record.id not in _JUDGED and (record.id, field.name) not in _BLANK:
                report.add(_MISSING_CODES.get((record.id, field.name), "Z02"), *references)


def _class_code(record: str, name: str) -> str:
    if record == "50" and name.startswith("quantity"):
        return "440"
    code = _CLASS_CODES.get((record, name))
    return code or (_GROUP_CODES.get(record, "Z01") if "amount" in name else "Z01")
