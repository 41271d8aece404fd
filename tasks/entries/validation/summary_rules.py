"""What the entry summary still needs: never an error at recording, a list to ask importers for.

What is mandatory by entry type is the usage matrix of AE July 2026 (p.134-135).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.entries.record.code_lists import code_rows
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import field_named
from tasks.entries.validation.conditions import header_conditions
from tasks.entries.validation.conditions.entry_type_matrix import ALLOWED, CONDITIONAL, entry_type_matrix
from tasks.entries.validation.conditions.header_conditions import WITHDRAWALS
from tasks.entries.validation.conditions.line_conditions import exporter_missing, privileged_date_missing
from tasks.entries.validation.rule_checks import FilerRules, Mask, RuleChecks, key_pairs

ENTRIES, LINES, TARIFFS = "entries", "lines", "tariffs"
GAPS = pa.schema(
    [
        ("entry_number", pa.string()),
        ("importer_number", pa.string()),
        ("importer_name", pa.string()),
        ("field", pa.string()),
        ("title", pa.string()),
        ("line", pa.int64()),
        ("due_from", pa.date32()),
    ]
)
_ELEMENTS = {
    (ENTRIES, "consignee_number"): "consignee",
    (ENTRIES, "state_of_destination"): "state",
    (ENTRIES, "export_date"): "export_date",
    (LINES, "country_of_export"): "country_of_export",
    (LINES, "charges"): "charges",
    (LINES, "related_party"): "related_party",
    (LINES, "manufacturer_id"): "manufacturer",
    (LINES, "sold_to"): "sold_to",
}
"""Elements of the matrix that a summary lacks unless its type may do without."""
_WITHOUT = {
    (ENTRIES, "import_date"): ("22",),
    (LINES, "gross_weight"): WITHDRAWALS,
    (TARIFFS, "value"): (),
    (TARIFFS, "duty"): (),
    (TARIFFS, "quantity"): (),
    (TARIFFS, "unit"): (),
}
"""Entry types that do without what the matrix leaves open; it has no weights and no tariff values."""


def summary_gaps(record: EntryRecord) -> pa.Table:
    """One row for each thing that an entry summary lacks, sorted by importer and entry.

    `line` is 0 for the entry itself. `due_from` is the day of release, from which the ten
    working days for the summary run (19 CFR 142.12(b)); null while nothing is released.
    Entries whose route or outcome leaves nothing to file have no gap.
    """
    checks = RuleChecks(record, FilerRules())
    gaps = [_rows(checks, *gap) for gap in _gaps(checks, _files(checks))]
    table = pa.concat_tables([GAPS.empty_table(), *gaps])
    order = ["importer_name", "importer_number", "entry_number", "line", "field"]
    return table.sort_by([(name, "ascending") for name in order])


def _files(checks: RuleChecks) -> Mask:
    """Entries that a summary is due for."""
    idle = [r["code"] for r in code_rows("paper_outcome") if r["files"] != "Y"]
    return ~checks.among(ENTRIES, "filing_route", ["none"]) & ~checks.among(ENTRIES, "paper_outcome", idle)


def _gaps(checks: RuleChecks, due: Mask) -> Iterator[tuple[str, str, Mask]]:
    """Each field that is missing, with the rows that miss it."""
    for (table, name), without in _types_without().items():
        required = due & ~checks.among(ENTRIES, "entry_type", without)
        if name == "consignee_number":
            header = checks.among("parties", "party", ["CN"]) & checks.given("parties", "number")
            required &= ~checks.has("parties", header)
        missing = ~checks.given(table, name) & _rows_of(checks, table, required)
        yield table, name, missing & ~_chapter_99(checks, table)
    withdrawn = due & checks.among(ENTRIES, "entry_type", WITHDRAWALS)
    yield ENTRIES, "warehouse_entry", withdrawn & ~checks.given(ENTRIES, "warehouse_entry")
    yield (
        ENTRIES,
        "warehouse_port",
        due & checks.among(ENTRIES, "entry_type", (*WITHDRAWALS, "22")) & ~checks.given(ENTRIES, "warehouse_port"),
    )
    yield ENTRIES, "tib_declaration", due & header_conditions.tib_undeclared(checks.bind(ENTRIES))
    undated = ~checks.given(ENTRIES, "release_date") & ~checks.given(ENTRIES, "estimated_entry_date")
    early = checks.among(ENTRIES, "entry_type", WITHDRAWALS) | checks.among(ENTRIES, "filing_route", ["ae_certified"])
    yield ENTRIES, "estimated_entry_date", due & early & undated
    yield (
        ENTRIES,
        "surety_code",
        due & checks.among(ENTRIES, "bond_type", ("8", "9")) & ~checks.given(ENTRIES, "surety_code"),
    )
    named = checks.given(ENTRIES, "foreign_port") | checks.has(LINES, checks.given(LINES, "foreign_port"))
    yield (
        ENTRIES,
        "foreign_port",
        due & header_conditions.foreign_port_missing(checks.bind(ENTRIES, foreign_port=named)),
    )
    of_line, cases = _rows_of(checks, LINES, due), checks.given(LINES, "ad_case") | checks.given(LINES, "cd_case")
    yield LINES, "privileged_date", of_line & privileged_date_missing(checks.bind(LINES))
    yield LINES, "foreign_exporter", of_line & exporter_missing(checks.bind(LINES, case=cases))
    yield ENTRIES, "ad_case", due & header_conditions.case_missing(checks.bind(ENTRIES, case=checks.has(LINES, cases)))


def _types_without() -> dict[tuple[str, str], tuple[str, ...]]:
    """For each field the types that do without. Charges are conditional: asked for all the same."""
    optional = {
        field: entry_type_matrix()[element].types(ALLOWED + (CONDITIONAL if element != "charges" else ""))
        for field, element in _ELEMENTS.items()
    }
    return optional | _WITHOUT


def _rows_of(checks: RuleChecks, table: str, entries: Mask) -> Mask:
    return entries if table == ENTRIES else checks.of_entry(table, entries)


def _chapter_99(checks: RuleChecks, table: str) -> Mask:
    """Chapter 99 numbers often have no unit and carry no value of their own."""
    if table != TARIFFS:
        return np.zeros(checks.size(table), dtype=bool)
    behind = key_pairs(checks, TARIFFS, "line")
    return checks.like(TARIFFS, "hts_number", "9[89].*") & np.isin(
        behind, behind[~checks.like(TARIFFS, "hts_number", "9[89].*")]
    )


def _rows(checks: RuleChecks, table: str, name: str, missing: Mask) -> pa.Table:
    rows = np.flatnonzero(missing)
    owner = rows if table == ENTRIES else checks.parents[table][rows]
    line = np.zeros(len(rows), np.int64) if table == ENTRIES else checks.integers(table, "line")[rows]
    field = field_named(LINES if name == "ad_case" else table, name)
    entries = checks.record.entries.take(owner)
    freed = pc.is_in(entries["paper_outcome"], value_set=pa.array(["released", "provisional"]))
    columns = {
        "entry_number": entries["entry_number"],
        "importer_number": entries["importer_number"],
        "importer_name": entries["importer_name"],
        "field": pa.array([name] * len(rows), pa.string()),
        "title": pa.array([field.title] * len(rows), pa.string()),
        "line": pa.array(line, pa.int64()),
        "due_from": pc.if_else(freed, entries["release_date"], pa.scalar(None, pa.date32())),
    }
    return pa.table(columns, schema=GAPS)
