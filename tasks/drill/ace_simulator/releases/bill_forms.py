"""Bills of a cargo release: types, issuers, quantities, conveyances (SE v40 p.46-54)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from tasks.drill.ace_simulator.batches.input_records import InputRecord
from tasks.drill.ace_simulator.releases.release_codes import MANUAL, NO_ISSUER, ONE_LEVEL, Remark
from tasks.drill.ace_simulator.releases.release_filing import FiledBill, ReleaseFiling
from tasks.drill.ace_simulator.state_database import SimulatorState

IN_BOND = re.compile(r"\d{9}|\d{11}|[A-Z0-9]{3}\d{8}")
_AIR = ("40", "41")


def check_bills(database: SimulatorState, records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    rows = [index for index, record in enumerate(records) if record.id == "SE15"]
    if not rows and filing.entry_type not in ("06", "22") and filing.action != "U":
        yield 0, "Z16"
    for index, bill in zip(rows, filing.bills, strict=True):
        has_conveyance = any(following.id == "SE16" for following in _after(records, index))
        yield from ((index, code) for code in _bill(filing, records[index], has_conveyance))
        if bill.kind == "H" and not any(
            following.kind == "M" and following.group == bill.group for following in filing.bills
        ):
            yield index, "Z23"
    if filing.entry_type == "06":
        yield from _zone_bills(records, filing)


def _after(records: Sequence[InputRecord], index: int) -> list[InputRecord]:
    following = []
    for record in records[index + 1 :]:
        if record.id not in ("SE15", "SE16", "SE17"):
            break
        following.append(record)
    # A conveyance belongs to the lowest bill of its group: an SE15 in between ends the search
    # unless this bill is one of the upper levels.
    upper = records[index]["bill_type"] in "IM"
    cut = next((k for k, follower in enumerate(following) if follower.id == "SE15"), len(following))
    return following if upper else following[:cut]


def _bill(filing: ReleaseFiling, record: InputRecord, conveyance: bool) -> Iterator[str]:
    kind, issuer, number = record["bill_type"], record["issuer_code"], record["bill_number"]
    mode = filing.mode
    if kind not in tuple("RMHTI") or (kind in "MH" and mode in ONE_LEVEL):
        yield "Z17"
    if kind == "T" and mode not in ("40", "41"):
        yield "Z17"
    if issuer == "UNKN" or (issuer and (kind == "I" or mode in NO_ISSUER)):
        yield "Z18"
    if not number.isalnum():
        yield "Z19"
    flag = record["non_ams"]
    alldue = "N" if kind == "I" else "Y" if mode in MANUAL else "YN"
    if not flag or flag not in alldue:
        yield "Z20"
    if flag == "Y" and not conveyance:
        yield "Z21"
    has_quantity = bool(record["quantity"])
    if has_quantity and (kind == "I" or (conveyance and filing.entry_type != "22" and mode != "60")):
        yield "Z22"
    if has_quantity and record.number("quantity") == 0:
        yield "Z22"


def _zone_bills(records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    in_bond = {bill.group for bill in filing.bills if bill.kind == "I"}
    for index, record in enumerate(records):
        barred = ("SE16", "SE17") if in_bond else ("SE15", "SE16", "SE17")
        if record.id in barred:
            yield index, "Z24"


def check_bill_forms(records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    """Bill numbers, groups and conveyances in their forms (SE v40 p.46-54)."""
    general = any(extra.id == "SE11" and extra["general_order_number"] for extra in records)
    rows = [index for index, record in enumerate(records) if record.id == "SE15"]
    groups = Counter(bill.group for bill in filing.bills)
    for index, bill in zip(rows, filing.bills, strict=True):
        record, mode = records[index], filing.mode
        without_issuer = not bill.issuer and bill.kind != "I"
        if without_issuer and mode and mode not in (*NO_ISSUER, "70"):
            yield index, "Z53"
        if without_issuer and mode == "70" and not bill.number[:4].isalpha():
            yield index, "Z54"  # the prefix is the pipeline's SCAC (note 4)
        has_form = IN_BOND.fullmatch(bill.number) if bill.kind == "I" else True
        if mode in _AIR and bill.kind in "MRT":
            has_form = bill.number[:3].isdigit()
        wrong_hand_carried = mode == "60" and bill.kind != "I" and bill.number != "HANDCARRIED"
        if not has_form or wrong_hand_carried:
            yield index, "Z54"
        needs_quantity = filing.entry_type == "86" or mode == "60"
        if needs_quantity and not record["quantity"] and bill is _last(filing, bill.group, "RMHT"):
            yield index, "Z55"
        if bill.kind in "IM" and bill is _last(filing, bill.group, "IRMHT"):
            yield index, "Z56"
        if general and bill.kind != "I" and not bill.non_ams:
            yield index, "Z20"
        if bill.kind == "T" and (bill.non_ams or filing.entry_type == "86"):
            yield index, "Z17"
    if filing.entry_type == "86" and len(groups) > 1:
        yield rows[-1], "Z57"
    yield from _conveyances(records, filing)


def _last(filing: ReleaseFiling, group: int, kinds: str) -> FiledBill | None:
    candidates = [bill for bill in filing.bills if bill.group == group and bill.kind in kinds]
    return candidates[-1] if candidates else None


def _conveyances(records: Sequence[InputRecord], filing: ReleaseFiling) -> Iterator[Remark]:
    for index, record in enumerate(records):
        if record.id != "SE16":
            continue
        if record["carrier_code"] == "UNKN":
            yield index, "Z18"
        if record["quantity"] and record.number("quantity") == 0:
            yield index, "Z22"
        if filing.mode == "70" and not record["conveyance_name"]:
            yield index, "Z02"
