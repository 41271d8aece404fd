"""Field by field: what our AE says against what ACE stored, whatever the field and whatever the type."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings, strategies as st

from tasks.ace.answers.answer_parser import read_answers
from tasks.ace.entry_summary.summary_slices import SummarySlice
from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.ace.queries.query_batches import QuerySender, summary_queries
from tasks.ace.stored_summaries.comparison_fields import (
    COMPARED_NUMBERS,
    KEY,
    KINDS,
    ComparedField,
    compared_fields,
    compared_layout,
    compared_records,
    comparison_table,
    field_title,
)
from tasks.ace.stored_summaries.expected_records import UNUSED_COLUMNS
from tasks.ace.stored_summaries.image_tables import ImageTables
from tasks.ace.wire.record_layouts import record_layouts
from tasks.drill.ace_simulator.simulator import AceSimulator
from tasks.entries.record.record_fields import RECORD_TABLES, field_named
from tests.ace import made_record, made_summary
from tests.ace.made_answers import batch, image, state, stream
from tests.ace.made_record import Rows, number
from tests.ace.made_summary import ENVELOPE, IMPORTER, PAYMENT, SENT, TYPES, WITHDRAWALS, change
from tests.benchmarks.compare import as_released
from tests.example_counts import examples
from tests.reconciliation.comparison_setup import Row, against, get, ours_of, put, stored, told

MODES = ("10", "11", "21", "30", "40", "50", "70")
WAREHOUSE = 900


def full(serial: int = 1, mode: str = "11", **fields: object) -> Rows:
    """A summary of type 03 with nearly everything that a summary can hold."""
    found = made_summary.summary(serial, "03", mode, **{
        "notify_party": "98-765432100", "vessel_code": "9839430", "location_of_goods": "Z123",
        "missing_document": "01", "missing_document_2": "10", "second_surety": "777",
        "second_bond_amount": 60_000, "known_importer": True,
        **fields,
    })  # fmt: skip
    found = change(found, "lines", program_indicator="KR", charges=300, related_party=True,
                   delivered_to="12-345678900", ruling_type="R", ruling_number="301234",
                   license_type="01", license_number="S12345678", visa_number="6CN123456",
                   tax_class="016", tax_amount=Decimal("13.50"), fee_class="056",
                   fee_amount=Decimal("7.25"), declarations="08CN\n11AB123456",
                   **made_summary.case("cd"))  # fmt: skip
    return change(found, "tariffs", second_quantity=Decimal("4.00"), second_unit="NO",
                  third_quantity=Decimal("9.50"), third_unit="M2")  # fmt: skip


FULL = made_record.made(full())
TEXTS = stored(FULL)


def changed(record: str, field: str, value: str, nth: int = 0, mark: str = "") -> list[Row]:
    """What is found after one field of what ACE stored was changed."""
    one = next(one for one in compared_fields(record, mark) if one.field == field)
    at = [place for place, text in enumerate(TEXTS) if text.startswith(record)][nth]
    return told(FULL, [*TEXTS[:at], put(TEXTS[at], one, value), *TEXTS[at + 1 :]])


def row(
    subject: str, field: str, paper: str | None, ace: str | None, code: str = "field-differs",
    qualifier: str = "",
) -> Row:  # fmt: skip
    return {"entry_number": number(1), "code": code, "field": field, "subject": subject,
            "qualifier": qualifier, "paper": paper, "ace": ace}  # fmt: skip


def test_what_went_out_is_what_is_declared() -> None:
    assert told(FULL, TEXTS) == []


def test_a_text_differs_and_so_does_a_blank() -> None:
    assert changed("40", "country_of_origin_code", "CN") == [row("line 1", "40.country_of_origin_code", "TW", "CN")]
    assert changed("40", "trade_agreement_special_program_claim_code", "", nth=1) == [
        row("line 2", "40.trade_agreement_special_program_claim_code", "KR", None)
    ]
    assert changed("20", "designated_exam_port_code", "2704") == [row("", "20.designated_exam_port_code", None, "2704")]


def test_a_date_is_told_as_a_date() -> None:
    assert changed("11", "estimated_entry_date", "112126") == [
        row("", "11.estimated_entry_date", "2026-11-20", "2026-11-21")
    ]


def test_amounts_are_told_in_dollars_and_blank_is_zero() -> None:
    assert changed("50", "duty_amount", "12346") == [row("line 1.1", "50.duty_amount", "123.45", "123.46")]
    assert changed("53", "ad_cvd_duty_amount", "0", mark="A") == [
        row("line 1", "53.ad_cvd_duty_amount", "400.00", "0.00", qualifier="A")
    ]
    assert changed("53", "ad_cvd_value_of_goods_amount", "", mark="A") == []
    assert changed("40", "charges_amount", "") == [row("line 1", "40.charges_amount", "300", None)]


def test_a_value_changes_that_of_the_whole_too() -> None:
    assert changed("50", "value_of_goods_amount", "10001", nth=1) == [
        row("", "entered_value", "20000", "20001"),
        row("line 2.1", "50.value_of_goods_amount", "10000", "10001"),
    ]  # fmt: skip


def test_a_quantity_has_no_tolerance() -> None:
    assert changed("50", "quantity_1", "85026") == [row("line 1.1", "50.quantity_1", "850.25", "850.26")]
    assert changed("50", "quantity_3", "951") == [row("line 1.1", "50.quantity_3", "9.50", "9.51")]
    assert changed("53", "ad_cvd_quantity", "12500", mark="A") == [
        row("line 1", "53.ad_cvd_quantity", "0.0000", "1.2500", qualifier="A")
    ]


def test_an_importer_number_is_the_same_with_its_blank_suffix() -> None:
    """EQ v26 p.37: ACE writes 00 for it."""
    assert changed("11", "importer_of_record_number", "12-3456789") == []
    assert changed("11", "consignee_number", "12-345678901") == [
        row("", "11.consignee_number", "12-345678900", "12-345678901")
    ]


def test_parties_of_a_line_are_told_by_their_kind() -> None:
    places = {text[2]: nth for nth, text in enumerate(t for t in TEXTS if t.startswith("47"))}
    for qualifier in "MSCE":
        (one,) = changed("47", "article_party_identifier", "99-999999900", places[qualifier], qualifier)
        assert (one["subject"], one["field"], one["ace"]) == (
            "line 2", "47.article_party_identifier", "99-999999900",
        )  # fmt: skip
        assert one["qualifier"] == qualifier


def test_fees_are_found_by_their_class() -> None:
    assert [
        (one["subject"], one["field"], one["qualifier"])
        for one in told(FULL, [text for text in TEXTS if not text.startswith("62501")])
    ] == [("line 1", "62.user_fee_amount", "501"), ("line 2", "62.user_fee_amount", "501")]
    (one,) = changed("62", "user_fee_amount", "1", nth=0)
    assert one["qualifier"] == next(text for text in TEXTS if text.startswith("62"))[2:5]


def test_fee_totals_are_found_by_their_class_in_any_order() -> None:
    at = next(place for place, text in enumerate(TEXTS) if text.startswith("89"))
    pairs = [TEXTS[at][start : start + 14] for start in range(2, 72, 14)]
    used = [pair for pair in pairs if pair.strip()]
    turned = ("89" + "".join(reversed(used))).ljust(80)
    assert told(FULL, [*TEXTS[:at], turned, *TEXTS[at + 1 :]]) == []
    lost = ("89" + "".join(used[1:])).ljust(80)
    (one,) = told(FULL, [*TEXTS[:at], lost, *TEXTS[at + 1 :]])
    assert (one["field"], one["qualifier"], one["ace"]) == (
        "89.total_fee_amount_1", used[0][:3], None,
    )  # fmt: skip


@pytest.mark.parametrize("record", ["20", "21", "33", "43", "51", "52", "60", "88"])
def test_a_record_that_ace_lacks_is_told_field_by_field(record: str) -> None:
    found = told(FULL, [text for text in TEXTS if not text.startswith(record)])
    assert found and {one["field"] for one in found} <= {one.id for one in compared_fields(record)}
    assert all(one["paper"] and one["ace"] is None for one in found)


def test_the_second_bond_is_not_the_first() -> None:
    lost = [text for text in TEXTS if not text.startswith("319A")]
    found = told(FULL, lost)
    assert {one["qualifier"] for one in found} == {"A"}
    assert {(one["field"], one["paper"]) for one in found} == {
        ("31.bond_type_code", "9"), ("31.surety_company_code", "777"),
        ("31.single_transaction_bond_amount", "60000"),
    }  # fmt: skip


def numbered(*lines: str) -> list[str]:
    """What ACE stored, its lines called so."""
    names = iter(lines)
    return [text[:4] + next(names).ljust(3) + text[7:] if text[:2] == "40" else text
            for text in TEXTS]  # fmt: skip


def test_lines_are_found_by_their_number_not_their_place() -> None:
    at = [place for place, text in enumerate(TEXTS) if text.startswith("4A")]
    end = next(place for place, text in enumerate(TEXTS) if text.startswith("88"))
    turned = [*TEXTS[: at[0]], *TEXTS[at[1] : end], *TEXTS[at[0] : at[1]], *TEXTS[end:]]
    assert told(FULL, turned) == []
    assert told(FULL, numbered("1", "2")) == []
    assert told(FULL, numbered("", "")) == []
    assert told(FULL, numbered("001", "001")) == []
    assert [(one["subject"], one["code"]) for one in told(FULL, numbered("001", "003"))] == [
        ("line 2", "not-in-ace"), ("line 3", "only-in-ace"),
    ]  # fmt: skip


def test_a_tariff_number_that_one_side_lacks_is_told_as_one() -> None:
    at = next(place for place, text in enumerate(TEXTS) if text.startswith("50"))
    twice = [*TEXTS[: at + 1], TEXTS[at], *TEXTS[at + 1 :]]
    assert [(one["subject"], one["field"], one["code"]) for one in told(FULL, twice)] == [
        ("", "entered_value", "field-differs"), ("line 1.2", "tariff", "only-in-ace"),
    ]  # fmt: skip


def bills(*kinds: tuple[int, str, str, int | None]) -> Rows:
    """A summary with bills: group, type, number, packages."""
    key = number(1)
    return full() | {
        "bills": [
            {"entry_number": key, "bill_group": group, "bill_type": kind, "issuer": "MAEU",
             "bill_number": name, "quantity": count, "unit": "PCS" if count else None}
            for group, kind, name, count in kinds
        ]
    }  # fmt: skip


TWO = ((1, "M", "100", None), (1, "H", "H1", 10), (2, "R", "200", 20))


@pytest.mark.parametrize(
    ("theirs", "wanted"),
    [
        (((1, "R", "200", 20), (2, "M", "100", None), (2, "H", "H1", 10)), []),
        (((1, "M", "100", None), (1, "H", "H1", 10), (2, "R", "201", 20)),
         [row("", "bills", "M MAEU 200", "M MAEU 201")]),
        (((1, "M", "100", None), (1, "H", "H1", 11), (2, "R", "200", 20)),
         [row("bill H MAEU H1 with M MAEU 100", "22.manifested_quantity", "10", "11")]),
        (((1, "M", "100", None), (1, "H", "H1", 10)), [row("", "bills", "M MAEU 200", None)]),
        (((1, "R", "100", 10), (2, "M", "200", None), (2, "H", "H1", 20)),
         [row("", "bills_together", "H MAEU H1 with M MAEU 100, M MAEU 200",
              "H MAEU H1 with M MAEU 200, M MAEU 100")]),
    ],
)  # fmt: skip
def test_bills_are_compared_in_any_order(theirs: tuple, wanted: list[Row]) -> None:
    ours = made_record.made(bills(*TWO))
    assert told(ours, stored(made_record.made(bills(*theirs)))) == wanted


def test_releases_that_a_summary_covers_are_compared_in_any_order() -> None:
    covering = made_summary.summary(1, "01", filing_route="ae_only", consolidating=True)
    some = [made_summary.summary(serial, consolidated_summary=number(1)) for serial in range(2, 11)]
    record = made_record.joined([covering, *some])
    texts = stored(record)
    assert told(record, texts) == []
    at = [place for place, text in enumerate(texts) if text.startswith("32")]
    second = "32" + texts[at[0]][15:28] + texts[at[0]][2:15] + texts[at[0]][28:]
    assert told(record, [*texts[: at[0]], second, *texts[at[0] + 1 :]]) == []
    lost = texts[at[1]][:2] + texts[at[1]][15:].ljust(78)
    assert told(record, [*texts[: at[1]], lost, *texts[at[1] + 1 :]]) == [row("", "releases", number(8), None)]


def test_what_our_side_could_not_know_is_told_apart() -> None:
    record = made_record.made(full(vessel_code=None))
    assert told(record, TEXTS) == [row("", "20.vessel_code", None, "9839430", "not-on-paper")]
    assert told(FULL, TEXTS, payment=None) == [
        row("", "10.payment_type_code", None, "2", "not-on-paper")
    ]  # fmt: skip
    assert changed("10", "payment_type_code", "1") == [row("", "10.payment_type_code", "2", "1")]


def test_fees_follow_the_entry_date_that_cbp_set() -> None:
    """AE 2026-07 p.161: it comes before the estimated one; the MPF minimum changed on 1 October."""
    low = change(made_summary.summary(1), "tariffs", value=100)
    record = made_record.made(low | {"entries": [low["entries"][0] | {"entered_value": 200}]})
    texts = stored(record)
    assert told(record, texts) == []
    found = told(record, texts, entry_dates={number(1): date(2026, 9, 30)})
    assert {(one["field"], one["qualifier"]) for one in found} == {
        ("89.total_fee_amount_1", "499"), ("90.grand_total_user_fee_amount", ""),
    }  # fmt: skip


def test_a_summary_that_stands_in_an_answer_twice_is_compared_twice() -> None:
    at = next(place for place, text in enumerate(TEXTS) if text.startswith("90"))
    one = next(one for one in compared_fields("11") if one.field == "u_s_state_of_destination_code")
    eleven = next(place for place, text in enumerate(TEXTS) if text.startswith("11"))
    other = [*TEXTS[:eleven], put(TEXTS[eleven], one, "CA"), *TEXTS[eleven + 1 :]]
    assert at == len(TEXTS) - 1
    for order in (TEXTS + other, other + TEXTS):
        assert [found["field"] for found in told(FULL, order)] == ["11.u_s_state_of_destination_code"]


# Any field of any record


@st.composite
def a_change(draw: st.DrawFn) -> tuple[int, ComparedField, str]:
    """A place in what ACE stored, one of its fields, and another value of the right form."""
    place = draw(st.sampled_from([n for n, text in enumerate(TEXTS) if _fields(text)]))
    one = draw(st.sampled_from(_fields(TEXTS[place])))
    length = compared_layout(one.record)[one.field].length
    if one.kind == "date":
        value = draw(st.dates(date(2020, 1, 1), date(2060, 1, 1))).strftime("%m%d%y")
    elif one.kind in COMPARED_NUMBERS:
        value = str(draw(st.integers(0, 10**length - 1)))
    else:
        value = draw(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", max_size=length))
    return place, one, value


def _fields(text: str) -> tuple[ComparedField, ...]:
    record = text[:2]
    if record not in compared_records() or record in ("22", "23", "32"):
        return ()
    mark = {"47": text[2], "53": text[2], "31": "A" * (text[3] == "A")}.get(record, "")
    # The letter of a case number says which case it is: it is told as another case.
    return tuple(one for one in compared_fields(record, mark) if one.field != "case_number")


@given(a_change())
@settings(max_examples=examples(100))
def test_any_one_change_is_found_and_nothing_else(change_: tuple[int, ComparedField, str]) -> None:
    place, one, value = change_
    text = TEXTS[place]
    found = told(FULL, [*TEXTS[:place], put(text, one, value), *TEXTS[place + 1 :]])
    same = _alike(one, get(text, one), value)
    wanted = [] if same else [one.id]
    if one.field == "value_of_goods_amount" and not same:
        wanted.insert(0, "entered_value")
    assert [row["field"] for row in found] == wanted
    assert all(field_title(row["field"] or "", row["qualifier"] or "") for row in found)
    lines = sum(text.startswith("40") for text in [*TEXTS[:place], text])
    inside = "40" <= one.record < "88"
    own = [row["subject"] for row in found if row["field"] != "entered_value"]
    assert all(str(subject).startswith(f"line {lines}" if inside else "") for subject in own)
    assert inside or own in ([], [""])


def _alike(one: ComparedField, old: str, new: str) -> bool:
    if one.kind in COMPARED_NUMBERS:
        return int(old or 0) == int(new or 0)
    return old == new


# Every type, through the stand-in, which was written from the chapters by other hands


def test_no_type_differs_after_ace_stored_what_we_sent() -> None:
    kinds = [(kind, mode) for kind, mode in product(TYPES, MODES) if kind not in WITHDRAWALS or mode == "30"]
    parts = [made_summary.summary(WAREHOUSE, "21"), full(99)]
    for serial, (kind, mode) in enumerate(kinds, start=100):
        again = kind in ("22", *WITHDRAWALS)
        more = {"warehouse_entry": number(WAREHOUSE)} if again else {}
        parts.append(made_summary.summary(serial, kind, mode, **more))
    record = as_released(made_record.joined(parts))
    with AceSimulator(":memory:", SENT) as ace:
        ace.seed_transaction_bond(number(99), IMPORTER, "777", 60_000, "03", designation="A")
        for batch in write_summaries(made_record.made(parts[0]), ENVELOPE, None, PAYMENT):
            ace.answer(batch.bytes())
        for batch in write_summaries(record, ENVELOPE, None, PAYMENT, 50):
            ace.answer(batch.bytes())
        (query,) = summary_queries(QuerySender(ENVELOPE, "2704", 100), record.numbers)
        (data,) = ace.answer(query.batch.bytes())
    assert sum(data[at : at + 2] == b"10" for at in range(0, len(data), 80)) == len(parts)
    assert against(record, data) == []


def test_columns_that_are_not_read_are_asked_for_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[tuple[str, str]] = set()
    column, has = SummarySlice.column, SummarySlice.has

    def noting(which):  # type: ignore[no-untyped-def]
        def look(self: SummarySlice, name: str, table: str = "entries"):  # type: ignore[no-untyped-def]
            asked.add((table, name))
            return which(self, name, table)

        return look

    monkeypatch.setattr(SummarySlice, "column", noting(column))
    monkeypatch.setattr(SummarySlice, "has", noting(has))
    parts = [full(99), *(made_summary.summary(serial, kind, mode) for serial, (kind, mode)
                         in enumerate(product(TYPES, MODES), start=100))]  # fmt: skip
    ours_of(made_record.joined(parts), PAYMENT, None)
    assert ("lines", "country_of_origin") in asked and ("entries", "release_date") in asked
    unread = {(table, name) for table, names in UNUSED_COLUMNS.items() for name in names}
    assert asked & unread == set()
    assert all(field_named(*one) for one in unread)


# The table of fields


def test_every_field_of_a_returned_record_is_compared_or_says_why_not() -> None:
    listed = {(one.record, one.field) for one in comparison_table()}
    for (record, variant), kind in record_layouts("AE").items():
        returned = record[:2].isdigit() or record == "CW02"
        if returned and not variant:
            assert {one.name for one in kind.data_fields} == {field for name, field in listed if name == record}, record
    assert all(bool(one.kind) != bool(one.why) for one in comparison_table())
    assert {one.kind for one in comparison_table()} - {""} <= set(KINDS)


def test_every_column_of_an_image_is_compared_or_says_why_not() -> None:
    listed = {one.column for one in comparison_table()} - {""}
    held = {f"{table}.{column}" for table, columns in image_columns().items() for column in columns}
    assert held == listed


def image_columns() -> dict[str, list[str]]:
    (answer,) = read_answers(stream(batch("ER", [state(1) + image(1)])))
    picture = answer.image
    assert isinstance(picture, ImageTables)
    return {name: table.column_names for name, table in picture.tables()}


def test_a_field_has_one_kind_and_a_name_that_the_workbook_knows() -> None:
    kinds: dict[tuple[str, str, str], set[str]] = {}
    for one in comparison_table():
        kinds.setdefault((one.record, one.qualifier, one.field), set()).add(one.kind)
        assert one.kind in ("", KEY) or one.name
        if one.column.split(".")[0] in RECORD_TABLES:
            field_named(*one.column.split("."))
    del kinds["", "", ""]
    assert [key for key, found in kinds.items() if len(found - {KEY}) > 1] == []
