"""The rules of `continuity ace check` for an SE add, kept an entry at a time in plain Python.

The numbers are the codes of `data/ace/conditions.csv`. Order and counts of records, classes and
mandatory fields are kept too, as the checker does.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from tasks.ace.wire.record_layouts import code_list
from tasks.entries.numbers.entry_numbers import check_digit

Row = dict[str, object]
Record = tuple[str, Row, str]

_FOLLOWS = {
    "": {"SE10"},
    "SE10": {"SE11", "SE13"},
    "SE11": {"SE13"},
    "SE13": {"SE15", "SE20", "SE30", "SE40"},
    "SE15": {"SE15", "SE16", "SE17", "SE20", "SE30", "SE40"},
    "SE16": {"SE15", "SE16", "SE17", "SE20", "SE30", "SE40"},
    "SE17": {"SE15", "SE17", "SE20", "SE30", "SE40"},
    "SE20": {"SE20", "SE30", "SE40"},
    "SE30": {"SE30", "SE31", "SE35", "SE36", "SE40"},
    "SE31": {"SE30", "SE31", "SE35", "SE36", "SE40"},
    "SE35": {"SE30", "SE35", "SE36", "SE40"},
    "SE36": {"SE30", "SE40"},
    "SE40": {"SE50", "SE60"},
    "SE50": {"SE50", "SE51", "SE55", "SE56", "SE60"},
    "SE51": {"SE50", "SE51", "SE55", "SE56", "SE60"},
    "SE55": {"SE50", "SE55", "SE56", "SE60"},
    "SE56": {"SE50", "SE60"},
    "SE60": {"SE40", "SE60", "OI", "SF10"},
    "OI": {"PG01"},
    "PG01": {"PG01", "PG02", "SE40", "SE60"},
    "PG02": {"PG01", "PG14", "SE40", "SE60"},
    "PG14": {"PG01", "PG14", "SE40", "SE60"},
}
_NUMBERS = {
    "EI": re.compile(r"\d\d-\d{7}([A-Z0-9]{2})?"),
    "ANI": re.compile(r"\d{6}-\d{5}"),
    "34": re.compile(r"\d{3}-\d\d-\d{4}"),
}
_REFERENCES = {
    "CR": re.compile(r".{1,9}"),
    "V1": re.compile(r"[A-Z0-9]{3}"),
    "AMT": re.compile(r"[1-9]\d{0,9}"),
    "EXP": re.compile("Y"),
    "KII": re.compile("Y"),
    "PER": re.compile("Y"),
    "CES": re.compile(r"[A-Z0-9]{3}\d{8}"),
    "EDA": re.compile(r"\d{6}"),
    "RRN": re.compile(r".{1,50}"),
}
_GLOBAL = {"LEI": re.compile(r"[A-Z0-9]{20}"), "GLN": re.compile(r"\d{13}"), "DUNS": re.compile(r"\d{9}")}
_IN_BOND = re.compile(r"\d{9}|[A-Z0-9]{3}\d{8}")
_PLAIN = re.compile(r"[A-Z0-9]+")
_FIRMS = re.compile(r"[A-Z0-9]{4}")
_TARIFF = re.compile(r"\d{10}|9[89]\d{6}")
_PORT = re.compile(r"\d{4}")
_DISTRICTS = {"46": "10", "47": "10"}


@cache
def known(name: str) -> frozenset[str]:
    return frozenset(code_list(name))


def refuse(condition: object, code: str) -> None:
    """Raises if a fault holds."""
    if condition:
        raise ValueError(code)


def check_entry(records: list[Record], port: str, filer: str) -> None:
    """Every rule over one entry. Raises ValueError with the code of the first fault."""
    _structure(records)
    header = records[0][1]
    of: dict[str, list[Row]] = {}
    for record, values, text in records:
        refuse(len(text) != 80, "X42")
        of.setdefault(record, []).append(values)
    extra = of.get("SE11", [{}])[0]
    _header(header, of, extra, port, filer)
    _extra(header, extra)
    _bills(header, extra, records)
    _references(header, of.get("SE20", []))
    _parties(header, records)
    _lines(header, records)
    _agencies(records)


def _structure(records: list[Record]) -> None:
    previous = ""
    counts: dict[str, int] = {}
    for record, _, _ in records:
        refuse(record not in _FOLLOWS[previous], "X35")
        previous = record
        counts[record] = counts.get(record, 0) + 1
        if record == "SE40":
            counts["SE50"] = counts["SE60"] = 0
        refuse(counts.get("SE60", 0) > 32 or counts.get("SE50", 0) > 11, "X36")
    refuse(counts["SE10"] > 1 or counts["SE13"] > 1 or counts.get("SE11", 0) > 1, "X36")
    refuse(counts.get("SE30", 0) > 12 or counts.get("SE20", 0) > 99, "X36")
    refuse(counts.get("SE40", 0) > 999, "X36")
    for (record, _, _), (following, _, _) in pairwise(records):
        refuse(record == "SE40" and following not in ("SE50", "SE60"), "X37")


def _header(header: Row, of: dict[str, list[Row]], extra: Row, port: str, filer: str) -> None:
    kind, mode = header["entry_type"], header["mode_of_transport"]
    refuse(kind not in known("entry_type"), "C102")
    refuse(mode is not None and mode not in known("mode"), "C109")
    refuse(header["bond_type_code"] not in known("bond_type"), "C111")
    split = header["split_release"]
    refuse(split is not None and split not in known("split_release"), "C116")
    refuse(header["entry_filer_code"] != filer, "C103")
    number = str(header["entry_number"])
    refuse(not (number.isdigit() and len(number) == 8), "C104")
    refuse(check_digit(filer, int(number[:7])) != int(number[7]), "B16")
    named, held = header["importer_type"], header["importer_number"]
    refuse(named not in known("number_type"), "C106")
    refuse(held is None, "C108")
    refuse(not _NUMBERS[str(named)].fullmatch(str(held)), "C107")
    refuse(mode is None and (kind != "06" or "SE15" in of), "C110")
    value = int(str(header["entered_value"]))
    refuse((kind == "11" and value > 2500) or (kind == "86" and value > 800), "C112")
    entry_port, unlading = header["port_of_entry"], header["port_of_unlading"]
    wanted = kind in known("port_type") or "PG01" in of
    wanted = wanted or any(bill["bill_type"] == "I" or bill["non_ams"] == "Y" for bill in of.get("SE15", []))
    refuse(wanted and entry_port is None, "C113")
    for place in (entry_port, unlading):
        refuse(place is not None and not _PORT.fullmatch(str(place)), "C114")
    refuse(mode in known("unlading_mode") and unlading is None, "C115")
    own, block = str(entry_port)[:2], port[:2]
    refuse(_DISTRICTS.get(own, own) != _DISTRICTS.get(block, block), "C118")
    for name in ("reason_code", "multiple_cargo_dispositions_indicator", "dis_indicator"):
        refuse(of["SE13"][0].get(name) is not None, "C141")


def _extra(header: Row, extra: Row) -> None:
    into = header["entry_type"] in known("warehouse_type")
    again = header["entry_type"] == "22"
    refuse(into and extra.get("bonded_warehouse") is None, "C120")
    refuse(not into and extra.get("bonded_warehouse") is not None, "C121")
    for name in ("warehouse_filer_code", "warehouse_entry_number"):
        refuse(again and extra.get(name) is None, "C122")
        refuse(not again and extra.get(name) is not None, "C123")
    refuse(extra.get("entry_date_election_code") is not None, "C125")
    refuse(extra.get("elected_entry_date") is not None, "C126")
    wanted = extra.get("immediate_delivery_indicator")
    refuse(wanted not in (None, "Y", "N"), "C130")
    refuse(wanted == "Y" and into, "C131")
    refuse(wanted == "Y" and header["bond_type_code"] == "0", "C132")
    for name in ("location_of_goods", "exam_site", "bonded_warehouse"):
        place = extra.get(name)
        refuse(place is not None and not _FIRMS.fullmatch(str(place)), "C133")


def _bills(header: Row, extra: Row, records: list[Record]) -> None:
    mode, kind = header["mode_of_transport"], header["entry_type"]
    groups: list[list[Row]] = []
    conveyed: list[bool] = []
    last = ""
    for record, values, _ in records:
        if record == "SE15":
            before = groups[-1][-1]["bill_type"] if groups else ""
            pair = (before, values["bill_type"])
            joined = last == "SE15" and (before == "I" or pair == ("M", "H"))
            if joined:
                groups[-1].append(values)
            else:
                groups.append([values])
                conveyed.append(False)
        elif record == "SE16":
            conveyed[-1] = True
            refuse(values["carrier_code"] == "UNKN", "C157")
            refuse(int(str(values["quantity"])) == 0, "C161")
            refuse(mode == "70" and values["conveyance_name"] is None, "C180")
        last = record
    refuse(not groups and kind not in ("06", "22"), "C166")
    refuse(len(groups) > 1 and kind == "86", "C169")
    refuse(len(groups) > 999, "X36")
    ordered = extra.get("general_order_number") is not None
    seen: set[tuple[object, object]] = set()
    for bills, moved in zip(groups, conveyed, strict=True):
        refuse(len(bills) > 3, "X36")
        refuse(bills[0]["bill_type"] == "H" or bills[-1]["bill_type"] in ("M", "I"), "C171")
        for bill in bills:
            _bill(bill, str(mode), str(kind), ordered, moved, bill is bills[-1])
        refuse((bills[-1]["issuer_code"], bills[-1]["bill_number"]) in seen, "C176")
        seen.add((bills[-1]["issuer_code"], bills[-1]["bill_number"]))


def _bill(bill: Row, mode: str, kind: str, ordered: bool, moved: bool, lowest: bool) -> None:
    code, issuer, number = bill["bill_type"], bill["issuer_code"], str(bill["bill_number"])
    in_bond = code == "I"
    refuse(code not in known("bill_type"), "C150")
    refuse(code in ("M", "H") and mode in known("single_mode"), "C151")
    refuse(code == "T" and mode not in known("air_mode"), "C152")
    refuse(code == "T" and kind == "86", "C153")
    refuse(code == "T" and bill["non_ams"] == "Y", "C154")
    bare = in_bond or mode in known("no_issuer_mode")
    refuse(bare and issuer is not None, "C155")
    refuse(not bare and mode in known("issuer_mode") and issuer is None, "C156")
    refuse(issuer == "UNKN", "C157")
    refuse(mode in known("air_mode") and code in ("R", "M") and not number[:3].isdigit(), "C177")
    refuse(mode == "70" and issuer is None and not number[:2].isalpha(), "C175")
    refuse(not in_bond and not _PLAIN.fullmatch(number), "C158")
    refuse(in_bond and not _IN_BOND.fullmatch(number), "C172")
    refuse(mode == "60" and not in_bond and number != "HANDCARRIED", "C173")
    quantity = bill["quantity"]
    refuse(in_bond and quantity is not None, "C159")
    free = kind == "22" or mode == "60" or in_bond
    refuse(moved and quantity is not None and not free, "C160")
    refuse(quantity is not None and int(str(quantity)) == 0, "C161")
    refuse(lowest and kind == "86" and quantity is None and not moved, "C170")
    refuse(lowest and mode == "60" and quantity is None, "C174")
    outside = bill["non_ams"] == "Y"
    refuse(bill["non_ams"] not in ("Y", "N"), "C162")
    refuse((mode in known("manual_mode") or ordered) and not in_bond and not outside, "C163")
    refuse(in_bond and outside, "C164")
    refuse(outside and lowest and not moved and kind != "06", "C165")


def _references(header: Row, references: list[Row]) -> None:
    seen: set[object] = set()
    for reference in references:
        qualifier, value = str(reference["qualifier"]), str(reference["reference"])
        refuse(qualifier not in known("qualifier"), "C190")
        refuse(not _REFERENCES[qualifier].fullmatch(value), "C191")
        refuse(qualifier in seen and qualifier in known("once_qualifier"), "C195")
        seen.add(qualifier)
    single = header["bond_type_code"] == "9"
    refuse(single and "V1" not in seen, "C192")
    refuse(single and "AMT" not in seen, "C193")
    refuse(header["entry_type"] == "86" and "EDA" not in seen, "C194")


def _parties(header: Row, records: list[Record]) -> None:
    low = header["entry_type"] in ("11", "86")
    above: set[str] = set()
    below: list[set[str]] = []
    for place, (record, values, _) in enumerate(records):
        if record == "SE40":
            below.append(set())
        elif record in ("SE30", "SE50"):
            held = above if record == "SE30" else below[-1]
            _party(values, held, low, record)
            _beneath(values, records, place)
        elif record in ("SE31", "SE51"):
            form = _GLOBAL.get(str(values["gbi_qualifier"]))
            refuse(form is None, "C221")
            refuse(form and not form.fullmatch(str(values["gbi_identifier"])), "C222")
        elif record in ("SE35", "SE55"):
            refuse(values["address_qualifier"] not in known("address_qualifier"), "C218")
            second = values.get("address_qualifier_2")
            refuse((second is None) != (values.get("address_information_2") is None), "C219")
        elif record in ("SE36", "SE56"):
            refuse(values["country_code"] not in known("country"), "C220")
    for party, code in (("SE", "C212"), ("CN", "C213"), ("MF", "C214"), ("BY", "C215")):
        everywhere = bool(below) and all(party in held for held in below)
        refuse(party not in above and not everywhere, code)


def _party(values: Row, held: set[str], low: bool, record: str) -> None:
    code = str(values["entity_code"])
    level = "header_party" if record == "SE30" else "line_party"
    refuse(code not in known(level), "C200")
    refuse(code in held, "C201")
    held.add(code)
    name, number = values["entity_name"], values["entity_identifier"]
    named = values["identifier_qualifier"]
    refuse(name is not None and (number is not None or named is not None), "C203")
    refuse(name is None and number is None and named is None, "C204")
    refuse(name is None and (number is None) != (named is None), "C209")
    refuse(number is not None and code not in known("numbered_party"), "C205")
    refuse(code == "CN" and name is not None and not low, "C206")
    if named is not None:
        refuse(named not in known("number_type"), "C207")
        refuse(not _NUMBERS[str(named)].fullmatch(str(number)), "C208")


def _beneath(values: Row, records: list[Record], place: int) -> None:
    street = town = False
    for record, _, _ in records[place + 1 : place + 8]:
        if record in ("SE35", "SE55"):
            street = True
        elif record in ("SE36", "SE56"):
            town = True
        elif record not in ("SE31", "SE51"):
            break
    refuse(values["entity_name"] is not None and not (street and town), "C210")
    refuse(values["entity_name"] is None and (street or town), "C211")


def _lines(header: Row, records: list[Record]) -> None:
    number, total, stated = 0, 0, False
    ordinary = 0
    held = 0
    for record, values, _ in records:
        if record == "SE40":
            refuse(header["entry_type"] == "23" and number and held < 2, "C313")
            number += 1
            ordinary = held = 0
            refuse(values["line"] != number, "C300")
            origin = values["country_of_origin"]
            refuse(origin not in known("country") and origin not in known("province"), "C220")
        elif record == "SE60":
            text, value = str(values["hts_number"]), values["value"]
            refuse(not _TARIFF.fullmatch(text) or text[:2] in ("00", "77"), "C310")
            chapter = text[:2]
            refuse(chapter == "99" and ordinary, "C311")
            temporary = header["entry_type"] == "23" and held == 0
            refuse(temporary and text[:4] != "9813", "C312")
            ordinary += chapter not in ("98", "99")
            held += 1
            if value is not None:
                stated = True
                total += int(str(value))
                refuse(chapter == "99" and int(str(value)) > 0, "C316")
    refuse(number == 0, "C301")
    refuse(header["entry_type"] == "23" and held < 2, "C313")
    refuse(stated and total != header["entered_value"], "C315")


def _agencies(records: list[Record]) -> None:
    counted: dict[object, int] = {}
    for place, (record, values, _) in enumerate(records):
        if record == "OI":
            counted = {}
        elif record == "PG01":
            agency = values["government_agency_code"]
            refuse(agency not in known("agency"), "C409")
            counted[agency] = counted.get(agency, 0) + 1
            refuse(values["pga_line_number"] != counted[agency], "C400")
            following = records[place + 1][0] if place + 1 < len(records) else ""
            refuse(values["disclaimer"] is None and following != "PG02", "C406")
        elif record == "PG02":
            refuse(values["item_type"] not in ("P", "C"), "C408")


def check_envelope(data: bytes) -> None:
    """The envelope's order and equalities over a finished batch."""
    text = data.decode("ascii")
    records = [text[start : start + 80] for start in range(0, len(text), 80)]
    refuse(len(data) % 80, "X42")
    first, last = records[0], records[-1]
    refuse(first[0] != "A", "C002")
    refuse(last[0] != "Z", "X06")
    refuse(not first[1:5].strip(), "X07")
    refuse(not first[5:8].strip(), "X08")
    refuse(first[25:27] != "SE", "X12")
    for columns in (slice(1, 8), slice(14, 20), slice(37, 39)):
        refuse(first[columns] != last[columns], "X14")
    block = ""
    for before, record in pairwise(records):
        if record[0] == "B":
            refuse(before[0] not in "AY", "X05")
            refuse(record[10:12] != first[25:27], "X19")
            refuse(not record[3:7].strip() or not record[7:10].strip(), "X15")
            refuse(record[46:56].strip(), "X22")
            block = record
        elif record[0] == "Y":
            refuse(before[0] == "B", "X04")
            refuse(record[3:12] != block[3:12] or record[44:46] != block[44:46], "X32")
        else:
            refuse(before[0] in "AY" and record[0] != "Z", "X03")
