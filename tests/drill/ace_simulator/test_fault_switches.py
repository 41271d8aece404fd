"""The simulator misbehaving, its folders, its crashes, and what its history proves."""

from __future__ import annotations

import ast
import multiprocessing
import random
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from tasks.drill import ace_simulator
from tasks.drill.ace_simulator.batches import condition_texts
from tasks.drill.ace_simulator.fault_switches import SimulatorStopped
from tasks.drill.ace_simulator.simulator import AceSimulator
from tasks.drill.ace_simulator.summaries import field_checks
from tasks.entries.numbers import entry_numbers
from tests.drill.ace_simulator.printed_records import (
    NUMBERS,
    TODAY,
    cargo_query,
    dashed,
    delete,
    edited,
    envelope,
    final,
    having,
    lines_of,
    message,
    numbers,
    record,
    release,
    summary,
)

N = NUMBERS
FIRST = dashed(N[0])


@pytest.fixture
def ace(tmp_path: Path) -> Iterator[AceSimulator]:
    with AceSimulator(tmp_path / "ace.sqlite", TODAY) as opened:
        yield opened


# Switches


def test_a_lost_answer_leaves_the_entry_on_file(ace: AceSimulator) -> None:
    ace.misbehave("drop", skip=1)
    assert len(ace.answer(envelope("SE", release(N[0])))) == 1
    assert ace.answer(envelope("SE", release(N[1]))) == []
    assert ace.holding(dashed(N[1])).entry is not None
    assert len(ace.answer(envelope("SE", release(N[2])))) == 1


def test_an_answer_that_comes_twice_is_of_one_filing(ace: AceSimulator) -> None:
    ace.misbehave("twice")
    first, second = ace.answer(envelope("AE", summary(N[0])))
    assert first == second
    assert ace.holding(FIRST).count("summary added") == 1


def test_only_one_application_goes_wrong(ace: AceSimulator) -> None:
    ace.misbehave("reject", only="AE")
    ace.misbehave("drop", only="AX")
    ace.misbehave("twice", only="SX")
    assert len(ace.answer(envelope("SE", release(N[0])))) == 2
    (answer,) = ace.answer(envelope("AE", summary(N[0])))
    assert [row[4:7] for row in having(answer, "X1")] == ["X13", "999"]
    assert ace.answer(envelope("AE", summary(N[0]))) == []
    assert ace.holding(FIRST).count("summary added") == 1


def test_a_late_answer_waits(ace: AceSimulator) -> None:
    ace.misbehave("late", times=2)
    assert ace.answer(envelope("SE", release(N[0])) + envelope("SE", release(N[1]))) == []
    late = ace.late_answers()
    assert [message(one) for one in late] == ["02", "02"]
    assert ace.late_answers() == []


def test_a_rejected_batch_is_not_processed(ace: AceSimulator) -> None:
    ace.misbehave("reject")
    ace.misbehave("reject", detail="X17")
    for code in ("X13", "X17"):
        (answer,) = ace.answer(envelope("AE", summary(N[0])))
        assert [row[4:7] for row in having(answer, "X1")] == [code, "999"]
    assert ace.book() == {}


def test_a_system_failure_is_of_one_transaction(ace: AceSimulator) -> None:
    ace.misbehave("ZZZ", skip=1)
    (answer,) = ace.answer(envelope("AE", [*summary(N[0]), *summary(N[1]), *summary(N[2])]))
    assert [final(answer, k) for k in range(3)] == ["A 995", "RFZZZ", "A 995"]
    assert "** ACE SYSTEM FAILURE **" in having(answer, "E1R")[0]
    assert dashed(N[1]) not in ace.book()
    for application, rows, start, at in (
        ("SE", release(N[1]), "SE90", 6),
        ("EQ", numbers(N[1]), "JZ", 2),
        ("CQ", cargo_query(N[1]), "WR0", 29),
    ):
        ace.misbehave("ZZZ")
        (answer,) = ace.answer(envelope(application, rows))
        assert having(answer, start)[0][at : at + 3] == "ZZZ"


def test_dying_half_way_keeps_whole_transactions(ace: AceSimulator, tmp_path: Path) -> None:
    ace.misbehave("die", skip=2)
    batch = envelope("SE", release(N[0]), [*release(N[1]), *release(N[2])])
    with pytest.raises(SimulatorStopped):
        ace.answer(batch)
    with AceSimulator(tmp_path / "ace.sqlite", TODAY) as again:
        assert sorted(again.book()) == sorted([dashed(N[0]), dashed(N[1])])
        (answer,) = again.answer(batch)
        assert [message(answer, k) for k in range(3)] == ["01", "01", "02"]
        assert all(held.stands_once for held in again.book().values())


def test_an_unknown_misbehaviour(ace: AceSimulator) -> None:
    with pytest.raises(ValueError, match="drop, twice, late, reject, ZZZ, die"):
        ace.misbehave("sulk")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="exam"):
        ace.expect(FIRST, "party")


# Folders


def put(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)


def test_a_folder_is_answered_once(ace: AceSimulator, tmp_path: Path) -> None:
    inbox, outbox = tmp_path / "in", tmp_path / "out"
    put(inbox, "0002-ae.abi", envelope("AE", summary(N[0])))
    put(inbox, "0001-se.abi", envelope("SE", release(N[0])) + envelope("SE", release(N[1])))
    put(inbox, ".hidden.part", b"half")
    put(inbox, "0003-note.txt", b"nothing for ACE")
    run = ace.process_folder(inbox, outbox)
    assert run.read == ["0001-se.abi", "0002-ae.abi"]
    names = [path.name for path in run.written]
    assert names[:3] == ["0001-se.answer-01.abi", "0001-se.answer-02.abi", "0002-ae.answer-01.abi"]
    assert names[3].endswith("-so-01.abi") and len(names) == 4
    assert [problem.file for problem in run.refused] == ["0003-note.txt"]
    before = {path.name: path.read_bytes() for path in outbox.iterdir()}
    again = ace.process_folder(inbox, outbox)
    assert (again.read, again.written) == ([], [])
    assert {path.name: path.read_bytes() for path in outbox.iterdir()} == before
    (outbox / "0001-se.answer-01.abi").unlink()
    assert ace.process_folder(inbox, outbox).written == []


def test_other_content_under_a_used_name_is_another_file(ace: AceSimulator, tmp_path: Path) -> None:
    inbox, outbox = tmp_path / "in", tmp_path / "out"
    put(inbox, "a.abi", envelope("AE", summary(N[0])))
    ace.process_folder(inbox, outbox)
    put(inbox, "a.abi", envelope("AE", summary(N[1])))
    run = ace.process_folder(inbox, outbox, line_ends=True)
    assert [path.name for path in run.written] == ["a.answer-01-2.abi"]
    assert final(run.written[0].read_bytes().replace(b"\n", b"")) == "A 995"


def test_misbehaviour_reaches_the_folder(ace: AceSimulator, tmp_path: Path) -> None:
    inbox, outbox = tmp_path / "in", tmp_path / "out"
    for k in range(4):
        put(inbox, f"{k}.abi", envelope("AE", summary(N[k])))
    ace.misbehave("drop")
    ace.misbehave("twice")
    ace.misbehave("late")
    run = ace.process_folder(inbox, outbox)
    names = sorted(path.name for path in run.written)
    assert names == ["2.answer-01-again.abi", "2.answer-01.abi", "3.answer-01.abi"]
    late = ace.process_folder(inbox, outbox, late=True)
    assert [path.name for path in late.written] == ["1.answer-01-late.abi"]
    assert all(held.stands_once for held in ace.book().values())


def test_dying_in_a_folder_and_going_on(ace: AceSimulator, tmp_path: Path) -> None:
    inbox, outbox = tmp_path / "in", tmp_path / "out"
    put(inbox, "a.abi", envelope("SE", [row for one in N[:5] for row in release(one)]))
    ace.misbehave("die", skip=3)
    with pytest.raises(SimulatorStopped):
        ace.process_folder(inbox, outbox)
    assert not outbox.exists()
    with AceSimulator(tmp_path / "ace.sqlite", TODAY) as again:
        run = again.process_folder(inbox, outbox)
        answer = run.written[0].read_bytes()
        assert [message(answer, k) for k in range(5)] == ["02"] * 5
        assert all(held.count("entry added") == 1 for held in again.book().values())


def _serve(state: Path, inbox: Path, outbox: Path) -> None:
    with AceSimulator(state, TODAY) as ace:
        ace.process_folder(inbox, outbox)


def _numbers(first: int, count: int) -> list[str]:
    serials = range(9_100_000 + first, 9_100_000 + first + count)
    return [f"{serial}{entry_numbers.check_digit('ABC', serial)}" for serial in serials]


def _killed(folder: Path, times: int, seed: int) -> None:
    """A new file each time, and the simulator killed at a random moment of its work; then it is let
    through, and has done everything once."""
    state, inbox, outbox = folder / "ace.sqlite", folder / "in", folder / "out"
    chosen = random.Random(seed)
    fork = multiprocessing.get_context("fork")
    for k in range(times):
        part = _numbers(8 * k, 8)
        filed = release if k % 2 else summary
        rows = [row for one in part for row in filed(one)]
        put(inbox, f"{k:04d}.abi", envelope("SE" if k % 2 else "AE", rows[: len(rows) // 2], rows[len(rows) // 2 :]))
        child = fork.Process(target=_serve, args=(state, inbox, outbox))
        child.start()
        child.join(chosen.uniform(0.0, 0.04))
        if child.is_alive():
            child.kill()
        child.join()
    _serve(state, inbox, outbox)
    answers = sorted(outbox.glob("*.answer-*.abi"))
    assert [path.name for path in answers] == [f"{k:04d}.answer-01.abi" for k in range(times)], seed
    for k, path in enumerate(answers):
        data, tell, good = path.read_bytes(), *((message, "02") if k % 2 else (final, "A 995"))
        assert [tell(data, place) for place in range(8)] == [good] * 8, seed
    with AceSimulator(state, TODAY) as ace:
        assert len(ace.book()) == 8 * times
        for held in ace.book().values():
            assert held.counts in ({"summary added": 1}, {"entry added": 1}), seed


def test_killed_at_random_moments(tmp_path: Path) -> None:
    _killed(tmp_path, 10, random.randrange(10**6))


@pytest.mark.long
def test_killed_at_random_moments_many_times(tmp_path: Path) -> None:
    _killed(tmp_path, 100, random.randrange(10**6))


# What the book proves, whatever is sent

NUMBER = st.sampled_from(N[:3])
ACT = st.one_of(
    st.tuples(st.just("SE"), NUMBER, st.sampled_from("ARUD")),
    st.tuples(st.just("AE"), NUMBER, st.sampled_from("ARDw")),
    st.tuples(st.sampled_from(["print", "pay", "reject", "officer", "arrive"]), NUMBER, st.just("")),
    st.tuples(st.sampled_from(["drop", "twice", "late", "reject batch", "ZZZ"]), NUMBER, st.just("")),
)


def _do(ace: AceSimulator, act: tuple[str, str, str]) -> None:
    kind, digits, action = act
    name = dashed(digits)
    held = ace.holding(name)
    if kind == "SE":
        ace.answer(envelope("SE", release(digits, action, bill=f"B{digits}")))
    elif kind == "AE":
        rows = delete(digits) if action == "D" else summary(digits, action.replace("w", "R"))
        if action == "w":
            rows = edited(rows, "90", (3, "          1"))
        ace.answer(envelope("AE", rows))
    elif kind == "officer" and held.entry is None:
        ace.seed_officer_entry(name, port="2704", released=date(2026, 11, 16))
    elif kind == "arrive":
        ace.seed_bill("ABCD", f"B{digits}", quantity=10, mode="30", arrived=TODAY)
    elif kind == "print":
        ace.print_statements(date(2026, 12, 1))
    elif kind == "pay" and held.summary:
        ace.collect(name)
    elif kind == "reject" and held.summary and held.summary.control == 2:
        ace.reject_summary(name)
    elif kind in ("drop", "twice", "late", "ZZZ"):
        ace.misbehave(kind)  # type: ignore[arg-type]
    elif kind == "reject batch":
        ace.misbehave("reject")


def _proved(acts: list[tuple[str, str, str]]) -> None:
    with AceSimulator(":memory:", TODAY) as ace:
        for act in acts:
            before = ace.book()
            _do(ace, act)
            for name, held in ace.book().items():
                assert held.count("entry added") + held.count("officer keyed") <= 1
                was = before.get(name)
                if was and was.canceled:
                    assert held.canceled and held.count("summary added") == was.count("summary added")
                if was and was.summary and was.summary.control == 2:
                    assert held.summary is not None
                taken = held.count("summary deleted") + held.count("summary implicitly deleted")
                standing = int(held.summary is not None)
                assert held.count("summary added") - taken == standing
                if was and was.entry and was.entry.status == "released":
                    assert held.entry.status in ("released", "cancelled")


@given(st.lists(ACT, max_size=14))
@settings(max_examples=200)
def test_every_number_stands_once(acts: list[tuple[str, str, str]]) -> None:
    _proved(acts)


@pytest.mark.long
@given(st.lists(ACT, max_size=30))
@settings(max_examples=2_000)
def test_every_number_stands_once_long(acts: list[tuple[str, str, str]]) -> None:
    _proved(acts)


def test_history_tells_it_in_order(ace: AceSimulator) -> None:
    ace.answer(envelope("AE", summary(N[0])))
    ace.answer(envelope("AE", edited(summary(N[0], "R"), "90", (3, "          1"))))
    ace.answer(envelope("AE", summary(N[0])))
    told = ace.history(FIRST)
    assert [event.event for event in told] == [
        "summary added",
        "summary rejected",
        "summary implicitly deleted",
        "summary added",
    ]
    assert told[1].detail == "722"
    assert [event.at for event in told] == sorted(event.at for event in told)


def test_state_outlives_the_process(ace: AceSimulator, tmp_path: Path) -> None:
    ace.answer(envelope("SE", release(N[0])))
    ace.misbehave("drop")
    with AceSimulator(tmp_path / "ace.sqlite", TODAY) as again:
        assert again.answer(envelope("SE", release(N[1]))) == []
        assert len(again.unsolicited()) == 1
    assert ace.unsolicited() == []


def test_passwords_are_never_kept_or_answered(ace: AceSimulator, tmp_path: Path) -> None:
    (answer,) = ace.answer(envelope("SE", release(N[0])))
    assert lines_of(answer)[0] == record("A2704ABC      112426     SX", (60, "BATCH-1"))
    ace.close()
    assert b"PASSWD" not in (tmp_path / "ace.sqlite").read_bytes()


def test_every_code_that_is_raised_has_its_text() -> None:
    """Codes stand as string constants in the modules that judge."""
    folder = Path(ace_simulator.__file__).parent
    modules = {
        "AX": sorted(folder.glob("summaries/*.py")),
        "SX": [folder / "releases" / f"{name}.py" for name in ("release_processing", "content_rules", "bill_forms")],
    }
    assert len(modules["AX"]) > 10
    fields = {**field_checks._CLASS_CODES, **field_checks._MISSING_CODES}
    assert len(fields) > 30 and set(fields.values()) <= set(condition_texts.AX)
    for table, paths in modules.items():
        texts = getattr(condition_texts, table)
        for path in paths:
            for code in _codes(path.read_text(encoding="utf-8")):
                assert code in texts, (path.name, code)


def _codes(source: str) -> set[str]:
    """Constants that look like condition codes, less those of other lists that look so too:
    accounting classes, reconciliation issues."""
    constants = {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    others = {"311", "496", "500", "501", "672", "002", "004", "006", "007"}
    return {one for one in constants if re.fullmatch(r"[BZ][0-9]{2}|[0-9]{3}", one)} - others
