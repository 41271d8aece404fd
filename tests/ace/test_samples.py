"""CBP's own printed examples: their envelopes check as CBP says, their values decode as stated."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.ace.file_check import check_bytes
from tasks.ace.file_display import show_bytes
from tasks.ace.wire.codec import decode_records
from tasks.ace.wire.data_classes import class_faults
from tasks.ace.wire.envelope_rules import FilerProfile
from tasks.ace.wire.record_layouts import record_layout
from tests.ace.examples import data, examples
from tests.ace.golden import add, data as joined, envelope, put, se
from tests.ace.golden_entries import release

ACCEPTED = ("bb1 one block", "bb1 two blocks", "bb1 query", "bb5 sent", "bb6 notice")
ANSWERS = ("bb2 answer", "bb4 answer", "bb6 notice")


def _codes(name: str, **how: object) -> list[tuple[str, int]]:
    result = check_bytes(data(name), **how)  # type: ignore[arg-type]
    return [(one.code, one.record_index + 1) for one in result.findings]


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_envelope_that_cbp_accepts_has_no_fault(name: str) -> None:
    assert _codes(name, envelope_only=True) == []


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_printed_in_full_has_no_fault_at_all(name: str) -> None:
    assert _codes(name) == []


def test_an_unknown_application_rejects_the_batch_with_x12_alone() -> None:
    assert _codes("bb2 sent", envelope_only=True) == [("X12", 1)]


def test_a_block_is_rejected_for_application_conflict_and_trailer() -> None:
    found = _codes("bb3 sent", envelope_only=True)
    assert found == [("X12", 8), ("X19", 8), ("X32", 10)]


def test_the_preparer_port_is_judged_only_against_a_profile() -> None:
    profile = FilerProfile(ports=("1201", "1202"))
    found = _codes("bb3 sent", envelope_only=True, profile=profile)
    assert ("X31", 2) in found


def test_an_unknown_record_is_told_at_cbps_own_record_number() -> None:
    """CBP's answer refers to 0000005, the fifth record of the batch, A included."""
    assert [one for one in _codes("bb4 sent") if one[0] == "X34"] == [("X34", 5)]
    assert _codes("bb4 sent", envelope_only=True) == []


def test_misprints_are_what_the_samples_say_they_are() -> None:
    assert _codes("bb5 answer", envelope_only=True) == [("X32", 11)]
    assert _codes("bb3 answer") == [("X39", 7)]


def test_a_notice_decodes_to_what_cbp_says_of_it() -> None:
    record = np.frombuffer(examples()["bb6 notice"][2].encode(), dtype=np.uint8).reshape(1, 80)
    row = decode_records(record_layout("UC", "E1"), record).to_pylist()[0]
    assert row["disposition_type_code"] == "2"
    assert row["source"] == "1"
    assert row["team_review_code"] == "694"
    assert row["action_date"] == "010109"
    assert (row["entry_filer_code"], row["entry_number"]) == ("N01", "50000035")


def _records(name: str, prefix: str) -> np.ndarray:
    found = [record for record in examples()[name] if record.startswith(prefix)]
    return np.frombuffer("".join(found).encode("ascii"), dtype=np.uint8).reshape(-1, 80)


def test_zero_filled_and_blank_filled_summary_lines_say_the_same() -> None:
    chart = record_layout("AE", "50")
    plain, numbered = (_records(name, "50") for name in ("eq2 plain", "eq2 numbered"))
    assert len(class_faults(chart, plain)) == len(class_faults(chart, numbered)) == 0
    first, second = (decode_records(chart, rows, typed=True).to_pylist() for rows in (plain, numbered))
    assert first == second
    assert first[0]["hts_number"] == "6210509060"
    assert first[0]["duty_amount"] == 49104
    assert first[0]["value_of_goods_amount"] == 7920
    assert (first[0]["quantity_1"], first[0]["unit_of_measure_code_1"]) == (55, "DOZ")
    assert (first[0]["quantity_2"], first[0]["unit_of_measure_code_2"]) == (6982, "KG")
    assert first[1]["duty_amount"] == 0


def test_line_headers_and_cbp_line_numbers_decode() -> None:
    lines = decode_records(record_layout("AE", "40"), _records("eq2 numbered", "40")).to_pylist()
    numbers = decode_records(record_layout("EQ", "4A"), _records("eq2 numbered", "4A"), typed=True).to_pylist()
    assert [row["country_of_origin_code"] for row in lines] == ["HK", "HK"]
    assert [row["cbp_line_number"] for row in numbers] == [1, 2]


def test_agency_status_lines_of_an_older_version_are_shown_by_their_own_columns() -> None:
    lines = envelope("SO", [("", record) for record in examples()["so70 lines"]])
    shown = [line for line in show_bytes(joined(lines)) if "SO70" in line]
    assert "beginning_cbp_line = 0001; beginning_tariff_position = 1" in shown[0]
    assert "government_agency_code = FDA; program_code = DEV" in shown[0]
    assert "status_reason_code = 22" in shown[1]
    assert "pga_line_level_status_code = 07" in shown[1]


@pytest.mark.parametrize("amount", ["90000", "10500000"])
def test_bond_amounts_as_printed_are_right(amount: str) -> None:
    lines = put("temporary", "SE20", "reference", amount, 2)(release("temporary"))
    assert check_bytes(joined(lines)).findings == ()


@pytest.mark.parametrize("zone", ["FTZ0260A01", "FTZ02610", "FTZ026T2", "FTZ02600A001", "FTZ0260100B7", "FTZ0260T20B7"])
def test_zone_ids_as_printed_are_right(zone: str) -> None:
    lines = put("zone", "SE11", "conveyance_name", zone)(release("zone"))
    assert check_bytes(joined(lines)).findings == ()


def test_a_split_shipment_is_filed_as_cbp_shows_it() -> None:
    """Appendix C example 2: parts by sea, and one part under an in-bond number of its own."""
    part = [
        se("SE15", bill_type="R", issuer_code="MAEU", bill_number="12345", non_ams="N"),
        se("SE16", carrier_code="MAEU", voyage="1", date_of_arrival="112026", quantity=20),
        se("SE16", carrier_code="MAEU", voyage="3", date_of_arrival="112226", quantity=50),
        se("SE15", bill_type="I", bill_number="257700030", non_ams="N"),
        se("SE15", bill_type="R", issuer_code="MAEU", bill_number="12345", non_ams="N"),
        se("SE16", carrier_code="MAEU", voyage="2", date_of_arrival="112126", quantity=30),
    ]
    lines = release("ocean")
    without = [line for line in lines if not line[1].startswith(("SE15", "SE17"))]
    assert check_bytes(joined(add("ocean", "SE13", part)(without))).findings == ()
