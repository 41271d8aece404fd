"""Conditions on lines and tariff numbers (SE40-SE61, AE 40-53)."""

from __future__ import annotations

import numpy as np

from tasks.entries.validation.conditions.condition import ConditionColumns, Mask, condition
from tasks.entries.validation.conditions.header_conditions import TEMPORARY, ZONE

PRIVILEGED = "P"
BY_UNIT = "S"
DEAR = 500
"""Hundredths of a per cent from which a case counts; one by quantity always does."""


@condition("E501", "C301", source="SE v40 p.21", fields="line")
def line_missing(entry: ConditionColumns) -> Mask:
    return ~entry.given("line")


@condition("E512", "C303", source="SE v40 p.65", fields="zone_status entry_type")
def zone_status_missing(line: ConditionColumns) -> Mask:
    return line.says("entry_type", ZONE) & ~line.given("zone_status")


@condition("E512", "C304", source="SE v40 p.65", fields="zone_status entry_type")
def zone_status_out_of_place(line: ConditionColumns) -> Mask:
    return ~line.says("entry_type", ZONE) & line.given("zone_status")


@condition("E512", "C306", "673", source="SE v40 p.65", fields="privileged_date zone_status")
def privileged_date_out_of_place(line: ConditionColumns) -> Mask:
    return line.given("privileged_date") & ~line.says("zone_status", PRIVILEGED)


@condition("674", source="AE 2026-07 p.72; error 674", fields="privileged_date zone_status")
def privileged_date_missing(line: ConditionColumns) -> Mask:
    return line.says("zone_status", PRIVILEGED) & ~line.given("privileged_date")


@condition("E512", "C309", source="SE v40 p.65", fields="current_hts_number privileged_date")
def current_number_undated(tariff: ConditionColumns) -> Mask:
    """The number that goods have now goes with the privileged date of their line."""
    return tariff.given("current_hts_number") & ~tariff.given("privileged_date")


@condition("E506", "852", source="AE error dictionary v51 852", fields="rank line")
def tariff_out_of_order(tariff: ConditionColumns) -> Mask:
    """Chapter 98 before 99 before the goods' own number; rows in the order of the lines, `rank` 0, 1, 2."""
    rank, line = tariff.number("rank"), tariff.number("line")
    late = np.zeros(len(rank), dtype=bool)
    late[1:] = (line[1:] == line[:-1]) & (rank[1:] < rank[:-1])
    return late


@condition("E507", "C312", source="SE v40 p.73", fields="hts_number first temporary entry_type")
def temporary_number_missing(tariff: ConditionColumns) -> Mask:
    """Type 23 begins each line with a number of 9813 (`temporary`)."""
    return tariff.says("entry_type", TEMPORARY) & tariff.given("first") & ~tariff.given("temporary")


@condition("E507", "C313", source="SE v40 p.73", fields="second entry_type")
def second_number_missing(row: ConditionColumns) -> Mask:
    """Type 23 has two tariff numbers a line at least."""
    return row.says("entry_type", TEMPORARY) & ~row.given("second")


@condition("E509", "C316", source="SE v40 p.73", fields="value chapter_99")
def value_on_chapter_99(tariff: ConditionColumns) -> Mask:
    """The value stands on the number of chapter 1-97."""
    return tariff.given("chapter_99") & (tariff.number("value") > 0)


@condition("499", source="AE 2026-07 p.135; error 499", fields="foreign_exporter case")
def exporter_missing(line: ConditionColumns) -> Mask:
    return line.given("case") & ~line.given("foreign_exporter")


@condition("W704", "710", source="AE error dictionary v51 710", fields="rate rate_type continuous single")
def case_under_continuous_bond(case: ConditionColumns) -> Mask:
    """CBP may want a single transaction bond beside a continuous one."""
    dear = case.says("rate_type", BY_UNIT) | (case.number("rate") >= DEAR)
    return dear & case.given("continuous") & ~case.given("single")
