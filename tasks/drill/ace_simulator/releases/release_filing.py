"""The content of a cargo release, from either message: an SE, or an AE that certifies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date

from tasks.drill.ace_simulator.batches.input_records import InputRecord


@dataclass
class Conveyance:
    """An SE16: what brought a part of a bill. `arrived` is YYYY-MM-DD."""

    carrier: str = ""
    voyage: str = ""
    arrived: str = ""
    quantity: int = 0
    name: str = ""
    unit: str = ""


@dataclass
class FiledBill:
    """A bill as filed. `group` counts the bill groups from 1."""

    group: int
    kind: str
    issuer: str
    number: str
    quantity: int = 0
    non_ams: bool = False
    conveyances: list[Conveyance] = field(default_factory=list)


@dataclass
class FiledLine:
    line: str
    origin: str
    tariffs: list[str] = field(default_factory=list)


@dataclass
class ReleaseFiling:
    """A cargo release. `action`: A, R, U or D."""

    number: str
    action: str = "A"
    entry_type: str = ""
    importer: str = ""
    mode: str = ""
    value: int = 0
    port: str = ""
    split: str = ""
    location: str = ""
    conveyance: str = ""
    voyage: str = ""
    immediate: bool = False
    reason: str = ""
    contact: bool = False
    bills: list[FiledBill] = field(default_factory=list)
    references: list[tuple[str, str]] = field(default_factory=list)
    lines: list[FiledLine] = field(default_factory=list)

    def text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> ReleaseFiling:
        fields = json.loads(text)
        fields["bills"] = [
            FiledBill(**{**bill, "conveyances": [Conveyance(**c) for c in bill["conveyances"]]})
            for bill in fields["bills"]
        ]
        fields["lines"] = [FiledLine(**line) for line in fields["lines"]]
        fields["references"] = [(qualifier, value) for qualifier, value in fields["references"]]
        return cls(**fields)

    def reference(self, qualifier: str) -> str:
        return next((value for name, value in self.references if name == qualifier), "")

    @property
    def lowest(self) -> list[FiledBill]:
        """The most detailed bill of each group: what is matched, and carries the quantity."""
        groups: dict[int, FiledBill] = {}
        for bill in self.bills:
            if bill.kind != "I":
                groups[bill.group] = bill
        return list(groups.values())

    def updated(self, later: ReleaseFiling) -> ReleaseFiling:
        """What stands after action U: port, location, bills and references (SE v40 p.27, 35)."""
        merged = ReleaseFiling.read(self.text())
        merged.port = later.port or merged.port
        merged.location = later.location or merged.location
        merged.bills = later.bills or merged.bills
        names = {name for name, _ in later.references}
        merged.references = [reference for reference in merged.references if reference[0] not in names]
        merged.references += later.references
        return merged


def hyphenated_number(filer: str, digits: str) -> str:
    """`XXX-NNNNNNN-C` of a filer code and eight digits."""
    return f"{filer}-{digits[:7]}-{digits[7:]}"


def wire_number(number: str) -> tuple[str, str]:
    """Filer code and eight digits of `XXX-NNNNNNN-C`."""
    return number[:3], number[4:11] + number[12:]


def release_filing(records: Sequence[InputRecord]) -> ReleaseFiling:
    """The filing of an SE transaction, whether or not it is right."""
    head = records[0]
    filing = ReleaseFiling(
        number=hyphenated_number(head["entry_filer_code"], head["entry_number"]),
        action=head["action_code"],
        entry_type=head["entry_type"],
        importer=head["importer_number"],
        mode=head["mode_of_transport"],
        value=head.number("entered_value"),
        port=head["port_of_entry"],
        split=head["split_release"],
    )
    for record in records[1:]:
        _add(filing, record)
    add_bills(filing, records)
    return filing


def _add(filing: ReleaseFiling, record: InputRecord) -> None:
    if record.id == "SE11":
        filing.location = record["location_of_goods"]
        filing.conveyance, filing.voyage = record["conveyance_name"], record["voyage"]
        filing.immediate = record["immediate_delivery_indicator"] == "Y"
    elif record.id == "SE13":
        filing.contact, filing.reason = True, record["reason_code"]
    elif record.id == "SE20":
        filing.references.append((record["qualifier"], record["reference"]))
    elif record.id == "SE40":
        filing.lines.append(FiledLine(record["line"], record["country_of_origin"]))
    elif record.id == "SE60" and filing.lines:
        filing.lines[-1].tariffs.append(record["hts_number"])


def add_bills(filing: ReleaseFiling, records: Iterable[InputRecord]) -> None:
    """SE15, SE16 and 23 records as bills. A group begins with I, or with a bill that cannot belong
    to the group before it (SE v40 p.48)."""
    group, previous = 0, ""
    for record in records:
        if record.id in ("SE15", "23"):
            bill = _bill(record)
            follows = previous + bill.kind in ("IR", "IT", "IM", "IH", "IS", "MH", "MS", "HS")
            group += not follows
            bill.group, previous = group, bill.kind
            filing.bills.append(bill)
        elif record.id in ("SE17", "SE40", "22"):
            previous = ""
        elif record.id == "SE16" and filing.bills:
            filing.bills[-1].conveyances.append(_conveyance(record))
            previous = ""


def _bill(record: InputRecord) -> FiledBill:
    if record.id == "23":
        kind, issuer = record["manifest_component_type_code"], "manifest_component_issuer_code"
        return FiledBill(0, kind, record[issuer], record["manifest_component_identifier"])
    return FiledBill(
        0,
        record["bill_type"],
        record["issuer_code"],
        record["bill_number"],
        record.number("quantity"),
        record["non_ams"] == "Y",
    )


def _conveyance(record: InputRecord) -> Conveyance:
    arrived: date | None = record.day("date_of_arrival")
    return Conveyance(
        record["carrier_code"],
        record["voyage"],
        arrived.isoformat() if arrived else "",
        record.number("quantity"),
        record["conveyance_name"],
        record["unit_of_measure"],
    )
