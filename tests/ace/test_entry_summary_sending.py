"""The AE writer: routes, payment, totals, batches, and what it refuses."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from tasks.ace.entry_summary.preparation import AceHoldings
from tasks.ace.entry_summary.release_dates import date_differences
from tasks.ace.entry_summary.summary_writer import prepare_summaries, stream_summaries
from tasks.ace.fees.payment_terms import PaymentSetup, PaymentTerms
from tasks.ace.fees.surety_bonds import surety_table
from tasks.ace.file_check import check_matrix
from tasks.ace.wire.codec import decode_records
from tasks.ace.wire.outbound_batch import BatchLimits, OutboundBatch
from tasks.ace.wire.record_layouts import record_layout
from tasks.core.errors import BadInput, RouteRefused
from tasks.entries.record.entry_record import EntryRecord
from tests.ace.made_record import joined, made, number
from tests.ace.made_summary import CASES, ENVELOPE, PAYMENT, SENT, TYPES, change, line, summary, tariff
from tests.ace.write_summary import lines_of, problems, written
from tests.benchmarks.made_entries import write_parquet
from tests.benchmarks.made_summaries import made_summaries
from tests.errors import refused
from tests.example_counts import examples


@pytest.mark.parametrize(
    ("payment", "columns"),
    [
        (PaymentTerms("*", "1"), "1"),
        (PaymentTerms("*", "2"), "2112526"),
        (PaymentTerms("*", "3", "A1"), "3112526  A1"),
        (PaymentTerms("*", "7", "", "importer", 15), "711252612"),
        (PaymentTerms("*", "8", "B2", "importer", 15), "811252612B2"),
    ],
)
def test_payment_stands_in_columns_51_to_61(payment: PaymentTerms, columns: str) -> None:
    how = PaymentSetup({"*": payment}, SENT)
    assert lines_of(summary(32), "10", payment=how)[0][50:61].rstrip() == columns


def test_bonds_and_the_list_for_each_surety() -> None:
    single = summary(33, bond_type="9", bond_amount=60_000, bond_account="A123")
    second = summary(34, second_surety="099", second_bond_amount=5_000)
    assert lines_of(single, "31") == ["319B 036     60000A123"]
    assert lines_of(second, "31") == ["318B 036", "319A 099      5000"]
    waived = summary(35, bond_type="0", surety_code=None, bond_waiver_reason="999")
    assert lines_of(waived, "10")[0][37] == "0" and lines_of(waived, "31") == []
    listed = surety_table(joined([single, second, waived])).to_pylist()
    assert [(one["surety_code"], one["entry_number"], one["designation"], one["amount"]) for one in listed] == [
        ("036", number(33), "B", 60_000),
        ("099", number(34), "A", 5_000),
    ]


def test_fees_follow_cbps_entry_date_where_it_is_known() -> None:
    rows = change(summary(36, release_date=date(2026, 9, 30)), "tariffs", value=2_000)
    rows = change(rows, "entries", import_date=date(2026, 9, 29), export_date=date(2026, 9, 1))
    assert lines_of(rows, "89") == ["89499       3358"]
    known = AceHoldings(entry_dates={number(36): date(2026, 10, 1)})
    assert lines_of(rows, "89", known=known) == ["89499       3458"]
    listed = date_differences(made(rows), {number(36): date(2026, 10, 1)}).to_pylist()
    assert listed == [
        {
            "entry_number": number(36),
            "paper_date": date(2026, 9, 30),
            "ace_date": date(2026, 10, 1),
            "days": 1,
            "crosses": "1 October",
            "fees": "499 311 496",
        }
    ]
    same = {number(36): date(2026, 9, 30), number(1): date(2026, 10, 1)}
    assert date_differences(made(rows), same).num_rows == 0


def test_dearer_differences_come_first() -> None:
    record = joined([summary(1), summary(2, release_date=date(2026, 9, 28))])
    ace = {number(1): date(2026, 11, 21), number(2): date(2026, 10, 2)}
    listed = date_differences(record, ace)
    assert listed["entry_number"].to_pylist() == [number(2), number(1)]
    assert listed["days"].to_pylist() == [4, 1]


ROUTES = [
    ("none", "01", {}, "filing-route-unknown"),
    ("se_then_ae", "31", {}, "entry-type-without-cargo-release"),
    ("se_then_ae", "02", {}, "quota-not-certified"),
    ("ae_certified", "51", {}, "entry-type-never-certified"),
    ("ae_certified", "01", {"expedited_release": True}, "expedited-release-certified"),
    ("ae_certified", "01", {"immediate_delivery": True}, "immediate-delivery-certified"),
    ("ae_certified", "11", {"express_informal": True}, "express-summary-certified"),
    ("ae_certified", "06", {"zone_week": date(2026, 11, 16)}, "weekly-zone-entry-certified"),
]


@pytest.mark.parametrize(("route", "kind", "fields", "code"), ROUTES)
def test_routes_that_are_refused(route: str, kind: str, fields: dict[str, object], code: str) -> None:
    rows = joined([summary(40, kind, filing_route=route, **fields), summary(41)])
    with refused("entry-summary-not-applicable", RouteRefused) as caught:
        written(rows)
    assert [(one.subject, one.code) for one in caught.problems] == [(number(40), code)]


def test_an_entry_on_file_overrides_the_route_and_the_quota_setting_gives_way() -> None:
    rows = summary(42, "02", filing_route="ae_certified")
    assert lines_of(rows, "10")[0][39] == "A"
    on_file = lines_of(rows, "10", known=AceHoldings(released={number(42)}))[0]
    assert on_file[39] == " " and on_file[43] == "Y"
    rows = summary(43, "02", filing_route="se_then_ae")
    assert lines_of(rows, "10", quota_one_step=False)[0][39:44].strip() == ""


def test_everything_that_a_summary_lacks_is_told_at_once() -> None:
    rows = summary(44, release_date=None, broker_reference="L0123456789")
    assert problems(rows) == [
        "estimated entry date: estimated-entry-date-missing",
        "broker reference: broker-reference-invalid",
    ]
    rows = change(summary(45), "tariffs", duty=None)
    assert problems(rows) == ["line 1 duty: line-duty-missing", "line 2 duty: line-duty-missing"]
    rows = change(summary(46), "lines", sold_to=None, country_of_export=None)
    assert sorted(problems(rows)) == ["40 11: 410", "40 11: 410", "40: 577", "40: 577"]
    rows = change(summary(47), "bills", bill_number="B" * 13, unit=None)
    assert len(problems(rows)) == 2


@pytest.mark.parametrize("kind", TYPES)
def test_totals_are_the_sums_of_the_lines(kind: str) -> None:
    rows = summary(50, kind, "11")
    rows["tariffs"][0] |= {"duty": Decimal("0.01")}
    text = lines_of(rows)
    check_sums(text, capped=True)


def check_sums(text: list[str], capped: bool) -> None:
    """Recomputes the totals from the printed records, with decimals."""
    duty = sum(int(one[13:23]) for one in text if one.startswith("50"))
    fee: Counter[str] = Counter()
    for one in text:
        if one.startswith("62"):
            fee[one[2:5]] += int(one[5:13])
        if one.startswith("34"):
            fee[one[2:5]] += int(one[5:13])
    if capped and "499" in fee:
        fee["499"] = min(max(fee["499"], 3458), 67086)
    stated: Counter[str] = Counter()
    for one in text:
        if one.startswith("89"):
            row = one.ljust(80)
            for at in range(2, 72, 14):
                if row[at : at + 3].strip():
                    stated[row[at : at + 3]] += int(row[at + 3 : at + 14])
    assert stated == fee
    ninety = next(one for one in text if one.startswith("90"))
    assert (int(ninety[2:13]), int(ninety[14:25])) == (duty, sum(fee.values()))


SUMMARIES = {
    "values": st.lists(st.integers(0, 300_000), min_size=1, max_size=40),
    "cents": st.lists(st.integers(0, 10**8), min_size=40, max_size=40),
    "mode": st.sampled_from(["30", "11", "12", "40"]),
    "kind": st.sampled_from(["01", "03", "21", "06"]),
}


@settings(max_examples=examples(40))
@given(**SUMMARIES)
def test_any_summary_adds_up_and_passes_the_checker(values: list[int], cents: list[int], mode: str, kind: str) -> None:
    adds_up(values, cents, mode, kind)


@pytest.mark.long
@settings(max_examples=400)
@given(**SUMMARIES)
def test_many_summaries_add_up_and_pass_the_checker(values: list[int], cents: list[int], mode: str, kind: str) -> None:
    adds_up(values, cents, mode, kind)


def adds_up(values: list[int], cents: list[int], mode: str, kind: str) -> None:
    rows = summary(60, kind, mode)
    key = number(60)
    extra = {"ad_duty": None} if kind in CASES else {}
    rows["lines"] = [
        line(key, place, kind, charges=max(value // 50, 1)) | ({**extra, "ad_duty": rounded(value)} if extra else {})
        for place, value in enumerate(values, start=1)
    ]
    rows["tariffs"] = [
        tariff(key, place, value=value, duty=Decimal(cents[place - 1]) / 100)
        for place, value in enumerate(values, start=1)
    ]
    (batch,) = written(made(rows))
    assert check_matrix(batch.matrix).ok
    text = batch.bytes(True).decode("ascii").splitlines()[2:-2]
    check_sums([one.rstrip() for one in text], capped=True)
    line_fees = [int(one[5:13]) for one in text if one.startswith("62499")]
    assert line_fees == [half_up(Decimal(value) * Decimal("0.3464")) for value in values]


def rounded(value: int) -> Decimal:
    """Four per cent in dollars and cents."""
    return (Decimal(value) * 4 / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


def half_up(exact: Decimal) -> int:
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def test_batches_hold_one_port_and_number_on() -> None:
    record = joined([summary(serial, port_of_entry="2704" if serial % 3 else "3801") for serial in range(70, 82)])
    batches = written(record, limits=BatchLimits(2, 2), sequence_from=5)
    assert [batch.sequence for batch in batches] == list(range(5, 5 + len(batches)))
    assert sorted(one for batch in batches for one in batch.numbers) == sorted(record.numbers)
    assert {len(batch.blocks) for batch in batches} <= {1, 2}
    for batch in batches:
        assert batch.matrix[0, 25:27].tobytes() == b"AE"
        assert {block.port for block in batch.blocks} == {batch.port}
        ten = batch.matrix[batch.matrix[:, :3].view("S3")[:, 0] == b"10A"]
        ports = decode_records(record_layout("AE", "10"), ten)["district_port_of_entry"].to_pylist()
        assert set(ports) == {batch.port}


def test_the_batch_does_not_hang_on_the_order_of_the_rows() -> None:
    record = joined([summary(serial, kind) for serial, kind in enumerate(TYPES, start=90)])
    turned = EntryRecord.of(
        {name: table.take(pa.array(range(table.num_rows)[::-1], pa.int64())) for name, table in record.items()}
    ).sorted()
    assert [one.digest for one in written(turned)] == [one.digest for one in written(record)]


def test_a_stream_writes_what_the_whole_record_writes(tmp_path: Path) -> None:
    record = made_summaries(300, 1500)
    paths = write_parquet(dict(record.items()), tmp_path)
    limits = BatchLimits(5, 2)
    whole = written(record, limits=limits)
    streamed = list(stream_summaries(paths, ENVELOPE, limits, PAYMENT, entries_at_once=64))
    assert sorted(n for b in streamed for n in b.numbers) == sorted(n for b in whole for n in b.numbers)
    assert record_bag(streamed) == record_bag(whole)


def record_bag(batches: list[OutboundBatch]) -> Counter[bytes]:
    """All records but those of the envelope, which tells portions apart."""
    rows = (row.tobytes() for batch in batches for row in batch.matrix)
    return Counter(row for row in rows if row[:1] not in b"ABYZ")


def test_a_stream_refuses_before_it_writes_anything(tmp_path: Path) -> None:
    record = made_summaries(30, 60)
    broken = record.entries.to_pylist()
    broken[29]["filing_route"] = "none"
    broken[3]["filing_route"] = "none"
    tables = dict(record.items()) | {"entries": pa.Table.from_pylist(broken, record.entries.schema)}
    paths = write_parquet(tables, tmp_path)
    with refused("entry-summary-not-applicable", RouteRefused) as caught:
        list(stream_summaries(paths, ENVELOPE, None, PAYMENT, entries_at_once=8))
    assert [one.subject for one in caught.problems] == [record.entries["entry_number"][row].as_py() for row in (3, 29)]


def test_an_empty_record_gives_no_batch_and_no_plan() -> None:
    assert written(EntryRecord.empty()) == []
    assert prepare_summaries(EntryRecord.empty(), PAYMENT).plan.num_rows == 0


def test_what_is_prepared_says_what_is_owed_and_how_it_is_paid() -> None:
    record = joined([summary(1), summary(2, "21", "11"), summary(3, "03")])
    rows = {row["entry_number"]: row for row in prepare_summaries(record, PAYMENT).plan.to_pylist()}
    assert [rows[number(serial)]["amount"] for serial in (1, 2, 3)] == [31_618, 2_500, 111_618]
    assert {row["statement_date"] for row in rows.values()} == {date(2026, 11, 25)}
    over = replace(PAYMENT, ceilings={"filer": 120_000})
    days = prepare_summaries(record, over).plan["statement_date"].to_pylist()
    assert sorted(days) == [date(2026, 11, 25), date(2026, 11, 25), date(2026, 11, 27)]


def test_no_terms_no_summary() -> None:
    with refused("summaries-without-payment-method", BadInput) as caught:
        written(made(summary(1)), payment=PaymentSetup({}, SENT))
    assert [(one.subject, one.code) for one in caught.problems] == [(number(1), "payment-terms-missing")]
