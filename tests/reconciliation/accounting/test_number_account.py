from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings as hypothesis_settings, strategies as st

from tasks.core.errors import ContinuityError, Unaccounted
from tasks.core.journal.bodies import Body
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.entries.events import (
    EntriesRecorded,
    EntriesRevised,
    EntryBurnt,
    EntryHandedOver,
    EntryLine,
    EntrySettled,
    NumbersIssued,
    NumbersReserved,
    NumbersVoided,
)
from tasks.entries.numbers.entry_numbers import printed_numbers
from tasks.reconciliation.accounting import number_account as room
from tasks.reconciliation.accounting.number_account import account_numbers, finished_percent, place_totals
from tasks.reconciliation.accounting.sign_off import require_accounted
from tasks.reconciliation.events import AnswerLine, AnswerRead, BatchNamed, BatchWritten
from tests.example_counts import examples
from tests.reconciliation.differences import differs

NUMBERS = list(printed_numbers("entry", "ABC", 1, 12))
OUTCOMES = [*room.OPEN_OUTCOMES, *room.RELEASED, *room.CLOSED_OUTCOMES]
ROUTES = ["se_then_ae", "ae_certified", "ae_only", "none"]


def block(first: int, last: int) -> dict:
    return {"series": "entry", "filer": "ABC", "first": first, "last": last, "offset": 0}


def line(number: str, outcome: str, route: str) -> EntryLine:
    return EntryLine(
        number=number, digest=f"{outcome}{route}", entry_type="01", route=route, outcome=outcome,
        port="2304", importer="12-3456789", complete=False,
    )  # fmt: skip


def some(draw_from: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(draw_from), min_size=1, max_size=4, unique=True)


def recorded(struct: type[EntriesRecorded], lines: list) -> EntriesRecorded:
    entries = [line(*one) for one in lines]
    return struct(content="", source="", file="f.xlsx", desk="truck", entries=entries)


lines = st.lists(
    st.tuples(st.sampled_from(NUMBERS), st.sampled_from(OUTCOMES), st.sampled_from(ROUTES)),
    min_size=1, max_size=5, unique_by=lambda one: one[0],
)  # fmt: skip
places = st.integers(1, 12)
spans = st.tuples(places, places).map(sorted)
events = st.one_of(
    spans.map(lambda s: NumbersReserved(**block(*s), range_check="x")),
    st.tuples(spans, st.sampled_from(["truck", "air"])).map(
        lambda s: NumbersIssued(**block(*s[0]), desk=s[1], port="2304")
    ),
    some(NUMBERS).map(lambda n: NumbersVoided(numbers=n, reason="r", persons=["a", "b"])),
    lines.map(lambda some_lines: recorded(EntriesRecorded, some_lines)),
    lines.map(lambda some_lines: recorded(EntriesRevised, some_lines)),
    st.tuples(st.text("abc", min_size=1, max_size=2), some(NUMBERS)).map(
        lambda b: BatchNamed(batch=b[0], application="SE", plan="p", content="", file=b[0], numbers=b[1])
    ),
    st.text("abc", min_size=1, max_size=2).map(lambda b: BatchWritten(batch=b, file=b, size=1)),
    st.sampled_from(NUMBERS).map(lambda n: EntrySettled(number=n, how="h", proof="")),
    st.sampled_from(NUMBERS).map(lambda n: EntryHandedOver(number=n, filer="XYZ", other_number="XYZ-1")),
    st.sampled_from(NUMBERS).map(lambda n: EntryBurnt(number=n, reason="cancelled")),
)


def tell(book: Journal, told: list[Body]) -> int:
    """Append what can be true; returns how many numbers were reserved."""
    count = 0
    for body in told:
        try:
            book.append(body, "x", "me")
        except (ContinuityError, sa.exc.IntegrityError):
            continue
        if isinstance(body, NumbersReserved):
            count += body.last - body.first + 1
    return count


@given(told=st.lists(events, max_size=25))
@hypothesis_settings(max_examples=examples(60))
def test_whatever_happens_the_accounting_sums_up(tmp_path_factory: pytest.TempPathFactory, told: list[Body]) -> None:
    sums_up(tmp_path_factory.mktemp("book"), told)


@pytest.mark.long
@given(told=st.lists(events, max_size=60))
@hypothesis_settings(max_examples=600)
def test_whatever_happens_the_accounting_sums_up_at_length(
    tmp_path_factory: pytest.TempPathFactory, told: list[Body]
) -> None:
    sums_up(tmp_path_factory.mktemp("book"), told)


def sums_up(folder: Path, told: list[Body]) -> None:
    book = Journal.at(folder / "journal.sqlite")
    ours = [NumbersReserved(**block(1, 8), range_check="x"),
            NumbersIssued(**block(1, 6), desk="truck", port="2304"), *told]  # fmt: skip
    count = tell(book, ours)
    found = account_numbers(book)
    assert len(found) == len({one.number for one in found}) == count
    assert all(one.place in room.PLACES for one in found)
    rows = place_totals(found)
    assert sum(int(row["in all"]) for row in rows) == count
    for place, n in Counter(one.place for one in found).items():
        assert sum(int(row[place]) for row in rows) == n
    ended = not room.unsettled(found) and not room.unaccounted(found)
    assert 0 <= finished_percent(found) <= 100 and (finished_percent(found) == 100) == ended
    assert verify_journal(book).ok
    book.close()


def test_each_place_is_told_apart(journal: Journal) -> None:
    told: list[Body] = [
        NumbersReserved(**block(1, 12), range_check="x"),
        NumbersIssued(**block(1, 11), desk="truck", port="2304"),
        NumbersVoided(numbers=[NUMBERS[0]], reason="r", persons=["a", "b"]),
        recorded(
            EntriesRecorded,
            [
                (NUMBERS[1], "waiting", "se_then_ae"),
                (NUMBERS[2], "released", "se_then_ae"),
                (NUMBERS[3], "released", "se_then_ae"),
                (NUMBERS[4], "provisional", "se_then_ae"),
                (NUMBERS[5], "released", "ae_only"),
                (NUMBERS[6], "refused", "se_then_ae"),
                (NUMBERS[7], "released", "se_then_ae"),
                (NUMBERS[8], "released", "se_then_ae"),
            ],
        ),
        BatchNamed(batch="1", application="SE", plan="p", content="", file="1",
                         numbers=[NUMBERS[3]]),
        BatchNamed(batch="2", application="SE", plan="p", content="", file="2",
                         numbers=[NUMBERS[4]]),
        BatchWritten(batch="2", file="2", size=1),
        EntrySettled(number=NUMBERS[7], how="h", proof=""),
        EntryBurnt(number=NUMBERS[8], reason="cancelled"),
        EntryHandedOver(number=NUMBERS[9], filer="XYZ", other_number="XYZ-1"),
    ]  # fmt: skip
    assert tell(journal, told) == 12
    assert [one.place for one in account_numbers(journal)] == [
        room.VOID, room.AT_PORT, room.TO_SEND, room.NAMED, room.SENT_OUT, room.SUMMARY,
        room.NO_FILING, room.SETTLED, room.BURNT, room.HANDED_OVER, room.UNACCOUNTED, room.FREE,
    ]  # fmt: skip
    with pytest.raises(Unaccounted, match=f"truck: 1 .{NUMBERS[10]}"):
        require_accounted(account_numbers(journal))


def test_an_entry_cannot_be_named_in_two_batches(journal: Journal) -> None:
    tell(journal, [NumbersReserved(**block(1, 2), range_check="x"),
                   NumbersIssued(**block(1, 2), desk="truck", port="2304"),
                   recorded(EntriesRecorded, [(NUMBERS[0], "released", "se_then_ae")])])  # fmt: skip
    batch = {"application": "SE", "plan": "p", "content": "", "numbers": [NUMBERS[0]]}
    journal.append(BatchNamed(batch="1", file="1", **batch), "batch/1", "me")
    with pytest.raises(sa.exc.IntegrityError):
        journal.append(BatchNamed(batch="2", file="2", **batch), "batch/2", "me")


def test_the_workbook_opens_and_says_the_same(journal: Journal, tmp_path: Path) -> None:
    import pandas as pd

    tell(journal, [NumbersReserved(**block(1, 4), range_check="x"),
                   NumbersIssued(**block(1, 3), desk="=1+1", port="2304")])  # fmt: skip
    path = room.write_workbook(account_numbers(journal), tmp_path / "a.xlsx", drill=True)
    sheets = pd.read_excel(path, sheet_name=None, engine="calamine", header=2)
    assert sheets["Numbers"]["desk"].tolist() == ["=1+1"] * 3
    assert sheets["Totals"]["in all"].sum() == 4


def test_what_ace_shows_is_not_to_be_sent(journal: Journal) -> None:
    """An officer keyed it otherwise than the paper: it stands in ACE and must never be sent."""
    tell(journal, [NumbersReserved(**block(1, 1), range_check="x"),
                   NumbersIssued(**block(1, 1), desk="truck", port="2304"),
                   recorded(EntriesRecorded, [(NUMBERS[0], "released", "se_then_ae")])])  # fmt: skip
    shown = AnswerLine(number=NUMBERS[0], disposition="already on file",
                             differs=(differs("entered_value", 1, 2),))  # fmt: skip
    answer = AnswerRead(application="ER", about="summary", batch="", content="", rejected=False, lines=[shown])
    journal.append(answer, "answer/1", "me")
    (line,) = account_numbers(journal)
    assert line.place == room.ON_FILE


def test_what_ace_answered_decides_where_a_sending_puts_an_entry(journal: Journal) -> None:
    """A release that ACE took and a summary that it rejected stood 'in a written batch' for ever."""
    (number,) = NUMBERS[:1]
    tell(journal, [NumbersReserved(**block(1, 1), range_check="x"),
                   NumbersIssued(**block(1, 1), desk="truck", port="2304"),
                   recorded(EntriesRecorded, [(number, "released", "se_then_ae")])])  # fmt: skip

    def place() -> str:
        return account_numbers(journal)[0].place

    def sending(application: str, batch: str) -> None:
        named = BatchNamed(batch=batch, application=application, plan="p", content="",
                                 file=batch, numbers=[number])  # fmt: skip
        journal.append(named, f"batch/{batch}", "me")
        assert place() == room.NAMED
        journal.append(BatchWritten(batch=batch, file=batch, size=1), f"batch/{batch}", "me")
        assert place() == room.SENT_OUT

    def answer(application: str, batch: str, disposition: str) -> str:
        said = AnswerLine(number=number, disposition=disposition)
        body = AnswerRead(application=application, about="x", batch=batch, content="",
                                rejected=False, lines=[said])  # fmt: skip
        journal.append(body, f"answer/{batch}", "me")
        return place()

    sending("SE", "1")
    assert answer("SX", "1", "accepted") == room.SUMMARY
    sending("AE", "2")
    assert answer("AX", "2", "rejected") == room.REJECTED
    assert room.unsettled(account_numbers(journal)) and account_numbers(journal)[0].batch == "2"
    tell(journal, [recorded(EntriesRevised, [(number, "provisional", "se_then_ae")])])
    assert place() == room.SUMMARY, "corrected: it may go again"
    sending("AE", "3")
    assert answer("AX", "3", "accepted") == room.ON_FILE
