"""Conditions over columns written out by hand: which rows break each, and what a declaration says."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.entries.validation import conditions
from tasks.entries.validation.conditions import bill_conditions, header_conditions, line_conditions, party_conditions
from tasks.entries.validation.conditions.condition import NO_DAY, Condition, Integers, Mask, is_repeated

MODULES = (bill_conditions, header_conditions, line_conditions, party_conditions)
CONDITIONS = [value for module in MODULES for value in vars(module).values() if isinstance(value, Condition)]


class Columns:
    """Columns as lists: texts, numbers, flags and days; None where the field is blank."""

    def __init__(self, **columns: list) -> None:
        self.columns = columns
        self.read: set[str] = set()

    def given(self, name: str) -> Mask:
        return np.array([value is not None and value is not False for value in self._column(name)])

    def says(self, name: str, *codes: str) -> Mask:
        return np.array([value in codes for value in self._column(name)])

    def number(self, name: str) -> Integers:
        return np.array([value or 0 for value in self._column(name)], dtype=np.int64)

    def day(self, name: str) -> Integers:
        return np.array([NO_DAY if value is None else value for value in self._column(name)], dtype=np.int64)

    def _column(self, name: str) -> list:
        self.read.add(name)
        return self.columns.get(name, [None, None])


BROKEN: dict[str, tuple[dict, dict]] = {
    "value_above_cap": ({"entry_type": "11", "entered_value": 2501}, {"entry_type": "11", "entered_value": 2500}),
    "value_zero": ({"entered_value": 0}, {"entered_value": None}),
    "mode_missing": ({"entry_type": "06", "bill": True}, {"entry_type": "06"}),
    "unlading_port_missing": ({"mode_of_transport": "70"}, {"mode_of_transport": "10"}),
    "warehouse_missing": ({"entry_type": "21"}, {"entry_type": "21", "bonded_warehouse": "W123"}),
    "warehouse_out_of_place": ({"entry_type": "01", "bonded_warehouse": "W1"}, {"entry_type": "01"}),
    "warehouse_entry_missing": ({"entry_type": "22"}, {"entry_type": "21"}),
    "zone_missing": ({"entry_type": "06"}, {"entry_type": "01"}),
    "zone_location_missing": ({"entry_type": "06"}, {"entry_type": "06", "location_of_goods": "Z123"}),
    "immediate_into_warehouse": ({"immediate_delivery": True, "entry_type": "22"}, {"entry_type": "22"}),
    "immediate_without_bond": ({"immediate_delivery": True, "bond_type": "0"}, {"bond_type": "0"}),
    "surety_missing": ({"bond_type": "9"}, {"bond_type": "8"}),
    "bond_amount_missing": ({"bond_type": "9"}, {"bond_type": "9", "bond_amount": 1}),
    "bond_amount_zero": ({"bond_amount": 0}, {"bond_amount": 1}),
    "weekly_certified": ({"certified": "A", "weekly": "F"}, {"weekly": "F"}),
    "quota_not_certified": ({"entry_type": "02"}, {"entry_type": "02", "certified": "A"}),
    "carrier_unknown": ({"carrier": "UNKN"}, {"carrier": "MAEU"}),
    "exported_after_import": ({"export_date": 2, "import_date": 1}, {"export_date": 2}),
    "tib_undeclared": ({"entry_type": "23"}, {"entry_type": "01"}),
    "foreign_port_missing": ({"mode_of_transport": "12"}, {"mode_of_transport": "20"}),
    "case_missing": ({"entry_type": "03"}, {"entry_type": "03", "case": True}),
    "bill_missing": ({"entry_type": "01"}, {"entry_type": "22"}),
    "pair_by_single_mode": (
        {"bill_type": "M", "mode_of_transport": "30"},
        {"bill_type": "M", "mode_of_transport": "11"},
    ),
    "express_not_by_air": (
        {"bill_type": "T", "mode_of_transport": "11"},
        {"bill_type": "T", "mode_of_transport": "40"},
    ),
    "express_outside_manifest": ({"bill_type": "T", "not_automated": "Y"}, {"bill_type": "R", "not_automated": "Y"}),
    "issuer_out_of_place": ({"issuer": "X", "mode_of_transport": "40"}, {"issuer": "X", "mode_of_transport": "70"}),
    "hand_carried_otherwise": ({"mode_of_transport": "60"}, {"mode_of_transport": "60", "hand_carried": True}),
    "quantity_on_in_bond": ({"bill_type": "I", "quantity": 0}, {"bill_type": "I"}),
    "quantity_beside_conveyance": (
        {"conveyed": True, "quantity": 1},
        {"conveyed": True, "quantity": 1, "entry_type": "22"},
    ),
    "quantity_zero": ({"quantity": 0}, {"quantity": None}),
    "low_value_quantity_missing": ({"lowest": True, "entry_type": "86"}, {"entry_type": "86"}),
    "hand_carried_quantity_missing": ({"lowest": True, "mode_of_transport": "60"}, {"mode_of_transport": "60"}),
    "manifest_claimed": ({"not_automated": "N", "general_order": "GO"}, {"not_automated": "N"}),
    "in_bond_outside_manifest": ({"bill_type": "I", "not_automated": "Y"}, {"bill_type": "I", "not_automated": "N"}),
    "conveyance_missing": ({"not_automated": "Y"}, {"not_automated": "Y", "entry_type": "06"}),
    "part_of_zone_entry": ({"entry_type": "06"}, {"entry_type": "01"}),
    "second_low_value_bill": ({"further_group": True, "entry_type": "86"}, {"entry_type": "86"}),
    "pipeline_name_missing": ({"mode_of_transport": "70"}, {"mode_of_transport": "70", "conveyance_name": "LINE A"}),
    "party_missing": ({"entry_type": "86", "low_value": True}, {"entry_type": "86"}),
    "party_repeated": ({"party": "MF", "key": 0}, {"key": 7}),
    "name_and_number": ({"name": "A", "number": "1"}, {"name": "A"}),
    "neither_name_nor_number": ({}, {"number": "1"}),
    "number_out_of_place": ({"party": "MF", "number": "1"}, {"party": "ST", "number": "1"}),
    "number_without_type": ({"number_type": "EI"}, {"number_type": "EI", "number": "1"}),
    "consignee_by_name": (
        {"party": "CN", "name": "A", "entry_type": "01"},
        {"party": "CN", "name": "A", "entry_type": "11"},
    ),
    "address_missing": ({"name": "A"}, {"number": "1"}),
    "line_missing": ({}, {"line": True}),
    "zone_status_missing": ({"entry_type": "06"}, {"entry_type": "01"}),
    "zone_status_out_of_place": ({"entry_type": "01", "zone_status": "P"}, {"entry_type": "06", "zone_status": "P"}),
    "privileged_date_out_of_place": (
        {"privileged_date": 1, "zone_status": "N"},
        {"privileged_date": 1, "zone_status": "P"},
    ),
    "privileged_date_missing": ({"zone_status": "P"}, {"zone_status": "N"}),
    "current_number_undated": ({"current_hts_number": "1"}, {"current_hts_number": "1", "privileged_date": 1}),
    "tariff_out_of_order": ({"line": 1, "rank": 1}, {"line": 2, "rank": 0}),
    "temporary_number_missing": ({"entry_type": "23", "first": True}, {"entry_type": "23"}),
    "second_number_missing": ({"entry_type": "23"}, {"entry_type": "23", "second": True}),
    "value_on_chapter_99": ({"chapter_99": True, "value": 1}, {"chapter_99": True, "value": 0}),
    "exporter_missing": ({"case": "A1"}, {"case": "A1", "foreign_exporter": "X"}),
    "case_under_continuous_bond": ({"rate": 500, "continuous": True}, {"rate": 499, "continuous": True}),
}
"""By condition a row that breaks it and one that does not."""
BEFORE = {"party_repeated": {"key": 0}, "tariff_out_of_order": {"line": 1, "rank": 2}}
"""A row that stands before both."""


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_a_condition_marks_the_row_that_breaks_it(condition: Condition) -> None:
    rows = [BEFORE.get(condition.name, {}), *BROKEN[condition.name]]
    columns = Columns(**{name: [row.get(name) for row in rows] for name in condition.fields})
    assert condition(columns).tolist()[1:] == [True, False]
    assert columns.read <= set(condition.fields), "a column that the declaration does not name"


def test_every_condition_has_an_example() -> None:
    assert sorted(BROKEN) == sorted(condition.name for condition in CONDITIONS)
    assert {module.__name__.rpartition(".")[2] for module in MODULES} <= set(vars(conditions))


@pytest.mark.parametrize(("keys", "marks"), [([], []), ([1, 2, 3], [0, 0, 0]), ([2, 1, 2, 2], [0, 0, 1, 1])])
def test_repeated_keys(keys: list[int], marks: list[int]) -> None:
    assert is_repeated(np.array(keys, dtype=np.int64)).tolist() == [bool(mark) for mark in marks]
