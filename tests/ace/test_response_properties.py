"""Any answer that can be built from the layouts reads back, alone or among others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from tasks.ace.answers.answer_facts import DISPOSITIONS
from tasks.ace.answers.answer_parser import READ_HERE, read_answers
from tasks.ace.answers.answer_shape import AceAnswer
from tasks.ace.wire.record_layouts import LayoutField, record_layout
from tests.ace import made_answers as made
from tests.example_counts import examples

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
SIGNS = "!@#$%&*()-_=+;:'\",.<>/?"
TIMES = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 12, 31)).map(lambda at: f"{at:%m%d%y%I%M%S%p}")
CENTS = st.integers(-(10**9), 10**11).map(str)
NUMBERS = st.integers(0, 9_999_999)
DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31))

OWN: dict[tuple[str, str], dict[str, st.SearchStrategy[str]]] = {
    ("EQ", "JB"): {"accept_date_time": TIMES},
    ("EQ", "JE"): dict.fromkeys(
        ["estimated_duty", "estimated_tax", "estimated_fee_s", "estimated_interest",
         "estimated_ad_cvd"], CENTS,
    ),
}  # fmt: skip
Record = tuple[str, str, str, dict[str, str]]


def value(field: LayoutField) -> st.SearchStrategy[str]:
    """Legal values of a field, blank too."""
    blank = st.just("")
    if field.is_date:
        return DAYS.map(lambda day: f"{day:%m%d%y}"[: field.length]) | blank
    if field.cls in ("N", "SN"):
        return st.text(DIGITS, min_size=1, max_size=field.length) | blank
    signs = SIGNS if field.cls == "X" else ""
    inside = LETTERS + (DIGITS if field.cls != "A" else "") + signs
    gap = " " if field.cls in ("AN", "X") else ""
    text = st.text(inside + gap, min_size=1, max_size=field.length).map(str.strip)
    return text if field.required else text | blank


@st.composite
def record(draw: st.DrawFn, application: str, name: str, variant: str = "") -> Record:
    chart = record_layout(application, name, variant)
    own = OWN.get((application, name), {})
    values = {one.name: draw(own.get(one.name, value(one))) for one in chart.data_fields}
    return application, name, variant, values


def named(made_: Record, serial: int) -> Record:
    """The record with an entry number of ours in it."""
    filer, digits = made.wire(serial)
    fields = {"entry_filer_code": filer, "entry_number": digits}
    return (*made_[:3], made_[3] | fields)


def text(made_: Record) -> str:
    application, name, variant, values = made_
    return made.line(application, name, variant, **values)


@st.composite
def transaction(draw: st.DrawFn, application: str) -> tuple[int, list[Record]]:
    """Serial of an entry, and records of an answer about it."""
    serial = draw(NUMBERS)

    def one(set_: str, name: str, variant: str = "") -> Record:
        return draw(record(set_, name, variant))

    def some(set_: str, *names: str, variant: str = "") -> list[Record]:
        chosen = draw(st.lists(st.sampled_from(names), max_size=4))
        return [one(set_, name, variant) for name in chosen]

    shapes: dict[str, Callable[[], list[Record]]] = {
        "AX": lambda: [
            ("AE", "E0", "", {"reference_data_type_code": "SUMMRY"}),
            *(named(made_, serial) for made_ in some("AE", "E1")),
            named(("AE", "E1", "", {"disposition_type_code": "A", "condition_code": "995"}), serial),
        ],
        "SX": lambda: [named(one("SE", "SE10"), serial), *some("SE", "SE15", "SE90", "SE40")],
        "SO": lambda: [
            named(one("SO", "SO10"), serial),
            *some("SO", "SO20", "SO30", "SO40", "SO42", "SO50", "SO60", "SO70", "SO71", "SO72"),
        ],
        "UC": lambda: [named(one("UC", "E1"), serial), *some("UC", "E2", "E3", "E4")],
        "ER": lambda: [
            named(one("EQ", "JB"), serial),
            *some("EQ", "JC", "JD", "JE", "JF", "JG", "JH", "JJ", "JL", "JM"),
        ],
        "C1": lambda: [
            named(one("CQ", "WO10", "output"), serial),
            *some("CQ", "WO20", "WO40", "WO50", "WO60", "WO70", "WO71", variant="output"),
            *some("CQ", "WR1", "WR4", "WR5", "WSC", "WSD", "WN1", variant="output"),
        ],
        "KR": lambda: [one("KI", "K1"), *some("KI", "K2", "K3", "K4", "K5", "K6", "K7", "K8")],
    }
    return serial, shapes[application]()


def built(application: str, data: st.DataObject) -> tuple[list[int], list[Record], list[str]]:
    found = data.draw(st.lists(transaction(application), min_size=1, max_size=4))
    records = [made_ for _, part in found for made_ in part]
    cut = data.draw(st.integers(0, len(found)))
    blocks = [found[:cut], found[cut:]]
    texts = [[text(one) for _, part in block for one in part] for block in blocks if block]
    return [serial for serial, _ in found], records, made.batch(application, texts)


def assert_reads_back(application: str, data: st.DataObject) -> None:
    serials, records, batch = built(application, data)
    (answer,) = read_answers(made.stream(batch))
    assert answer.whole, answer.faults
    assert not answer.table("unread").num_rows
    expected = [] if application == "KR" else [made.number(serial) for serial in serials]
    assert [one.entry_number for one in answer.entries] == expected
    assert {one.disposition for one in answer.entries} <= set(DISPOSITIONS)
    for record_, field in NARRATIVES[application]:
        told = [(c.code, c.text) for c in answer.conditions if c.record == record_]
        drawn = [
            (values.get(field) or None, values.get(TEXTS[field]) or None)
            for _, name, _, values in records
            if name == record_
        ]
        assert told == drawn
    assert_rows(answer, records)


NARRATIVES: dict[str, list[tuple[str, str]]] = {
    "AX": [("E1", "condition_code")],
    "SX": [],
    "SO": [("SO60", "disposition_action_code"), ("SO50", "disposition_code")],
    "UC": [],
    "ER": [],
    "C1": [("WO60", "disposition_action_code"), ("WO50", "disposition_code")],
    "KR": [],
}
TEXTS = {
    "condition_code": "narrative_text",
    "disposition_action_code": "narrative_message",
    "disposition_code": "narrative_message",
}
ROWS = {
    "bills": ("SO40", "WO40", "WR4", "WSC"),
    "agencies": ("SO70", "WO70"),
    "events": ("WR5", "WSD"),
    "importers": ("K1",),
}


def assert_rows(answer: AceAnswer, records: list[Record]) -> None:
    for name, kinds in ROWS.items():
        assert answer.table(name).num_rows == sum(one[1] in kinds for one in records), name
    notes = sum(one[1] == "SE90" for one in records)
    if answer.application == "SX":
        assert len(answer.conditions) == notes


@pytest.mark.parametrize("application", READ_HERE)
@settings(max_examples=examples(20))
@given(data=st.data())
def test_any_answer_built_from_the_layouts_reads_back(application: str, data: st.DataObject) -> None:
    assert_reads_back(application, data)


@pytest.mark.long
@pytest.mark.parametrize("application", READ_HERE)
@settings(max_examples=200)
@given(data=st.data())
def test_any_answer_built_from_the_layouts_reads_back_in_full(application: str, data: st.DataObject) -> None:
    assert_reads_back(application, data)


@settings(max_examples=examples(40))
@given(st.data())
def test_files_put_together_read_as_their_parts(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(READ_HERE), min_size=1, max_size=4))
    batches = [built(kind, data)[2] for kind in kinds]
    together = read_answers(made.stream(*batches))
    shift = 0
    for batch, answer in zip(batches, together, strict=True):
        (alone,) = read_answers(made.stream(batch))
        assert [replace(one, record_index=0, conditions=()) for one in answer.entries] == [
            replace(one, record_index=0, conditions=()) for one in alone.entries
        ]
        moved = [replace(one, record_index=one.record_index - shift) for one in answer.conditions]
        assert moved == list(alone.conditions)
        assert answer.record_index == shift
        shift += len(batch)
    assert read_answers(made.lines(*batches))[0].entries == together[0].entries


AMOUNTS = st.integers(0, 9_999_999)


@settings(max_examples=examples(60))
@given(duty=AMOUNTS, value_=AMOUNTS, quantity=AMOUNTS, fee=AMOUNTS, weight=AMOUNTS)
def test_numbers_read_the_same_with_blanks_and_with_zeros(
    duty: int, value_: int, quantity: int, fee: int, weight: int
) -> None:
    """Filed zero-filled, returned blank-padded (EQ v26 p.54): one number."""

    def picture(fill: bool) -> list[dict[str, object]]:
        def number(amount: int, width: int) -> str:
            return str(amount).zfill(width) if fill else str(amount)

        records = [
            *made.state(1), *made.image(1, 0)[:7],
            made.line("AE", "40", line="001", gross_shipping_weight=number(weight, 10)),
            made.line("AE", "50", hts_number="7318152065", duty_amount=number(duty, 10),
                      value_of_goods_amount=number(value_, 10), quantity_1=number(quantity, 12),
                      unit_of_measure_code_1="KG"),
            made.line("AE", "62", accounting_class_code="499", user_fee_amount=number(fee, 8)),
        ]  # fmt: skip
        (answer,) = read_answers(made.stream(made.batch("ER", [records])))
        assert answer.image is not None
        found = answer.image
        return [*found.tariffs.to_pylist(), *found.fees.to_pylist(), *found.lines.to_pylist()]

    blanks = picture(fill=False)
    assert blanks == picture(fill=True)
    assert (blanks[0]["value"], blanks[2]["gross_weight"]) == (value_, weight)
    assert int(blanks[0]["duty"] * 100) == duty  # type: ignore[operator]
