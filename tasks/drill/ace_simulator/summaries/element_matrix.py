"""Which element which entry type must and may not have, read anew from AE 2026-07 p.134-135.

Only M and N are judged here; what a C or a note asks for stands in the other rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tasks.drill.ace_simulator.batches.input_records import code_set
from tasks.drill.ace_simulator.summaries.filed_summary import ConditionReport, FiledSummary, FiledSummaryLine, on_line

TYPES = sorted(code_set("01 02 03 06 07 11 12 21 22 23 31 32 34 38 51 52"))
"""In the order of the chapter's columns."""


@dataclass(frozen=True)
class ElementRule:
    """Cells in the order of TYPES; the condition where it is missing, and where not alldue."""

    cells: str
    missing: str
    barred: str
    of: Callable[..., object]

    def judge(self, kind: str, value: object) -> str:
        """The condition code, or blank."""
        cell = self.cells[TYPES.index(kind)]
        if cell == "M" and not value:
            return self.missing
        return self.barred if cell == "N" and value else ""


def _head(name: str) -> Callable[[FiledSummary], object]:
    return lambda draft: draft.head[name]


def _in(code: str, name: str) -> Callable[[FiledSummary], object]:
    return lambda draft: draft.record(code)[name]


def _line(name: str) -> Callable[[FiledSummary, FiledSummaryLine], object]:
    return lambda draft, line: line.head[name]


HEADER = (
    ElementRule("AAAAANNAAAAAAAAA", "", "B49", _head("post_summary_correction_indicator")),
    ElementRule("AAAAAAAAAANNNNNA", "", "310", lambda draft: draft.certified),
    ElementRule("MMMAMAAMAMNNNNMM", "164", "309", _head("mode_of_transport")),
    ElementRule("AANANAAAAAAANNAA", "", "141", _head("bond_waiver_indicator")),
    ElementRule("AANANNNAAAAANNAA", "", "182", _head("bond_waiver_reason_code")),
    ElementRule("AAAAANNAAAAAAAAA", "", "135", _head("deferred_tax_payment_code")),
    ElementRule("AANANNNNNNNNNNNN", "", "159", _head("trade_agreement_reconciliation_indicator")),
    ElementRule("AANANNNNNNNNNNNN", "", "160", _head("reconciliation_issue_code")),
    ElementRule("ANNANANNNNNNNNNN", "", "229", lambda draft: draft.consolidated),
    ElementRule("MMMMMAAAAMMMMMMM", "255", "", _in("11", "consignee_number")),
    ElementRule("AAAAAAAAMAMMMMAA", "124", "", _in("11", "estimated_entry_date")),
    ElementRule("CCACAAAMNMAAAAAA", "127", "297", _in("11", "date_of_importation")),
    ElementRule("NNNMNNNNNNNNNNNN", "288", "136", _in("11", "zone_id")),
    ElementRule("MMMMMAAMMMMMMMMM", "132", "", _in("11", "u_s_state_of_destination_code")),
    ElementRule("CCCCCCCCCCNNNNCC", "", "Z30", _in("20", "district_port_of_unlading")),
    ElementRule("AAAMAAAMMAMMMMAA", "173", "", _in("20", "location_of_goods_code")),
    ElementRule("CCCCCCCCCCNNNNCC", "", "184", lambda draft: draft.has("22")),
    ElementRule("NNNNNNNNMNMMMMNN", "293", "163", lambda draft: draft.has("30")),
    ElementRule("AAMCMAACCCAAMMAA", "119", "", lambda draft: draft.has("31")),
    ElementRule("ANNANANNNNNNNNNN", "", "233", lambda draft: draft.has("32")),
)

LINE = (
    ElementRule("MMMAMMMMMMMMMMMM", "410", "", _line("country_of_export_code")),
    ElementRule("MMMAMMMMMMMMMMMM", "418", "", _line("date_of_exportation")),
    ElementRule("MMMMMAAMMMMMMMMM", "415", "", _line("related_party_indicator")),
    ElementRule("NNAAANNAAANNAANN", "", "463", _line("non_reimbursement_statement")),
    ElementRule("NNNMNNNNNNNNNNNN", "670", "678", lambda draft, line: line.first("41")),
    ElementRule("MMMMMAAMCCMMMMMM", "483", "", lambda draft, line: line.party("M")),
    ElementRule("MMMMMAAMMMMMMMMM", "577", "", lambda draft, line: line.party("S")),
    ElementRule("NNCCCNNCCCNNCCNN", "", "466", lambda draft, line: line.first("53")),
)

TOTALS = (ElementRule("NNMCMNNCCCNNMMNN", "735", "727", lambda draft: draft.has("88")),)


def check(draft: FiledSummary, report: ConditionReport) -> None:
    """The conditions of the matrix, for an entry type that AE takes."""
    for element in HEADER:
        code = element.judge(draft.kind, element.of(draft))
        report.check(code, code)
    for line in draft.lines:
        for element in LINE:
            code = element.judge(draft.kind, element.of(draft, line))
            report.check(code, code, *on_line(line))
    for element in TOTALS:
        code = element.judge(draft.kind, element.of(draft))
        report.check(code, code, *report.total())
