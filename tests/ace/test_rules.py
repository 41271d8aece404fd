"""The rules of cargo release: what they must let pass, the forms of numbers, their register."""

from __future__ import annotations

import pytest

from tasks.ace.file_check import check_bytes
from tasks.ace.wire.record_layouts import code_list
from tests.ace.golden import Edit, add, both, data, drop, envelope, filled, put, se
from tests.ace.golden_entries import CONTACT, ENTRIES, HEADER_PARTIES, bill, conveyance, line, party, release, se10

PASSING: list[tuple[str, str, Edit]] = [
    ("replace", "truck", put("truck", "SE10", "action_code", "R")),
    ("SSN importer", "truck", put("truck", "SE10", "22-36", "34 123-45-6789")),
    ("importer given by CBP", "truck", put("truck", "SE10", "22-36", "ANI270426-00001")),
    ("IRS number without suffix", "truck", put("truck", "SE10", "importer_number", "12-3456789")),
    ("placeholder of a private number", "truck", put("truck", "SE10", "22-36", "34 000-00-0000")),
    ("buyer by number", "truck", both(
        put("truck", "SE30", "8-65", "".ljust(35) + "EI 12-345678900", 1),
        drop("truck", "SE36", 1), drop("truck", "SE35", 1),
    )),
    ("seller and maker on the lines", "truck", both(
        put("truck", "SE30", "entity_code", "CS"), put("truck", "SE30", "entity_code", "LG", 3),
        add("truck", "SE40", [*party(5, "MF", "A WORKS"), *party(5, "SE", "A SHOP")]),
    )),
    ("consignee on the line", "truck", both(
        drop("truck", "SE30", 2), add("truck", "SE40", party(5, "CN", number="12-345678900")),
    )),
    ("ship-to, stuffing, consolidator", "truck", add("truck", "SE36", [
        *party(3, "ST", "A SHOP", country="US"), *party(3, "LG", "A HALL"),
        *party(3, "CS", "A BOX CO"),
    ], 2)),
    ("booking party at header", "truck", add("truck", "SE36", party(3, "BKP", "A DESK"), 2)),
    ("two components of a street", "truck", put(
        "truck", "SE35", "5-78", "01" + "12".ljust(35) + "02" + "HIGH STREET"
    )),
    ("no quantity: the whole bill", "truck", put("truck", "SE15", "quantity", "")),
    ("province as origin", "truck", put("truck", "SE40", "country_of_origin", "XO")),
    ("chapter 98 with eight digits", "truck", add(
        "truck", "SE40", se("SE60", hts_number="98020060")
    )),
    ("chapter 98 with a suffix", "truck", add(
        "truck", "SE40", se("SE60", hts_number="9801001012")
    )),
    ("two chapter 99 numbers", "ocean", add("ocean", "SE56", [
        *party(5, "SE", "A SHOP"), se("SE60", hts_number="99030125"),
    ])),
    ("security filing with the entry", "truck", add("truck", "SE60", [
        filled("SE", "SF10", bond_type=8), filled("SE", "SF20"), filled("SE", "SF25"),
        filled("SE", "SF30"), filled("SE", "SF31"), filled("SE", "SF35"), filled("SE", "SF36"),
        filled("SE", "SF30"),
    ])),
    ("express indicator and perishable", "truck", add("truck", "SE20", [
        se("SE20", qualifier="EXP", reference="Y"), se("SE20", qualifier="PER", reference="Y"),
        se("SE20", qualifier="KII", reference="Y"), se("SE20", qualifier="RRN", reference="RAIL 1"),
        se("SE20", qualifier="CES", reference="B7600000015"),
        se("SE20", qualifier="DIS", reference="INV-1/2"),
    ])),
    ("two DIS references", "truck", add("truck", "SE20", [
        se("SE20", qualifier="DIS", reference="A"), se("SE20", qualifier="DIS", reference="B"),
    ])),
    ("type 22 without a bill", "rewarehouse", both(
        drop("rewarehouse", "SE15"), drop("rewarehouse", "SE15"),
    )),
    ("immediate delivery by sea", "ocean", put("ocean", "SE11", "80", "Y")),
    ("general order", "ocean", both(
        put("ocean", "SE11", "general_order_number", "GO1"),
        put("ocean", "SE15", "non_ams", "Y"), put("ocean", "SE15", "73", "Y", 1),
        put("ocean", "SE15", "quantity", "", 1), drop("ocean", "SE17"),
        add("ocean", "SE15", conveyance(), 1),
    )),
    ("several houses under one master", "ocean", add("ocean", "SE17", [
        bill("M", "MASTER001", "MAEU"), bill("H", "HOUSE002", "ABCD", 5),
    ])),
    ("master and house under an in-bond number", "ocean", add(
        "ocean", "SE13", bill("I", "17612345675")
    )),
    ("cancelled for system error", "cancelled", both(
        put("cancelled", "SE13", "reason_code", "11"), drop("cancelled", "SE20"),
    )),
    ("updated with conveyance and place", "updated", both(
        add("updated", "SE10", se("SE11", location_of_goods="Y123")),
        put("updated", "SE15", "quantity", ""), add("updated", "SE15", conveyance()),
    )),
    ("type 86 with PGA data has an importer", "low_value", both(
        put("low_value", "SE10", "22-36", "EI 12-345678900"),
        add("low_value", "SE60", [
            "OI".ljust(10) + "PUMPS".ljust(70), "PG01001FDADEV".ljust(79) + "A",
        ]),
    )),
    ("paperless in-bond", "rewarehouse", put("rewarehouse", "SE15", "10-59", "V1212345678")),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "edit"), [pytest.param(entry, edit, id=name) for name, entry, edit in PASSING])
def test_what_the_chapter_allows_is_no_fault(entry: str, edit: Edit) -> None:
    result = check_bytes(data(edit(release(entry))))
    assert [str(one) for one in result.findings] == []


def test_type_06_from_another_port_has_its_in_bond_bill() -> None:
    bills = [bill("I", "257700030"), bill("R", "ZONE1", "XPOL", 3)]
    edit = both(put("zone", "SE10", "mode_of_transport", "30"), add("zone", "SE13", bills))
    assert check_bytes(data(edit(release("zone")))).findings == ()
    blank = add("zone", "SE13", bills)(release("zone"))
    assert [one.code for one in check_bytes(data(blank)).findings] == ["C110"]


def test_type_86_with_agency_data_needs_its_importer() -> None:
    description = "OI".ljust(10) + "PUMPS".ljust(70)
    edit = add("low_value", "SE60", [description, "PG01001FDADEV".ljust(79) + "A"])
    found = [one.code for one in check_bytes(data(edit(release("low_value")))).findings]
    assert found == ["C108"]


@pytest.mark.parametrize("mode", code_list("mode"))
def test_every_mode_has_an_entry_that_passes(mode: str) -> None:
    outside = mode in code_list("manual_mode")
    bare = mode in code_list("no_issuer_mode")
    number = "17612345675" if mode in code_list("air_mode") else "HANDCARRIED"
    wanted = "" if outside and mode != "60" else 3
    texts = [
        se10(77, mode_of_transport=mode, port_of_unlading="2704"),
        CONTACT,
        bill("R", number, "" if bare else "XPOL", wanted, "Y" if outside else "N"),
        *([conveyance(conveyance_name="LINE ONE")] if outside else []),
        *HEADER_PARTIES,
        *line(1, 1000, "7318152000"),
    ]
    result = check_bytes(data(envelope("SE", [("e", text) for text in texts])))
    assert [str(one) for one in result.findings] == []


@pytest.mark.parametrize("entry_type", code_list("entry_type"))
def test_every_entry_type_is_taken(entry_type: str) -> None:
    known = {"06": "zone", "22": "rewarehouse", "23": "temporary", "11": "informal"}
    known["86"] = "low_value"
    name = known.get(entry_type, "ocean")
    edits: list[Edit] = [put(name, "SE10", "entry_type", entry_type)]
    if entry_type == "21":
        edits.append(put(name, "SE11", "bonded_warehouse", "W123"))
    if entry_type == "12":
        edits.append(put(name, "SE10", "entered_value", "0000001500"))
    assert check_bytes(data(both(*edits)(release(name)))).findings == ()


def test_line_level_consignees_are_limited_person_by_person() -> None:
    texts = list(ENTRIES["informal"]())
    start = next(n for n, text in enumerate(texts) if text.startswith("SE30CN"))
    head = [*texts[:start], *texts[start + 3 : start + 6]]
    head[0] = head[0][:39] + "0000002500" + head[0][49:]

    def lines(first: int, second: int, other: str) -> list[str]:
        return [
            *line(1, first, "7318152000")[:1], *party(5, "CN", "A PERSON", country="US"),
            *line(1, first, "7318152000")[1:], *line(2, second, "7318152000")[:1],
            *party(5, "CN", other, country="US"), *line(2, second, "7318152000")[1:],
        ]  # fmt: skip

    for other, found in (("B PERSON", []), ("A PERSON", ["C224", "C224"])):
        inside = [("e", text) for text in [*head, *lines(1300, 1200, other)]]
        result = check_bytes(data(envelope("SE", inside)))
        assert [one.code for one in result.findings] == found
