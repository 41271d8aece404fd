"""AD/CVD cases under a continuous bond alone are told when they are recorded (AE error 710)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tasks.entries.validation import line_rules
from tasks.entries.validation.line_rules import case_bond_warnings
from tests.ace import made_summary
from tests.ace.made_record import made


def told(case: dict, **fields: object) -> list[str]:
    rows = made_summary.summary(1, "03", **fields)
    rows["lines"][0] |= case
    record = made(rows)
    found = list(case_bond_warnings(record, "f.xlsx", {}))
    assert {one.code for one in found} <= {line_rules.CODE}
    return [one.wrong for one in found]


@pytest.mark.parametrize("kind", ["ad", "cd"])
def test_a_dear_case_under_a_continuous_bond_alone_is_told(kind: str) -> None:
    dear = made_summary.case(kind, rate=Decimal("5.00"))
    (said,) = told(dear)
    assert f"line 1, {dear[f'{kind}_case']} at 5" in said and "(710)" in said
    assert told(made_summary.case(kind, rate=Decimal("0.10"), rate_type="S"))
    assert not told(made_summary.case(kind)), "four per cent"
    assert not told(dear, second_surety="036", second_bond_amount=5_000)
    assert not told(dear, bond_type="9", bond_amount=5_000)
