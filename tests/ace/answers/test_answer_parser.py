"""Answers in general: CBP's own examples, files as they come, batches, damage, private numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given, settings, strategies as st

from tasks.ace.answers.answer_parser import READ_HERE, read_answers
from tasks.ace.answers.answer_shape import AceAnswer
from tasks.core.errors import BadInput
from tests.ace import made_answers as made
from tests.ace.examples import data, examples


def one(records: bytes) -> AceAnswer:
    (answer,) = read_answers(records, "answer.abi")
    return answer


def test_cbps_batch_rejection_is_read() -> None:
    answer = one(data("bb2 answer"))
    assert answer.rejected and answer.whole and answer.application == ""
    assert answer.batch_text == "BATCH-AAAAAA-TEXT-001"
    assert [(c.code, c.level, c.final) for c in answer.conditions] == [("X12", "batch", False), ("999", "batch", True)]
    assert answer.conditions[0].text == "NOT A KNOWN ACE APPLICATION ID CODE"
    assert answer.conditions[0].what_to_do.startswith("Make the batch anew")
    assert answer.entries == ()


def test_cbps_block_rejection_names_the_blocks() -> None:
    answer = one(data("bb3 answer"))
    assert answer.rejected
    assert [(c.code, c.level, c.reference) for c in answer.conditions[:-1]] == [
        ("X31", "block", "block 1: 1201 N01 AE BLOCK-AAAAAA-TEXT-001 1232N01 1"),
        ("X12", "block", "block 3: 1202 N01 AE BLOCK-CCCCCC-TEXT-003"),
        ("X19", "block", "block 3: 1202 N01 AE BLOCK-CCCCCC-TEXT-003"),
        ("X32", "block", "block 3: 1202 N01 AE BLOCK-CCCCCC-TEXT-003"),
    ]
    assert answer.conditions[-1].reference is None


def test_cbps_syntax_rejection_names_record_and_column() -> None:
    answer = one(data("bb4 answer"))
    fault, last = answer.conditions
    assert (fault.code, fault.level, fault.sent_record, fault.position) == ("X34", "transaction", 5, 0)
    assert (last.code, last.final, last.sent_record) == ("999", True, None)


def test_cbps_ax_example_is_accepted() -> None:
    """B&B v23 p.38 prints `REFID:` and the code in columns 8-10; both are read."""
    answer = one(data("bb5 answer"))
    assert not answer.rejected and answer.whole and answer.batch_text == "BATCH-AAAAAA-TEXT-001"
    assert [block.text for block in answer.blocks] == ["BLOCK-AAAAAA-TEXT-001", "BLOCK-BBBBBB-TEXT-002"]
    assert [(e.entry_number, e.disposition, e.code, e.action, e.reference, e.block) for e in answer.entries] == [
        ("N01-5000003-5", "accepted", "995", "added", "1234567-1", 0),
        ("N01-5000004-3", "accepted", "995", "added", "2345678-2", 1),
        ("N01-5000005-1", "accepted", "996", "replaced", "3456789-3", 1),
    ]
    assert answer.entries[0].text == "SUMMARY HAS BEEN ADDED"


def test_cbps_uc_example_asks_for_the_package() -> None:
    answer = one(data("bb6 notice"))
    (entry,) = answer.entries
    assert (entry.entry_number, entry.disposition, entry.code) == ("N01-5000003-5", "already on file", "2")
    assert entry.at == dt.datetime(2009, 1, 1)
    (condition,) = entry.conditions
    assert condition.lookup.meaning == "documents" and condition.reference == "manual, team 694"


@pytest.mark.parametrize("name", ["eq2 plain", "eq2 numbered"])
def test_cbps_eq_lines_read_the_same_however_they_are_padded(name: str) -> None:
    """EQ v26 p.54: zero-filled as filed, blank-padded as returned."""
    lines = [text for text in examples()[name] if not text.startswith("...")]
    head = made.image(1, 0)
    records = [made.jb(1), made.jc(), *head[:7], *lines, *head[7:]]
    image = one(made.stream(made.batch("ER", [records]))).image
    assert image is not None
    assert image.lines.select(["line", "country_of_origin", "country_of_export"]).to_pylist() == [
        {"line": 1, "country_of_origin": "HK", "country_of_export": "HK"},
        {"line": 2, "country_of_origin": "HK", "country_of_export": "HK"},
    ]
    assert image.line_details["line_id"].to_pylist() == ["010", "020"]
    numbered = name.endswith("numbered")
    assert image.line_details["cbp_line"].to_pylist() == ([1, 2] if numbered else [None, None])
    assert image.lines["export_date"].to_pylist() == [dt.date(2009, 3, 14)] * 2
    assert [
        (row["hts_number"], row["value"], str(row["quantity"]), row["unit"]) for row in image.tariffs.to_pylist()
    ] == [("6210509060", 7920, "0.55", "DOZ"), ("6210509070", 4524, "0.29", "DOZ")]
    assert [str(duty) for duty in image.tariffs["duty"].to_pylist()] == ["491.04", "0.00"]
    assert [str(row["second_quantity"]) for row in image.tariffs.to_pylist()] == ["69.82", "80.03"]


STORED = {
    "stream": made.stream,
    "lines": made.lines,
    "crlf": lambda *parts: made.lines(*parts).replace(b"\n", b"\r\n"),
    "padded lines": lambda *parts: b"\n".join(text.encode() for part in parts for text in part),
}


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
def test_a_file_is_read_however_its_records_end(stored) -> None:  # type: ignore[no-untyped-def]
    parts = many()
    answers = read_answers(stored(*parts))
    assert [answer.application for answer in answers] == ["AX", "SX", "ER", "", "AX", "UC"]
    assert [answer.entries for answer in answers] == [answer.entries for answer in read_answers(made.stream(*parts))]


def many() -> list[list[str]]:
    """Several batches of several applications."""
    return [
        made.batch("AX", [[made.e0(1), made.e1(1, "995", "SUMMARY HAS BEEN ADDED", "A")]]),
        made.batch("SX", [[made.se10(2), made.se90("02")]], "DRILL-26112400002"),
        made.batch("ER", [[made.jb(1), made.jc()]], "DRILL-26112400003"),
        [text.ljust(80) for text in examples()["bb2 answer"]],
        made.batch("AX", [[made.e0(3), made.e1(3, "998", "", "R", "F")]], "DRILL-26112400004"),
        [text.ljust(80) for text in examples()["bb6 notice"]],
    ]


def test_each_batch_keeps_its_own() -> None:
    answers = read_answers(made.stream(*many()))
    assert [answer.numbers for answer in answers] == [
        (made.number(1),),
        (made.number(2),),
        (made.number(1),),
        (),
        (made.number(3),),
        ("N01-5000003-5",),
    ]
    assert [answer.record_index for answer in answers] == [0, 6, 12, 18, 24, 30]
    assert [answer.records for answer in answers] == [6, 6, 6, 6, 6, 5]
    assert [answer.rejected for answer in answers] == [False, False, False, True, False, False]
    assert [a.batch_text[-5:] for a in answers[:3]] == ["00001", "00002", "00003"]
    assert answers[4].entries[0].record_index == 26
    assert answers[4].conditions[0].record_index == 27
    assert answers[2].image is None
    block = answers[1].block_of(answers[1].entries[0])
    assert block is not None and block.text == "DRILL-26112400002/001"
    assert answers[0].transmission_date == dt.date(2026, 11, 24)


def test_records_that_no_layout_knows_are_reported() -> None:
    records = [made.jb(1), made.jc(), "QQ SOMETHING NEW 123-45-6789".ljust(80)]
    answer = one(made.stream(made.batch("ER", [records])))
    (unread,) = answer.table("unread").to_pylist()
    assert unread == {"record_index": 4, "block": 0, "text": "QQ SOMETHING NEW (private)"}
    assert answer.numbers == (made.number(1),)


def test_an_application_that_is_not_read_here_is_kept_unread() -> None:
    answer = one(made.stream(made.batch("PF", [["Q1".ljust(80), "Q2".ljust(80)]])))
    assert answer.application == "PF" and "PF" not in READ_HERE
    assert answer.table("unread")["text"].to_pylist() == ["Q1", "Q2"]
    assert answer.entries == () and answer.conditions == ()


@pytest.mark.parametrize(
    ("stored", "code"),
    [
        (b"", "input-file-empty"),
        (b"\n\n", "input-file-empty"),
        (made.stream(many()[0])[:-7], "X42"),
        (b"A" * 81 + b"\nB\n", "record-too-long"),
        (made.stream(many()[0])[80:], "C002"),
        (b"not an answer at all", "X42"),
        (b"not an answer\nat all\n", "C002"),
    ],
)
def test_what_holds_no_answers_is_refused(stored: bytes, code: str) -> None:
    with pytest.raises(BadInput) as refusal:
        read_answers(stored, "in.abi")
    (problem,) = refusal.value.problems
    assert (problem.file, problem.code) == ("in.abi", code) and problem.wrong


@pytest.mark.parametrize(
    ("gone", "code"), [(5, "X06"), (4, "X05"), (3, "Y 13-17"), (1, "X03")], ids=["Z", "Y", "a record", "B"]
)
def test_a_batch_that_lost_a_record_is_not_whole(gone: int, code: str) -> None:
    batch = many()[0]
    answer = one(made.stream(batch[:gone] + batch[gone + 1 :]))
    assert not answer.whole
    assert code in [fault.code for fault in answer.faults]
    assert all(fault.file == "answer.abi" and fault.row for fault in answer.faults)


def test_a_cut_file_says_so_or_is_refused() -> None:
    whole = made.stream(made.batch("ER", [made.state(1) + made.image(1), made.state(2)]))
    for end in range(80, len(whole), 80):
        answer = one(whole[:end])
        assert not answer.whole, end


@settings(max_examples=60)
@given(st.data())
def test_damage_is_refused_told_or_does_not_matter(data: st.DataObject) -> None:
    """Any byte of a file of answers may be anything: no crash, and no entry number invented."""
    records = made.stream(*many(), made.batch("ER", [made.state(5) + made.image(5)]))
    place = data.draw(st.integers(0, len(records) - 1))
    value = data.draw(st.binary(min_size=1, max_size=3))
    broken = records[:place] + value + records[place + len(value) :]
    try:
        answers = read_answers(broken, "in.abi")
    except BadInput as refusal:
        assert refusal.problems
        return
    for answer in answers:
        for entry in answer.entries:
            assert entry.disposition
        for condition in answer.conditions:
            assert condition.what_to_do is not None


def test_fields_that_cannot_be_read_are_faults_and_stay_empty() -> None:
    records = [made.jb(1, accept_date_time="132626043015PM"), made.jc(release_date="993026")]
    records.append(made.line("EQ", "JE", estimated_duty="12X4"))
    answer = one(made.stream(made.batch("ER", [records])))
    assert [(f.sheet, f.row, f.column, f.value) for f in answer.faults] == [
        ("ER JB", 3, "accept_date_time", "132626043015PM"),
        ("ER JC", 4, "release_date", "993026"),
        ("ER JE", 5, "estimated_duty", "12X4"),
    ]
    (entry,) = answer.entries
    assert (entry.accepted_at, entry.release_date, entry.duty) == (None, None, None)


def test_social_security_numbers_become_references() -> None:
    person = "123-45-6789"
    asked: list[tuple[str, str, str]] = []

    def seal(triples: Sequence[tuple[str, str, str]]) -> list[str]:
        asked.extend(triples)
        return [f"~{place:011d}" for place in range(len(triples))]

    image = [text.replace("12-345678900", person.ljust(12)) for text in made.image(1, 1)]
    image[1] = image[1][:26] + person.ljust(12) + image[1][38:]
    header = made.line("EQ", "JF", importer_of_record_number=person, district_port_of_entry="2704")
    records = made.stream(
        made.batch("ER", [[made.jb(1), made.jc(), header, *image]]),
        made.batch("SX", [[made.se10(2, importer_type="34", importer_number=person),
                           made.se90("11", "014", "IMPORTER"), made.se90("01")]]),
    )  # fmt: skip
    stored, refused = read_answers(records, seal=seal)
    text = repr(stored) + repr(stored.entries) + repr(refused.entries) + repr(refused.conditions)
    assert stored.image is not None
    for _, table in stored.image.tables():
        text += repr(table.to_pylist())
    assert person not in text
    number = made.number(1)
    assert (number, "entries.importer_number", person) in asked
    assert (number, "entries.consignee_number", person) in asked
    assert (number, "entries.notify_party", person) in asked
    assert (number, "lines.sold_to", person) in asked
    assert (number, "parties.number", person) in asked
    assert "(private)" in (refused.conditions[0].reference or "")


def test_tables_and_rows_tell_the_same() -> None:
    for answer in read_answers(made.stream(*many())):
        table = answer.table("entries")
        assert table["entry_number"].to_pylist() == [e.entry_number for e in answer.entries]
        assert answer.table("conditions").num_rows == len(answer.conditions)
        assert sum(len(entry.conditions) for entry in answer.entries) <= len(answer.conditions)
