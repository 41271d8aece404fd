"""Payment terms and statement dates (AE 2026-07 p.174-176; errors 199-218, 718)."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from tasks.ace.fees.payment_methods import NOT_MONTHLY_BOND, NOT_MONTHLY_ENROLLED, NOT_MONTHLY_TAX, SUMMARIES
from tasks.ace.fees.payment_plan import ALONE, FULL, LATE, MONTH_FULL, MOVED, daily_totals, over_ceiling, plan_payment
from tasks.ace.fees.payment_terms import (
    AHEAD,
    PaymentSetup,
    PaymentTerms,
    read_terms,
    statement_window,
    terms_from_rows,
)
from tasks.core.calendar import Calendar, federal_holidays
from tasks.core.errors import BadInput
from tests.errors import refused

SENT = date(2026, 11, 24)  # a Tuesday; Thursday the 26th is Thanksgiving
ACME = "12-345678900"


def payment(kind: str = "2", **more: object) -> PaymentSetup:
    options = {"branch": "", "account": "filer", "periodic_day": 0} | {
        name: more.pop(name) for name in ("branch", "account", "periodic_day") if name in more
    }
    own = PaymentTerms(ACME, kind, **options)  # type: ignore[arg-type]
    return PaymentSetup({ACME: own}, SENT, **more)  # type: ignore[arg-type]


def summary(number: int = 1, **fields: object) -> dict[str, object]:
    row: dict[str, object] = {
        "entry_number": f"ABC-{number:07d}-0",
        "importer_number": ACME,
        "payment_type": None,
        "estimated_entry_date": date(2026, 11, 20),
        "taxed": False,
        "bond_type": "8",
        "enrolled": None,
        "amount": 10_000,
    }
    return row | fields


def table(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), SUMMARIES)


def plan(how: PaymentSetup, *rows: dict[str, object]) -> list[dict[str, object]]:
    return plan_payment(table(*rows), how).to_pylist()


def test_the_first_statement_is_one_business_day_ahead() -> None:
    (row,) = plan(payment(), summary())
    assert row["statement_date"] == date(2026, 11, 25)
    assert row["due"] == date(2026, 12, 7)


@pytest.mark.parametrize(
    ("sent", "first"),
    [
        (date(2026, 11, 25), date(2026, 11, 27)),  # over Thanksgiving
        (date(2026, 11, 27), date(2026, 11, 30)),  # over a weekend
        (date(2026, 7, 2), date(2026, 7, 6)),  # 4 July on a Saturday, kept on Friday the 3rd
        (date(2026, 12, 31), date(2027, 1, 4)),
    ],
)
def test_weekends_and_federal_holidays_are_passed_over(sent: date, first: date) -> None:
    assert statement_window(Calendar(), sent) == (first, sent + timedelta(days=90))


def test_a_local_holiday_can_be_closed() -> None:
    calendar = Calendar(frozenset({date(2026, 11, 25)}))
    (row,) = plan(payment(calendar=calendar), summary())
    assert row["statement_date"] == date(2026, 11, 27)


def test_never_before_the_estimated_entry_date() -> None:
    (row,) = plan(payment(), summary(estimated_entry_date=date(2026, 12, 12)))
    assert row["statement_date"] == date(2026, 12, 14)


def test_an_entry_date_beyond_the_window_is_refused_with_all_others() -> None:
    far = SENT + timedelta(days=AHEAD + 1)
    rows = [summary(1, estimated_entry_date=far), summary(2), summary(3, importer_number="~A")]
    with refused("summaries-without-payment-method", BadInput) as caught:
        plan(payment(), *rows)
    assert [(problem.subject, problem.code) for problem in caught.problems] == [
        ("ABC-0000001-0", "entry-date-after-statement-window"),
        ("ABC-0000003-0", "payment-terms-missing"),
    ]


def test_individual_payment_names_no_date_and_no_branch() -> None:
    (row,) = plan(payment("2", branch="A1"), summary(payment_type="1"))
    assert [row[name] for name in ("payment_type", "branch", "statement_date")] == ["1", None, None]
    (row,) = plan(payment("2", branch="A1"), summary())
    assert row["branch"] == "A1"


@pytest.mark.parametrize("kind", ["6", "7", "8"])
def test_monthly_goes_to_the_month_after_the_entry(kind: str) -> None:
    (row,) = plan(payment(kind, periodic_day=11), summary())
    assert (row["periodic_month"], row["notes"]) == ("12", [])
    (row,) = plan(payment(kind, periodic_day=11), summary(estimated_entry_date=date(2026, 9, 30)))
    assert (row["periodic_month"], row["notes"]) == ("12", [LATE])
    (row,) = plan(payment(kind, periodic_day=28), summary(estimated_entry_date=date(2026, 9, 30)))
    assert row["periodic_month"] == "11"


def test_a_monthly_statement_is_debited_in_one_sum_on_its_own_day() -> None:
    """Not on the days that its summaries are printed on: spread over these, it still bounced."""
    how = payment("7", periodic_day=11, ceilings={"filer": 15_000})
    other = summary(2, estimated_entry_date=date(2026, 11, 27))
    daily = [summary(number, payment_type="2") for number in (3, 4)]
    found = plan_payment(table(summary(1), other, *daily), how)
    assert [str(day) for day in found["debit"].to_pylist()] == [
        "2026-12-21", "2026-12-21", "2026-11-25", "2026-11-27",
    ]  # fmt: skip
    assert over_ceiling(found) == [f"ABC-{2:07d}-0"]
    assert found["notes"].to_pylist() == [[], [MONTH_FULL], [], [MOVED]]
    told = daily_totals(found, how).to_pylist()
    assert [(row["monthly"], row["amount"], row["over"]) for row in told] == [
        (False, 10_000, False), (False, 10_000, False), (True, 20_000, True),
    ]  # fmt: skip


def test_what_misses_its_month_is_late_although_it_is_printed_in_time() -> None:
    sent = date(2026, 11, 12)
    how = PaymentSetup({ACME: PaymentTerms(ACME, "7", periodic_day=11)}, sent)
    (row,) = plan(how, summary(estimated_entry_date=date(2026, 10, 30)))
    assert row["statement_date"] < row["due"] < row["debit"] and row["notes"] == [LATE]


def test_tax_a_single_bond_and_an_importer_not_enrolled_take_the_daily_statement() -> None:
    how = payment("7", periodic_day=11)
    rows = plan(how, summary(1, taxed=True), summary(2, bond_type="9"), summary(3, enrolled=False),
                summary(4, enrolled=True))  # fmt: skip
    assert [row["payment_type"] for row in rows] == ["3", "3", "3", "7"]
    assert [row["notes"] for row in rows] == [[NOT_MONTHLY_TAX], [NOT_MONTHLY_BOND],
                                              [NOT_MONTHLY_ENROLLED], []]  # fmt: skip
    assert [row["periodic_month"] for row in rows] == [None, None, None, "12"]


def test_a_wish_for_monthly_without_a_day_in_the_terms_is_refused() -> None:
    with refused("summaries-without-payment-method", BadInput) as caught:
        plan(payment("2"), summary(payment_type="7"))
    assert caught.codes == ["statement-day-not-set"]


def test_over_the_ceiling_moves_to_the_next_day_the_most_urgent_first() -> None:
    how = payment(ceilings={"filer": 25_000})
    late = summary(9, estimated_entry_date=date(2026, 11, 2))
    rows = plan(how, summary(1), summary(2), late)
    days = [row["statement_date"] for row in rows]
    assert days == [date(2026, 11, 25), date(2026, 11, 27), date(2026, 11, 25)]
    assert [row["notes"] for row in rows] == [[], [MOVED], [LATE]]
    totals = daily_totals(plan_payment(table(summary(1), summary(2), late), how), how)
    assert totals.to_pylist() == [
        {
            "statement_date": day,
            "payer": "filer",
            "summaries": count,
            "amount": count * 10_000,
            "used": 0,
            "ceiling": 25_000,
            "over": False,
            "monthly": False,
        }
        for day, count in ((date(2026, 11, 25), 2), (date(2026, 11, 27), 1))
    ]


def test_what_no_day_can_take_is_reported() -> None:
    how = payment(ceilings={"*": 5_000})
    found = plan_payment(table(summary(1)), how)
    assert over_ceiling(found) == ["ABC-0000001-0"]
    assert ALONE in found["notes"][0].as_py()
    assert daily_totals(found, how)["over"].to_pylist() == [True]
    days = len(list(Calendar().days(*statement_window(Calendar(), SENT))))
    many = table(*(summary(number, amount=5_000) for number in range(days + 1)))
    found = plan_payment(many, how)
    assert over_ceiling(found) == [f"ABC-{days:07d}-0"]
    assert found["notes"][days].as_py()[0] == FULL


def test_each_payer_has_its_own_account() -> None:
    how = PaymentSetup({"*": PaymentTerms("*", "3", account="importer")}, SENT, {ACME: 10_000})
    rows = plan(how, summary(1), summary(2), summary(3, importer_number="99-999999900"))
    assert [row["payer"] for row in rows] == [ACME, ACME, "99-999999900"]
    assert [row["notes"] for row in rows] == [[], [MOVED], []]


@given(
    entered=st.dates(date(2026, 8, 1), date(2027, 2, 1)),
    sent=st.dates(date(2026, 11, 1), date(2026, 12, 31)),
    amounts=st.lists(st.integers(0, 20_000), min_size=1, max_size=12),
)
def test_every_date_is_one_that_cbp_takes(entered: date, sent: date, amounts: list[int]) -> None:
    how = PaymentSetup({ACME: PaymentTerms(ACME, "2")}, sent, {"filer": 30_000})
    wanted = [
        summary(number, estimated_entry_date=min(entered, sent), amount=amount) for number, amount in enumerate(amounts)
    ]
    found = plan_payment(table(*wanted), how)
    for day in found["statement_date"].to_pylist():
        assert sent < day <= sent + timedelta(days=90)
        assert day.weekday() < 5 and day not in federal_holidays(day.year)
        assert day >= min(entered, sent)
    assert not any(daily_totals(found, how)["over"].to_pylist())
    assert found["amount"].to_pylist() == amounts


@given(
    first=st.lists(st.integers(0, 29_000), max_size=8), second=st.lists(st.integers(0, 29_000), min_size=1, max_size=8)
)
def test_two_runs_of_a_day_fill_no_statement_over_the_ceiling(first: list[int], second: list[int]) -> None:
    """Whatever was sent before, each statement holds both runs and no more than the ceiling."""
    sums: Counter[tuple[date, str]] = Counter()
    for serial, amounts in ((0, first), (50, second)):
        how = payment(ceilings={"filer": 30_000}, used=dict(sums))
        rows = [summary(serial + n, amount=amount) for n, amount in enumerate(amounts)]
        found = plan_payment(table(*rows), how)
        totals = daily_totals(found, how).to_pylist()
        for row in totals:
            key = (row["statement_date"], row["payer"])
            assert row["used"] == sums[key] and not row["over"]
            sums[key] += row["amount"]
    assert max(sums.values()) <= 30_000 and sum(sums.values()) == sum(first) + sum(second)


def test_the_payment_table_is_read_and_every_fault_is_named(tmp_path: Path) -> None:
    head = "importer_number,payment_type,branch,account,periodic_day\n"
    path = tmp_path / "payment.csv"
    path.write_text(head + f"{ACME},7,A1,importer,11\n*,2,,filer,\n", encoding="utf-8")
    known = read_terms(path)
    assert known[ACME] == PaymentTerms(ACME, "7", "A1", "importer", 11)
    assert PaymentSetup(known, SENT).of("55-555555500") == PaymentTerms("55-555555500", "2")
    wrong = "nobody,4,ABC,bank,40\n*,1,A1,filer,\n*,6,,filer,\n12-345678900,2,,filer,5\n"
    path.write_text(head + wrong, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_terms(path)
    told = [(problem.row, problem.column) for problem in caught.value.problems]
    assert told == [
        (2, "importer_number"),
        (2, "payment_type"),
        (2, "branch"),
        (2, "account"),
        (2, "periodic_day"),
        (3, "branch"),
        (4, "periodic_day"),
        (5, "periodic_day"),
    ]


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "payment.csv"
    path.write_text("importer_number,branch\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_terms(path)
    columns = [problem.column for problem in caught.value.problems]
    assert columns == ["payment_type", "account", "periodic_day"]


def test_terms_stand_once() -> None:
    row = {"importer_number": ACME, "payment_type": "2", "account": "filer"}
    with refused("payment-table-invalid", BadInput) as caught:
        terms_from_rows([row, row])
    assert caught.codes == ["payment-importer-duplicated"]
