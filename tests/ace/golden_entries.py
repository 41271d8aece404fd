"""Correct cargo release entries of each kind, and the batch of them that tests start from."""

from __future__ import annotations

from collections.abc import Callable

from tasks.entries.numbers.entry_numbers import make_entry_number
from tests.ace.golden import FILER, Line, envelope, pg, se


def se10(serial: int, **values: str | int) -> str:
    number = make_entry_number(FILER, serial)
    given: dict[str, str | int] = {
        "action_code": "A", "entry_filer_code": FILER,
        "entry_number": number.wire[3:], "entry_type": "01", "importer_type": "EI",
        "importer_number": "12-345678900", "mode_of_transport": "11", "bond_type_code": "8",
        "entered_value": 1000, "port_of_entry": "2704",
    }  # fmt: skip
    given.update(values)
    return se("SE10", **{key: value for key, value in given.items() if value != ""})


CONTACT = se("SE13", contact_name="JANE ROE", contact_phone="2125550100")


def party(level: int, code: str, name: str = "", number: str = "", country: str = "CN") -> list[str]:
    """A party by name and address, or by an IRS number."""
    if number:
        return [se(f"SE{level}0", entity_code=code, identifier_qualifier="EI", entity_identifier=number)]
    return [
        se(f"SE{level}0", entity_code=code, entity_name=name),
        se(f"SE{level}5", address_qualifier="15", address_information="1 HIGH STREET"),
        se(f"SE{level}6", city="NINGBO", postal_code="315000", country_code=country),
    ]


HEADER_PARTIES = [
    *party(3, "SE", "NINGBO FASTENER CO"),
    *party(3, "BY", "BOLT HOUSE INC", country="US"),
    *party(3, "CN", number="12-345678900"),
    *party(3, "MF", "NINGBO FASTENER WORKS"),
]


def bill(kind: str, number: str, issuer: str = "", quantity: int | str = "", outside: str = "N") -> str:
    values: dict[str, str | int] = {"bill_type": kind, "bill_number": number, "non_ams": outside}
    if issuer:
        values["issuer_code"] = issuer
    if quantity != "":
        values["quantity"] = quantity
    return se("SE15", **values)


def line(number: int, value: int, *numbers: str, origin: str = "CN") -> list[str]:
    """SE40 and its tariff numbers; the value stands on the last."""
    tariffs = [se("SE60", hts_number=one) for one in numbers[:-1]]
    return [
        se("SE40", line=number, country_of_origin=origin, description="STEEL BOLTS"),
        *tariffs,
        se("SE60", hts_number=numbers[-1], value=value),
    ]


def conveyance(**values: str | int) -> str:
    given: dict[str, str | int] = {
        "carrier_code": "XPOL", "voyage": "77", "date_of_arrival": "112026", "quantity": 12,
    }  # fmt: skip
    return se("SE16", **{**given, **values})


def ocean() -> list[str]:
    """Master and house, a container, a line with its own maker, PGA data, chapter 99."""
    return [
        se10(1, entered_value=1500),
        se("SE11", location_of_goods="Y123", exam_site="Z9A1", conveyance_name="EVER TEST"),
        CONTACT,
        bill("M", "MASTER001", "MAEU"),
        bill("H", "HOUSE001", "ABCD", 40),
        se("SE17", equipment_number="MAEU1234567"),
        se("SE20", qualifier="CR", reference="LEDGER001"),
        *party(3, "SE", "NINGBO FASTENER CO"),
        *party(3, "BY", "BOLT HOUSE INC", country="US"),
        *party(3, "CN", number="12-345678900"),
        se("SE31", gbi_qualifier="DUNS", gbi_identifier="123456789"),
        se("SE40", line=1, country_of_origin="CN", description="STEEL BOLTS"),
        *party(5, "MF", "NINGBO FASTENER WORKS"),
        se("SE60", hts_number="99038815"),
        se("SE60", hts_number="7318152000", value=1000),
        se("SE40", line=2, country_of_origin="TW", description="MEDICAL PUMPS"),
        *party(5, "MF", "TAICHUNG PUMP WORKS", country="TW"),
        se("SE60", hts_number="8413810040", value=500),
        pg("OI", description="PUMPS"),
        pg(
            "PG01", pga_line_number=1, government_agency_code="FDA",
            government_agency_program_code="DEV",
        ),
        pg("PG02", item_type="P"),
        pg("PG19", entity_role_code="MF", entity_name="TAICHUNG PUMP WORKS"),
        pg("PG20", entity_city="TAICHUNG"),
    ]  # fmt: skip


def truck() -> list[str]:
    return [
        se10(2, mode_of_transport="30", entered_value=700, port_of_entry=""),
        CONTACT,
        bill("R", "PAPS0001", "XPOL", 7),
        se("SE20", qualifier="CR", reference="LEDGER002"),
        *HEADER_PARTIES,
        *line(1, 700, "7318152000"),
    ]


def zone() -> list[str]:
    """Type 06 out of a foreign-trade zone, weekly, no bill."""
    return [
        se10(3, entry_type="06", mode_of_transport="", entered_value=900),
        se(
            "SE11", entry_date_election_code="W", elected_entry_date="112426",
            location_of_goods="Z001", conveyance_name="FTZ02600A001",
        ),
        CONTACT,
        *HEADER_PARTIES,
        se("SE40", line=1, country_of_origin="JP"),
        se("SE41", zone_status="P", privileged_date="010524", zone_quantity=10),
        se("SE60", hts_number="8413810040", value=500),
        se("SE61", current_hts_number="8413810050"),
        se("SE40", line=2, country_of_origin="JP"),
        se("SE41", zone_status="N", zone_quantity=4),
        se("SE60", hts_number="8413810040", value=400),
    ]  # fmt: skip


def temporary() -> list[str]:
    """Type 23 by air with a single transaction bond."""
    return [
        se10(4, entry_type="23", mode_of_transport="40", bond_type_code="9", entered_value=5000),
        CONTACT,
        bill("R", "17612345675", quantity=2),
        se("SE20", qualifier="CR", reference="LEDGER004"),
        se("SE20", qualifier="V1", reference="036"),
        se("SE20", qualifier="AMT", reference="90000"),
        *HEADER_PARTIES,
        *line(1, 5000, "98130020", "9018908000"),
    ]


def rewarehouse() -> list[str]:
    """Type 22 under an in-bond number."""
    return [
        se10(5, entry_type="22", mode_of_transport="30", entered_value=800),
        se(
            "SE11", bonded_warehouse="W123", warehouse_filer_code="ABC",
            warehouse_entry_number="12345676",
        ),
        CONTACT,
        bill("I", "257700030"),
        bill("R", "WHSE0001", "XPOL", 7),
        *HEADER_PARTIES,
        *line(1, 800, "7318152000"),
    ]  # fmt: skip


def informal() -> list[str]:
    """Type 11 by air, consignee by name."""
    return [
        se10(6, entry_type="11", mode_of_transport="40", bond_type_code="0", entered_value=2000),
        CONTACT,
        bill("T", "00112345678901", quantity=1),
        *party(3, "SE", "NINGBO FASTENER CO"),
        *party(3, "BY", "BOLT HOUSE INC", country="US"),
        *party(3, "CN", "BOLT HOUSE INC", country="US"),
        *party(3, "MF", "NINGBO FASTENER WORKS"),
        *line(1, 2000, "7318152000"),
    ]


def low_value() -> list[str]:
    """Type 86 by air: no importer, one bill with a quantity."""
    return [
        se10(
            7, entry_type="86", mode_of_transport="40", importer_type="", importer_number="",
            bond_type_code="0", entered_value=300,
        ),
        CONTACT,
        bill("M", "17612345675"),
        bill("H", "HAWB7", quantity=1),
        se("SE20", qualifier="EDA", reference="112026"),
        *party(3, "SE", "NINGBO FASTENER CO"),
        *party(3, "CN", "A PERSON", country="US"),
        *line(1, 300, "7318152000"),
    ]  # fmt: skip


def mail() -> list[str]:
    """Mode 50: outside the manifests, so with SE16 and no quantity on SE15."""
    return [
        se10(8, mode_of_transport="50", port_of_unlading="2704"),
        CONTACT,
        bill("R", "EE123456789CN", outside="Y"),
        conveyance(),
        *HEADER_PARTIES,
        *line(1, 1000, "7318152000"),
    ]


def pipeline() -> list[str]:
    return [
        se10(9, mode_of_transport="70", port_of_unlading="2704"),
        CONTACT,
        bill("R", "XPOL0001", outside="Y"),
        conveyance(conveyance_name="GREAT NORTHERN"),
        *HEADER_PARTIES,
        *line(1, 1000, "2709002010", origin="CA"),
    ]


def hand_carried() -> list[str]:
    return [
        se10(10, mode_of_transport="60", port_of_unlading="2704"),
        CONTACT,
        bill("R", "HANDCARRIED", quantity=1, outside="Y"),
        conveyance(quantity=1),
        *HEADER_PARTIES,
        *line(1, 1000, "7113195000"),
    ]


def cancelled() -> list[str]:
    return [
        se10(11, action_code="D"),
        se("SE13", contact_name="JANE ROE", contact_phone="2125550100", reason_code="03"),
        se("SE20", qualifier="EN", reference="ABC12345676"),
    ]


def updated() -> list[str]:
    return [
        se10(12, action_code="U"),
        CONTACT,
        bill("R", "SIMPLE0012", "MAEU", 5),
        se("SE20", qualifier="CR", reference="LEDGER012"),
    ]


ENTRIES: dict[str, Callable[[], list[str]]] = {
    one.__name__: one
    for one in (
        ocean, truck, zone, temporary, rewarehouse, informal, low_value, mail, pipeline,
        hand_carried, cancelled, updated,
    )
}  # fmt: skip


def release(*names: str) -> list[Line]:
    """A batch of the named entries, or of all, that has no fault."""
    inside = [(name, text) for name in names or ENTRIES for text in ENTRIES[name]()]
    return envelope("SE", inside)
