"""Stored summaries in ER: the record's own tables, and what stands beside them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from tasks.ace.answers.answer_parser import read_answers
from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.ace.stored_summaries.image_tables import ImageTables
from tasks.ace.wire.record_files import write_records
from tasks.entries.record.entry_record import EntryRecord, record_schema
from tests.ace import made_answers as made
from tests.ace.made_answers import image, jb, jc, line, number, state
from tests.ace.made_record import Rows, made as made_record
from tests.ace.made_summary import ENVELOPE, PAYMENT, TYPES, WITHDRAWALS, case, change, summary


def picture(*records: str) -> ImageTables:
    """The stored summaries of one answer."""
    (answer,) = read_answers(made.stream(made.batch("ER", [records])))
    assert answer.whole and not answer.table("unread").num_rows and answer.image is not None
    return answer.image


def test_the_stored_image_has_the_record_s_own_tables() -> None:
    found = picture(*state(1), *image(1))
    for name in ("entries", "bills", "lines", "tariffs"):
        assert getattr(found, name).schema.equals(record_schema(name)), name
    (entry,) = found.entries.to_pylist()
    told = {key: value for key, value in entry.items() if value is not None}
    assert told == {
        "entry_number": number(1),
        "entry_type": "01",
        "port_of_entry": "2704",
        "port_of_unlading": "2704",
        "importer_type": "EI",
        "importer_number": "12-345678900",
        "mode_of_transport": "11",
        "bond_type": "8",
        "surety_code": "036",
        "entered_value": 20_000,
        "carrier_code": "MAEU",
        "conveyance_name": "MSC ALINA",
        "location_of_goods": "Z123",
        "broker_reference": "L00000001",
        "estimated_arrival": dt.date(2026, 11, 19),
        "import_date": dt.date(2026, 11, 19),
        "export_date": dt.date(2026, 11, 16),
        "consignee_number": "12-345678900",
        "state_of_destination": "CA",
        "payment_type": "7",
        "estimated_entry_date": dt.date(2026, 11, 20),
        "bond_designation": "B",
        "foreign_port": "58023",
    }


def test_the_bills_of_an_image() -> None:
    found = picture(*state(1), *image(1), *state(2), *image(2))
    keys = ("bill_group", "bill_type", "issuer", "bill_number", "quantity", "unit")
    assert [tuple(row[key] for key in keys) for row in found.bills.to_pylist()] == [
        (1, "M", "MAEU", "12345678", None, None), (1, "H", "HLCU", "H1", 40, "PCS"),
    ] * 2  # fmt: skip
    assert found.bills["entry_number"].to_pylist() == [number(1)] * 2 + [number(2)] * 2


def test_the_lines_of_an_image_are_numbered_by_place() -> None:
    found = picture(*state(1), *image(1, 2, first=10), *state(2), *image(2, 3, first=1))
    assert found.lines["line"].to_pylist() == [1, 2, 1, 2, 3]
    assert found.line_details["line_id"].to_pylist() == ["010", "011", "001", "002", "003"]
    assert found.line_details["cbp_line"].to_pylist() == [1, 2, 1, 2, 3]
    assert found.tariffs["position"].to_pylist() == [1, 2] * 5
    first = found.lines.to_pylist()[0]
    assert (first["charges"], first["gross_weight"], first["related_party"]) == (300, 900, False)
    assert (first["description"], first["manufacturer_id"]) == ("STEEL HEX BOLTS", "TWNICSAN435TAI")
    tariff = found.tariffs.to_pylist()[1]
    assert (tariff["value"], tariff["quantity"], tariff["unit"]) == (10_000, Decimal("850.25"), "KG")
    assert found.tariffs.to_pylist()[0]["quantity"] is None
    assert found.tariffs["duty"].to_pylist()[:2] == [Decimal("0.00"), Decimal("123.45")]
    assert found.parties.num_rows == 10 and set(found.parties["party"].to_pylist()) == {"M", "S"}


def test_fees_totals_and_cases_of_an_image() -> None:
    records = image(1, 1)
    case = line("AE", "53", case_number="A583820001", bond_cash_claim_code="C",
                case_deposit_rate="1000", case_rate_type_qualifier_code="A",
                ad_cvd_duty_amount="100000")  # fmt: skip
    header = line("AE", "34", accounting_class_code_1="311", header_fee_amount_1="269")
    place = next(n for n, text in enumerate(records) if text.startswith("62"))
    records.insert(place, case)
    records.insert(7, header)
    found = picture(*state(1), *records)
    assert [(row["line"], row["fee_class"], row["amount"]) for row in found.fees.to_pylist()] == [
        (0, "311", Decimal("2.69")), (1, "499", Decimal("34.64")), (1, "501", Decimal("12.50")),
    ]  # fmt: skip
    assert [(row["fee_class"], row["amount"]) for row in found.fee_totals.to_pylist()] == [
        ("499", Decimal("69.28")), ("501", Decimal("25.00")),
    ]  # fmt: skip
    (one,) = found.cases.to_pylist()
    assert (one["case"], one["rate"], one["duty"]) == (
        "A583820001", Decimal("10.00"), Decimal("1000.00"),
    )  # fmt: skip
    assert found.lines["ad_case"].to_pylist() == ["A583820001"]
    assert found.lines["cd_case"].to_pylist() == [None]
    (totals,) = found.summaries.to_pylist()
    assert (totals["duty"], totals["fees"], totals["tax"]) == (
        Decimal("246.90"), Decimal("94.28"), None,
    )  # fmt: skip
    assert (totals["statement_month"], totals["lines"], totals["certified"]) == ("12", 1, False)


def test_lines_that_differ_in_export_date_have_no_date_of_the_whole() -> None:
    records = image(1, 2)
    place = max(n for n, text in enumerate(records) if text.startswith("40"))
    records[place] = records[place].replace("111626", "111726")
    found = picture(*state(1), *records)
    assert found.entries["export_date"].to_pylist() == [None]
    assert found.lines["export_date"].to_pylist() == [
        dt.date(2026, 11, 16), dt.date(2026, 11, 17),
    ]  # fmt: skip


def test_warehouse_and_zone_are_named_as_in_the_record() -> None:
    records = image(1, 1)
    eleven = next(n for n, text in enumerate(records) if text.startswith("11"))
    records[eleven] = line("AE", "11", importer_of_record_number="202704-12345",
                           zone_id="02600A001")  # fmt: skip
    records.insert(6, line("AE", "30", associated_warehouse_entry_filer_code="DM4",
                           associated_warehouse_entry_number="00858872",
                           associated_warehouse_entry_district_port_code="3801"))  # fmt: skip
    (entry,) = picture(*state(1), *records).entries.to_pylist()
    assert (entry["zone_id"], entry["warehouse_entry"]) == ("FTZ02600A001", "DM4-0085887-2")
    assert entry["importer_type"] == "ANI"


def test_images_of_two_batches_stay_apart() -> None:
    first = made.batch("ER", [[*state(1), *image(1, 1), *state(2)]])
    second = made.batch("ER", [[*state(3), *image(3, 3)]], "DRILL-26112400002")
    one, two = read_answers(made.stream(first, second))
    assert one.image is not None and two.image is not None
    assert one.image.lines["entry_number"].to_pylist() == [number(1)]
    assert two.image.lines["entry_number"].to_pylist() == [number(3)] * 3
    assert one.image.entries.num_rows == two.image.entries.num_rows == 1


def test_a_batch_without_images_has_none() -> None:
    first = made.batch("ER", [[*state(1), *image(1, 1)]])
    second = made.batch("ER", [state(2)], "DRILL-26112400002")
    one, two = read_answers(made.stream(first, second))
    assert one.image is not None and two.image is None


def rich() -> Rows:
    """A summary with nearly everything that a summary can say."""
    rows = summary(
        7, "03", "10", notify_party="98-765432100", vessel_code="9839430", bond_type="9",
        bond_amount=30_000, bond_account="0000000077", second_surety="054",
        second_bond_amount=5_000, second_bond_account="0123456789", shipment_usage="P",
        missing_document="98", missing_document_2="99", known_importer=True,
    )  # fmt: skip
    rows = change(
        rows, "lines", delivered_to="98-765432100", nonreimbursement=True, ruling_type="R",
        ruling_number="301234", license_type="14", license_number="S12345678",
        textile_category="338", textile_export_date=dt.date(2026, 11, 1), tax_class="016",
        tax_amount=Decimal("12.30"), fee_class="056", fee_amount=Decimal("1.25"),
        fee_class_2="053", fee_amount_2=Decimal("2.50"), visa_number="6CN123456",
        product_claim="C", fee_exemption="1", ad_rate_type="S", ad_quantity="12.5",
        ad_declaration="D12345", **case("cd", value=9_000),
        declarations="02123456789\n03987654321",
    )  # fmt: skip
    return change(
        rows, "tariffs", second_quantity=Decimal("1.50"), second_unit="NO",
        third_quantity=Decimal("2.25"), third_unit="M2",
    )  # fmt: skip


def stored(record: EntryRecord) -> ImageTables:
    """What ACE would send back of summaries that we have filed."""
    batches = write_summaries(record, ENVELOPE, None, PAYMENT)
    kept: list[str] = []
    for batch in batches:
        for text in write_records(batch.matrix, True).decode("ascii").splitlines():
            if text.startswith(("A", "B", "Y", "Z", "SE")):
                continue
            if text.startswith("10"):
                kept += [jb(7), jc()]
            if text.startswith("40"):
                kept.append(line("EQ", "4A", cbp_line_number="00001"))
            kept.append(text)
    return picture(*kept)


PAPER = {"desk", "filing_route", "importer_name", "contact_name", "contact_phone", "release_date",
         "paper_outcome", "arrival_date", "payment_type", "description"}  # fmt: skip
"""Fields of the record that a summary does not carry, or carries under another name."""


def filed(rows: Rows) -> Rows:
    """The rows as a summary says them."""
    (entry,) = rows["entries"]
    said = entry | {
        "estimated_entry_date": entry.get("estimated_entry_date") or entry.get("release_date"),
        "estimated_arrival": entry.get("arrival_date"),
        "entered_value": sum(row["value"] or 0 for row in rows["tariffs"]),  # type: ignore[misc]
        "bond_designation": "B" if entry["bond_type"] in ("8", "9") else None,
    }
    if entry["entry_type"] in ("21", "22"):
        said |= {"location_of_goods": None}
    shared = {name: said.get(name) for name in ("export_date", "foreign_port")}
    return {
        **rows,
        "entries": [said],
        "lines": [shared | row for row in rows["lines"]],
        "bills": [row | {"bill_type": "M"} for row in rows.get("bills", [])],
    }


SUMMARISED = {kind: summary(7, kind, "" if kind in WITHDRAWALS else "30") for kind in TYPES}


@pytest.mark.parametrize("rows", [*SUMMARISED.values(), rich()], ids=[*SUMMARISED, "rich"])
def test_what_was_filed_reads_back_into_the_record(rows: Rows) -> None:
    found = stored(made_record(rows))
    for name, expected in filed(rows).items():
        if name not in ("entries", "bills", "lines", "tariffs"):
            continue
        told = getattr(found, name).to_pylist()
        assert len(told) == len(expected), name
        for ours, theirs in zip(expected, told, strict=True):
            for field, value in ours.items():
                if field not in PAPER:
                    assert (theirs[field] or None) == (value or None), (name, field)


def test_a_consolidating_summary_names_its_releases() -> None:
    covered = [number(serial) for serial in range(20, 28)]
    records = image(1, 1)
    for at in range(0, len(covered), 6):
        slots = {}
        for slot, key in enumerate(covered[at : at + 6], start=1):
            slots[f"release_entry_filer_code_{slot}"] = key[:3]
            slots[f"release_entry_number_{slot}"] = key[4:11] + key[12:]
        records.insert(7 + at // 6, line("AE", "32", **slots))
    found = picture(*state(1), *records, *state(2), *image(2))
    assert found.releases.to_pylist() == [{"entry_number": number(1), "release": key} for key in covered]
