"""Answers as ACE prints them, written field by field from the layouts, for tests.

Written without the encoder: text goes to the left, numbers to the right, padded with blanks as
ACE returns them (EQ v26 p.52).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tasks.ace.wire.record_layouts import record_layout
from tasks.entries.numbers.entry_numbers import make_entry_number

FILER = "ABC"


def number(serial: int) -> str:
    return str(make_entry_number(FILER, serial))


def wire(serial: int) -> tuple[str, str]:
    """Filer code and eight digits."""
    whole = make_entry_number(FILER, serial).wire
    return whole[:3], whole[3:]


def line(application: str, record: str, variant: str = "", /, **values: object) -> str:
    """One record of 80 characters."""
    chart = record_layout(application, record, variant)
    unknown = set(values) - set(chart.by_name)
    assert not unknown, (record, unknown)
    text = [" "] * 80
    for field in chart.fields:
        value = field.constant or str(values.get(field.name, ""))
        assert len(value) <= field.length, (record, field.name, value)
        padded = value.rjust(field.length) if field.right else value.ljust(field.length)
        text[field.start - 1 : field.end] = padded
    return "".join(text)


def batch(
    application: str,
    blocks: Sequence[Iterable[str]],
    batch_id: str = "DRILL-26112400001",
    port: str = "2704",
    count: int | None = None,
) -> list[str]:
    """A whole answer batch; `count` puts another number than the true one into Y."""
    a = line("BB", "A", "output", site_code="2704", sender_id=FILER, transmission_date="112426",
             application=application, user_text=batch_id)  # fmt: skip
    made = [a]
    for place, records in enumerate(blocks, start=1):
        inside = list(records)
        text = f"{batch_id}/{place:03d}" if batch_id else ""
        b = line("BB", "B", "output", port=port, filer_code=FILER, application=application,
                 user_text=text)  # fmt: skip
        told = len(inside) if count is None else count
        y = line("BB", "Y", "output", port=port, filer_code=FILER, application=application,
                 image_count=f"{told:05d}")  # fmt: skip
        made += [b, *inside, y]
    z = line("BB", "Z", "output", site_code="2704", sender_id=FILER, transmission_date="112426")
    return [*made, z]


def stream(*batches: Iterable[str]) -> bytes:
    """n x 80 bytes without line ends."""
    return "".join(text for one in batches for text in one).encode("ascii")


def lines(*batches: Iterable[str]) -> bytes:
    """The same with LF and trimmed lines."""
    return "".join(text.rstrip() + "\n" for one in batches for text in one).encode("ascii")


def e0(serial: int, place: int = 1, kind: str = "SUMMRY", text: str = "") -> str:
    filer, digits = wire(serial)
    said = text or f"{filer} {digits} L{serial:08d}    110"
    return line("AE", "E0", reference_data_type_code=kind, occurrence_position=f"{place:06d}",
                reference_data_text=said)  # fmt: skip


def e1(serial: int, code: str, text: str = "", final: str = "", severity: str = "", **more: str) -> str:
    filer, digits = wire(serial)
    return line("AE", "E1", disposition_type_code=final, severity_code=severity,
                condition_code=code, narrative_text=text, entry_filer_code=filer,
                entry_number=digits, broker_reference_number=f"L{serial:08d}", **more)  # fmt: skip


def se10(serial: int, action: str = "A", **more: str) -> str:
    filer, digits = wire(serial)
    values = {
        "entry_type": "01",
        "importer_type": "EI",
        "importer_number": "12-345678900",
        "bond_type_code": "8",
        "entered_value": "0000000200",
        "port_of_entry": "2704",
    }
    return line("SE", "SE10", action_code=action, entry_filer_code=filer, entry_number=digits,
                **(values | more))  # fmt: skip


def se90(kind: str, code: str = "", text: str = "") -> str:
    return line("SE", "SE90", message_type_code=kind, message_identifier_code=code,
                narrative_message_text=text)  # fmt: skip


def status10(serial: int, letters: str = "SO") -> str:
    filer, digits = wire(serial)
    application, variant = ("SO", "") if letters == "SO" else ("CQ", "output")
    return line(application, f"{letters}10", variant, district_port_of_entry="2704",
                entry_filer_code=filer, entry_number=digits, entry_type_code="01",
                importer_of_record_number="12-345678900")  # fmt: skip


def status60(code: str, text: str, day: str, time: str, letters: str = "SO", **more: str) -> str:
    application, variant = ("SO", "") if letters == "SO" else ("CQ", "output")
    return line(application, f"{letters}60", variant, disposition_action_date=day,
                disposition_action_time=time, disposition_action_code=code,
                narrative_message=text, **more)  # fmt: skip


def jb(serial: int, **more: str) -> str:
    filer, digits = wire(serial)
    values = {
        "version_number": "00100",
        "accept_date_time": "112426043015PM",
        "ownership_data_returned_indicator": "Y",
        "liquidation_status_code": "2",
        "center_id": "CEE005",
    }
    return line("EQ", "JB", entry_filer_code=filer, entry_number=digits, **(values | more))


def jc(**more: str) -> str:
    values = {
        "entry_summary_control_status": "1",
        "entry_summary_status_code": "1",
        "entry_summary_status_date": "112426",
        "late_filing_status_code": "0",
        "release_status_code": "1",
        "release_date": "112026",
        "collection_status_code": "0",
        "census_header_status_code": "0",
        "protest_status_code": "NO",
    }
    return line("EQ", "JC", **(values | more))


def jz(code: str, text: str, serial: int | None = None) -> str:
    named = dict(zip(("entry_filer_code", "entry_number"), wire(serial), strict=True)) if (
        serial is not None
    ) else {}  # fmt: skip
    return line("EQ", "JZ", condition_code=code, narrative_text=text,
                district_port_of_entry="2704", **named)  # fmt: skip


def state(serial: int) -> list[str]:
    """JB to JI of one summary."""
    return [
        jb(serial),
        jc(),
        line("EQ", "JD", cbp_review_indicator="2", entry_date="112026",
             immediate_delivery_indicator="N"),
        line("EQ", "JE", estimated_duty="24690", estimated_fee_s="6928",
             estimated_interest="-1250"),
        line("EQ", "JF", importer_of_record_number="12-345678900", entry_type="01",
             district_port_of_entry="2704", entry_summary_filing_date="112426"),
        line("EQ", "JG", import_specialist_team="110", number_of_line_items="2"),
        line("EQ", "JH", preliminary_statement_print_date="120126",
             broker_reference_number=f"L{serial:08d}"),
        line("EQ", "JI", surety_code="036", primary_surety_indicator="Y", bond_type_code="8",
             bond_designation_type_code="B", multiple_bonds_indicator="N",
             bond_number="998877661"),
    ]  # fmt: skip


def image(serial: int, line_count: int = 2, first: int = 1) -> list[str]:
    """The stored summary: 10 to 90, a 4A before each line."""
    filer, digits = wire(serial)
    head = [
        line("AE", "10", summary_filing_action_request_code="A", entry_filer_code=filer,
             entry_number=digits, district_port_of_entry="2704",
             broker_reference_number=f"L{serial:08d}", entry_type_code="01",
             mode_of_transport="11", electronic_signature="X", payment_type_code="7",
             preliminary_statement_print_date="120126", periodic_statement_month="12"),
        line("AE", "11", importer_of_record_number="12-345678900",
             consignee_number="12-345678900", estimated_entry_date="112026",
             date_of_importation="111926", u_s_state_of_destination_code="CA"),
        line("AE", "20", carrier_code="MAEU", district_port_of_unlading="2704",
             estimated_date_of_arrival="111926", location_of_goods_code="Z123",
             conveyance_name="MSC ALINA"),
        line("AE", "22", manifested_quantity="40", manifested_quantity_unit_of_measure_code="PCS"),
        line("AE", "23", manifest_component_type_code="M", manifest_component_issuer_code="MAEU",
             manifest_component_identifier="12345678"),
        line("AE", "23", manifest_component_type_code="H", manifest_component_issuer_code="HLCU",
             manifest_component_identifier="H1"),
        line("AE", "31", bond_type_code="8", bond_designation_type_code="B",
             surety_company_code="036"),
    ]  # fmt: skip
    inside = [text for place in range(line_count) for text in image_line(place + 1, first + place)]
    tail = [
        line("AE", "89", accounting_class_code_1="499", total_fee_amount_1="6928",
             accounting_class_code_2="501", total_fee_amount_2="2500"),
        line("AE", "90", grand_total_duty_amount="24690", grand_total_user_fee_amount="9428"),
    ]  # fmt: skip
    return [*head, *inside, *tail]


def image_line(place: int, name: int) -> list[str]:
    return [
        line("EQ", "4A", cbp_line_number=f"{place:05d}"),
        line("AE", "40", line=f"{name:03d}", country_of_origin_code="TW",
             country_of_export_code="TW", date_of_exportation="111626", charges_amount="300",
             foreign_port_of_lading_code="58023", gross_shipping_weight="900",
             related_party_indicator="N"),
        line("AE", "44", description="STEEL HEX BOLTS"),
        line("AE", "47", article_party_type_code="M", article_party_identifier="TWNICSAN435TAI"),
        line("AE", "47", article_party_type_code="S", article_party_identifier="12-345678900"),
        line("AE", "50", hts_number="99038803", duty_amount="0", value_of_goods_amount="0"),
        line("AE", "50", hts_number="7318152065", duty_amount="12345",
             value_of_goods_amount="10000", quantity_1="85025", unit_of_measure_code_1="KG"),
        line("AE", "62", accounting_class_code="499", user_fee_amount="3464"),
        line("AE", "62", accounting_class_code="501", user_fee_amount="1250"),
    ]  # fmt: skip
