"""What the entry summary still needs: never an error at recording, a list to ask importers for.

What is mandatory by entry type is the usage matrix of AE July 2026 (p.134-135).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.entries.record.code_lists import code_rows
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import field_named
from tasks.entries.validation.release_rules import REMEDIES, WITHDRAWALS
from tasks.entries.validation.rule_checks import FilerRules, Mask, RuleChecks, key_pairs

E, LINES, T = "entries", "lines", "tariffs"
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
INFORMAL = ("11", "12")
VESSEL = ("10", "11", "12")
# entry types that do without: allowed, conditional or not wanted in the matrix
_WITHOUT = {
    (E, "consignee_number"): (*INFORMAL, "21", "22"),
    (E, "state_of_destination"): INFORMAL,
    (E, "import_date"): ("22",),
    (E, "export_date"): ("06",),
    (LINES, "country_of_export"): ("06",),
    (LINES, "gross_weight"): WITHDRAWALS,
    (LINES, "charges"): INFORMAL,
    (LINES, "related_party"): INFORMAL,
    (LINES, "manufacturer_id"): (*INFORMAL, "22", "23"),
    (LINES, "sold_to"): INFORMAL,
    (T, "value"): (),
    (T, "duty"): (),
    (T, "quantity"): (),
    (T, "unit"): (),
}


def summary_gaps(record: EntryRecord) -> pa.Table:
    """One row for each thing that an entry summary lacks, sorted by importer and entry.

    `line` is 0 for the entry itself. `due_from` is the day of release, from which the ten
    working days for the summary run (19 CFR 142.12(b)); null while nothing is released.
    Entries whose route or outcome leaves nothing to file have no gap.
    """
    checks = RuleChecks(record, FilerRules())
    found = [_rows(checks, *gap) for gap in _gaps(checks, _files(checks))]
    table = pa.concat_tables([GAPS.empty_table(), *found])
    order = ["importer_name", "importer_number", "entry_number", "line", "field"]
    return table.sort_by([(name, "ascending") for name in order])


def _files(c: RuleChecks) -> Mask:
    """Entries that a summary is due for."""
    idle = [r["code"] for r in code_rows("paper_outcome") if r["files"] != "Y"]
    return ~c.among(E, "filing_route", ["none"]) & ~c.among(E, "paper_outcome", idle)


def _gaps(c: RuleChecks, due: Mask) -> Iterator[tuple[str, str, Mask]]:
    """Each field that is missing, with the rows that miss it."""
    for (table, name), without in _WITHOUT.items():
        wanted = due & ~c.among(E, "entry_type", without)
        if name == "consignee_number":
            header = c.among("parties", "party", ["CN"]) & c.given("parties", "number")
            wanted &= ~c.has("parties", header)
        missing = ~c.given(table, name) & _rows_of(c, table, wanted)
        yield table, name, missing & ~_chapter_99(c, table)
    withdrawn = due & c.among(E, "entry_type", WITHDRAWALS)
    yield E, "warehouse_entry", withdrawn & ~c.given(E, "warehouse_entry")
    yield (E, "warehouse_port", due & c.among(E, "entry_type", (*WITHDRAWALS, "22")) & ~c.given(E, "warehouse_port"))
    yield (E, "tib_declaration", due & c.among(E, "entry_type", ("23",)) & ~c.given(E, "tib_declaration"))
    undated = ~c.given(E, "release_date") & ~c.given(E, "estimated_entry_date")
    early = c.among(E, "entry_type", WITHDRAWALS) | c.among(E, "filing_route", ["ae_certified"])
    yield E, "estimated_entry_date", due & early & undated
    yield E, "surety_code", due & c.among(E, "bond_type", ("8", "9")) & ~c.given(E, "surety_code")
    yield (
        E,
        "foreign_port",
        due
        & c.among(E, "mode_of_transport", VESSEL)
        & ~c.given(E, "foreign_port")
        & ~c.has(LINES, c.given(LINES, "foreign_port")),
    )
    privileged = c.among(LINES, "zone_status", ["P"]) & ~c.given(LINES, "privileged_date")
    yield LINES, "privileged_date", _rows_of(c, LINES, due) & privileged
    cases = c.given(LINES, "ad_case") | c.given(LINES, "cd_case")
    yield (LINES, "foreign_exporter", _rows_of(c, LINES, due) & cases & ~c.given(LINES, "foreign_exporter"))
    yield E, "ad_case", due & c.among(E, "entry_type", REMEDIES) & ~_any_case(c)


def _any_case(c: RuleChecks) -> Mask:
    return c.has(LINES, c.given(LINES, "ad_case") | c.given(LINES, "cd_case"))


def _rows_of(c: RuleChecks, table: str, entries: Mask) -> Mask:
    return entries if table == E else c.of_entry(table, entries)


def _chapter_99(c: RuleChecks, table: str) -> Mask:
    """Chapter 99 numbers often have no unit and carry no value of their own."""
    if table != T:
        return np.zeros(c.size(table), dtype=bool)
    behind = key_pairs(c, T, "line")
    return c.like(T, "hts_number", "9[89].*") & np.isin(behind, behind[~c.like(T, "hts_number", "9[89].*")])


def _rows(c: RuleChecks, table: str, name: str, missing: Mask) -> pa.Table:
    rows = np.flatnonzero(missing)
    owner = pa.array(rows if table == E else c.parents[table][rows])
    line = np.zeros(len(rows), np.int64) if table == E else c.integers(table, "line")[rows]
    field = field_named(LINES if name == "ad_case" else table, name)
    entries = c.record.entries.take(owner)
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
