"""A query is named in the journal only when its file can be written, and then its file is written once,
wherever the power fails."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tasks.ace.settings import AceSettings
from tasks.core.errors import BadSettings
from tasks.core.journal.verification import verify_journal
from tasks.reconciliation import cycle_stages
from tasks.reconciliation.cycle_stages import write_cycle_queries
from tasks.reconciliation.events import QueryNamed, QueryWritten
from tasks.reconciliation.plan.payment_terms import sending_day
from tasks.reconciliation.restore.restore_cycle import run_restore_cycle
from tasks.reconciliation.restore.restore_queries import record_restore
from tasks.reconciliation.sending.query_writing import finish_queries
from tasks.transport.exchange_folders import LocalExchange
from tests.errors import refused
from tests.process_kills import KILLED, struck
from tests.reconciliation.ace_exchange import World, open_world, record_summaries
from tests.reconciliation.broker_office import PASSWORD, Office

COMMANDS = (("reconcile", "turn"), ("ace", "query"))
POINTS = ("before the event", "before the file", "after the file")


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    """One entry, of which ACE is to be asked; the settings file is as the office's settings are."""
    opened = open_world(office, tmp_path / "ace")
    toml = office.settings.home / "continuity.toml"
    text = toml.read_text().replace("ask_first = false", "ask_first = true")
    toml.write_text(f'{text}inbox = "{opened.inbox.as_posix()}"\nask_again_minutes = 60\n')
    ace = office.settings(AceSettings).model_copy(update={"ask_again_minutes": 60})
    office.settings = office.settings.model_copy(update={"ace": ace})
    record_summaries(opened, ["01"])
    yield opened
    opened.ace.close()


def queries(world: World, kind: str = "query.") -> list[str]:
    """The batch ids of the events of queries, in order."""
    return [event.said.batch for event in world.house.journal.events(kind=kind)]  # type: ignore[attr-defined]


def files(world: World) -> list[str]:
    return sorted(path.name for path in world.office.outbound.glob("[!.]*"))


def spoil(world: World, fault: str) -> Callable[[], object]:
    """Make one setting wrong; returns what corrects it."""
    folder, secret = world.office.outbound, world.office.settings(AceSettings).password_file
    assert secret is not None
    if fault == "no outbound folder":
        away = folder.rename(folder.with_name("away"))
        return lambda: away.rename(folder)
    if fault == "no password file":
        secret.unlink()
    else:
        secret.write_text("far too long")
    return lambda: secret.write_text(PASSWORD)


FAULTS = ("no password file", "no password in it", "no outbound folder")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_wrong_setting_names_nothing_and_the_next_command_writes(
    world: World, continuity, command: tuple[str, ...], fault: str
) -> None:
    correct = spoil(world, fault)
    for _ in range(2):
        code, _, error = continuity(*command, by="bo")
        assert code not in (0, 1) and ("[ace]" in error or "password file" in error)
        assert queries(world) == []
    correct()
    code, out, _ = continuity(*command, "--json", by="bo")
    assert code == 0 and len(files(world)) == 1 and files(world)[0] in out
    (batch,) = queries(world, QueryNamed.kind)
    assert queries(world, QueryWritten.kind) == [batch]


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_restore_too(world: World, fault: str) -> None:
    house = world.house
    begin = datetime(2026, 1, 5)
    restore = record_restore(house, begin, begin.replace(day=6), None, "bo")

    def turn() -> cycle_stages.CycleResult:
        return run_restore_cycle(house, restore, (), None, "bo", sending_day(house.settings))

    correct = spoil(world, fault)
    with pytest.raises(BadSettings):
        turn()
    assert queries(world) == []
    correct()
    assert list(turn().asked) == files(world) and len(files(world)) == 1


def killed_turn(home: str, command: list[str], point: str) -> None:
    """Run a command in a process that is killed at one point of writing a query."""
    from tasks.cli.main import run

    def kill(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    show, hide = LocalExchange.show, LocalExchange.hide
    if point == "before the event":
        LocalExchange.hide = lambda *given: kill(hide(*given))  # type: ignore[method-assign]
    elif point == "before the file":
        LocalExchange.show = kill  # type: ignore[method-assign,assignment]
    else:
        LocalExchange.show = lambda *given: kill(show(*given))  # type: ignore[method-assign,assignment]
    run([*command, "--home", home, "--by", "bo"])


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_kill_anywhere_ends_in_one_file_on_the_next_turn(
    world: World, continuity, command: tuple[str, ...], point: str
) -> None:
    home = str(world.office.settings.home)
    assert struck(killed_turn, (home, list(command), point), 120) == KILLED
    named = queries(world, QueryNamed.kind)
    assert (len(named), len(files(world))) == {
        "before the event": (0, 0), "before the file": (1, 0), "after the file": (1, 1),
    }[point]  # fmt: skip
    assert queries(world, QueryWritten.kind) == []
    code, out, _ = continuity(*command, "--json", by="bo")
    assert code == 0
    if point != "after the file":
        assert files(world)[0] in out
    assert len(files(world)) == 1 and len(queries(world, QueryNamed.kind)) == 1
    assert queries(world, QueryWritten.kind) == queries(world, QueryNamed.kind)
    assert verify_journal(world.house.journal, world.house.content).ok
    data = (world.office.outbound / files(world)[0]).read_bytes()
    assert data[8:14] == PASSWORD.encode()
    world.exchange()
    assert [one.answers for one in world.turn().read] == [1], "ACE answers the query that was named"


def test_a_query_that_was_fetched_is_never_written_again(world: World) -> None:
    """The kill came after the file was visible, and the sender took it before the next turn."""
    home = str(world.office.settings.home)
    assert struck(killed_turn, (home, ["ace", "query"], POINTS[2]), 120) == KILLED
    (world.office.outbound / files(world)[0]).unlink()
    assert world.turn().asked == () and files(world) == []
    assert len(queries(world, QueryNamed.kind)) == 1
    assert queries(world, QueryWritten.kind) == queries(world, QueryNamed.kind)


def test_a_hidden_query_waits_for_its_folder_and_is_shown_without_asking_first(world: World) -> None:
    home = str(world.office.settings.home)
    assert struck(killed_turn, (home, ["ace", "query"], POINTS[1]), 120) == KILLED
    away = world.office.outbound.rename(world.office.outbound.with_name("away"))
    with refused("exchange-folder-missing", BadSettings):
        finish_queries(world.house, "bo")
    away.rename(world.office.outbound)
    ace = world.office.settings(AceSettings).model_copy(update={"ask_first": False})
    world.office.settings = world.office.settings.model_copy(update={"ace": ace})
    assert list(world.turn().asked) == files(world) and len(files(world)) == 1
    assert world.turn().asked == ()


def test_a_rebuilt_journal_still_knows_what_was_written(world: World) -> None:
    write_cycle_queries(world.house, "bo", sending_day(world.office.settings))
    world.house.journal.rebuild()
    assert finish_queries(world.house, "bo") == []
    assert len(queries(world, QueryWritten.kind)) == 1
