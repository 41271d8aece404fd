"""The envelope: built as CBP prints it, split, and each rule with CBP's own code."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tasks.ace.wire.batch_envelope import (
    Envelope,
    applications,
    control_layout,
    control_records,
    district,
    foreign_ports,
    responses,
    split_envelope,
)
from tasks.ace.wire.data_classes import class_faults
from tasks.ace.wire.envelope_rules import FilerProfile, envelope_findings
from tasks.ace.wire.record_files import read_records

# CATAIR Batch & Block v23 p.18-19: CBP's input configuration examples 1-3, details elided there.
EXAMPLES = {
    "one block": """
A2704EEEPASSWD040108     AE
B  2704EEEAE
10
90
10
90
Y  2704EEEAE
Z2704EEE      040108
""",
    "service bureau": """
A3002SB1PASSWD040108     AE
B  3003CU1AE
10
90
Y  3003CU1AE
B  3004CU2AE
10
90
Y  3004CU2AE
Z3002SB1      040108
""",
    "queries": """
A2704EEEPASSWD040108     EQ
B  2704EEEEQ
J1
J1
J1
Y  2704EEEEQ
Z2704EEE      040108
""",
    # p.35: the answer to a rejected batch
    "rejected": """
A1234N01      040108                                       BATCH-AAAAAA-TEXT-001
B                                                                              B
X1 FX12   NOT A KNOWN ACE APPLICATION ID CODE
X1RF999   BATCH REJECTED
Y           00002                                                              Y
Z                                                                              Z
""",
    # p.38: an answer, trailer mended (CBP prints 1201N02)
    "accepted": """
A1234N01      010108     AX                                BATCH-AAAAAA-TEXT-001
B  1201N01AX                                               BLOCK-AAAAAA-TEXT-001
E0
E1A
Y  1201N01AX00002
Z1234N01      010108
""",
    # p.39: a notification
    "notification": """
A1234N01      010109     UC
B  1201N01UC
E1
Y  1201N01UC00001
Z1234N01      010109
""",
}

GOOD = """
A2704B76PASSWD112426     SE          01                    BATCH
B  2704B76SE                                01             BLOCK
SE10
SE13
Y  2704B76SE                                01
B  2720B76SE
SE10
Y  2720B76SE
Z2704B76      112426                 01
"""


def matrix(text: str) -> np.ndarray:
    return read_records(text.strip("\n").encode())


def codes(text: str, profile: FilerProfile | None = None) -> list[tuple[int, int, str]]:
    found = envelope_findings(matrix(text), profile=profile)
    return [(one.record_index, one.position, one.code) for one in found]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_envelopes_that_cbp_prints_have_no_fault(name: str) -> None:
    records = matrix(EXAMPLES[name])
    assert codes(EXAMPLES[name]) == []
    application = bytes(records[0, 25:27]).decode().strip()
    for row, record in enumerate(records):
        letter = chr(record[0])
        if letter in "ABYZ":
            rejected = name == "rejected"
            one = control_layout(letter, application, rejected)
            assert len(class_faults(one, records[row : row + 1])) == 0, (name, letter)


def test_the_good_envelope_is_good() -> None:
    assert codes(GOOD) == []


def changed(line: int, column: int, text: str) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        held = lines[line].ljust(80)
        lines[line] = held[: column - 1] + text + held[column - 1 + len(text) :]
        return lines

    return change


def without(*gone: int) -> Callable[[list[str]], list[str]]:
    return lambda lines: [one for row, one in enumerate(lines) if row not in gone]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (without(0), [(0, 0, "C002")]),
        (without(1), [(1, 0, "X03")]),
        (without(2, 3), [(1, 0, "X04")]),
        (without(4), [(4, 0, "X05")]),
        (without(5), [(5, 0, "X03")]),
        (without(7), [(7, 0, "X05")]),
        (without(8), [(7, 0, "X06")]),
        (without(7, 8), [(6, 0, "X05"), (6, 0, "X06")]),
        (changed(0, 2, "    "), [(0, 2, "X07"), (8, 2, "X14")]),
        (changed(0, 6, "   "), [(0, 6, "X08"), (8, 2, "X14")]),
        (changed(0, 15, "133126"), [(0, 15, "X10"), (8, 15, "X14")]),
        (changed(0, 15, "      "), [(8, 15, "X14")]),
        (changed(0, 26, "  "), [(0, 26, "X11"), (1, 11, "X19"), (5, 11, "X19")]),
        (changed(0, 26, "EI"), [(0, 26, "X12"), (1, 11, "X19"), (5, 11, "X19")]),
        (changed(8, 3, "X"), [(8, 2, "X14")]),
        (changed(8, 38, "02"), [(8, 38, "X14")]),
        (changed(1, 4, "    "), [(1, 4, "X15"), (4, 4, "X32")]),
        (changed(1, 8, "   "), [(1, 8, "X16"), (4, 4, "X32")]),
        (changed(1, 11, "AE"), [(1, 11, "X19"), (4, 4, "X32")]),
        (changed(1, 11, "  "), [(1, 11, "X11"), (1, 11, "X19"), (4, 4, "X32")]),
        (changed(4, 4, "2705"), [(4, 4, "X32")]),
        (changed(4, 45, "02"), [(4, 45, "X32")]),
        (changed(1, 56, "2"), [(1, 56, "X21")]),
        (changed(1, 47, "2704B76  "), [(1, 47, "X22")]),
        (changed(1, 47, "    B76  1"), [(1, 47, "X24")]),
        (changed(1, 47, "2704     1"), [(1, 51, "X25")]),
        (changed(1, 47, "2704XYZ  1"), [(1, 51, "X26")]),
        (changed(1, 47, "2704B76  1"), []),
    ],
)
def test_each_rule_of_the_envelope_has_its_code(
    change: Callable[[list[str]], list[str]], expected: list[tuple[int, int, str]]
) -> None:
    assert codes("\n".join(change(GOOD.strip("\n").split("\n")))) == expected


def test_preparer_fields_are_not_for_every_application() -> None:
    text = EXAMPLES["queries"].replace("B  2704EEEEQ", "B  2704EEEEQ".ljust(46) + "2704EEE  1")
    assert codes(text) == [(1, 56, "X23")]


def test_records_after_the_batch_belong_to_none() -> None:
    assert codes(GOOD + "SE10\n") == [(9, 0, "C002")]
    assert codes(GOOD.strip("\n") + "\n" + GOOD.strip("\n")) == []


def test_what_only_cbp_knows_is_raised_against_a_profile_alone() -> None:
    profile = FilerProfile(senders=("3001B76",), filers=("XYZ",), ports=("2704",), applications=("AE",))
    assert codes(GOOD, profile) == [
        (0, 2, "X09"),
        (1, 8, "X17"),
        (1, 11, "X20"),
        (5, 4, "X18"),
        (5, 8, "X17"),
        (5, 11, "X20"),
    ]
    ours = FilerProfile(senders=("2704B76",), filers=("B76",), ports=("2704", "2720"), applications=("SE",))
    assert codes(GOOD, ours) == []
    prepared = GOOD.replace(" 01             BLOCK", " 015301B76  1   BLOCK")
    assert codes(prepared, FilerProfile(ports=("2704", "2720"), national_permit=False)) == [
        (1, 47, "X31"),
        (1, 56, "X27"),
    ]


def test_split_finds_batches_blocks_and_what_is_outside() -> None:
    parts = split_envelope(matrix(GOOD + GOOD.strip("\n")))
    assert parts.a.tolist() == [0, 9] and parts.z.tolist() == [8, 17]
    assert parts.b.tolist() == [1, 5, 10, 14] and parts.y.tolist() == [4, 7, 13, 16]
    assert parts.block_batch.tolist() == [0, 0, 1, 1]
    assert parts.block_of.tolist()[:9] == [-1, 0, 0, 0, 0, 1, 1, 1, -1]


def test_split_copes_with_a_broken_file() -> None:
    parts = split_envelope(matrix("SE10\nB  2704B76SE\nSE10\nZ2704B76\nSE10"))
    assert parts.batch_of.tolist() == [-1] * 5
    assert parts.block_of.tolist() == [-1, 0, 0, -1, -1]
    assert parts.y.tolist() == [-1] and parts.a.tolist() == []


@given(st.lists(st.sampled_from(["A", "B", "Y", "Z", "SE10"]), min_size=1, max_size=12))
def test_any_order_of_records_is_judged_without_a_crash(kinds: list[str]) -> None:
    text = "".join(kind.ljust(80) for kind in kinds)
    records = matrix(text)
    parts = split_envelope(records)
    assert len(parts.batch_of) == len(parts.block_of) == len(kinds)
    structure = {"C002", "X03", "X04", "X05", "X06"}
    broken = {code for _, _, code in codes(text)} & structure
    grammar = "".join(kind[0] for kind in kinds)
    legal = re.fullmatch(r"(A(BS+Y)+Z)+", grammar) is not None
    assert bool(broken) != legal, (grammar, broken)


def test_built_control_records_are_what_cbp_prints() -> None:
    envelope = Envelope("2704", "EEE", "EEE", "AE", transmission_date=date(2008, 4, 1))
    a, b, y, z = control_records(envelope, [1], [(1, 1, "2704")])
    text = [bytes(part.tobytes()).decode().rstrip() for part in (a, b, y, z)]
    assert text == [
        "A2704EEEPASSWD040108     AE".ljust(59) + "08040100001",
        "B  2704EEEAE".ljust(59) + "08040100001/001",
        "Y  2704EEEAE",
        "Z2704EEE      040108",
    ]


def test_ids_fit_the_user_text_even_with_a_mark() -> None:
    envelope = Envelope("2704", "EEE", "EEE", transmission_date=date(2026, 11, 24), mark="DRILL-")
    assert len(envelope.block_id(99999, 999)) == 21
    assert envelope.block_id(7, 2).startswith(envelope.batch_id(7))


def test_districts_10_46_and_47_are_one() -> None:
    assert district("4601") == district("1001") == district("4701") == "10"
    assert district("2704") == "27"
    ports = matrix("4701\n4601\n1001\n2720\n2704")[:, :4]
    blocks = matrix("1001\n4701\n4601\n2704\n2801")[:, :4]
    assert foreign_ports(ports, blocks).tolist() == [False, False, False, False, True]


def test_applications_are_the_chapters_list() -> None:
    preparer = {code for code, row in applications().items() if row["preparer"] == "Y"}
    assert preparer == {"AE", "SE", "DE", "RE", "NE", "SU", "CA", "TE", "PE"}
    assert applications()["SE"]["response"] == "SX"
    assert {"SX", "SO", "UC", "PF"} <= responses()
    assert "SE" not in responses()
