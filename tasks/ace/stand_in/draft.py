"""An entry summary as it came in: its AE records sorted into header, lines and totals, and the
conditions found on it with the E0 references that say where (AE 2026-07 p.193-206)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from tasks.ace.layout import layout
from tasks.ace.stand_in.filing import hyphened
from tasks.ace.stand_in.records import Record, words

SINGLE = words("11 20 SE13 21 30 33 34 35 88 90")
_BLANK = " " * 80
Reference = tuple[str, int, str]
"""E0: data type, occurrence, text of columns 26-80."""


@dataclass
class Tariff:
    """A 50 record; `place` counts them in their line from 1."""

    record: Record
    place: int

    @property
    def hts(self) -> str:
        return self.record["hts_number"]

    @property
    def value(self) -> int:
        return self.record.number("value_of_goods_amount")

    @property
    def duty(self) -> int:
        return self.record.number("duty_amount")


@dataclass
class Line:
    """A 40 record and what belongs to it; `place` counts lines from 1."""

    head: Record
    place: int
    records: list[Record] = field(default_factory=list)
    tariffs: list[Tariff] = field(default_factory=list)

    def all(self, code: str) -> list[Record]:
        return [one for one in self.records if one.id == code]

    def first(self, code: str) -> Record | None:
        return next((one for one in self.records if one.id == code), None)

    @property
    def value(self) -> int:
        return sum(one.value for one in self.tariffs)

    @property
    def fees(self) -> list[tuple[str, int]]:
        return [
            (one["accounting_class_code"], one.number("user_fee_amount")) for one in self.all("62")
        ]

    def fee(self, code: str) -> int | None:
        return next((amount for name, amount in self.fees if name == code), None)

    @property
    def set_part(self) -> str:
        return self.head["article_set_indicator"]

    def party(self, kind: str) -> str:
        found = (one for one in self.all("47") if one["article_party_type_code"] == kind)
        return next((one["article_party_identifier"] for one in found), "")


@dataclass
class Draft:
    """One AE transaction. Absent records read as blank ones."""

    records: tuple[Record, ...]
    single: dict[str, Record]
    header: list[Record]
    lines: list[Line]
    totals: list[Record]

    @property
    def head(self) -> Record:
        return self.records[0]

    def record(self, code: str) -> Record:
        """A header or totals record that occurs once; blank where it is not there."""
        return self.single.get(code) or Record(layout("AE", code), _BLANK, 0)

    def has(self, code: str) -> bool:
        return any(one.id == code for one in (*self.header, *self.totals))

    def all(self, code: str) -> list[Record]:
        return [one for one in (*self.header, *self.totals) if one.id == code]

    @property
    def number(self) -> str:
        return hyphened(self.head["entry_filer_code"], self.head["entry_number"])

    @property
    def action(self) -> str:
        return self.head["summary_filing_action_request_code"]

    @property
    def kind(self) -> str:
        return self.head["entry_type_code"]

    @property
    def mode(self) -> str:
        return self.head["mode_of_transport"]

    @property
    def port(self) -> str:
        return self.head["district_port_of_entry"]

    @property
    def reference(self) -> str:
        return self.head["broker_reference_number"]

    @property
    def correction(self) -> bool:
        """A post summary correction."""
        return self.head["post_summary_correction_indicator"] == "Y"

    @property
    def certified(self) -> bool:
        return self.head["cargo_release_certification_request_indicator"] == "A"

    @property
    def consolidated(self) -> bool:
        return self.head["consolidated_summary_indicator"] == "Y"

    @property
    def releases(self) -> list[str]:
        """Numbers in 32 records, `XXX-NNNNNNN-C`."""
        found = []
        for record in self.all("32"):
            for place in range(1, 7):
                filer = record[f"release_entry_filer_code_{place}"]
                number = record[f"release_entry_number_{place}"]
                if filer or number:
                    found.append(hyphened(filer, number))
        return found

    def day(self, code: str, name: str) -> date | None:
        return self.record(code).day(name)

    @property
    def fee_totals(self) -> list[tuple[str, int]]:
        found = []
        for record in self.all("89"):
            for place in range(1, 6):
                code = record[f"accounting_class_code_{place}"]
                if code:
                    found.append((code, record.number(f"total_fee_amount_{place}")))
        return found

    @property
    def header_fees(self) -> list[tuple[str, int]]:
        record = self.record("34")
        pairs = [
            (record[f"accounting_class_code_{k}"], record.number(f"header_fee_amount_{k}"))
            for k in (1, 2)
        ]
        return [(code, amount) for code, amount in pairs if code]


def sorted_out(records: Sequence[Record]) -> Draft:
    draft = Draft(tuple(records), {}, [], [], [])
    for record in records[1:]:
        if record.id == "40":
            draft.lines.append(Line(record, len(draft.lines) + 1))
        elif record.id in ("88", "89", "90"):
            draft.totals.append(record)
        elif draft.lines:
            line = draft.lines[-1]
            line.records.append(record)
            if record.id == "50":
                line.tariffs.append(Tariff(record, len(line.tariffs) + 1))
        else:
            draft.header.append(record)
        if record.id in SINGLE:
            draft.single[record.id] = record
    return draft


def sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Amounts by accounting class."""
    found: dict[str, int] = {}
    for code, amount in pairs:
        found[code] = found.get(code, 0) + amount
    return found
