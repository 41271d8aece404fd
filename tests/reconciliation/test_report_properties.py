from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from tasks.core.content import ContentStore
from tasks.core.journal.bodies import Body
from tasks.core.journal.journal import Journal
from tasks.entries.events import NumbersIssued, NumbersReserved
from tasks.packages import HomeSettings
from tasks.reconciliation.accounting.report_data import build_report
from tasks.reconciliation.accounting.report_rows import LATE, LATE_OPEN, SUMS
from tasks.reconciliation.events import AnswerRead
from tests.example_counts import examples
from tests.reconciliation.accounting.test_number_account import NUMBERS, block, events, tell as tell_account
from tests.reconciliation.differences import differs
from tests.reconciliation.sample_outage import answer, said

told = st.one_of(
    events,
    st.tuples(
        st.sampled_from(["SX", "AX", "ER"]), st.text("abc", max_size=2),
        st.lists(st.tuples(
            st.sampled_from(NUMBERS),
            st.sampled_from(["accepted", "rejected", "already on file", "not found"]),
            st.sampled_from(["", "2026-11-10"]), st.sampled_from([(), (differs("entered_value", 1, 2),)]),
        ), max_size=3), st.booleans(),
    ).map(lambda a: answer(
        a[0], "release" if a[0] == "SX" else "summary", a[1],
        [said(n, how, release_date=day, differs=own) for n, how, day, own in a[2]], a[3],
    )),
)  # fmt: skip


@given(told=st.lists(told, max_size=25))
@hypothesis_settings(max_examples=examples(40))
def test_totals_equal_the_rows_whatever_happens(tmp_path_factory: pytest.TempPathFactory, told: list[Body]) -> None:
    totals_equal_the_rows(tmp_path_factory.mktemp("book"), told)


@pytest.mark.long
@given(told=st.lists(told, max_size=60))
@hypothesis_settings(max_examples=400)
def test_totals_equal_the_rows_whatever_happens_at_length(
    tmp_path_factory: pytest.TempPathFactory, told: list[Body]
) -> None:
    totals_equal_the_rows(tmp_path_factory.mktemp("book"), told)


def totals_equal_the_rows(folder: Path, told: list[Body]) -> None:
    book = Journal.at(folder / "journal.sqlite")
    ours = [NumbersReserved(**block(1, 8), range_check="x"),
            NumbersIssued(**block(1, 6), desk="truck", port="2304"), *told]  # fmt: skip
    count = tell_account(book, ours)
    found = build_report(book, ContentStore(folder), HomeSettings(home=folder))
    numbers = found.numbers
    assert numbers.num_rows == pc.count_distinct(numbers["number"]).as_py() == count
    assert sum(found.places.values()) == count
    for totals in (found.desks, found.ports, found.importers):
        assert sum(totals["in all"].to_pylist()) == count
        for place, n in found.places.items():
            assert sum(totals[place].to_pylist()) == n
        assert set(SUMS) | set(found.places) <= set(totals.column_names)
        assert sum(totals["late"].to_pylist()) == sum(
            found.lateness.get(word, 0) for word in (LATE, LATE_OPEN))  # fmt: skip
        assert sum(totals["ACE value"].to_pylist()) == (pc.sum(numbers["ace_value"]).as_py() or 0)
    counted = {one.what: one.holds for one in found.proofs}
    accepted = counted.pop("numbers accepted in two batches of one message")
    assert all(counted.values()), found.proofs
    assert accepted or any(isinstance(one, AnswerRead) for one in told)
    book.close()
