"""The simulator's envelope: rejections as CBP prints them, and each code that it raises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.core.errors import BadInput
from tasks.drill.ace_simulator.batch_worker import SimulatorRules
from tasks.drill.ace_simulator.batches.answer_batches import rejection_answer
from tasks.drill.ace_simulator.batches.input_batch import BatchFault, InputBlock, control_record
from tasks.drill.ace_simulator.simulator import AceSimulator
from tasks.entries.numbers.entry_numbers import parse_entry_number
from tests.drill.ace_simulator.printed_records import (
    NUMBERS,
    TODAY,
    Rows,
    cargo_query,
    dashed,
    edited,
    envelope,
    final,
    having,
    lines_of,
    numbers,
    record,
    release,
    span,
    summary,
    wire,
)

N = NUMBERS


def test_the_numbers_of_these_tests_check() -> None:
    assert all(str(parse_entry_number(dashed(digits))) == dashed(digits) for digits in N)


def rows(text: str) -> Rows:
    """Lines as printed, padded to 80."""
    return [record(line) for line in text.strip("\n").split("\n")]


# CBP, ABI Batch & Block Control v23 (12 June 2023) p.35-37. The printed answer of p.35 has the
# date 040108 where the input has 010108, that of p.36 another block's text on an X1 line, an AE
# for the EI of block 3 and its preparer a line too low: the layouts say what stands here.
UNKNOWN_APPLICATION = """
A1234N01PASSED010108     EI                                BATCH-AAAAAA-TEXT-001
B  1201N01AE                                               BLOCK-AAAAAA-TEXT-001
10
Y  1201N01AE
Z1234N01      010108
"""
UNKNOWN_APPLICATION_ANSWER = """
A1234N01      010108                                       BATCH-AAAAAA-TEXT-001
B                                                                              B
X1 FX12   NOT A KNOWN ACE APPLICATION ID CODE
X1RF999   BATCH REJECTED
Y           00002                                                              Y
Z                                                                              Z
"""
BLOCK_FAULTS = """
A1234N01PASSWD040108     AE                                BATCH-AAAAAA-TEXT-001
B  1201N01AE                                  1232N01  1   BLOCK-AAAAAA-TEXT-001
10
Y  1201N01AE
B  1202N01AE                                               BLOCK-BBBBBB-TEXT-002
10
Y  1202N01AE
B  1202N01EI                                  1232N01  1   BLOCK-CCCCCC-TEXT-003
10
Y  1203N01AE
Z1234N01      040108
"""
BLOCK_FAULTS_ANSWER = """
A1234N01      040108                                       BATCH-AAAAAA-TEXT-001
B                                                                              B
X0 BLOCK  000001 REF ID: 1201 N01    AE BLOCK-AAAAAA-TEXT-001 1232N01  1
X1 FX31   PREPARER NOT AUTHRZD FOR PORT
X0 BLOCK  000003 REF ID: 1202 N01    EI BLOCK-CCCCCC-TEXT-003 1232N01  1
X1 FX12   NOT A KNOWN ACE APPLICATION ID CODE
X1 FX19   BLOCK APP ID / BATCH APP ID CONFLICT
X1 FX32   Y-REC DOES NOT MATCH B-REC
X1RF999   BATCH REJECTED
Y           00007                                                              Y
Z                                                                              Z
"""
SYNTAX_ANSWER = """
A1234N01      040108                                       BATCH-AAAAAA-TEXT-001
B                                                                              B
X0 BLOCK  000001 REF ID: 1201 N01    CW BLOCK-AAAAAA-TEXT-001 1232N01  1
X0 TRNACT 000001 REF ID: 0000005 00
X1 FX34   UNKNOWN RECORD ID FOUND IN GROUPING
X1RF999   BATCH REJECTED
Y           00004                                                              Y
Z                                                                              Z
"""


def test_printed_example_of_a_batch_fault(ace: AceSimulator) -> None:
    (answer,) = ace.answer(wire(rows(UNKNOWN_APPLICATION)))
    assert lines_of(answer) == rows(UNKNOWN_APPLICATION_ANSWER)


def test_printed_example_of_block_faults(ace: AceSimulator) -> None:
    ace.seed_filer("N01", preparer_ports=("1202",))
    (answer,) = ace.answer(wire(rows(BLOCK_FAULTS)))
    assert lines_of(answer) == rows(BLOCK_FAULTS_ANSWER)


def test_printed_example_of_a_syntax_fault() -> None:
    head = "A1234N01PASSWD040108     CW                                BATCH-AAAAAA-TEXT-001"
    first = "B  1201N01CW                                  1232N01  1   BLOCK-AAAAAA-TEXT-001"
    last = record("Y  1201N01CW")
    block = InputBlock(control_record("B", first, 2), (), control_record("Y", last, 6), 1)
    answer = rejection_answer(head, [BatchFault("X34", block, 1, 5)])
    assert lines_of(answer) == rows(SYNTAX_ANSWER)


def told(answer: bytes) -> list[str]:
    return [row[4:7] for row in having(answer, "X1") if row[2] == " "]


Change = Callable[[Rows], Rows]


def put(start: str, *fields: tuple[int, str]) -> Change:
    return lambda lines: edited(lines, start, *fields)


def swap(start: str, other: str) -> Change:
    return lambda lines: [other if line.startswith(start) else line for line in lines]


def drop(start: str) -> Change:
    return lambda lines: [line for line in lines if not line.startswith(start)]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (drop("B"), ["X03"]),
        (drop("SE"), ["X04"]),
        (drop("Y"), ["X05"]),
        (drop("Z"), ["X06"]),
        (put("A", (2, "    ")), ["X07", "X14"]),
        (put("A", (6, "   ")), ["X08", "X14"]),
        (put("A", (15, "133126")), ["X10", "X14"]),
        (put("A", (26, "  ")), ["X11"]),
        (put("A", (26, "EI")), ["X12"]),
        (put("A", (26, "CW")), ["X13"]),
        (put("Z", (15, "112326")), ["X14"]),
        (put("Z", (38, "LA")), ["X14"]),
        (put("A", (21, "X")), ["X39"]),
        (put("A", (60, "\x07")), ["X40"]),
        (put("B", (4, "    ")), ["X15", "X32"]),
        (put("B", (8, "   ")), ["X16", "X32"]),
        (put("B", (8, "XYZ")), ["X17", "X32"]),
        (put("B", (11, "AE")), ["X19", "X32"]),
        (put("B", (56, "7")), ["X21", "X24", "X25"]),
        (put("B", (47, "2704ABC")), ["X22"]),
        (put("B", (51, "ABC"), (56, "1")), ["X24"]),
        (put("B", (47, "2704"), (56, "1")), ["X25"]),
        (put("B", (47, "2704XYZ"), (56, "1")), ["X26"]),
        (put("Y", (45, "LA")), ["X32"]),
        (put("Y", (50, "X")), ["X39"]),
        (put("SE10", (1, "SE13")), ["X33"]),
        (put("SE20", (1, "SE99")), ["X34"]),
        (swap("SE20", record("SE608205598000")), ["X35"]),
        (swap("SE20", record("SE13", (5, "DANA"), (45, "5625550142"))), ["X36"]),
        (lambda lines: [*lines[:3], lines[3], *lines[3:]], ["X36"]),
        (drop("SE13"), ["X37"]),
        (put("SE10", (9, "X")), ["X39"]),
        (put("SE13", (10, "\x1a")), ["X40"]),
    ],
)
def test_each_envelope_code(ace: AceSimulator, change: Change, codes: list[str]) -> None:
    ace.seed_filer("ABC")
    lines = change(lines_of(envelope("SE", release(N[0]))))
    (answer,) = ace.answer(wire(lines))
    assert told(answer) == codes
    assert having(answer, "X1")[-1].startswith("X1RF999   BATCH REJECTED")
    assert lines_of(answer)[0][25:27] == "  "
    assert ace.book() == {}


def test_a_fault_names_its_record_and_column(ace: AceSimulator) -> None:
    lines = lines_of(envelope("SE", release(N[0]), release(N[1])))
    lines = edited(lines, "SE20", (60, "X"), nth=1)
    (answer,) = ace.answer(wire(lines))
    at = [k for k, row in enumerate(lines, 1) if row.startswith("SE20")][1]
    assert having(answer, "X0 BLOCK")[0][10:16] == "000002"
    assert having(answer, "X0 TRNACT")[0][25:35] == f"{at:07d} 58"


def test_a_fault_of_one_block_sinks_the_whole_batch(ace: AceSimulator) -> None:
    broken = edited(release(N[1]), "SE40", (1, "SE4X"))
    (answer,) = ace.answer(envelope("SE", release(N[0]), broken))
    assert told(answer) == ["X34"]
    assert ace.book() == {}


def test_evaluation_stops_at_the_first_fault_of_the_file(ace: AceSimulator) -> None:
    first = edited(release(N[0]), "SE20", (70, "X"))
    second = edited(release(N[1]), "SE40", (1, "SE4X"))
    (answer,) = ace.answer(envelope("SE", [*first, *second]))
    assert told(answer) == ["X39"]


def test_a_short_last_record(ace: AceSimulator) -> None:
    (answer,) = ace.answer(envelope("SE", release(N[0]))[:-10])
    assert told(answer) == ["X42"]


def test_lines_with_ends_are_read_too(ace: AceSimulator) -> None:
    lines = lines_of(envelope("SE", release(N[0])))
    data = "\r\n".join(line.rstrip() for line in lines).encode()
    (answer,) = ace.answer(data)
    assert having(answer, "SE9002")


def test_a_carriage_return_inside_a_stream(ace: AceSimulator) -> None:
    data = bytearray(envelope("SE", release(N[0])))
    data[250] = 13
    (answer,) = ace.answer(bytes(data))
    assert told(answer) == ["X40"]


def test_each_batch_of_a_file_has_its_own_answer(ace: AceSimulator) -> None:
    bad = wire(edited(lines_of(envelope("SE", release(N[1]))), "A", (26, "EI")))
    data = envelope("SE", release(N[0])) + bad + envelope("AE", summary(N[2]))
    answers = ace.answer(data)
    assert [lines_of(one)[0][25:27] for one in answers] == ["SX", "  ", "AX"]


@pytest.mark.parametrize("data", [b"", b"  \n ", b"HELLO".ljust(80)])
def test_what_is_no_batch_is_refused_and_changes_nothing(ace: AceSimulator, data: bytes) -> None:
    with pytest.raises(BadInput):
        ace.answer(data)
    stray = envelope("SE", release(N[0])) + record("SE10A").encode()
    with pytest.raises(BadInput) as caught:
        ace.answer(stray)
    assert caught.value.problems[0].code == "X01"
    assert ace.book() == {}


def test_the_envelope_of_an_answer_mirrors_the_input(ace: AceSimulator) -> None:
    data = envelope("AE", summary(N[0]), text="BLOCK-AAAAAA-TEXT-001")
    out = lines_of(ace.answer(data)[0])
    assert out[0] == record("A2704ABC      112426     AX", (60, "BATCH-1"))
    assert out[1] == record("B  2704ABCAX", (60, "BLOCK-AAAAAA-TEXT-001"))
    assert out[-2] == record("Y  2704ABCAX00002")
    assert out[-1] == record("Z2704ABC      112426")


def test_small_letters_of_details_become_capitals(ace: AceSimulator) -> None:
    filing = edited(release(N[0]), "SE13", (5, "Dana Whitfield"))
    (answer,) = ace.answer(envelope("SE", filing))
    assert having(answer, "SE9002")


@pytest.mark.parametrize(
    ("details", "codes"),
    [
        ([*numbers(N[0]), *span("112426120000AM", "112426115959PM")], ["X35"]),
        (span("112426120000AM", "112426115959PM") * 2, ["X36"]),
        ([record("J1", (6, "ABC"), (11, N[0]), (32, "ABC"), (37, N[1]))], ["X38"]),
        ([record("J3")], ["X34"]),
    ],
)
def test_queries_have_a_structure_too(ace: AceSimulator, details: Rows, codes: list[str]) -> None:
    (answer,) = ace.answer(envelope("EQ", details))
    assert told(answer) == codes


def test_one_query_block_a_batch(ace: AceSimulator) -> None:
    (answer,) = ace.answer(envelope("EQ", numbers(N[0]), numbers(N[1])))
    assert told(answer) == ["X41"]


def test_syntax_faults_in_the_applications_own_records() -> None:
    """AE 2026-07 p.207, EQ v26 p.50 and CQ v21 p.65 print them so."""
    with AceSimulator(":memory:", TODAY, SimulatorRules(syntax_answer="application")) as ace:
        (answer,) = ace.answer(envelope("AE", edited(summary(N[0]), "47M", (1, "99"))))
        assert [row[:20] for row in having(answer, "E1")] == ["E1 FX34   UNKNOWN RE", "E1RF999   BATCH REJE"]
        assert final(answer) == "RF999"
        (answer,) = ace.answer(envelope("EQ", [record("J3")]))
        assert having(answer, "JZ")[0].startswith("JZX34   UNKNOWN RECORD ID")
        (answer,) = ace.answer(envelope("CQ", edited(cargo_query(N[0]), "WR1", (5, "X"))))
        assert [row[29:32] for row in having(answer, "WR0")] == ["X39", "999"]
        (answer,) = ace.answer(envelope("SE", edited(release(N[0]), "SE20", (1, "SE99"))))
        assert told(answer) == ["X34"]
        assert ace.book() == {}
