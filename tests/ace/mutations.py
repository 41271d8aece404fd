"""Single faults of a correct SE batch: name, the code that must be found, and the edit.

`golden.release()` is what they start from. Later rooms use its entries as well.
"""

from __future__ import annotations

from tests.ace.golden import Edit, add, both, drop, pg, put, se, swap
from tests.ace.golden_entries import CONTACT, bill, conveyance, party

Mutations = list[tuple[str, str, Edit]]

LINE = se("SE40", line=1, country_of_origin="CN")
STREET = se("SE35", address_qualifier="15", address_information="A")
TARIFF = se("SE60", hts_number="7318152000")
OLD_TARIFF = se("SE61", current_hts_number="8413810050")
STATUS = se("SE41", zone_status="N", zone_quantity=1)
ISSUER = pg("PG13", issuer_of_lpco="X")


def _many(entry: str, after: str, texts: list[str], times: int, nth: int = 0) -> Edit:
    return add(entry, after, texts * times, nth)


def _reference(qualifier: str, text: str) -> str:
    return se("SE20", qualifier=qualifier, reference=text)


ENVELOPE: Mutations = [
    ("batch header lost", "C002", drop("", "A")),
    ("block header lost", "X03", drop("", "B")),
    ("block trailer lost", "X05", drop("", "Y")),
    ("batch trailer lost", "X06", drop("", "Z")),
    ("site blank", "X07", both(put("", "A", "site_code", ""), put("", "Z", "site_code", ""))),
    ("sender blank", "X08", both(put("", "A", "sender_id", ""), put("", "Z", "sender_id", ""))),
    ("password blank", "C016", put("", "A", "password", "")),
    (
        "date impossible",
        "X10",
        both(put("", "A", "transmission_date", "133226"), put("", "Z", "transmission_date", "133226")),
    ),
    ("trailer differs", "X14", put("", "Z", "sender_id", "ABC")),
    ("block port differs", "X32", put("", "Y", "port", "2705")),
    ("preparer without mark", "X22", put("", "B", "preparer_port", "3001")),
    ("preparer mark unknown", "X21", put("", "B", "preparer_indicator", "2")),
    ("block header filler", "X39", put("", "B", "13-14", "XX")),
    ("batch trailer filler", "X39", put("", "Z", "60-61", "XX")),
]

BYTES: Mutations = [
    ("lower case in a name", "X40", put("ocean", "SE30", "entity_name", "Ningbo")),
    ("lower case in a code", "X40", put("truck", "SE15", "issuer_code", "xpol")),
    ("carriage return", "X40", put("truck", "SE36", "city", "NING\rBO")),
    ("data in filler", "X39", put("truck", "SE10", "61-70", "REMARK")),
    ("letter in a number", "C011", put("truck", "SE10", "entered_value", "00000OO700")),
    ("digit in letters", "C010", put("truck", "SE40", "country_of_origin", "C1")),
    ("sign in letters and digits", "C013", put("truck", "SE20", "qualifier", "C-R")),
    ("not zero-filled", "C011", put("truck", "SE15", "quantity", "       7")),
    ("date impossible", "C014", put("mail", "SE16", "date_of_arrival", "023026")),
    ("mandatory blank", "C016", put("truck", "SE13", "contact_name", "")),
    ("text indented", "C018", put("truck", "SE35", "address_information", " 1 HIGH STREET")),
    ("carrier unknown, by air", "C602", put("mail", "SE16", "carrier_code", "*F")),
]

STRUCTURE: Mutations = [
    ("first header lost", "X33", drop("ocean", "SE10")),
    ("second header lost", "X33", drop("truck", "SE10")),
    ("unknown record", "X34", add("truck", "SE13", "SE14".ljust(80))),
    ("record of another application", "X34", add("truck", "SE13", "J0Y".ljust(80))),
    ("line in a cancellation", "X34", add("cancelled", "SE20", LINE)),
    ("party in an update", "X34", add("updated", "SE20", party(3, "CN", number="12-345678900"))),
    ("contact at the end", "X35", both(drop("truck", "SE13"), add("truck", "SE60", CONTACT))),
    ("reference after parties", "X35", add("truck", "SE36", _reference("RRN", "1"))),
    ("town before street", "X35", swap("truck", "SE35")),
    ("two extra headers", "X36", add("zone", "SE11", se("SE11", location_of_goods="Z001"))),
    ("four streets", "X36", _many("truck", "SE35", [STREET], 3)),
    ("thirteen header parties", "X36", _many("truck", "SE36", party(3, "ST", "A SHOP"), 9)),
    ("thirty-three tariff numbers", "X36", _many("truck", "SE60", [TARIFF], 32)),
    ("hundred conveyances", "X36", _many("mail", "SE16", [conveyance()], 99)),
    ("contact lost", "X37", drop("truck", "SE13")),
    ("line header lost", "X37", drop("truck", "SE40")),
    ("tariff number lost", "X37", drop("truck", "SE60")),
    ("party header lost", "X37", drop("truck", "SE30")),
    ("PGA description lost", "X37", drop("ocean", "OI")),
    ("PGA line lost", "X37", drop("ocean", "PG01")),
]

HEADER: Mutations = [
    ("action unknown", "C101", put("truck", "SE10", "action_code", "X")),
    ("entry type 31", "C102", put("truck", "SE10", "entry_type", "31")),
    ("entry type 13", "C102", put("truck", "SE10", "entry_type", "13")),
    ("another filer", "C103", put("truck", "SE10", "entry_filer_code", "K76")),
    ("number too short", "C104", put("truck", "SE10", "entry_number", "0000002")),
    ("check digit", "B16", put("truck", "SE10", "entry_number", "00000020")),
    ("the same number twice", "C105", put("truck", "SE10", "entry_number", "00000015")),
    ("importer type", "C106", put("truck", "SE10", "importer_type", "24")),
    ("importer number unhyphened", "C107", put("truck", "SE10", "importer_number", "12345678900")),
    ("importer number of another type", "C107", put("truck", "SE10", "importer_type", "34")),
    ("importer number missing", "C108", put("truck", "SE10", "importer_number", "")),
    ("importer type missing", "C108", put("truck", "SE10", "importer_type", "")),
    ("mode 99", "C109", put("truck", "SE10", "mode_of_transport", "99")),
    ("mode missing", "C110", put("truck", "SE10", "mode_of_transport", "")),
    ("bond type 1", "C111", put("truck", "SE10", "bond_type_code", "1")),
    (
        "informal above 2,500", "C112",
        both(
            put("informal", "SE10", "entered_value", "0000002501"),
            put("informal", "SE60", "value", "0000002501"),
            drop("informal", "SE36", 2), drop("informal", "SE35", 2),
            put("informal", "SE30", "8-65", "".ljust(35) + "EI 12-345678900", 2),
        ),
    ),
    (
        "value zero", "C117",
        both(put("truck", "SE10", "40-49", "0000000000"), put("truck", "SE60", "value", "")),
    ),
    ("port missing, PGA", "C113", put("ocean", "SE10", "port_of_entry", "")),
    ("port missing, type 06", "C113", put("zone", "SE10", "port_of_entry", "")),
    ("port missing, not on manifest", "C113", put("mail", "SE10", "port_of_entry", "")),
    ("port missing, cancellation", "C113", put("cancelled", "SE10", "port_of_entry", "")),
    ("port of five", "C114", put("ocean", "SE10", "port_of_entry", "27045")),
    ("unlading port missing", "C115", put("mail", "SE10", "port_of_unlading", "")),
    ("split release 3", "C116", put("truck", "SE10", "split_release", "3")),
    ("another district", "C118", put("ocean", "SE10", "port_of_entry", "3001")),
    ("warehouse missing", "C120", put("rewarehouse", "SE11", "bonded_warehouse", "")),
    ("warehouse entry missing", "C122", put("rewarehouse", "SE11", "warehouse_entry_number", "")),
    ("warehouse entry malformed", "C104", put("rewarehouse", "SE11", "72-79", "1234567")),
    ("warehouse for a consumption entry", "C121", put("ocean", "SE11", "bonded_warehouse", "W123")),
    ("warehouse entry for type 01", "C123", put("ocean", "SE11", "69-79", "ABC12345676")),
    (
        "type 22 without SE11", "C120", drop("rewarehouse", "SE11"),
    ),
    ("weekly for type 01", "C125", put("ocean", "SE11", "5-11", "W112426")),
    ("weekly without a date", "C126", put("zone", "SE11", "elected_entry_date", "")),
    ("zone id", "C127", put("zone", "SE11", "conveyance_name", "FTZ26A01")),
    ("type 06 without SE11", "C127", drop("zone", "SE11")),
    ("voyage for type 06", "C128", put("zone", "SE11", "voyage", "12")),
    ("location missing for type 06", "C129", put("zone", "SE11", "location_of_goods", "")),
    ("immediate delivery J", "C130", put("ocean", "SE11", "immediate_delivery_indicator", "J")),
    ("immediate delivery, warehouse", "C131", put("rewarehouse", "SE11", "80", "Y")),
    (
        "immediate delivery without a bond", "C132",
        both(
            put("ocean", "SE10", "bond_type_code", "0"),
            put("ocean", "SE11", "immediate_delivery_indicator", "Y"),
        ),
    ),
    ("exam site of three", "C133", put("ocean", "SE11", "exam_site", "Z9A")),
    ("cancellation without a reason", "C140", put("cancelled", "SE13", "reason_code", "")),
    ("reason in an add", "C141", put("truck", "SE13", "reason_code", "11")),
    ("reason unknown", "C142", put("cancelled", "SE13", "reason_code", "13")),
    ("replacement missing", "C143", put("cancelled", "SE13", "reason_code", "02")),
    ("DIS reference missing", "C145", put("truck", "SE13", "dis_indicator", "1")),
    ("split indicator 2", "C146", put("truck", "SE13", "split_shipment_indicator", "2")),
    ("reason 12 for type 01", "C147", put("cancelled", "SE13", "reason_code", "12")),
]  # fmt: skip

BILLS: Mutations = [
    ("bill type X", "C150", put("truck", "SE15", "bill_type", "X")),
    (
        "master and house by truck", "C151",
        both(
            put("truck", "SE15", "bill_type", "H"),
            add("truck", "SE13", bill("R", "P", "XPOL")),
            put("truck", "SE15", "bill_type", "R", 1), put("truck", "SE15", "bill_type", "R"),
            put("truck", "SE15", "bill_type", "M"), put("truck", "SE15", "bill_type", "H", 1),
        ),
    ),
    ("express by truck", "C152", put("truck", "SE15", "bill_type", "T")),
    (
        "express under type 86", "C153",
        both(
            drop("low_value", "SE15"), put("low_value", "SE15", "bill_type", "T"),
        ),
    ),
    (
        "express outside the manifest", "C154",
        both(
            put("informal", "SE15", "quantity", ""), put("informal", "SE15", "non_ams", "Y"),
            add("informal", "SE15", conveyance()),
        ),
    ),
    ("issuer by air", "C155", put("temporary", "SE15", "issuer_code", "UA")),
    ("issuer of an in-bond number", "C155", put("rewarehouse", "SE15", "issuer_code", "XPOL")),
    ("issuer missing by vessel", "C156", put("ocean", "SE15", "issuer_code", "")),
    ("issuer UNKN", "C157", put("truck", "SE15", "issuer_code", "UNKN")),
    ("carrier UNKN", "C157", put("mail", "SE16", "carrier_code", "UNKN")),
    ("hyphen in a bill number", "C158", put("truck", "SE15", "bill_number", "PAPS-0001")),
    ("blank in a bill number", "C158", put("truck", "SE15", "bill_number", "PAPS 0001")),
    ("quantity on the in-bond record", "C159", put("rewarehouse", "SE15", "quantity", "00000007")),
    ("quantity on SE15 and SE16", "C160", put("mail", "SE15", "quantity", "00000012")),
    ("quantity zero", "C161", put("truck", "SE15", "quantity", "00000000")),
    ("quantity zero on SE16", "C161", put("mail", "SE16", "quantity", "00000000")),
    ("manifest indicator J", "C162", put("truck", "SE15", "non_ams", "J")),
    ("manifest indicator N by mail", "C163", put("mail", "SE15", "non_ams", "N")),
    ("general order on the manifest", "C163", put("ocean", "SE11", "general_order_number", "GO1")),
    ("in-bond outside the manifest", "C164", put("rewarehouse", "SE15", "non_ams", "Y")),
    ("conveyance missing", "C165", drop("mail", "SE16")),
    ("no bill", "C166", drop("truck", "SE15")),
    (
        "bill under type 06", "C167",
        both(
            put("zone", "SE10", "mode_of_transport", "30"),
            add("zone", "SE13", bill("R", "Z1", "XPOL")),
        ),
    ),
    (
        "equipment under type 06", "C168",
        both(
            put("zone", "SE10", "mode_of_transport", "30"),
            add("zone", "SE13", [
                bill("I", "257700030"), bill("R", "Z1", "XPOL"),
                se("SE17", equipment_number="MAEU1234567"),
            ]),
        ),
    ),
    (
        "two bills under type 86", "C169",
        add("low_value", "SE15", bill("R", "17612345686", quantity=1), 1),
    ),
    ("quantity missing under type 86", "C170", put("low_value", "SE15", "quantity", "", 1)),
    ("master without house", "C171", drop("ocean", "SE15", 1)),
    ("house without master", "C171", drop("ocean", "SE15")),
    ("in-bond number alone", "C171", drop("rewarehouse", "SE15", 1)),
    ("in-bond number of eight", "C172", put("rewarehouse", "SE15", "bill_number", "25770003")),
    ("hand carried under another name", "C173", put("hand_carried", "SE15", "bill_number", "BAG1")),
    ("hand carried without quantity", "C174", put("hand_carried", "SE15", "quantity", "")),
    ("pipeline bill, no carrier", "C175", put("pipeline", "SE15", "bill_number", "00012345")),
    (
        "the same bill twice", "C176",
        add("truck", "SE15", bill("R", "PAPS0001", "XPOL", 1)),
    ),
    ("air bill without prefix", "C177", put("temporary", "SE15", "bill_number", "AB112345675")),
    ("pipeline without a name", "C180", put("pipeline", "SE16", "conveyance_name", "")),
]  # fmt: skip

REFERENCES: Mutations = [
    ("qualifier unknown", "C190", put("truck", "SE20", "qualifier", "ZZ")),
    ("reference of ten", "C191", put("truck", "SE20", "reference", "LEDGER0002")),
    ("amount with a leading zero", "C191", put("temporary", "SE20", "reference", "090000", 2)),
    ("amount zero", "C191", put("temporary", "SE20", "reference", "0", 2)),
    ("surety of two", "C191", put("temporary", "SE20", "reference", "36", 1)),
    ("arrival on no day", "C191", put("low_value", "SE20", "reference", "133126")),
    ("replacement with hyphens", "C191", put("cancelled", "SE20", "reference", "ABC-1234567-6")),
    ("perishable X", "C191", add("truck", "SE20", _reference("PER", "X"))),
    ("surety missing", "C192", drop("temporary", "SE20", 1)),
    ("bond amount missing", "C193", drop("temporary", "SE20", 2)),
    ("arrival missing under type 86", "C194", drop("low_value", "SE20")),
    ("two filer references", "C195", add("truck", "SE20", _reference("CR", "X"))),
]

_STREETLESS = "".ljust(35)

PARTIES: Mutations = [
    ("party code unknown", "C200", add("truck", "SE36", party(3, "ZZ", "A SHOP"), 2)),
    ("booking party on a line", "C200", add("ocean", "SE56", party(5, "BKP", "A SHOP"))),
    ("seller twice", "C201", add("truck", "SE36", party(3, "SE", "A SHOP"))),
    ("maker twice on a line", "C202", add("ocean", "SE56", party(5, "MF", "A SHOP"))),
    ("name and number", "C203", put("truck", "SE30", "43-65", "EI 12-345678900", 1)),
    (
        "neither name nor number", "C204",
        both(put("truck", "SE30", "entity_name", "", 1)),
    ),
    (
        "maker by number", "C205",
        both(
            put("truck", "SE30", "8-65", _STREETLESS + "EI 12-345678900", 3),
            drop("truck", "SE36", 2), drop("truck", "SE35", 2),
        ),
    ),
    (
        "consignee by name under type 01", "C206",
        both(
            put("truck", "SE30", "8-65", "A PERSON", 2),
            add("truck", "SE30", [
                se("SE35", address_qualifier="15", address_information="1 HIGH STREET"),
                se("SE36", city="OHIO", country_code="US"),
            ], 2),
        ),
    ),
    ("party number type", "C207", put("truck", "SE30", "identifier_qualifier", "24", 2)),
    ("party number form", "C208", put("truck", "SE30", "entity_identifier", "123456789", 2)),
    ("party number type missing", "C209", put("truck", "SE30", "identifier_qualifier", "", 2)),
    ("party number missing", "C209", put("truck", "SE30", "entity_identifier", "", 2)),
    ("street missing", "C210", drop("truck", "SE35")),
    ("town missing", "C210", drop("truck", "SE36")),
    (
        "number with a town", "C211",
        add("truck", "SE30", se("SE36", city="OHIO", country_code="US"), 2),
    ),
    ("seller missing", "C212", put("truck", "SE30", "entity_code", "CS")),
    ("consignee missing", "C213", drop("truck", "SE30", 2)),
    ("maker missing", "C214", put("truck", "SE30", "entity_code", "LG", 3)),
    ("maker missing on one line", "C214", put("ocean", "SE50", "entity_code", "LG")),
    ("buyer missing", "C215", put("truck", "SE30", "entity_code", "ST", 1)),
    (
        "consignee of a type 86 on the line", "C216",
        both(
            put("low_value", "SE30", "entity_code", "ST", 1),
            add("low_value", "SE40", party(5, "CN", "A PERSON", country="US")),
        ),
    ),
    ("address qualifier", "C218", put("truck", "SE35", "address_qualifier", "99")),
    ("second street unqualified", "C219", put("truck", "SE35", "44-78", "FLOOR 2")),
    ("country of a party", "C220", put("truck", "SE36", "country_code", "ZZ")),
    ("global id kind", "C221", put("ocean", "SE31", "gbi_qualifier", "DUN")),
    ("global id form", "C222", put("ocean", "SE31", "gbi_identifier", "12345678")),
    (
        "consignee by name at the limit", "C224",
        both(
            put("informal", "SE10", "entered_value", "0000002500"),
            put("informal", "SE60", "value", "0000002500"),
        ),
    ),
    (
        "value missing under type 86", "C225",
        put("low_value", "SE60", "value", ""),
    ),
]  # fmt: skip

LINES: Mutations = [
    ("line numbers jump", "C300", put("ocean", "SE40", "line", "003", 1)),
    ("country of origin", "C220", put("truck", "SE40", "country_of_origin", "ZZ")),
    (
        "no line", "C301",
        both(
            drop("truck", "SE60"), drop("truck", "SE40"),
        ),
    ),
    ("zone record missing", "C303", drop("zone", "SE41", 1)),
    ("zone record under type 01", "C304", add("truck", "SE40", STATUS)),
    ("zone status D", "C305", put("zone", "SE41", "zone_status", "D", 1)),
    ("privileged date without P", "C306", put("zone", "SE41", "privileged_date", "010524", 1)),
    ("zone quantity zero", "C161", put("zone", "SE41", "zone_quantity", "00000000")),
    ("old number without P", "C308", add("zone", "SE60", OLD_TARIFF, 1)),
    ("privileged date without old number", "C309", drop("zone", "SE61")),
    ("old number without a date", "C309", put("zone", "SE41", "privileged_date", "")),
    ("tariff number of eight", "C310", put("truck", "SE60", "hts_number", "73181520")),
    ("chapter 99 with ten digits", "C310", put("ocean", "SE60", "hts_number", "9903881500")),
    ("chapter 98 with a suffix", "C310", put("temporary", "SE60", "hts_number", "9813002010")),
    ("chapter 98 without its suffix", "C310", put("temporary", "SE60", "hts_number", "98130005")),
    ("chapter 77", "C310", put("truck", "SE60", "hts_number", "7701010000")),
    ("current number of nine", "C310", put("zone", "SE61", "current_hts_number", "841381005")),
    ("chapter 99 last", "C311", swap("ocean", "SE60")),
    ("temporary without 9813", "C312", put("temporary", "SE60", "hts_number", "99130005")),
    ("temporary with one number", "C313", drop("temporary", "SE60", 1)),
    ("values do not add up", "C315", put("ocean", "SE60", "value", "0000000999", 1)),
    (
        "value on chapter 99", "C316",
        both(put("ocean", "SE60", "value", "0000001000"), put("ocean", "SE60", "value", "", 1)),
    ),
]  # fmt: skip

AGENCIES: Mutations = [
    ("PGA line 002 first", "C400", put("ocean", "PG01", "pga_line_number", "002")),
    ("address without its entity", "C401", drop("ocean", "PG19")),
    ("licence issuer without licence", "C402", add("ocean", "PG02", ISSUER)),
    ("group not closed", "C403", add("ocean", "PG02", "PG50".ljust(80))),
    ("group closed only", "C403", add("ocean", "PG02", "PG51".ljust(80))),
    (
        "remark in a group", "C404",
        add("ocean", "PG02", ["PG50".ljust(80), "PG24GEN".ljust(80), "PG51".ljust(80)]),
    ),
    ("substitution of nothing", "C405", add("ocean", "PG02", "PG00R0001".ljust(80))),
    ("product missing", "C406", drop("ocean", "PG02")),
    ("two products", "C407", add("ocean", "PG02", pg("PG02", item_type="P"))),
    ("item type X", "C408", put("ocean", "PG02", "item_type", "X")),
    ("disclaimer of another agency", "C410", put("ocean", "PG01", "disclaimer", "E")),
    ("disclaimer of type 21 only", "C410", put("ocean", "PG01", "disclaimer", "F")),
    ("agency unknown", "C409", put("ocean", "PG01", "government_agency_code", "XYZ")),
]  # fmt: skip

MUTATIONS = [
    *ENVELOPE, *BYTES, *STRUCTURE, *HEADER, *BILLS, *REFERENCES, *PARTIES, *LINES, *AGENCIES,
]  # fmt: skip
