"""Bills of a cargo release: types, issuers, quantities, conveyances (SE v40 p.46-54)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.ace.stand_in_book import Book
from tasks.ace.stand_in_filing import Filing
from tasks.ace.stand_in_records import Record
from tasks.ace.stand_in_release_codes import MANUAL, NO_ISSUER, ONE_LEVEL, Remark


def bills(book: Book, records: Sequence[Record], filing: Filing) -> Iterator[Remark]:
    rows = [index for index, record in enumerate(records) if record.id == "SE15"]
    if not rows and filing.entry_type not in ("06", "22") and filing.action != "U":
        yield 0, "Z16"
    for index, bill in zip(rows, filing.bills, strict=True):
        has = any(one.id == "SE16" for one in _after(records, index))
        yield from ((index, code) for code in _bill(filing, records[index], has))
        if bill.kind == "H" and not any(
            one.kind == "M" and one.group == bill.group for one in filing.bills
        ):
            yield index, "Z23"
    if filing.entry_type == "06":
        yield from _zone_bills(records, filing)


def _after(records: Sequence[Record], index: int) -> list[Record]:
    rest = []
    for record in records[index + 1 :]:
        if record.id not in ("SE15", "SE16", "SE17"):
            break
        rest.append(record)
    # A conveyance belongs to the lowest bill of its group: an SE15 in between ends the search
    # unless this bill is one of the upper levels.
    upper = records[index]["bill_type"] in "IM"
    cut = next((k for k, one in enumerate(rest) if one.id == "SE15"), len(rest))
    return rest if upper else rest[:cut]


def _bill(filing: Filing, record: Record, conveyance: bool) -> Iterator[str]:
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
    wanted = "N" if kind == "I" else "Y" if mode in MANUAL else "YN"
    if not flag or flag not in wanted:
        yield "Z20"
    if flag == "Y" and not conveyance:
        yield "Z21"
    stated = bool(record["quantity"])
    if stated and (kind == "I" or (conveyance and filing.entry_type != "22" and mode != "60")):
        yield "Z22"
    if stated and record.number("quantity") == 0:
        yield "Z22"


def _zone_bills(records: Sequence[Record], filing: Filing) -> Iterator[Remark]:
    in_bond = {bill.group for bill in filing.bills if bill.kind == "I"}
    for index, record in enumerate(records):
        barred = ("SE16", "SE17") if in_bond else ("SE15", "SE16", "SE17")
        if record.id in barred:
            yield index, "Z24"
