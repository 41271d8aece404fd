"""Rules of AE transport and of certified release: each edit of a legal summary raises its code.

AE 2026-07 p.39-47, 56-64, 80-88, 140-155, 179-180.
"""

from __future__ import annotations

import pytest

from tests.ace.edit_summary import Edit, add, base, both, codes, drop, put, record

Case = tuple[str, str, str, Edit]
MODES = ("10", "11", "12", "20", "21", "30", "31", "32", "33", "34", "40", "41", "50", "60", "70")


def twenty(**values: str) -> Edit:
    return put("20", **values)


def component(kind: str, who: str = "", issuer: str = "") -> str:
    return record(
        "23",
        manifest_component_type_code=kind,
        manifest_component_issuer_code=issuer,
        manifest_component_identifier=who or f"{kind}12345",
    )


def group(*texts: str) -> Edit:
    """Replaces the manifest components."""

    def edit(lines: tuple[str, ...]) -> tuple[str, ...]:
        kept = drop("23")(lines)
        at = next(row for row, text in enumerate(kept) if text.startswith("22")) + 1
        return (*kept[:at], *texts, *kept[at:])

    return edit


MOVED = both(
    group(component("I", "257700030"), component("M", issuer="ABCT")),
    twenty(in_bond_in_transit_date="111926", district_port_of_unlading="2704"),
)
SELLER = record("SE30", entity_code="SE", entity_name="NICSAN APPLIANCE WORKS")
OI = record("OI", description="BOLTS")
CONTACT = record("SE13", contact_name="JO HARBOR", contact_phone="5625550100")
VEHICLE = record("SE16", carrier_code="ABCT", voyage="412W", date_of_arrival="111926", quantity="00000020")

CASES: list[Case] = [
    ("176", "01", "11", twenty(carrier_code="")),
    ("176", "01", "40", twenty(carrier_code="")),
    ("178", "01", "30", twenty(carrier_code="A BC")),
    ("179", "01", "40", twenty(carrier_code="ABCD")),
    ("167", "01", "40", twenty(district_port_of_unlading="")),
    ("C114", "01", "30", twenty(district_port_of_unlading="38A1")),
    ("180", "01", "30", twenty(vessel_code="9839430")),
    ("181", "01", "10", twenty(conveyance_name="")),
    ("C133", "01", "30", twenty(location_of_goods_code="Z12")),
    ("C157", "01", "30", twenty(carrier_code="UNKN")),
    ("183", "01", "11", both(drop("22"), drop("23"))),
    ("184", "11", "30", put("10", mode_of_transport="")),
    ("258", "01", "30", put("22", manifested_quantity="0")),
    ("261", "01", "30", group(component("I", "257700030"), component("M", issuer="ABCT"))),
    ("262", "01", "30", twenty(in_bond_in_transit_date="111926")),
    ("188", "01", "30", both(MOVED, twenty(district_port_of_unlading="3801"))),
    ("192", "01", "30", both(MOVED, twenty(in_bond_in_transit_date="111824"), put("11", date_of_importation=""))),
    ("196", "01", "30", twenty(designated_exam_port_code="3801")),
    ("186", "01", "30", put("23", manifest_component_type_code="R")),
    ("187", "01", "30", group(component("M"), component("I", "257700030"))),
    ("187", "01", "30", group(component("M"), component("M"))),
    ("C720", "01", "40", put("23", manifest_component_issuer_code="LHAG")),
    ("C720", "01", "50", put("23", manifest_component_issuer_code="ABCT")),
    ("C720", "01", "30", group(component("I", "257700030", "ABCT"))),
    ("C721", "01", "11", put("23", manifest_component_issuer_code="")),
    ("C721", "01", "11", put("23", manifest_component_issuer_code="ABC")),
    ("C721", "01", "20", group(component("M", issuer="ABCT"), component("H"))),
    ("C172", "01", "30", group(component("I", "25770003"))),
    ("C722", "01", "11", group(component("H", issuer="ABCT"))),
    ("C722", "01", "40", group(component("M"), component("S"))),
    ("C722", "01", "30", group(component("I", "V1234567890"))),
    ("429", "01", "11", put("40", foreign_port_of_lading_code="")),
    ("429", "01", "12", put("40", foreign_port_of_lading_code="")),
    ("C723", "01", "30", put("40", foreign_port_of_lading_code="5802A")),
    ("426", "01", "30", put("40", date_of_exportation="112026")),
    ("420", "01", "30", both(MOVED, put("40", date_of_exportation="112026"))),
    ("C750", "01", "30", add(SELLER)),
    ("C750", "01", "30", add(CONTACT)),
    ("C751", "01", "30", lambda lines: with_pga(lines)),
    ("C752", "21", "30", put("10", cargo_release_certification_request_indicator="A")),
    ("C752", "02", "30", add(record("SE20", qualifier="LOC", reference="Z123"))),
    ("C753", "02", "30", add(record("SE20", qualifier="NAM", reference="Y"))),
    ("C190", "02", "30", add(record("SE20", qualifier="XYZ", reference="Y"))),
    ("C754", "02", "30", put("10", summary_filing_action_request_code="R")),
    ("C200", "02", "30", put("SE30", entity_code="MF")),
    ("C201", "02", "30", add(SELLER)),
    ("C202", "02", "30", lambda lines: doubled(lines)),
    ("C205", "02", "30", put("SE30", entity_identifier="12-345678900")),
    ("C207", "02", "30", put("SE30", entity_identifier="12-345678900")),
    ("C208", "02", "30", put("SE30", entity_identifier="12-3", identifier_qualifier="EI")),
    ("C755", "02", "30", put("SE30", entity_name="")),
    ("C757", "02", "30", put("SE30", entity_code="CN", entity_identifier="12-345678900")),
    ("C212", "02", "30", both(drop("SE30"), drop("SE35"), drop("SE36"))),
    ("C214", "02", "30", both(drop("SE50"), drop("SE55"), drop("SE56"))),
    ("C215", "02", "30", drop("47", "47S")),
    ("C756", "02", "30", add(record("SE30", entity_code="BY", entity_name="A"))),
    ("C756", "02", "30", put("SE50", entity_code="BY")),
]


def with_pga(lines: tuple[str, ...]) -> tuple[str, ...]:
    at = next(row for row, text in enumerate(lines) if text.startswith("50")) + 1
    pga = "PG01001EPATS1".ljust(79) + "A"
    return (*lines[:at], OI, pga, *lines[at:])


def doubled(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The manufacturer of a line twice."""
    rows = [row for row, text in enumerate(lines) if text.startswith("SE5")][:3]
    return (*lines[: rows[2] + 1], *(lines[row] for row in rows), *lines[rows[2] + 1 :])


LEGAL: list[tuple[str, str, str, Edit]] = [
    ("in bond", "01", "30", MOVED),
    ("paperless in bond", "01", "30", both(
        group(component("I", "V1234567890"), component("M", issuer="ABCT")),
        twenty(in_bond_in_transit_date="111926", district_port_of_unlading="2704"),
    )),
    ("house alone by truck", "01", "30", group(component("H", issuer="ABCT"))),
    ("house and sub-house by vessel", "01", "11", group(
        component("M", issuer="ABCT"), component("H", issuer="ABCT"), component("S")
    )),
    ("house by air", "01", "40", group(component("M"), component("H"))),
    ("unknown air carrier", "01", "40", twenty(carrier_code="*F")),
    ("vessel code", "01", "11", twenty(vessel_code="9839430")),
    ("no truck carrier", "01", "30", twenty(carrier_code="")),
    ("PGA after an expedited release", "01", "30", both(
        put("10", pga_data_included_indicator="Y"), with_pga
    )),
    ("certified replacement with its contact", "02", "30", both(
        put("10", summary_filing_action_request_code="R"), add(CONTACT)
    )),
]  # fmt: skip


@pytest.mark.parametrize(("code", "kind", "mode", "edit"), CASES)
def test_a_fault_of_the_cargo(code: str, kind: str, mode: str, edit: Edit) -> None:
    before = base(kind, mode)
    assert code not in codes(before)
    assert code in codes(edit(before))


@pytest.mark.parametrize(("what", "kind", "mode", "edit"), LEGAL)
def test_what_is_legal_has_no_fault(what: str, kind: str, mode: str, edit: Edit) -> None:
    assert codes(edit(base(kind, mode))) <= {"C602"}, what


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ("01", "03", "06", "21", "23", "52"))
def test_a_summary_of_every_mode_is_legal_as_written(kind: str, mode: str) -> None:
    assert codes(base(kind, mode)) == set()
