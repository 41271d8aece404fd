from __future__ import annotations

import multiprocessing
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given, settings, strategies as st

from tasks.core.errors import JournalBroken, NumberUnavailable, Refused, StoreLost
from tasks.core.journal import bodies, store, table_columns
from tasks.core.journal.bodies import body_types, canonical, read_body, write_body
from tasks.core.journal.journal import GENESIS, Event, Journal, require_whole
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import load_settings
from tasks.entries.events import (
    Difference,
    EntriesRecorded,
    EntriesRevised,
    EntryLine,
    NumbersIssued,
    NumbersReserved,
    NumbersVoided,
)
from tasks.entries.numbers.entry_numbers import printed_numbers
from tasks.entries.tables import NUMBERS, VIEWS
from tasks.opening import open_journal
from tasks.reconciliation import tables
from tasks.reconciliation.events import AnswerLine, AnswerRead, QueryNamed
from tasks.security.events import PersonCodeFailed, PersonRevoked
from tests.conftest import SETTINGS
from tests.errors import refused


def reserved(first: int = 1, last: int = 100) -> NumbersReserved:
    return NumbersReserved(series="entry", filer="ABC", first=first, last=last, offset=0, range_check="tests")


def issued(first: int, last: int, desk: str = "truck") -> NumbersIssued:
    return NumbersIssued(series="entry", filer="ABC", first=first, last=last, offset=0, desk=desk, port="2304")


def fill(book: Journal) -> None:
    book.append(reserved(), "numbers/ABC", "me")
    book.append(issued(1, 10), "numbers/ABC", "me")
    book.append(issued(11, 12, "air"), "numbers/ABC", "me", key="request-1")


def test_events_form_a_chain_that_verifies(book: Journal) -> None:
    fill(book)
    events = list(book.events())
    assert [event.seq for event in events] == [1, 2, 3]
    assert events[0].prev == GENESIS
    assert all(later.prev == earlier.digest for earlier, later in pairwise(events))
    assert verify_journal(book).ok
    assert book.head().digest == events[-1].digest


def test_the_same_key_twice_changes_nothing(book: Journal) -> None:
    fill(book)
    assert book.append(issued(13, 14), "numbers/ABC", "me", key="request-1") is False
    assert book.head().seq == 3


def test_a_failed_transaction_leaves_nothing_behind(book: Journal) -> None:
    fill(book)
    with pytest.raises(RuntimeError), book.write("me") as pen:
        pen.append(issued(20, 30), "numbers/ABC")
        raise RuntimeError("the power went")
    assert book.head().seq == 3
    assert verify_journal(book).ok


def test_a_number_is_issued_once(book: Journal) -> None:
    fill(book)
    with refused("reserve-serials-not-free", NumberUnavailable):
        book.append(issued(10, 15), "numbers/ABC", "me")
    with pytest.raises(sa.exc.IntegrityError):
        book.append(reserved(50, 150), "numbers/ABC", "me")
    assert book.head().seq == 3


def test_a_void_number_stays_void_and_the_refusal_names_it(book: Journal) -> None:
    fill(book)
    numbers = list(printed_numbers("entry", "ABC", 3, 4))
    void = NumbersVoided(numbers=numbers, reason="coffee", persons=["a", "b"])
    book.append(void, "numbers/ABC", "me")
    with refused("number-in-another-state", NumberUnavailable) as caught:
        book.append(void, "numbers/ABC", "me")
    assert (caught.values["number"], caught.values["state"]) == (numbers[0], "void")
    unknown = NumbersVoided(numbers=["ABC-9999999-9"], reason="x", persons=["a", "b"])
    with refused("number-not-in-reserve", NumberUnavailable):
        book.append(unknown, "numbers/ABC", "me")


def test_the_database_refuses_to_change_or_delete_an_event(book: Journal) -> None:
    fill(book)
    for statement in ("UPDATE events SET actor = 'x'", "DELETE FROM events"):
        with pytest.raises(sa.exc.DBAPIError), book.engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert verify_journal(book).ok


def without_guards(book: Journal, statement: str) -> None:
    """What an attacker with the database in his hands can do."""
    with book.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("GRANT UPDATE, DELETE ON events TO CURRENT_USER")
            connection.exec_driver_sql("DROP TRIGGER events_guard ON events")
        else:
            connection.exec_driver_sql("DROP TRIGGER events_no_update")
            connection.exec_driver_sql("DROP TRIGGER events_no_delete")
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE events SET actor = 'somebody' WHERE seq = 2", "journal-event-digest-mismatch"),
        ("DELETE FROM events WHERE seq = 2", "previous-event-missing"),
        ("UPDATE events SET prev = '0' WHERE seq = 3", "event-chain-broken"),
        ("UPDATE p_number SET state = 'reserved' WHERE serial = 5", "projection-row-unfounded"),
        ("DELETE FROM p_number WHERE serial = 99", "projection-row-missing"),
    ],
)
def test_tampering_is_found(book: Journal, statement: str, finding: str) -> None:
    fill(book)
    without_guards(book, statement)
    verdict = verify_journal(book)
    assert not verdict.ok
    assert finding in {problem.code for problem in verdict.problems}


def test_an_altered_last_event_stops_the_desk(book: Journal) -> None:
    fill(book)
    require_whole(book)
    without_guards(book, "UPDATE events SET actor = 'x' WHERE seq = 3")
    with refused("event-altered", JournalBroken) as caught:
        require_whole(book)
    assert caught.values["seq"] == 3


def test_projections_can_be_rebuilt(book: Journal) -> None:
    fill(book)
    without_guards(book, "DELETE FROM p_number")
    assert not verify_journal(book).ok
    assert book.rebuild() == 3
    assert verify_journal(book).ok


def test_nobody_writes_unnamed(book: Journal) -> None:
    with refused("acting-person-missing", Refused):
        book.append(reserved(), "numbers/ABC", "")


def append_many(url: str, name: str, count: int) -> None:
    book = Journal(url)
    for turn in range(count):
        failed = PersonCodeFailed(person=name, reason=str(turn), purpose="race")
        book.append(failed, f"person/{name}", name)


@pytest.mark.parametrize("writers", [4])
def test_writers_from_several_processes_never_break_the_chain(book: Journal, writers: int) -> None:
    context = multiprocessing.get_context("spawn")
    crew = [context.Process(target=append_many, args=(book.url, f"w{one}", 15)) for one in range(writers)]
    for process in crew:
        process.start()
    for process in crew:
        process.join()
    assert [process.exitcode for process in crew] == [0] * writers
    assert book.head().seq == 15 * writers
    assert verify_journal(book).ok


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(actor=text, subject=text, reason=text, key=st.none() | text)
@settings(max_examples=200)
def test_a_digest_depends_on_every_part(actor: str, subject: str, reason: str, key: str) -> None:
    body = write_body(PersonRevoked(person="p", reason=reason))
    event = Event(1, "2026-11-24T08:00:00.000000Z", actor, subject, "k", body, key, GENESIS, "")
    seen = {event.computed()}
    for name, value in (("actor", actor + "x"), ("subject", subject + "x"), ("seq", 2),
                        ("key", (key or "") + "x"), ("body", body + " "), ("prev", "1" * 64)):  # fmt: skip
        seen.add(Event(**{**vars(event), name: value}).computed())
    assert len(seen) == 7


@given(reason=text)
def test_a_body_reads_back_as_it_was_written(reason: str) -> None:
    body = NumbersVoided(numbers=["ABC-0000001-0"], reason=reason, persons=["a", "b"])
    written = write_body(body)
    assert read_body(body.kind, written) == body
    assert write_body(read_body(body.kind, written)) == written


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_PLAIN)
def test_both_ways_to_a_canonical_text_lead_to_the_same(value: object) -> None:
    assert canonical(value, floats=False) == canonical(value)


@pytest.mark.parametrize("kind", sorted(body_types()))
def test_a_kind_is_written_fast_only_if_it_holds_no_float(kind: str) -> None:
    body = body_types()[kind]
    assert bodies._floats(body) == ("'type': 'number'" in str(msgspec.json.schema(body)))


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("no.such", "{}"),
        ("person.revoked", '{"person":"p","reason":"r","v":2}'),
        ("person.revoked", '{"person":"p","v":1}'),
        ("person.revoked", '{"person":"p","reason":"r","more":1,"v":1}'),
    ],
)
def test_a_body_of_another_shape_is_refused(kind: str, written: str) -> None:
    with pytest.raises(JournalBroken):
        read_body(kind, written)


def test_every_projection_is_made_from_the_events_alone(book: Journal) -> None:
    names = {table.name for table in table_columns.METADATA.sorted_tables}
    assert all(name.startswith("p_") for name in names)
    assert store.EVENTS.name not in names


def test_what_is_said_in_answer_to_a_later_question_stays(book: Journal) -> None:
    """An answer that comes late changes nothing; of two lines with one number the last counts."""
    fill(book)
    number = printed_numbers("entry", "ABC", 1, 1, 0)[0]
    for name in ("Q1", "Q2"):
        book.append(QueryNamed(batch=name, application="EQ", about="summary", content="",
                                     file=name, asked=[number, number]), "x", "me")  # fmt: skip
    differs = tuple(Difference(code="field-differs", field=field) for field in "ab")
    for name, said in (("Q2", ["not found", "already on file"]), ("Q1", ["not permitted"])):
        lines = [AnswerLine(number=number, disposition=one, differs=differs) for one in said]
        book.append(AnswerRead(application="ER", about="summary", batch=name, content="",
                                     rejected=False, lines=lines), "x", "me")  # fmt: skip
    (row,) = book.rows(sa.select(VIEWS))
    assert (row.disposition, row.asked) == ("already on file", 5)
    kept = msgspec.json.decode(row.differs, type=tuple[Difference, ...])
    assert kept == differs
    (asked,) = book.rows(sa.select(tables.ASKED))
    assert asked.seq == 5
    assert verify_journal(book).ok
    assert book.rebuild() == 7 and verify_journal(book).ok


def test_an_in_bond_number_is_used_while_an_entry_names_it(book: Journal) -> None:
    fill(book)
    block = {"series": "in-bond", "filer": "ABC", "first": 1, "last": 2, "offset": 0}
    book.append(NumbersReserved(**block, range_check="x"), "x", "me")
    book.append(NumbersIssued(**block, desk="truck", port="2304"), "x", "me")
    first, second = printed_numbers("in-bond", "ABC", 1, 2, 0)
    numbers = printed_numbers("entry", "ABC", 1, 3, 0)

    def states(struct: type[EntriesRecorded], named: dict[str, list[str]]) -> list[str]:
        lines = [
            EntryLine(number=number, digest="d", entry_type="01", route="se_then_ae",
                            outcome="released", port="2304", importer="x", complete=True,
                            in_bonds=some)
            for number, some in named.items()
        ]  # fmt: skip
        book.append(struct(content="", source="", file="f", desk="truck", entries=lines), "x", "me")
        table = NUMBERS.c
        query = sa.select(table.state, table.note).where(table.series == "in-bond")
        return [f"{row.state} {row.note}".strip() for row in book.rows(query.order_by(table.serial))]

    a, b, c = numbers
    both = f"used on the bills of {a}, {b}"
    recorded = {b: [first], a: [first, "carrier's"], c: []}
    assert states(EntriesRecorded, recorded) == [both, "issued"]
    moved = {a: [second], c: [second]}
    after = [f"used on the bills of {b}", f"used on the bills of {a}, {c}"]
    assert states(EntriesRevised, moved) == after
    assert states(EntriesRevised, {a: [], b: [], c: []}) == ["issued", "issued"]
    assert verify_journal(book).ok


def test_a_database_that_is_down_is_told_in_one_line(tmp_path: Path) -> None:
    """It was a page of traceback, at the desk and in the log of the nightly backup."""
    text = SETTINGS + '\n[journal]\nurl = "postgresql://book:secret@127.0.0.1:1/none"\n'
    (tmp_path / "continuity.toml").write_text(text)
    with refused("journal-database-not-reachable", StoreLost) as caught:
        open_journal(load_settings(tmp_path))
    assert "refused" in caught.values["why"].lower() and "\n" not in caught.error.message
    assert "secret" not in str(caught.error)
