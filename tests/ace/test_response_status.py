"""SO and C1: where goods and bills stand."""

from __future__ import annotations

import datetime as dt

import pytest

from tasks.ace.answers.answer_parser import read_answers
from tasks.ace.answers.answer_shape import AceAnswer
from tests.ace import made_answers as made
from tests.ace.examples import examples
from tests.ace.made_answers import line, status10, status60


def answer(application: str, *records: str) -> AceAnswer:
    (found,) = read_answers(made.stream(made.batch(application, [records])))
    assert found.whole and not found.table("unread").num_rows
    return found


LETTERS = pytest.mark.parametrize(("application", "letters"), [("SO", "SO"), ("C1", "WO")])


@LETTERS
@pytest.mark.parametrize(
    ("statuses", "release", "day"),
    [
        ([("03", "1124", "0900")], "exam", None),
        ([("03", "1124", "0900"), ("98", "1125", "1130")], "released", dt.date(2026, 11, 25)),
        # the file's order does not count where the times tell
        ([("98", "1125", "1130"), ("03", "1124", "0900")], "released", dt.date(2026, 11, 25)),
        ([("98", "1125", "1130"), ("99", "1125", "1200")], "suspended", dt.date(2026, 11, 25)),
        ([("98", "1125", "1130"), ("22", "1126", "0800")], "released", dt.date(2026, 11, 26)),
        ([("98", "1125", "1130"), ("89", "1126", "0800")], "released", dt.date(2026, 11, 25)),
        ([("90", "1125", "1130"), ("96", "1125", "1131")], "documents", None),
        ([("97", "1125", "1130")], "admissible", None),
        ([("23", "1125", "1130")], "cancelled", None),
        ([("77", "1125", "1130")], None, None),
        ([], None, None),
    ],
)
def test_the_latest_status_decides(
    application: str, letters: str, statuses: list[tuple[str, str, str]],
    release: str | None, day: dt.date | None,
) -> None:  # fmt: skip
    records = [status10(1, letters)]
    for code, date, time in statuses:
        dated = {"release_date": f"{date}26", "release_origin_code": "03"}
        more = dated if code in ("22", "98") else {}
        records.append(status60(code, f"TEXT {code}", f"{date}26", time, letters, **more))
    (entry,) = answer(application, *records).entries
    assert (entry.release, entry.release_date) == (release, day)
    assert entry.disposition == "already on file" and entry.entry_number == made.number(1)
    assert len(entry.conditions) == len(statuses)
    assert entry.release_origin == ("03" if day else None)


@LETTERS
def test_a_removed_release_date_is_none(application: str, letters: str) -> None:
    records = [
        status10(1, letters),
        status60("98", "RELEASED", "112426", "0900", letters, release_date="112426",
                 release_origin_code="03"),
        status60("22", "RELEASE DATE UPDATE", "112526", "0900", letters, release_date="112426",
                 release_origin_code="99"),
    ]  # fmt: skip
    (entry,) = answer(application, *records).entries
    assert (entry.release_date, entry.release_origin) == (None, "99")


@LETTERS
def test_bills_references_and_reasons(application: str, letters: str) -> None:
    chart, variant = ("SO", "") if letters == "SO" else ("CQ", "output")

    def record(name: str, **values: str) -> str:
        return line(chart, f"{letters}{name}", variant, **values)

    match = {"disposition_date": "112426", "disposition_time": "0915", "split_indicator": "N"}
    records = [
        status10(1, letters),
        record("20", qualifier="CR", reference="L00000001"),
        record("20", qualifier="RSN", reference="16"),
        record("20", qualifier="CMT", reference="NOTHING FOUND"),
        record("30", line="001", country_of_origin="TW", hts_number="7318152065"),
        record("40", bill_type="M", issuer_code="MAEU", bill_number="M1"),
        record("40", bill_type="H", issuer_code="HLCU", bill_number="H1", quantity="00000040",
               unit_of_measure="PCS", manifested_quantity="41"),
        record("42", in_bond_number="123456789", in_bond_entry_type="61"),
        record("50", disposition_code="93", narrative_message="BILL ON FILE", **match),
        record("40", bill_type="R", issuer_code="APLU", bill_number="R1"),
        record("50", disposition_code="51", narrative_message="MANIFEST HOLD CBP", **match),
        status10(2, letters),
        record("40", bill_type="R", issuer_code="APLU", bill_number="R2"),
    ]  # fmt: skip
    found = answer(application, *records)
    entry, other = found.entries
    assert (entry.reference, entry.remarks) == ("L00000001", "NOTHING FOUND")
    reason = next(c for c in entry.conditions if c.level == "request")
    assert (reason.code, reason.text) == ("16", "REPLACEMENT ENTRY NOT ON FILE")
    bills = found.table("bills").to_pylist()
    assert [(b["bill_number"], b["code"], b["in_bond_number"]) for b in bills] == [
        ("M1", "93", "123456789"), ("H1", "93", "123456789"),
        ("R1", "51", None), ("R2", None, None),
    ]  # fmt: skip
    assert [b["entry_number"] for b in bills] == [made.number(1)] * 3 + [made.number(2)]
    assert (bills[1]["quantity"], bills[1]["manifested"], bills[1]["unit"]) == (40, 41, "PCS")
    assert bills[0]["at"] == dt.datetime(2026, 11, 24, 9, 15)
    hold = next(c for c in entry.conditions if c.code == "51")
    assert (hold.level, hold.reference, hold.lookup.meaning) == ("bill", "APLU R1", "hold")
    assert other.conditions == ()


def test_cbps_agency_lines_are_read_by_their_version() -> None:
    """CQ v21 p.61: version 01, where the line number has four columns."""
    found = answer("SO", status10(1), *examples()["so70 lines"])
    first, second = found.table("agencies").to_pylist()
    assert (first["agency"], first["program"], first["status"], first["text"]) == (
        "FDA", "DEV", "01", "DATA UNDER PGA REVIEW",
    )  # fmt: skip
    assert (first["line"], first["tariff"], first["pga_line"], first["version"]) == (1, 1, 1, "01")
    assert (second["status"], second["line_status"], second["reason"]) == ("07", "07", "22")
    assert (first["latest"], second["latest"]) == (False, True)
    assert second["at"] == dt.datetime(2016, 5, 26, 9, 32)


@LETTERS
@pytest.mark.parametrize("version", ["", "01", "02", "03", "04", "05"])
def test_the_version_is_read_before_the_line(application: str, letters: str, version: str) -> None:
    chart, variant = ("SO", "") if letters == "SO" else ("CQ", "output")
    whole = list(line(chart, f"{letters}70", variant, government_agency_code="EPA"))
    new = version >= "04"
    whole[56:72] = "00201003" + "00402005" if new else "00021003" + "00042005"
    whole[78:80] = version.ljust(2)
    (row,) = answer(application, status10(1, letters), "".join(whole)).table("agencies").to_pylist()
    places = (row["line"], row["tariff"], row["pga_line"])
    last = (row["last_line"], row["last_tariff"], row["last_pga_line"])
    assert (places, last) == ((2, 1, 3), (4, 2, 5))


def test_agency_details_and_comments_belong_to_the_status_before_them() -> None:
    records = [
        status10(1), *examples()["so70 lines"],
        line("SO", "SO71", pga_reference_id_qualifier="01", pga_reference_id_number="PN123456789",
             pga_line_sub_reason_code_1="188", pga_line_sub_reason_code_2="101",
             pga_reference_id_qualifier_2="06", pga_reference_id_number_2="EDEC1234"),
        line("SO", "SO72", comments_to_trade_from_pga="CALL 123-45-6789"),
    ]  # fmt: skip
    first, second = answer("SO", *records).table("agencies").to_pylist()
    assert (first["sub_reasons"], first["comments"]) == (None, None)
    assert second["sub_reasons"] == "188 101"
    assert second["references"] == "01 PN123456789; 06 EDEC1234"
    assert second["comments"] == "CALL (private)"


def wr0(serial: int, code: str, text: str, left: bool = False) -> str:
    filer, digits = made.wire(serial)
    placed = digits.ljust(9) if left else digits.rjust(9)
    return line("CQ", "WR0", "output", entry_filer_code=filer, entry_number=placed,
                error_message_identifier=code, narrative_message=text)  # fmt: skip


@pytest.mark.parametrize(
    ("code", "disposition"),
    [
        ("950", "not visible"),
        ("X17", "not permitted"),
        ("ZZZ", "system failure"),
        ("B06", "rejected"),
        ("INE", "rejected"),
        ("999", "batch rejected"),
        ("QQQ", "unknown"),
    ],
)
@pytest.mark.parametrize("left", [False, True])
def test_what_is_not_told_is_no_absence(code: str, disposition: str, left: bool) -> None:
    found = answer("C1", wr0(1, code, "ENTRY RECORD NOT FOUND", left))
    (entry,) = found.entries
    assert (entry.entry_number, entry.disposition, entry.code) == (made.number(1), disposition, code)
    assert found.rejected == (code == "999")
    assert not entry.is_held
    assert entry.conditions[0].level == "query"


def test_a_query_by_bill_tells_bills_and_what_happened_to_them() -> None:
    wr1 = line("CQ", "WR1", "output", district_port_of_entry="2704", carrier_code="MAEU",
               voyage="412W", date_of_arrival="111926")  # fmt: skip
    records = [
        wr1,
        line("CQ", "WR2", "output", trip_number="TRIP1", firms="Z123"),
        line("CQ", "WR4", "output", master_bill_number="M1", house_bill_number="H1",
             issuer_code_of_master_bill_number="MAEU", manifest_quantity="00000040", unit="PCS",
             bill_of_lading_type="H", mode_of_transport="1"),
        line("CQ", "WS5", "output", in_bond_status="AR", in_bond_arrival_date="000000",
             in_bond_entry_type="61"),
        line("CQ", "WR5", "output", disposition_action_date="112026",
             disposition_action_time="1405", disposition_action_code="1C",
             narrative_message="ENTERED AND RELEASED", quantity="00000040"),
        line("CQ", "WSA", "output", issuer_code_of_master_bill_number="MAEU",
             master_bill_number="M2", error_message_identifier="122",
             narrative_message="BILL NBR NOT ON FILE"),
        line("CQ", "WSB", "output", air_waybill_number="12312345678",
             error_message_identifier="297", narrative_message="INVALID AIRWAY BILL"),
    ]  # fmt: skip
    found = answer("C1", *records)
    bill, unknown, air = found.table("bills").to_pylist()
    assert (bill["bill_number"], bill["house_number"], bill["issuer"]) == ("M1", "H1", "MAEU")
    assert (bill["mode"], bill["manifested"], bill["in_bond_status"]) == ("vessel", 40, "AR")
    assert (bill["carrier_code"], bill["port"], bill["arrival_date"]) == (
        "MAEU", "2704", dt.date(2026, 11, 19),
    )  # fmt: skip
    assert (unknown["bill_number"], unknown["code"]) == ("M2", "122")
    assert (air["bill_number"], air["code"]) == ("12312345678", "297")
    (event,) = found.table("events").to_pylist()
    assert (event["bill"], event["code"], event["quantity"]) == (bill["record_index"], "1C", 40)
    assert event["at"] == dt.datetime(2026, 11, 20, 14, 5)
    assert found.entries == ()
    assert [(c.level, c.code, c.reference) for c in found.conditions] == [
        ("bill", "122", "MAEU M2"), ("bill", "297", "12312345678"),
    ]  # fmt: skip


def test_an_air_waybill_names_the_entry_that_released_it() -> None:
    records = [
        line("CQ", "WR1", "output", voyage="123", date_of_arrival="111926"),
        line("CQ", "WSC", "output", importing_carrier_code="LH", flight_number="0123",
             scheduled_arrival_date="111926", air_waybill_number="12312345678",
             manifest_quantity="00040", house_air_waybill_number="H1", part_indicator="A"),
        line("CQ", "WSD", "output", disposition_action_date="112026",
             disposition_action_time="140500", disposition_code="1C",
             narrative_message="ENTERED GENERAL EXAM NOT REQUIRED",
             in_bond_or_entry_number="XYZ12345678"),
    ]  # fmt: skip
    found = answer("C1", *records)
    (bill,) = found.table("bills").to_pylist()
    assert (bill["mode"], bill["house_number"], bill["split"]) == ("air", "H1", True)
    (event,) = found.table("events").to_pylist()
    assert (event["place"], event["code"], event["number"]) == ("air", "1C", "XYZ12345678")
    assert event["at"] == dt.datetime(2026, 11, 20, 14, 5)
