"""ER and KR: what ACE holds as summaries, and whom it knows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from tasks.ace.answers.answer_parser import read_answers
from tasks.ace.answers.answer_shape import AceAnswer
from tasks.ace.answers.column_values import importer_keys
from tasks.ace.answers.er_parser import resume_at
from tests.ace import made_answers as made
from tests.ace.made_answers import jb, jc, jz, line, number, state


def answer(application: str, *records: str) -> AceAnswer:
    (found,) = read_answers(made.stream(made.batch(application, [records])))
    assert found.whole and not found.table("unread").num_rows
    return found


def test_the_state_of_a_summary_is_told_in_words() -> None:
    (entry,) = answer("ER", *state(1)).entries
    assert (entry.disposition, entry.is_held) == ("already on file", True)
    assert (entry.version, entry.control, entry.summary) == ("00100", "trade", "accepted")
    assert entry.accepted_at == dt.datetime(2026, 11, 24, 16, 30, 15)
    assert (entry.late, entry.release, entry.release_date) == (
        False, "released", dt.date(2026, 11, 20),
    )  # fmt: skip
    assert (entry.collection, entry.census, entry.review) == ("not paid", "none", False)
    assert (entry.corrected, entry.owned, entry.liquidation) == (False, True, "not liquidated")
    assert (entry.entry_date, entry.filing_date, entry.statement_date) == (
        dt.date(2026, 11, 20), dt.date(2026, 11, 24), dt.date(2026, 12, 1),
    )  # fmt: skip
    assert (entry.duty, entry.fees, entry.interest, entry.tax) == (
        Decimal("246.90"), Decimal("69.28"), Decimal("-12.50"), None,
    )  # fmt: skip
    assert (entry.lines, entry.bond_type, entry.surety_code) == (2, "8", "036")
    assert (entry.reference, entry.port, entry.entry_type) == ("L00000001", "2704", "01")


@pytest.mark.parametrize(
    ("field", "code", "name", "value"),
    [
        ("entry_summary_control_status", "2", "control", "CBP"),
        ("entry_summary_control_status", "3", "control", "inactive"),
        ("entry_summary_status_code", "2", "summary", "rejected"),
        ("entry_summary_status_code", "3", "summary", "cancelled"),
        ("late_filing_status_code", "1", "late", True),
        ("release_status_code", "0", "release", "not released"),
        ("release_status_code", "2", "release", "not shown"),
        ("release_status_code", "", "release", None),
        ("collection_status_code", "2", "collection", "paid"),
        ("collection_status_code", "3", "collection", "duty free"),
        ("collection_status_code", "6", "collection", "authorized"),
        ("collection_status_code", "4", "collection", "4?"),
    ],
)
def test_each_code_of_jc(field: str, code: str, name: str, value: object) -> None:
    """EQ v26 p.28-29: late flag in column 11, release date in 13-18."""
    (entry,) = answer("ER", jb(1), jc(**{field: code})).entries
    assert getattr(entry, name) == value


def test_a_former_owner_is_told_the_number_only() -> None:
    (entry,) = answer("ER", jb(1, ownership_data_returned_indicator="")).entries
    assert (entry.disposition, entry.control, entry.late) == ("already on file", None, None)


def test_what_was_not_found_and_what_is_not_permitted() -> None:
    found = answer(
        "ER",
        *state(1),
        jz("013", "ENTRY SUMMARY NOT FOUND FOR QUERY", 2),
        jz("014", "QUERY NOT PERMITTED FOR ENTRY NUMBER", 3),
        *state(4),
    )
    assert [(e.entry_number, e.disposition) for e in found.entries] == [
        (number(1), "already on file"), (number(2), "not found"),
        (number(3), "not permitted"), (number(4), "already on file"),
    ]  # fmt: skip
    assert found.entries[1].conditions[0].what_to_do.startswith("ACE has no entry summary")
    assert not found.more


def test_a_cut_answer_says_where_to_go_on() -> None:
    found = answer(
        "ER",
        line("EQ", "JA", criteria_query_type_code="EES",
             requested_from_date_time="110126120000AM", requested_to_date_time="112426115959PM"),
        jb(1, accept_date_time="110326120000PM"), jc(),
        jb(2, accept_date_time="110426120001AM"), jc(),
        jz("016", "OUTPUT LIMIT REACHED; ADDTNL ES FOUND"),
    )  # fmt: skip
    assert found.more
    assert resume_at(found.table("entries")) == dt.datetime(2026, 11, 4, 0, 0, 1)
    (cut,) = found.conditions
    assert (cut.level, cut.lookup.meaning, cut.severity) == ("query", "cut", "I")


def test_a_refused_query_names_no_entry() -> None:
    found = answer("ER", jz("012", "DATE RANGE DAY LIMIT EXCEEDED"))
    assert found.entries == () and not found.more
    assert found.conditions[0].lookup.meaning == "query"


def test_no_bond_on_file_is_no_bond() -> None:
    """EQ v26 p.41: a sentence stands where the bond's fields would."""
    (entry,) = answer("ER", jb(1), jc(), "JI 891 NO BOND ON FILE IN ACE EBOND".ljust(80)).entries
    assert (entry.bond_type, entry.surety_code, entry.bond_number) == (None, None, None)


def test_a_blank_suffix_and_zeros_are_one_importer() -> None:
    numbers = pa.array(["12-3456789", "12-345678900", "12-3456789AB", "202704-12345", None])
    assert importer_keys(numbers).to_pylist() == [
        "12-345678900", "12-345678900", "12-3456789AB", "202704-12345", None,
    ]  # fmt: skip


def k1(importer: str, code: str, **more: str) -> str:
    return line("KI", "K1", importer_number=importer, query_results_code=code, **more)


def test_importers_and_their_bonds() -> None:
    bond = {
        "surety_code": "036",
        "bond_type_activity_code": "A",
        "bond_number": "998877661",
        "district_port_where_bond_was_filed": "2704",
        "bond_effective_date": "010125",
    }
    records = [
        k1("12-345678900", "1", importers_name="HARBOR IMPORTS", bond_amount="000050000", **bond),
        line("KI", "K2", name_qualifier="DBA", line_two_of_importer_name="HARBOR",
             periodic_monthly_statement_status="Y", bond_sufficiency_indicator="N",
             bond_user_status_indicator="A", bond_termination_date="123126"),
        line("KI", "K3", address_line_one="1 PIER", address_line_two="DOCK 2"),
        line("KI", "K4", city="LONG BEACH", state_code="CA", postal_code="90802"),
        line("KI", "K7", full_legal_importer_name="HARBOR IMPORTS AND EXPORTS OF",
             center_identifier="CEE005"),
        line("KI", "K8", additional_information_qualifier_code="IN1",
             additional_information="LONG BEACH INC"),
        k1("12-345678900", "1", bond_amount="", **bond),
        line("KI", "K2", bond_amount="1234567890"),
        k1("98-765432100", "0"),
        k1("11-111111100", "3", importers_name="IMPORTER # VOIDED"),
        k1("22-222222200", "4"),
        k1("202704-12345", "2", importers_name="NO BOND LTD"),
    ]  # fmt: skip
    found = answer("KR", *records)
    rows = found.table("importers").to_pylist()
    assert [row["status"] for row in rows] == [
        "bonded", "bonded", "unknown", "void", "inactive", "no bond",
    ]  # fmt: skip
    first = rows[0]
    assert (first["bond_amount"], first["bond_from"], first["bond_until"]) == (
        50_000, dt.date(2025, 1, 1), dt.date(2026, 12, 31),
    )  # fmt: skip
    assert (first["sufficient"], first["user_active"], first["periodic_monthly"]) == (
        False, True, True,
    )  # fmt: skip
    assert first["legal_name"] == "HARBOR IMPORTS AND EXPORTS OF LONG BEACH INC"
    assert (first["second_name"], first["mail_address"], first["mail_city"]) == (
        "DBA HARBOR", "1 PIER, DOCK 2", "LONG BEACH",
    )  # fmt: skip
    assert rows[1]["bond_amount"] == 1_234_567_890
    assert (rows[2]["second_name"], rows[2]["mail_address"]) == (None, None)
    assert [(c.reference, c.lookup.meaning) for c in found.conditions] == [
        ("98-765432100", "unknown importer"), ("11-111111100", "void importer"),
        ("22-222222200", "inactive importer"), ("202704-12345", "no bond"),
    ]  # fmt: skip
