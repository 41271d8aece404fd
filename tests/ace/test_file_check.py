"""The checker over whole files: forms of storage, damage, several applications, size, privacy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tasks.ace.file_check import CheckResult, check_bytes, check_file, check_matrix
from tests.ace.golden import FILER, Line, add, both, data, drop, envelope, matrix, put
from tests.ace.golden_entries import ENTRIES, release, se10
from tests.ace.golden_summary import structural, summaries
from tests.ace.test_queries import criteria, query


def _codes(result: CheckResult) -> list[str]:
    return [one.code for one in result.findings]


def test_counts_and_scope_of_a_correct_file() -> None:
    result = check_bytes(data(release()))
    assert result.ok and result.findings == () and result.untold == 0
    assert (result.batches, result.blocks, result.transactions, result.entries) == (1, 1, 12, 12)
    assert result.records == len(release())
    assert result.applications == ("SE",)
    assert result.scope.startswith("SE: records, classes, structure")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_and_trimmed_lines_are_read(end: bytes) -> None:
    lined = end.join(text.rstrip().encode() for _, text in release()) + end
    assert check_bytes(lined).findings == ()
    faulty = put("truck", "SE10", "entry_type", "99")(release())
    lined = end.join(text.rstrip().encode() for _, text in faulty)
    assert check_bytes(lined).findings == check_bytes(data(faulty)).findings


@pytest.mark.parametrize("empty", [b"", b"\n", b"\r\n\r\n", b"   \n", b"\x1a"])
def test_an_empty_file(empty: bytes) -> None:
    assert _codes(check_bytes(empty)) == ["C001"]


def test_a_short_last_record() -> None:
    whole = data(release("truck"))
    result = check_bytes(whole[:-3])
    found = [(one.code, one.record_index) for one in result.findings]
    assert ("X42", len(whole) // 80 - 1) in found
    assert {code for code, _ in found} == {"X42", "X06"}


def test_a_line_of_more_than_80() -> None:
    lines = [text for _, text in release("truck")]
    lines[3] += "X"
    result = check_bytes("\n".join(lines).encode())
    assert [(one.code, one.record_index) for one in result.findings] == [("C003", 3)]


def test_a_file_that_is_no_batch() -> None:
    assert "C002" in _codes(check_bytes(b"PK\x03\x04" + bytes(156)))
    assert "C002" in _codes(check_bytes(data(release("truck")[2:-2])))


@pytest.mark.parametrize("byte", [0, 9, 13, 10, 97, 127, 162, 233, 255])
def test_bytes_that_cbp_forbids(byte: int) -> None:
    changed = bytearray(data(release("truck")))
    start = changed.index(b"NINGBO FASTENER CO")
    changed[start + 2] = byte
    assert set(_codes(check_bytes(bytes(changed)))) == {"X40"}


def test_several_batches_and_applications_in_one_file() -> None:
    parts = [release("ocean", "truck"), summaries(), query(), criteria()]
    result = check_bytes(b"".join(data(lines) for lines in parts))
    assert structural(result.findings) == []
    assert result.applications == ("SE", "AE", "EQ")
    assert (result.batches, result.transactions) == (4, 2 + 3 + 2)
    assert "AE: " in result.scope and "rules of the entry summary" in result.scope


def test_the_same_number_in_two_batches_is_told_in_the_second() -> None:
    first, second = release("truck"), release("ocean", "truck")
    result = check_bytes(data(first) + data(second))
    (one,) = result.findings
    assert (one.code, one.entry, one.record) == ("C105", "B76-0000002-3", "SE10")
    assert one.record_index > len(first)
    assert result.entries == 2


def test_a_summary_may_have_the_number_of_its_cargo_release() -> None:
    result = check_bytes(data(release("ocean")) + data(summaries()))
    assert structural(result.findings) == []


def test_unknown_applications_are_judged_by_their_envelope() -> None:
    lines = envelope("SE", [("", "RM10 SOMETHING".ljust(80))])
    changed = [(owner, text.replace("SE", "RM", 1) if text[0] in "ABY" else text) for owner, text in lines]
    result = check_bytes(data(changed))
    assert result.findings == ()
    assert "not known here" in result.scope


def test_a_statement_is_read_by_records_and_classes() -> None:
    row = "Q7".ljust(80)
    result = check_bytes(data(envelope("PF", [("", row), ("", "Q9".ljust(80))])))
    assert "X34" in _codes(result)
    assert result.scope == "PF: records, classes and envelope only"


def test_offsets_of_the_filer_decide_the_check_digit() -> None:
    lines = put("truck", "SE10", "entry_number", "00000024")(release("truck"))
    assert _codes(check_bytes(data(lines))) == ["B16"]
    assert check_bytes(data(lines), offsets={FILER: 1}).findings == ()
    assert check_bytes(data(lines), offsets={FILER: (0, 1)}).findings == ()
    assert _codes(check_bytes(data(release("truck")), offsets={FILER: 1})) == ["B16"]


def test_districts_10_46_and_47_share_a_block() -> None:
    inside = [("a", text) for text in ENTRIES["truck"]()]
    lines = envelope("SE", inside, port="4601")
    for port, codes in (("1001", []), ("4701", []), ("2704", ["C118"])):
        changed = put("a", "SE10", "port_of_entry", port)(lines)
        assert _codes(check_bytes(data(changed))) == codes


def test_findings_name_place_record_entry_and_field() -> None:
    lines = both(put("truck", "SE10", "mode_of_transport", "99"), put("mail", "SE36", "country_code", "ZZ"))(release())
    first, second = check_bytes(data(lines)).findings
    assert (first.code, first.record, first.position) == ("C109", "SE10", 37)
    assert first.entry == "B76-0000002-3"
    assert first.text == "Mode of transport is unknown: mode_of_transport '99'"
    assert lines[first.record_index][1].startswith("SE10")
    assert (second.code, second.entry) == ("C220", "B76-0000008-0")
    assert "record" in str(second) and "B76-0000008-0" in str(second)


def test_a_faulty_field_is_told_once() -> None:
    lines = put("truck", "SE10", "entry_type", "")(release("truck"))
    assert _codes(check_bytes(data(lines))) == ["C016"]


def test_a_broken_transaction_does_not_drag_its_neighbours_along() -> None:
    lines = both(drop("truck", "SE13"), put("mail", "SE10", "bond_type_code", "3"))(release())
    found = [(one.code, one.entry) for one in check_bytes(data(lines)).findings]
    assert found == [("X37", "B76-0000002-3"), ("C111", "B76-0000008-0")]


def test_private_values_are_not_in_findings() -> None:
    lines = both(
        put("truck", "SE10", "importer_type", "EI"),
        put("truck", "SE10", "importer_number", "123-45-6789"),
        put("", "A", "password", "secret"),
    )(release("truck"))
    result = check_bytes(data(lines))
    assert set(_codes(result)) == {"C107", "X40"}
    told = " ".join(str(one) for one in result.findings)
    assert "6789" not in told and "secret" not in told and "(private)" in told


def test_names_are_not_in_findings() -> None:
    lines = put("truck", "SE30", "entity_name", "Ningbo Fastener")(release("truck"))
    (one,) = check_bytes(data(lines)).findings
    assert one.code == "X40" and "ingbo" not in str(one)


def test_all_are_counted_and_only_so_many_told() -> None:
    inside: list[Line] = []
    for serial in range(300):
        header = se10(serial, mode_of_transport="30")
        texts = [header[:36] + "99" + header[38:], *ENTRIES["truck"]()[1:]]
        inside += [("e", text) for text in texts]
    result = check_bytes(data(envelope("SE", inside)), limit=100)
    assert len(result.findings) == 100
    assert result.counts["C109"] == 300
    assert result.untold == sum(result.counts.values()) - 100
    assert not result.ok
    assert len(check_bytes(data(envelope("SE", inside)), limit=None).findings) >= 300


def _many(count: int) -> list[Line]:
    inside: list[Line] = []
    for serial in range(count):
        texts = [se10(serial, mode_of_transport="30", entered_value=700), *ENTRIES["truck"]()[1:]]
        inside += [(f"e{serial}", text) for text in texts]
    return inside


@pytest.mark.parametrize("size", [7, 20, 61, 1000])
def test_chunks_give_the_same_answer(size: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = envelope("SE", _many(12))
    for edit in (
        put("e3", "SE10", "mode_of_transport", "99"),
        drop("e5", "SE13"),
        drop("e7", "SE10"),
        add("e9", "SE20", "SE14".ljust(80)),
        put("e11", "SE10", "entry_number", lines[2][1][10:18]),
    ):
        lines = edit(lines)
    both_batches = [*lines, *release("ocean", "zone")]
    whole = check_bytes(data(both_batches))
    assert {one.code for one in whole.findings} == {"C109", "X37", "X33", "X34", "C105"}
    path = tmp_path / "20261124T0803Z-se-2704-001.abi"
    path.write_bytes(data(both_batches))
    for module in ("tasks.ace.checker.file_checker", "tasks.ace.file_check"):
        monkeypatch.setattr(f"{module}.CHUNK", size)
    assert check_bytes(data(both_batches)) == whole
    assert check_matrix(matrix(both_batches)) == whole
    assert check_file(path) == whole


def test_files_are_read_however_they_were_stored(tmp_path: Path) -> None:
    path = tmp_path / "a.abi"
    for content in (data(release()), b"\n".join(text.encode() for _, text in release())):
        path.write_bytes(content)
        assert check_file(path) == check_bytes(content)
    path.write_bytes(b"")
    assert _codes(check_file(path)) == ["C001"]
    assert _codes(check_matrix(np.empty((0, 80), dtype=np.uint8))) == ["C001"]


def test_a_long_run_of_garbage_is_judged_at_once() -> None:
    noise = np.random.default_rng(1).integers(32, 127, (40_000, 80)).astype(np.uint8)
    noise[:, 0] = ord("S")
    result = check_matrix(np.concatenate((matrix(release("truck")[:2]), noise)))
    assert not result.ok
    assert result.counts["X34"] >= 39_000
    assert len(result.findings) == 10_000
