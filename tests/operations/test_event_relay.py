from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings, strategies as st

from tasks.backup.events import BackupFailed
from tasks.core import clock
from tasks.core.journal.events import JournalStarted
from tasks.core.journal.journal import Journal
from tasks.operations import event_relay
from tasks.operations.event_relay import RelayPosition, due_news
from tasks.operations.events import AlertRaised
from tasks.screening.events import ListLoaded

PROVED = BackupFailed(what="prove", findings=[])


def failed(journal: Journal, count: int = 1) -> None:
    for _ in range(count):
        journal.append(PROVED, "backup/r1", "backup")


def loaded(journal: Journal, name: str) -> None:
    body = ListLoaded(list_id=name, content="c", sources=[], as_of="2026-11-01", records=1,
                            names=1)  # fmt: skip
    journal.append(body, f"list/{name}", "ada")


def test_each_listed_event_is_told_once_in_order(book: Journal) -> None:
    failed(book)
    book.append(JournalStarted(filer="ABC"), "journal", "it")
    failed(book)
    news, position = due_news(book, None)
    assert [one.event for one in news] == ["backup.failed", "backup.failed"]
    assert news[0].resource == {"prefect.resource.id": "continuity.backup.r1",
                                "continuity.actor": "backup"}  # fmt: skip
    assert [one.payload for one in news] == [{"seq": 1, "backup": "r1"}, {"seq": 3, "backup": "r1"}]
    assert due_news(book, position) == ([], position)
    failed(book)
    later, _ = due_news(book, position)
    assert [one.payload["seq"] for one in later] == [4]


def test_the_id_comes_from_the_digest(journal: Journal) -> None:
    failed(journal)
    first, _ = due_news(journal, None)
    again, _ = due_news(journal, None)
    assert [one.id for one in first] == [one.id for one in again]
    failed(journal)
    both, _ = due_news(journal, None)
    assert len({one.id for one in both}) == 2


def test_of_lists_loaded_together_the_newest_is_told(journal: Journal) -> None:
    for name in ("csl", "ofac-sdn", "bis-dpl"):
        loaded(journal, name)
    news, _ = due_news(journal, None)
    assert [one.payload["list"] for one in news] == ["bis-dpl"]


def test_a_new_server_is_not_told_of_old_times(journal: Journal) -> None:
    with clock.held(datetime.now(UTC) - timedelta(days=30)):
        failed(journal)
    failed(journal)
    news, _ = due_news(journal, None)
    assert [one.payload["seq"] for one in news] == [journal.head().seq]


def test_a_position_of_another_book_counts_as_none(journal: Journal, tmp_path: Path) -> None:
    failed(journal, 2)
    path = tmp_path / "relay.json"
    RelayPosition(2, "f" * 64).keep(path)
    news, after = due_news(journal, RelayPosition.read(path))
    assert len(news) == 2 and after is not None and after.seq == journal.head().seq
    after.keep(path)
    assert RelayPosition.read(path) == after
    path.write_text("{")
    assert RelayPosition.read(path) is None


def test_what_is_told_holds_ids_alone(journal: Journal) -> None:
    body = AlertRaised(code="run-failed", subject="backup", what="SECRET", next="n", to=["it"])
    journal.append(body, "alert/run-failed/backup", "operations")
    (news,), _ = due_news(journal, None)
    assert "SECRET" not in str(news)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["backup", "list", "other"]), max_size=12), st.integers(1, 5))
def test_in_parts_nothing_is_lost_or_told_twice(tmp_path_factory, said: list[str], most: int) -> None:
    """However small the parts, each listed event is told; of those that say no more than that
    something changed, at least the last."""
    folder = tmp_path_factory.mktemp("book")
    book = Journal.at(folder / "journal.sqlite")
    for one in said:
        if one == "backup":
            failed(book)
        elif one == "list":
            loaded(book, "csl")
        else:
            book.append(JournalStarted(filer="ABC"), "journal", "it")
    kept, event_relay.MOST = event_relay.MOST, most
    try:
        told, position = [], None
        while True:
            news, after = due_news(book, position)
            told += news
            if after is None or after == position:
                break
            position = after
    finally:
        event_relay.MOST = kept
        book.close()
    places = [one.payload["seq"] for one in told]
    assert places == sorted(set(places))
    failures = [seq for seq, one in enumerate(said, 1) if one == "backup"]
    lists = [seq for seq, one in enumerate(said, 1) if one == "list"]
    assert [one.payload["seq"] for one in told if one.event == "backup.failed"] == failures
    assert not lists or lists[-1] in places
