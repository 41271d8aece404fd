"""Queries: what is asked, in how many files, and that our own checker has nothing to say."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from tasks.ace.file_check import check_bytes
from tasks.ace.queries.query_batches import (
    QueryBatch,
    QueryLimits,
    QuerySender,
    bill_queries,
    entry_queries,
    importer_queries,
    remaining,
    summary_queries,
    summary_range_queries,
)
from tasks.ace.queries.query_records import BillQuery, eq_time
from tasks.ace.wire.batch_envelope import Envelope
from tasks.ace.wire.codec import decode_records
from tasks.ace.wire.outbound_batch import fill_private
from tasks.ace.wire.record_layouts import record_layout
from tasks.core.errors import BadInput, BadNumber
from tasks.entries.numbers.entry_numbers import make_entry_number
from tests.example_counts import examples

ENVELOPE = Envelope("2704", "ABC", "ABC", transmission_date=date(2026, 11, 24), mark="DRILL-")
ASKER = QuerySender(ENVELOPE, "2704", 7)


def numbers(count: int, filer: str = "ABC") -> list[str]:
    return [str(make_entry_number(filer, serial)) for serial in range(count)]


def records(query: QueryBatch) -> list[str]:
    return query.batch.bytes(line_ends=True).decode("ascii").splitlines()


def assert_sound(queries: list[QueryBatch]) -> None:
    for query in queries:
        checked = check_bytes(query.batch.bytes())
        assert checked.ok, checked.findings
        assert checked.applications == (query.application,)
        assert (checked.batches, checked.blocks) == (1, 1)
        assert query.batch.digest and query.batch.bytes()[8:14] == b"PASSWD"


def asked_of(query: QueryBatch) -> list[str]:
    """The entry numbers in the records of an EQ batch."""
    kept = [row for row in query.batch.matrix if bytes(row[:2]) == b"J1"]
    found = []
    for row in kept:
        said = decode_records(record_layout("EQ", "J1"), row.reshape(1, 80)).to_pylist()[0]
        for place in range(1, 6):
            filer, digits = said[f"entry_filer_code_{place}"], said[f"entry_number_{place}"]
            if filer:
                found.append(f"{filer}-{digits[:7]}-{digits[7]}")
    return found


def test_summaries_by_number_are_asked_five_to_a_record() -> None:
    (query,) = summary_queries(ASKER, numbers(7))
    assert_sound([query])
    lines = records(query)
    assert lines[0] == "A2704ABCPASSWD112426     EQ" + " " * 32 + "DRILL-26112400007".ljust(21)
    assert lines[1] == "B  2704ABCEQ" + " " * 47 + "DRILL-26112400007/001"
    assert lines[2] == "J0Y".ljust(80)
    assert lines[3][:31] == "J1   ABC  00000002ABC  00000010"
    assert lines[4] == "J1   ABC  00000051ABC  00000069".ljust(80)
    assert (query.kind, query.image, query.batch.batch_id) == (
        "summaries", True, "DRILL-26112400007",
    )  # fmt: skip
    assert query.asked == tuple(numbers(7)) == tuple(query.batch.numbers)


def test_without_the_image_there_is_no_j0() -> None:
    (query,) = summary_queries(ASKER, numbers(1), image=False)
    assert [line[:2] for line in records(query)] == ["A2", "B ", "J1", "Y ", "Z2"]


def test_a_number_is_asked_once_and_a_wrong_one_is_named() -> None:
    (query,) = summary_queries(ASKER, [numbers(1)[0], "ABC00000002", "abc-0000000-2"])
    assert query.asked == ("ABC-0000000-2",)
    with pytest.raises(BadNumber) as refusal:
        summary_queries(ASKER, ["ABC-0000000-3", "nonsense", numbers(1)[0]])
    assert [one.value for one in refusal.value.problems] == ["ABC-0000000-3", "nonsense"]


def test_a_filer_with_a_factor_of_its_own_is_asked_for() -> None:
    asker = QuerySender(ENVELOPE, "2704", 1, offsets={"ABC": 3})
    (query,) = summary_queries(asker, [str(make_entry_number("ABC", 5, 3))])
    assert query.asked == (str(make_entry_number("ABC", 5, 3)),)
    with pytest.raises(BadNumber):
        summary_queries(asker, [str(make_entry_number("ABC", 5))])


@settings(max_examples=examples(40))
@given(st.lists(st.integers(0, 99_999), min_size=1, max_size=120, unique=True), st.integers(1, 50), st.integers(1, 400))
def test_every_number_is_asked_once_in_order_and_answers_stay_small(serials: list[int], most: int, lines: int) -> None:
    limits = QueryLimits(numbers_per_batch=most, output_bytes=400_000)
    asker = QuerySender(ENVELOPE, "2704", 1, limits)
    wanted = [str(make_entry_number("ABC", serial)) for serial in serials]
    sizes = {number: 1 + place % lines for place, number in enumerate(wanted)}
    queries = summary_queries(asker, wanted, lines=sizes)
    assert [number for query in queries for number in query.asked] == wanted
    assert [number for query in queries for number in asked_of(query)] == wanted
    assert [query.batch.sequence for query in queries] == list(range(1, len(queries) + 1))
    for query in queries:
        expected = sum(80 * (12 + 24 + 9 * sizes[number]) for number in query.asked)
        assert len(query.asked) <= most
        assert expected <= 320_000 or len(query.asked) == 1
    assert asker.after(queries).sequence == len(queries) + 1


def test_a_range_is_cut_into_at_most_31_days() -> None:
    begin, end = datetime(2026, 9, 1), datetime(2026, 11, 24, 8)
    queries = summary_range_queries(ASKER, begin, end)
    assert_sound(queries)
    assert [records(query)[2] for query in queries] == [
        "J2 EES 090126120000AM100126115959PM Y".ljust(80),
        "J2 EES 100226120000AM110126115959PM Y".ljust(80),
        "J2 EES 110226120000AM112426080000AM Y".ljust(80),
    ]
    assert (queries[0].begin, queries[-1].end, queries[0].asked) == (begin, end, ())


@settings(max_examples=examples(60))
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    st.integers(1, 200 * 86_400),
)
def test_ranges_follow_without_a_gap(begin: datetime, seconds: int) -> None:
    end = begin + timedelta(seconds=seconds)
    spans = [(q.begin, q.end) for q in summary_range_queries(ASKER, begin, end)]
    assert spans[0][0] == begin and spans[-1][1] == end
    for (_, last), (first, _) in itertools.pairwise(spans):
        assert first == last + timedelta(seconds=1)
    assert all(last - first < timedelta(days=31) for first, last in spans)


def test_a_range_that_is_turned_round_is_refused() -> None:
    with pytest.raises(BadInput):
        summary_range_queries(ASKER, datetime(2026, 11, 24), datetime(2026, 11, 24))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 24), "112426120000AM"),
        (datetime(2026, 11, 24, 12), "112426120000PM"),
        (datetime(2026, 11, 24, 0, 0, 1), "112426120001AM"),
        (datetime(2026, 11, 24, 23, 59, 59), "112426115959PM"),
        (datetime(2026, 11, 24, 13, 5, 9), "112426010509PM"),
    ],
)
def test_midnight_is_twelve_in_the_morning(moment: datetime, text: str) -> None:
    assert eq_time(moment) == text


def test_entries_are_asked_right_justified_with_everything() -> None:
    (query,) = entry_queries(ASKER, numbers(2))
    assert_sound([query])
    assert records(query)[2] == "WR1    ABC 00000002" + " " * 52 + "Y2" + " " * 7
    (plain,) = entry_queries(ASKER, numbers(1), bills=False)
    assert records(plain)[2][70:74] == "  2 "


def test_entries_of_another_filer_are_refused() -> None:
    with pytest.raises(BadInput) as refusal:
        entry_queries(ASKER, [*numbers(1), *numbers(2, "DM4")])
    assert [one.value for one in refusal.value.problems] == numbers(2, "DM4")


def test_bills_of_each_kind_are_asked() -> None:
    bills = [
        BillQuery("MAEU", "M1"),
        BillQuery(air_waybill="12312345678", house_air_waybill="H1"),
        BillQuery(in_bond_number="123456789"),
        BillQuery("MAEU", "M1"),
    ]
    (query,) = bill_queries(ASKER, bills)
    assert_sound([query])
    assert query.asked == ("MAEU M1", "12312345678 H1", "123456789")
    first, air, bond = records(query)[2:5]
    assert (first[31:47], first[70]) == ("MAEUM1".ljust(16), "Y")
    assert (air[47:70], air[70]) == ("12312345678H1".ljust(23), " ")
    assert bond[19:31] == "123456789".ljust(12)


@pytest.mark.parametrize(
    "bill",
    [
        BillQuery("MAEU", "1234567890123"),
        BillQuery("", "M1"),
        BillQuery("MAEU", "M1", in_bond_number="123456789"),
        BillQuery(house_air_waybill="H1"),
        BillQuery(air_waybill="123-12345678"),
        BillQuery("MAEU"),
        BillQuery(),
    ],
)
def test_a_bill_that_cannot_be_asked_for_is_named(bill: BillQuery) -> None:
    with pytest.raises(BadInput) as refusal:
        bill_queries(ASKER, [BillQuery("MAEU", "M1"), bill])
    assert {one.value for one in refusal.value.problems} == {str(bill)}


def test_importers_are_asked_six_to_a_record() -> None:
    wanted = [f"12-34567{place:02d}00" for place in range(8)]
    (query,) = importer_queries(ASKER, [*wanted, wanted[0]])
    assert_sound([query])
    assert query.asked == tuple(wanted)
    assert records(query)[2].startswith("K 12-3456700001")
    assert records(query)[3] == "K 12-3456706001" + "12-3456707001".ljust(65)
    (plain,) = importer_queries(ASKER, wanted[:1], addresses=False)
    assert_sound([plain])
    assert records(plain)[2] == "K 12-345670000".ljust(80)


def test_a_private_number_is_filled_in_only_in_the_outbound_bytes() -> None:
    reference = "~ABCDEFGHIJK"
    (query,) = importer_queries(ASKER, ["12-345678900", reference])
    assert b"000-00-0000" in query.batch.bytes() and query.asked[1] == reference
    out = fill_private(query.batch.bytes(), "SECRET", query.batch.slots, {reference: "123-45-6789"}.__getitem__)
    assert out[160:187] == b"K 12-3456789001123-45-6789 1"[:27]
    assert check_bytes(out).ok


def test_large_questions_become_several_batches() -> None:
    limits = QueryLimits(numbers_per_batch=10, bills_per_batch=4, importers_per_batch=6)
    asker = QuerySender(ENVELOPE, "2704", 1, limits)
    assert [len(q.asked) for q in entry_queries(asker, numbers(25))] == [10, 10, 5]
    bills = [BillQuery("MAEU", f"M{place}") for place in range(9)]
    assert [len(q.asked) for q in bill_queries(asker, bills)] == [4, 4, 1]
    importers = [f"12-34567{place:02d}00" for place in range(7)]
    assert [len(q.asked) for q in importer_queries(asker, importers)] == [6, 1]
    assert summary_queries(asker, []) == []


def test_what_a_cut_answer_left_out_is_asked_again() -> None:
    (query,) = summary_queries(ASKER, numbers(6))
    assert remaining(query, numbers(6)[:4]) == tuple(numbers(6)[4:])
    assert remaining(query, [numbers(6)[3]]) == tuple(numbers(6)[4:])
    assert remaining(query, []) == query.asked
    assert remaining(query, numbers(6)) == ()


@pytest.mark.parametrize("limits", [{"numbers_per_batch": 0}, {"fill": 0.0}, {"fill": 1.5}])
def test_limits_that_make_no_sense_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        QueryLimits(**limits)  # type: ignore[arg-type]
