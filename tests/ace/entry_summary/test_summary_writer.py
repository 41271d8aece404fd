"""The AE writer, read against the chapter column by column (AE 2026-07 p.26-131)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tasks.ace.wire.outbound_batch import fill_private
from tasks.core.errors import RouteRefused
from tests.ace.made_record import joined, made, number, parties
from tests.ace.made_summary import case, change, summary, tariff
from tests.ace.write_summary import lines_of, problems, written
from tests.errors import refused


def test_a_truck_summary_reads_as_the_chapter_says() -> None:
    assert lines_of(summary(7)) == [
        "10AABC  00000077 3801L00000007   0130 X           2112526",
        "1112-34567890012-345678900               112026111926       TX",
        "20ABCT3801111926    EVER SAMPLE",
        "21412W",
        "22      20PCS",
        "23MABCTPAPS7",
        "318B 036",
        "40  001 TWTW111626               300            900    N",
        "47MTWNICSAN435TAI",
        "47S12-345678900",
        "507318152065      12345      10000        85025KG",
        "62499    3464",
        "40  002 TWTW111626               300            900    N",
        "47MTWNICSAN435TAI",
        "47S12-345678900",
        "507318152065      12345      10000        85025KG",
        "62499    3464",
        "89499       6928",
        "90      24690        6928           0           0           0           0",
    ]


def test_an_ocean_summary_has_its_bill_group_and_its_harbor_fee() -> None:
    key = number(8)
    rows = summary(8, "01", "11", foreign_port="58023", in_bond_date=date(2026, 11, 19))
    rows = change(rows, "entries", port_of_unlading="2704", vessel_code="9839430")
    bill = {"entry_number": key, "bill_group": 1, "unit": "CTN"}
    rows["bills"] = [
        bill | {"bill_type": "H", "issuer": "FWDR", "bill_number": "HB1", "quantity": 100},
        bill | {"bill_type": "M", "issuer": "MAEU", "bill_number": "MB1", "quantity": 40},
        bill | {"bill_type": "I", "bill_number": "257700030"},
    ]
    assert lines_of(rows, "2") == [
        "20ABCT2704111926    EVER SAMPLE         9839430    111926",
        "21412W",
        "22     100CTN",
        "23I    257700030",
        "23MMAEUMB1",
        "23HFWDRHB1",
    ]
    assert lines_of(rows, "62") == ["62499    3464", "62501    1250"] * 2
    assert lines_of(rows, "89") == ["89499       6928501       2500"]
    assert lines_of(rows, "40")[0][36:41] == "58023"


def test_an_air_bill_has_no_issuer_and_a_line_may_have_its_own_port_and_date() -> None:
    rows = summary(8, "01", "40")
    rows["lines"][0] |= {"foreign_port": "58023", "export_date": date(2026, 11, 17)}
    assert lines_of(rows, "23") == ["23M    02012345675"]
    first, second = lines_of(rows, "40")
    assert (first[12:18], first[36:41]) == ("111726", "58023")
    assert (second[12:18], second[36:41].strip()) == ("111626", "")


def test_packages_of_a_split_shipment_are_those_of_its_conveyances() -> None:
    rows = change(summary(8), "bills", quantity=None, unit=None)
    part = {"entry_number": number(8), "bill_group": 1, "carrier_code": "ABCT", "voyage": "1"}
    part |= {"arrival_date": date(2026, 11, 19), "unit": "PCS"}
    rows["conveyances"] = [part | {"quantity": 7}, part | {"quantity": 5}]
    assert lines_of(rows, "22") == ["22      12PCS"]


def test_a_certified_quota_summary_is_live_and_names_its_cargo_parties() -> None:
    rows = summary(9, "02", perishable=True)
    rows["bills"][0] |= {"not_automated": False}
    text = lines_of(rows)
    assert text[0][34:44] == "230 XA   Y"
    assert [one for one in text if one.startswith(("SE2", "SE3"))] == [
        "SE20PERY",
        "SE20CR L00000009",
        "SE30SE NICSAN APPLIANCE WORKS",
        "SE3515435 INDUSTRIAL ROAD",
        "SE36TAICHUNG                                    40767          TW",
    ]
    made_on_lines = [one for one in text if one.startswith("SE5")]
    assert (
        made_on_lines
        == [
            "SE50MF NICSAN APPLIANCE WORKS",
            "SE5515435 INDUSTRIAL ROAD",
            "SE56TAICHUNG                                    40767          TW",
        ]
        * 2
    )


def test_a_line_with_a_manufacturer_of_its_own_keeps_it() -> None:
    rows = summary(9, "02")
    other = {**parties(number(9))[0], "line": 2, "name": "OTHER WORKS"}
    rows["parties"].append(other)
    assert lines_of(rows, "SE50") == ["SE50MF NICSAN APPLIANCE WORKS", "SE50MF OTHER WORKS"]


def test_a_certified_summary_carries_conveyances_equipment_and_location() -> None:
    rows = summary(9, "21", filing_route="ae_certified")
    rows["parties"] = parties(number(9))
    rows["equipment"] = [{"entry_number": number(9), "bill_group": 1, "equipment_number": "MSCU1234566"}]
    assert lines_of(rows, "SE17") == ["SE17MSCU1234566"]
    assert lines_of(rows, "SE20") == ["SE20LOCZ123", "SE20CR L00000009"]
    assert lines_of(rows, "20") == ["20ABCT3801111926W123EVER SAMPLE"]
    assert lines_of(change(rows, "entries", filing_route="se_then_ae"), "SE") == []


@pytest.mark.parametrize("kind", ["31", "32", "34", "38"])
def test_a_withdrawal_has_its_warehouse_entry_and_no_transport(kind: str) -> None:
    rows = summary(10, kind, final_withdrawal=True)
    assert lines_of(rows, "30") == ["30DM4  00858872 3801Y"]
    assert lines_of(rows, "2") == ["20              Z123"]
    assert lines_of(rows, "10")[0][33:40] == f"{kind}   X "


@pytest.mark.parametrize("kind", ["03", "07", "34", "38"])
def test_cases_and_their_totals(kind: str) -> None:
    rows = summary(11, kind)
    rows["lines"][1] |= case("ad", claim="B", duty=Decimal("500.00"), rate=Decimal("5"))
    rows["lines"][1] |= case("cd", rate_type="S", quantity="12.5", rate=Decimal("8.00"))
    rows["lines"][1] |= {"cd_duty": Decimal("100.00"), "cd_declaration": "D12345"}
    assert lines_of(rows, "53") == [
        "53A583820001C     400A           0           0     40000",
        "53A583820001B     500A           0           0     50000",
        "53C583821001C     800S           0      125000     10000D12345",
    ]
    assert lines_of(rows, "88") == ["88      50000       40000           0       10000"]
    ninety = lines_of(rows, "90")[0]
    assert (int(ninety[38:49]), int(ninety[50:61])) == (90_000, 10_000)


def test_the_other_records_of_a_line() -> None:
    rows = summary(12, "06")
    rows["lines"][0] |= {
        "zone_status": "P", "privileged_date": date(2026, 11, 1), "ruling_type": "R",
        "ruling_number": "301234", "visa_number": "6TW123456", "license_type": "01",
        "license_number": "s12345678", "declarations": "08CN\n07N  N  US"[:4],
        "tax_class": "017", "tax_amount": Decimal("1.05"), "other_revenue": Decimal("2.50"),
        "fee_class": "056", "fee_amount": Decimal("0.31"), "fee_class_2": "104",
        "fee_amount_2": Decimal("4"), "delivered_to": "99-999999900",
        "textile_export_date": date(2026, 11, 2), "textile_category": "338",
        "product_claim": "M", "fee_exemption": "2",
    }  # fmt: skip
    rows["tariffs"][0] |= {
        "current_hts_number": "7318152066", "second_quantity": Decimal("3"), "second_unit": "NO",
        "third_quantity": Decimal("1.5"), "third_unit": "G",
    }  # fmt: skip
    text = lines_of(rows)
    start, end = (nth for nth, one in enumerate(text) if one.startswith("40"))
    assert text[start:end] == [
        "40  001 TWTW111626110226         300            900338MN 2",
        "41P1101260000000012",
        "43R     301234",
        "47MTWNICSAN435TAI",
        "47C99-999999900",
        "47S12-345678900",
        "507318152065      12345      10000        85025KG          300NO          150G",
        "SE617318152066",
        "516TW123456",
        "5201S12345678",
        "5408CN",
        "60017       105",
        "61672       250",
        "62056      31",
        "62104     400",
        "62499    3464",
    ]
    assert text[-2:] == [
        "89056         31104        400499       6928",
        "90      24690        7359         105           0           0         250",
    ]


def test_chapter_98_and_99_numbers_go_first() -> None:
    rows = summary(13)
    key = number(13)
    free = {"value": 0, "duty": Decimal(0), "quantity": None, "unit": None}
    rows["tariffs"] += [
        tariff(key, 1, position=2, hts_number="99038803", **free),
        tariff(key, 1, position=3, hts_number="99030125", **free),
        tariff(key, 1, position=4, hts_number="9801001012", **free),
    ]
    first = [one[2:12] for one in lines_of(rows, "50")][:4]
    assert first == ["9801001012", "99038803  ", "99030125  ", "7318152065"]
    assert lines_of(rows, "62") == ["62499    3464"]


def test_mpf_of_us_goods_assembled_abroad_is_on_the_dutiable_part() -> None:
    rows = summary(13)
    part = tariff(number(13), 1, position=2, hts_number="9802008065", value=4_000)
    part |= {"duty": Decimal(0), "quantity": None, "unit": None}
    rows["tariffs"].append(part)
    assert lines_of(rows, "62")[0] == "62499    3464"


def test_six_releases_a_record_and_none_of_them_has_a_summary_of_its_own() -> None:
    main = summary(20, filing_route="ae_only", consolidating=True)
    rest = [summary(serial, consolidated_summary=number(20), summary_remarks="release") for serial in range(21, 29)]
    record = joined([main, *rest])
    (batch,) = written(record)
    assert batch.numbers == [number(20)]
    text = batch.bytes(True).decode("ascii").splitlines()
    held = [one for one in text if one.startswith("32")]
    shown = [one[at : at + 13] for one in held for at in range(2, 80, 13) if one[at : at + 13].strip()]
    assert len(held) == 2
    assert shown == [f"ABC  {number(serial)[4:11]}{number(serial)[12]}" for serial in range(21, 29)]
    assert text[2][41] == "Y"
    with refused("entry-summary-not-applicable", RouteRefused) as caught:
        written(joined(rest))
    assert {(one.subject, one.code) for one in caught.problems} == {
        (number(serial), "covered-by-consolidated-summary") for serial in range(21, 29)
    }
    with refused("entry-summary-not-applicable", RouteRefused) as caught:
        written(made(main))
    assert caught.codes == ["consolidated-summary-without-release"]


def test_agencies_go_with_certified_and_expedited_summaries_only() -> None:
    rows = summary(30, expedited_release=True, filing_route="ae_only")
    key = number(30)
    base = {"entry_number": key, "line": 1, "position": 1}
    rows["pga"] = [
        base | {"agency": "EPA", "program": "TS1", "disclaimer": "A"},
        base
        | {
            "agency": "FDA", "program": "FOO", "processing": "NSF",
            "records": "PG02PFDP 38BGY01\npg06 39TW\nPG10FDA",
        },
        base | {"agency": "APH", "program": "APQ"},
    ]  # fmt: skip
    rows["lines"][0] |= {"description": "Bolts, steel (hex)"}
    held = [one for one in lines_of(rows) if one.startswith(("OI", "PG"))]
    assert held == [
        "OI        BOLTS  STEEL  HEX",
        "PG01001EPATS1".ljust(79) + "A",
        "PG01001FDAFOONSF",
        "PG02PFDP 38BGY01",
        "PG06 39TW",
        "PG10FDA",
        "PG01001APHAPQ",
        "PG02P",
    ]
    assert lines_of(rows, "10")[0][67] == "Y"
    plain = change(rows, "entries", expedited_release=None)
    assert [one for one in lines_of(plain) if one.startswith(("OI", "PG"))] == []


def test_a_disclaimer_goes_without_data_and_data_needs_its_tariff_number() -> None:
    rows = summary(30, expedited_release=True, filing_route="ae_only")
    base = {"entry_number": number(30), "line": 1, "position": 1, "agency": "EPA", "program": "TS1"}
    rows["pga"] = [base | {"disclaimer": "A", "records": "PG02P"}]
    assert problems(rows) == ["line 1 PG01: agency-data-beside-disclaimer"]
    rows["pga"] = [base | {"position": 4}]
    assert problems(rows) == ["line 1 PG01: agency-data-without-tariff-number"]


def test_private_numbers_are_filled_in_only_when_the_batch_leaves() -> None:
    rows = summary(31, importer_number="~ABCDEFGHIJ1", importer_type="34")
    rows["lines"][1] |= {"sold_to": "~ABCDEFGHIJ2"}
    (batch,) = written(made(rows))
    text = batch.bytes(True).decode("ascii")
    assert "~" not in text and text.count("000-00-0000") == 2
    values = {"~ABCDEFGHIJ1": "123-45-6789", "~ABCDEFGHIJ2": "987-65-4321"}
    out = fill_private(batch.bytes(), "SECRET", batch.slots, values.__getitem__, True).decode("ascii")
    assert "11123-45-6789 12-345678900" in out and "47S987-65-4321" in out
    clear = change(summary(31), "lines", sold_to="123-45-6789")
    assert set(problems(clear)) == {"47 article_party_identifier: ssn-not-protected"}
