"""The SE writer: read against the chapter column by column, for each mode and entry type."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from tasks.ace.cargo_release.release_writer import stream_batches, write_batches
from tasks.ace.file_check import check_matrix
from tasks.ace.wire.batch_envelope import split_envelope
from tasks.ace.wire.outbound_batch import BatchLimits, OutboundBatch, fill_private
from tasks.ace.wire.record_files import read_records
from tasks.core.errors import BadInput, RouteRefused
from tasks.entries.record.entry_record import EntryRecord
from tests.ace.made_record import ENVELOPE, Rows, entry, joined, line, made, number, tariff
from tests.benchmarks.made_entries import made_tables, write_parquet
from tests.errors import refused


def written(record: EntryRecord, **options: object) -> list[OutboundBatch]:
    return list(write_batches(record, ENVELOPE, **options))  # type: ignore[arg-type]


def records(rows: Rows, head: str = "") -> list[str]:
    """The records of the only entry, trimmed; those that begin with `head`."""
    (batch,) = written(made(rows))
    text = batch.bytes(line_ends=True).decode("ascii").splitlines()
    assert all(len(one) == 80 for one in text)
    assert [one[0] for one in (text[0], text[1], text[-2], text[-1])] == ["A", "B", "Y", "Z"]
    return [one.rstrip() for one in text[2:-2] if one.startswith(head)]


def test_a_truck_entry_reads_as_the_chapter_says() -> None:
    rows = entry(7, voyage="T123", conveyance_name="Truck 7")
    key = number(7)
    rows["tariffs"].append(tariff(key, 1, 2, hts_number="99038803", value=None))
    assert records(rows) == [
        f"SE10AABC  {key[4:11]}{key[12]} 01EI 12-34567890030800000002003801",
        "SE11               TRUCK 7             T123",
        "SE13JO HARBOR                               5625550100",
        "SE15RABCTPAPS7                                             00000020     N",
        "SE20CR L00000007",
        "SE30MF NICSAN APPLIANCE WORKS",
        "SE3515435 INDUSTRIAL ROAD",
        "SE36TAICHUNG                                    40767          TW",
        "SE30SE NICSAN APPLIANCE WORKS",
        "SE3515435 INDUSTRIAL ROAD",
        "SE36TAICHUNG                                    40767          TW",
        "SE30BY                                    EI 12-345678900",
        "SE30CN                                    EI 12-345678900",
        "SE40001TW STEEL HEX BOLTS",
        "SE6099038803",
        "SE6073181520650000000100",
        "SE40002TW STEEL HEX BOLTS",
        "SE6073181520650000000100",
    ]


def test_an_ocean_entry_has_in_bond_master_and_house_in_one_group() -> None:
    rows = entry(8, mode_of_transport="11", port_of_entry="2704", conveyance_name="EVER SAMPLE")
    bill = {"entry_number": number(8), "bill_group": 1}
    rows["bills"] = [
        bill | {"bill_type": "H", "issuer": "FWDR", "bill_number": "HB1", "quantity": 100},
        bill | {"bill_type": "M", "issuer": "MAEU", "bill_number": "MB1", "quantity": 100},
        bill | {"bill_type": "I", "issuer": "MAEU", "bill_number": "257700030", "quantity": 100},
        bill | {"bill_group": 2, "bill_type": "R", "issuer": "MAEU", "bill_number": "MB2"},
    ]
    rows["equipment"] = [
        {"entry_number": number(8), "bill_group": 2, "equipment_number": "MSCU1234566"},
        {"entry_number": number(8), "bill_group": 1, "equipment_number": "MSCU7654321"},
    ]
    assert records(rows, "SE1")[3:] == [
        "SE15I    257700030                                                      N",
        "SE15MMAEUMB1                                                            N",
        "SE15HFWDRHB1                                               00000100     N",
        "SE17MSCU7654321",
        "SE15RMAEUMB2                                                            N",
        "SE17MSCU1234566",
    ]


def test_an_air_entry_has_no_issuer_and_its_split_parts_carry_the_quantity() -> None:
    rows = entry(9, mode_of_transport="40", port_of_entry="3901", voyage="CX880")
    bill = {"entry_number": number(9), "bill_group": 1, "issuer": "CX"}
    rows["bills"] = [
        bill | {"bill_type": "M", "bill_number": "16012345675"},
        bill | {"bill_type": "H", "bill_number": "HAWB1", "quantity": 50},
    ]
    part = {"entry_number": number(9), "bill_group": 1, "carrier_code": "CX", "unit": "PCS"}
    rows["conveyances"] = [
        part | {"voyage": "CX880", "arrival_date": date(2026, 11, 20), "quantity": 30},
        part | {"voyage": "CX882", "arrival_date": date(2026, 11, 21), "quantity": 20},
    ]
    assert records(rows, "SE1")[3:] == [
        "SE15M    16012345675                                                    N",
        "SE15H    HAWB1                                                          N",
        "SE16CX  CX88011202600000030PCS",
        "SE16CX  CX88211212600000020PCS",
    ]


def test_hand_carried_goods_get_their_se16_from_the_entry_and_keep_the_quantity() -> None:
    rows = entry(
        10, mode_of_transport="60", port_of_unlading="3801", carrier_code="AA", voyage="AA12",
        arrival_date=date(2026, 11, 20),
    )  # fmt: skip
    rows["bills"][0] |= {"bill_number": "HANDCARRIED", "quantity": 1, "issuer": "AA"}
    assert records(rows, "SE1")[0].endswith("02003801  3801")
    assert records(rows, "SE1")[3:] == [
        "SE15R    HANDCARRIED                                       00000001     Y",
        "SE16AA  AA12 11202600000001",
    ]


def test_general_order_makes_a_bill_non_ams_and_moves_the_quantity() -> None:
    rows = entry(11, general_order_number="GO123", voyage="T9", arrival_date=date(2026, 11, 2))
    held = records(rows, "SE1")
    assert held[1][44:64].strip() == "GO123"
    assert held[3:] == [
        "SE15RABCTPAPS11                                                         Y",
        "SE16ABCTT9   11022600000020",
    ]


def test_a_zone_entry_has_no_bill_and_carries_its_zone_week_and_status() -> None:
    rows = entry(
        12, entry_type="06", mode_of_transport=None, zone_id="FTZ0260A01", location_of_goods="W123",
        zone_week=date(2026, 11, 23), conveyance_name="NOT USED", voyage="X1",
    )  # fmt: skip
    rows["bills"] = []
    key = number(12)
    rows["lines"] = [line(key, 1, zone_status="P", zone_quantity=5, privileged_date=date(2020, 1, 2))]
    rows["tariffs"] = [tariff(key, 1, value=200, current_hts_number="7318155051")]
    held = records(rows)
    assert held[1] == "SE11W112326W123    FTZ0260A01"
    assert held[-4:] == [
        "SE40001TW STEEL HEX BOLTS",
        "SE41P01022000000005",
        "SE6073181520650000000200",
        "SE617318155051",
    ]
    # Of goods under an active number only the summary tells the day (SE v40 p.63, AE error 674).
    rows["tariffs"] = [tariff(key, 1, value=200)]
    assert records(rows)[-2:] == ["SE41P      00000005", "SE6073181520650000000200"]


def test_warehouse_entries_name_their_warehouse_and_origin() -> None:
    rows = entry(13, entry_type="22", bonded_warehouse="H234", warehouse_entry=number(99), mode_of_transport="30")
    origin = number(99)
    (extra,) = records(rows, "SE11")
    assert extra[64:79] == f"H234ABC{origin[4:11]}{origin[12]}"


def test_a_temporary_import_leads_with_9813() -> None:
    rows = entry(14, entry_type="23")
    key = number(14)
    rows["lines"] = [line(key, 1)]
    rows["tariffs"] = [
        tariff(key, 1, 1, value=200),
        tariff(key, 1, 2, hts_number="99038803", value=None),
        tariff(key, 1, 3, hts_number="98130020", value=None),
    ]
    assert [one[4:14].strip() for one in records(rows, "SE60")] == [
        "98130020", "99038803", "7318152065",
    ]  # fmt: skip


def test_references_carry_the_ledger_key_and_what_is_set() -> None:
    rows = entry(
        15, bond_type="9", surety_code="036", bond_amount=90000, express_consignment=True,
        known_importer=True, perishable=True, rail_reference="RAIL7",
        consolidated_summary=number(98), estimated_arrival=date(2026, 11, 5),
    )  # fmt: skip
    summary = number(98).replace("-", "")
    assert records(rows, "SE20") == [
        "SE20CR L00000015", "SE20V1 036", "SE20AMT90000", "SE20EXPY", "SE20KIIY",
        "SE20RRNRAIL7", "SE20PERY", f"SE20CES{summary}", "SE20EDA110526",
    ]  # fmt: skip


def test_surety_and_amount_go_only_with_a_single_transaction_bond() -> None:
    rows = entry(16, surety_code="036", bond_amount=90000)
    assert records(rows, "SE20") == ["SE20CR L00000016"]


def test_parties_of_a_line_stand_before_its_tariff_numbers() -> None:
    rows = entry(17)
    rows["parties"] = [one for one in rows["parties"] if one["party"] != "MF"]
    for place in (1, 2):
        rows["parties"].append(
            {
                "entry_number": number(17), "line": place, "party": "MF", "name": f"Works {place}",
                "address": "12 Long Street Name That Goes On And On, Unit 44", "city": "Pune",
                "country": "IN", "global_id_type": "DUNS", "global_id": "123456789",
            }
        )  # fmt: skip
    held = records(rows)
    start = held.index("SE40002TW STEEL HEX BOLTS")
    assert held[start + 1 :] == [
        "SE50MF WORKS 2",
        "SE51DUNS123456789",
        "SE551512 LONG STREET NAME THAT GOES ON   15AND ON, UNIT 44",
        "SE56PUNE                                                       IN",
        "SE6073181520650000000100",
    ]


def test_agency_lines_restart_for_each_agency_and_follow_their_tariff_number() -> None:
    rows = entry(18)
    key = number(18)
    rows["tariffs"].insert(0, tariff(key, 1, 2, hts_number="99038803", value=None))
    agency = {"entry_number": key, "line": 1, "position": 1, "program": "FOO"}
    rows["pga"] = [
        agency | {"agency": "FDA", "processing": "PRO", "reference": "pn123"},
        agency | {"agency": "EPA", "program": "TS1", "disclaimer": "A"},
        agency | {"agency": "FDA", "disclaimer": "B"},
    ]
    held = records(rows)
    start = held.index("SE6099038803")
    assert held[start : start + 8] == [
        "SE6099038803",
        "SE6073181520650000000100",
        "OI        STEEL HEX BOLTS",
        "PG01001FDAFOOPRO",
        "PG02P",
        "PG14    PN123",
        "PG01002FDAFOO".ljust(79) + "B",
        "PG01001EPATS1".ljust(79) + "A",
    ]


def test_agency_data_for_a_number_that_is_not_there_is_refused() -> None:
    rows = entry(19)
    rows["pga"] = [{"entry_number": number(19), "line": 1, "position": 5, "agency": "FDA", "program": "FOO"}]
    with refused("values-not-sendable", BadInput) as caught:
        written(made(rows))
    assert [(one.subject, one.code) for one in caught.problems] == [(number(19), "agency-data-without-tariff-number")]


@pytest.mark.parametrize("route", ["ae_only", "ae_certified", "none", None])
def test_an_entry_without_a_release_message_is_refused_by_number(route: str | None) -> None:
    record = joined([entry(20), entry(21, filing_route=route), entry(22, filing_route=route)])
    with refused("cargo-release-not-applicable", RouteRefused) as caught:
        next(write_batches(record, ENVELOPE))
    assert [one.subject for one in caught.problems] == [number(21), number(22)]
    assert set(caught.codes) == {"route-without-cargo-release"}
    assert caught.problems[0].values == {"entry_type": "01", "route": route}


@pytest.mark.parametrize("kind", ["13", "31", "51", None])
def test_types_that_cargo_release_does_not_take_are_refused(kind: str | None) -> None:
    for accept_86 in (False, True):
        with refused("cargo-release-not-applicable", RouteRefused) as caught:
            written(made(entry(23, entry_type=kind)), accept_86=accept_86)
        assert [one.subject for one in caught.problems] == [number(23)]


def test_type_86_is_refused_unless_it_is_asked_for() -> None:
    rows = entry(24, entry_type="86", estimated_arrival=date(2026, 11, 30))
    with refused("cargo-release-not-applicable", RouteRefused) as caught:
        written(made(rows))
    assert [one.subject for one in caught.problems] == [number(24)]
    assert written(made(rows), accept_86=True)[0].numbers == [number(24)]


def test_a_value_that_does_not_fit_names_its_entry_and_nothing_is_written() -> None:
    rows = joined([entry(25), entry(26, contact_phone="(562) 555-0100"), entry(27, voyage="TOOLONG")])
    with pytest.raises(BadInput) as refusal:
        next(write_batches(rows, ENVELOPE))
    told = {(one.subject, one.column, one.code) for one in refusal.value.problems}
    assert told == {
        (number(26), "SE13 contact_phone", "value-characters-invalid"),
        (number(27), "SE11 voyage", "value-too-long"),
    }


def test_a_batch_that_the_checker_faults_is_never_handed_on() -> None:
    rows = entry(28)
    rows["bills"][0]["bill_type"] = "M"
    with refused("batches-not-valid", BadInput) as caught:
        next(write_batches(made(rows), ENVELOPE))
    assert (number(28), "C151") in {(one.subject, one.code) for one in caught.problems}


def test_a_social_security_number_in_the_clear_is_refused_without_naming_it() -> None:
    rows = entry(29, importer_type="34", importer_number="123-45-6789")
    with refused("values-not-sendable", BadInput) as caught:
        written(made(rows))
    assert caught.codes == ["ssn-not-protected"] and "6789" not in str(caught.error)


def test_private_numbers_leave_a_placeholder_and_a_slot() -> None:
    rows = entry(30, importer_type="34", importer_number="~AAAAAAAAAA1")
    rows["parties"][3] |= {"number_type": "34", "number": "~BBBBBBBBBB2"}
    (batch,) = written(made(rows))
    assert [(slot.column, slot.length, slot.reference) for slot in batch.slots] == [
        (25, 12, "~AAAAAAAAAA1"),
        (46, 20, "~BBBBBBBBBB2"),
    ]
    assert b"~" not in batch.bytes()
    opened = {"~AAAAAAAAAA1": "123-45-6789", "~BBBBBBBBBB2": "987-65-4321"}
    sent = fill_private(batch.bytes(), "S3CRET", batch.slots, opened.__getitem__)
    text = read_records(sent)
    assert sent[8:14] == b"S3CRET"
    for slot in batch.slots:
        held = bytes(text[slot.record_index, slot.column - 1 : slot.column - 1 + slot.length])
        assert held.decode().strip() == opened[slot.reference]
    assert (
        sent.replace(b"S3CRET", b"PASSWD")
        .replace(b"123-45-6789", b"000-00-0000")
        .replace(b"987-65-4321", b"000-00-0000")
        == batch.bytes()
    )
    assert check_matrix(read_records(sent)).counts == {}
    lined = fill_private(batch.bytes(), "AB", batch.slots, opened.__getitem__, line_ends=True)
    assert lined[8:14] == b"AB    " and lined[80:81] == b"\n"


@pytest.mark.parametrize(
    ("password", "opened", "code"),
    [
        ("toolong1", "123-45-6789", "ace-password-malformed"),
        ("", "123-45-6789", "ace-password-malformed"),
        ("pa ss", "123-45-6789", "ace-password-malformed"),
        ("S3CRET", "987654321", "private-value-malformed"),
    ],
)
def test_filling_in_refuses_without_showing_the_value(password: str, opened: str, code: str) -> None:
    rows = entry(31, importer_type="34", importer_number="~AAAAAAAAAA1")
    (batch,) = written(made(rows))
    with refused("batch-envelope-invalid", BadInput) as caught:
        fill_private(batch.bytes(), password, batch.slots, lambda reference: opened)
    assert caught.codes == [code]
    assert opened not in str(caught.error)
    assert not password or password not in str(caught.error)


def test_filling_in_twice_is_refused() -> None:
    (batch,) = written(made(entry(32)))
    sent = fill_private(batch.bytes(), "S3CRET", batch.slots, str)
    with refused("batch-envelope-invalid", BadInput) as caught:
        fill_private(sent, "S3CRET", batch.slots, str)
    assert caught.codes == ["batch-form-not-stored"]


def test_blocks_and_batches_keep_their_limits_and_one_port_each() -> None:
    ports = ["3801", "2704", "3801", "2704", "3801"]
    record = joined(entry(40 + place, port_of_entry=ports[place % 5], broker_reference=None) for place in range(17))
    batches = written(record, limits=BatchLimits(2, 2), sequence_from=41)
    assert [batch.sequence for batch in batches] == list(range(41, 41 + len(batches)))
    assert [batch.port for batch in batches] == ["2704", "2704", "3801", "3801", "3801"]
    sizes = [[len(block.numbers) for block in batch.blocks] for batch in batches]
    assert sizes == [[2, 2], [2, 1], [2, 2], [2, 2], [2]]
    for batch in batches:
        parts = split_envelope(batch.matrix)
        assert len(parts.a) == 1 and len(parts.b) == len(batch.blocks)
        for row, block in zip(parts.b, batch.blocks, strict=True):
            head = bytes(batch.matrix[row]).decode()
            assert head[3:7] == batch.port and head[59:].strip() == block.block_id
        assert bytes(batch.matrix[0, 59:80]).decode().strip() == batch.batch_id
        assert batch.digest == hashlib.sha256(batch.bytes()).hexdigest()
        assert check_matrix(batch.matrix).counts == {}


@pytest.mark.parametrize("limits", [(0, 5), (5, 0), (1000, 1), (1, 1000)])
def test_limits_out_of_range_are_refused(limits: tuple[int, int]) -> None:
    with refused("batch-limits-invalid", BadInput) as caught:
        BatchLimits(*limits)
    assert caught.codes == ["batch-limits-out-of-range"]


@settings(max_examples=15)
@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 4), st.integers(0, 99))
def test_each_entry_is_sent_once_whatever_the_limits(count: int, block: int, blocks: int, seed: int) -> None:
    record = EntryRecord.of(made_tables(count, count * 3, seed))
    batches = written(record, limits=BatchLimits(block, blocks))
    sent = Counter(key for batch in batches for key in batch.numbers)
    assert sent == Counter(record.numbers)
    assert len({batch.batch_id for batch in batches}) == len(batches)


def test_a_stream_writes_what_the_whole_record_writes(tmp_path: Path) -> None:
    tables = made_tables(60, 300)
    paths = write_parquet(tables, tmp_path)
    whole = written(EntryRecord.of(tables))
    assert [one.digest for one in stream_batches(paths, ENVELOPE)] == [one.digest for one in whole]
    pieces = list(stream_batches(paths, ENVELOPE, entries_at_once=7))
    assert [one.sequence for one in pieces] == list(range(1, len(pieces) + 1))
    assert entry_texts(pieces) == entry_texts(whole)


def entry_texts(batches: list[OutboundBatch]) -> dict[str, str]:
    """Each entry's records, by its SE10."""
    held: dict[str, str] = {}
    for batch in batches:
        key = ""
        for record in batch.bytes(line_ends=True).decode().splitlines():
            if record[0] in "ABYZ":
                continue
            key = record if record.startswith("SE10") else key
            held[key] = held.get(key, "") + record
    return held


def test_a_stream_refuses_routes_before_it_builds_anything(tmp_path: Path) -> None:
    tables = made_tables(30, 60)
    column = tables["entries"]["filing_route"].to_pylist()
    column[-1] = "ae_only"
    place = tables["entries"].schema.get_field_index("filing_route")
    field = tables["entries"].schema.field(place)
    tables["entries"] = tables["entries"].set_column(place, field, [column])
    paths = write_parquet(tables, tmp_path)
    with pytest.raises(RouteRefused):
        next(stream_batches(paths, ENVELOPE, entries_at_once=5))


def test_a_stream_refuses_tables_out_of_order_or_with_strangers(tmp_path: Path) -> None:
    tables = made_tables(30, 60)
    paths = write_parquet(tables, tmp_path)
    turned = tables["lines"].take(list(range(tables["lines"].num_rows))[::-1])
    pq.write_table(turned, paths["lines"])
    with refused("entries-not-streamable", BadInput) as caught:
        list(stream_batches(paths, ENVELOPE))
    assert caught.codes == ["rows-not-sorted"]
    paths = write_parquet(tables | {"entries": tables["entries"].slice(0, 20)}, tmp_path)
    with refused("entries-not-streamable", BadInput) as caught:
        list(stream_batches(paths, ENVELOPE))
    assert caught.codes == ["rows-without-entry"]


def test_a_filer_with_a_check_digit_factor_is_judged_by_it() -> None:
    rows = entry(33)
    shifted = number(33)[:-1] + str((int(number(33)[-1]) + 1) % 10)
    for held in rows.values():
        for row in held:
            row["entry_number"] = shifted
    with refused("batches-not-valid", BadInput) as caught:
        written(made(rows))
    assert "B16" in caught.codes
    assert written(made(rows), offsets={"ABC": 1})[0].numbers == [shifted]


def test_an_empty_record_gives_no_batch() -> None:
    assert written(EntryRecord.empty()) == []
