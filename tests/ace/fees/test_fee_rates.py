"""Fees against the chapter's tables and examples (AE 2026-07 p.161-174, 186)."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tasks.ace.fees import fee_rates
from tasks.ace.fees.fee_rates import capped_fee, epoch_days, fee_of_value, fee_rates_of, fixed_fee, rate_periods
from tasks.core.errors import BadInput

ALL = ("499", "501", "311", "496", "500")
NOT = np.array([False])


def days(*wanted: date) -> np.ndarray:
    return np.array([epoch_days(day) for day in wanted])


def owed(cents: int, day: date, consolidated: bool = False, pipeline: bool = False) -> int:
    total = np.array([cents])
    flags = (np.array([consolidated]), np.array([pipeline]))
    return int(capped_fee(total, np.array([True]), days(day), *flags)[0])


@pytest.mark.parametrize(
    ("day", "least", "most", "mark"),
    [
        (date(2024, 9, 30), 3167, 61435, "CBP"),
        (date(2024, 10, 1), 3271, 63462, "CBP"),
        (date(2025, 9, 30), 3271, 63462, "CBP"),
        (date(2025, 10, 1), 3358, 65150, "CBP"),
        (date(2026, 9, 30), 3358, 65150, "CBP"),
        (date(2026, 10, 1), 3458, 67086, "secondary"),
        (date(2027, 9, 30), 3458, 67086, "secondary"),
    ],
)
def test_minimum_and_maximum_of_each_fiscal_year(day: date, least: int, most: int, mark: str) -> None:
    rate = fee_rates_of("499")[int(rate_periods("499", days(day))[0])]
    assert (rate.minimum, rate.maximum, rate.confidence) == (least, most, mark)
    assert [owed(cents, day) for cents in (0, least - 1, least)] == [least] * 3
    assert owed(least + 1, day) == least + 1
    assert [owed(cents, day) for cents in (most, most + 1, 10**8)] == [most] * 3
    assert owed(most - 1, day) == most - 1


def test_a_consolidated_summary_has_no_maximum_and_a_pipeline_no_bound() -> None:
    day = date(2026, 3, 2)
    assert [owed(cents, day, consolidated=True) for cents in (1, 10**6)] == [3358, 10**6]
    assert [owed(cents, day, pipeline=True) for cents in (1, 10**6)] == [1, 10**6]


def test_a_summary_without_a_line_that_owes_mpf_owes_none() -> None:
    nothing = capped_fee(np.array([0]), NOT, np.array([fee_rates.NO_DAY]), NOT, NOT)
    assert nothing.tolist() == [0]


@pytest.mark.parametrize(
    ("fee", "day", "cents"),
    [
        ("311", date(2025, 9, 30), 262),
        ("311", date(2025, 10, 1), 269),
        ("311", date(2026, 10, 1), 277),
        ("496", date(2025, 9, 30), 720),
        ("496", date(2025, 10, 1), 739),
        ("496", date(2026, 10, 1), 761),
        ("500", date(2025, 9, 30), 393),
        ("500", date(2025, 10, 1), 403),
        ("500", date(2026, 10, 1), 415),
    ],
)
def test_fixed_fees(fee: str, day: date, cents: int) -> None:
    assert fixed_fee(fee, days(day)).tolist() == [cents]


def test_a_day_without_a_rate_is_refused_and_named() -> None:
    with pytest.raises(BadInput) as refused:
        fixed_fee("311", days(date(2026, 1, 5), date(2027, 10, 1)))
    assert refused.value.problems[0].value == "2027-10-01"


@pytest.mark.parametrize("fee", ALL)
def test_the_periods_of_a_fee_follow_each_other(fee: str) -> None:
    table = fee_rates_of(fee)
    for older, newer in itertools.pairwise(table):
        assert older.last is not None
        assert epoch_days(older.last) + 1 == epoch_days(newer.first)
    assert all(one.source and one.confidence in ("CBP", "secondary", "general") for one in table)


def test_rounding_is_half_up() -> None:
    """p.186: half a cent goes up. 250 dollars at 0.3464 per cent are 86.6 cents."""
    assert fee_of_value(np.array([250, 0, 1, 125]), 3464).tolist() == [87, 0, 0, 43]
    assert fee_of_value(np.array([4, 12, 20]), 1250).tolist() == [1, 2, 3]


@given(value=st.integers(0, 10**10 - 1), rate=st.sampled_from([3464, 2100, 1250]))
def test_rounding_agrees_with_decimals(value: int, rate: int) -> None:
    exact = Decimal(value) * rate / 10_000
    wanted = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    assert fee_of_value(np.array([value]), rate).tolist() == [wanted]


ENTRY, ESTIMATE, RELEASE, STATEMENT = (date(2026, 1, day) for day in (5, 6, 7, 8))
IMPORT, IN_BOND, ARRIVAL, RECEIPT = (date(2026, 1, day) for day in (1, 2, 20, 10))
KNOWN = {
    "entry_date": ENTRY,
    "estimated_entry_date": ESTIMATE,
    "release_date": RELEASE,
    "statement_date": STATEMENT,
    "import_date": IMPORT,
    "in_bond_date": IN_BOND,
    "arrival_date": ARRIVAL,
}
ORDERS = {
    "499": [ENTRY, ESTIMATE, RELEASE, STATEMENT, ARRIVAL, RECEIPT],
    "311": [ENTRY, ESTIMATE, RELEASE, STATEMENT, ARRIVAL, RECEIPT],
    "496": [ENTRY, ESTIMATE, RELEASE, STATEMENT, ARRIVAL, RECEIPT],
    "501": [IMPORT, IN_BOND, ARRIVAL, RECEIPT],
    "duty": [IN_BOND, ENTRY, ESTIMATE, RELEASE, STATEMENT, ARRIVAL, RECEIPT],
    "quota": [ENTRY, ESTIMATE, RELEASE, STATEMENT, ARRIVAL, RECEIPT],
    "bond": [RELEASE, ENTRY, ESTIMATE, STATEMENT, RECEIPT],
    "case": [ENTRY, ESTIMATE, RELEASE, ARRIVAL, RECEIPT],
}


@pytest.mark.parametrize("rule", ORDERS)
def test_each_rule_takes_the_first_day_of_its_own_order(rule: str) -> None:
    known = {name: days(day) for name, day in KNOWN.items()}
    names = {day: name for name, day in KNOWN.items()}
    for wanted in ORDERS[rule]:
        found = fee_rates.deciding_days(rule, known, RECEIPT)
        assert found.tolist() == [epoch_days(wanted)]
        known.pop(names.get(wanted, ""), None)


def test_an_arrival_before_the_receipt_does_not_decide_mpf_but_decides_hmf() -> None:
    early = {"arrival_date": days(date(2026, 1, 9))}
    assert fee_rates.deciding_days("499", early, RECEIPT).tolist() == [epoch_days(RECEIPT)]
    assert fee_rates.deciding_days("501", early, RECEIPT).tolist() == early["arrival_date"].tolist()


def test_exemptions_have_a_source_and_secondary_ones_say_so() -> None:
    kinds = {"entry_type", "program", "origin", "chapter", "zone_status", "article_set"}
    found = [one for kind in kinds for one in fee_rates.exemptions("499", kind)]
    assert all(one.source for one in found)
    assert {one.confidence for one in found} == {"CBP", "secondary", "general"}
    marks = {one.code: one.confidence for one in fee_rates.exemptions("499", "program")}
    assert [marks[code] for code in ("B#", "C#", "K#", "L#")] == ["CBP"] * 4
    assert "CBP" not in {marks[code] for code in ("AU", "S", "KR")}
    assert not {"A", "JO", "MA", "N", "JP", "D", "Z"} & set(marks)
