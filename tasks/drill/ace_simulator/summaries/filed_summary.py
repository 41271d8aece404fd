"""An entry summary as it came in: its AE records sorted into header, lines and totals, and the
conditions found on it with the E0 references that say where (AE 2026-07 p.193-206).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from tasks.ace.api import record_layout
from tasks.drill.ace_simulator.batches.condition_texts import AX
from tasks.drill.ace_simulator.batches.input_records import InputRecord, build_record, code_set
from tasks.drill.ace_simulator.releases.release_filing import hyphenated_number


@dataclass(frozen=True, slots=True)
class SummaryCondition:
    code: str
    severity: str
    references: tuple[Reference, ...]


@dataclass
class ConditionReport:
    """Conditions of one summary, in the order found. `place`: its number in the block."""

    draft: FiledSummary
    position: int
    conditions: list[SummaryCondition] = field(default_factory=list)

    def add(self, code: str, *references: Reference, severity: str = "F") -> None:
        condition = SummaryCondition(code, severity, references)
        if condition not in self.conditions:
            self.conditions.append(condition)

    def check(self, wrong: object, code: str, *references: Reference) -> None:
        if wrong:
            self.add(code, *references)

    @property
    def fatal(self) -> bool:
        return any(condition.severity == "F" for condition in self.conditions)

    @property
    def severity(self) -> str:
        """The worst of all; a PGA warning outranks a Census one (ESF p.205)."""
        severities = {level.severity for level in self.conditions}
        return next((level for level in "FPWI" if level in severities), "")

    def total(self, *references: Reference) -> tuple[Reference, ...]:
        return (("TOTALS", self.position, self._identity()), *references)

    def after_lines(self) -> tuple[Reference, ...]:
        return (("PSTLIN", self.position, self._identity()),)

    def _identity(self) -> str:
        head = self.draft.head
        reference = head["broker_reference_number"].ljust(12)
        filer, number = head.raw("entry_filer_code"), head.raw("entry_number")
        return f"{filer} {number} {reference}"

    def lines(self, final: tuple[str, str], *, version: str = "", reference: str = "") -> list[str]:
        """The AX records: E0 SUMMRY, references and conditions, and the final disposition."""
        records = [_e0(("SUMMRY", self.position, f"{self._identity()} ".rstrip()))]
        broker_reference = reference or self.draft.reference
        # Without a reference of its own a condition belongs to SUMMRY, so these come first.
        for condition in sorted(self.conditions, key=lambda condition: bool(condition.references)):
            records += [_e0(where) for where in condition.references]
            records.append(self._e1("", condition.severity, condition.code, "", broker_reference))
        disposition, code = final
        severity = "F" if disposition == "R" else self.severity
        return [*records, self._e1(disposition, severity, code, version, broker_reference)]

    def _e1(self, final: str, severity: str, code: str, version: str, reference: str) -> str:
        head = self.draft.head
        return build_record(
            record_layout("AE", "E1"),
            disposition_type_code=final,
            severity_code=severity,
            condition_code=code,
            narrative_text=AX[code],
            entry_filer_code=head["entry_filer_code"],
            entry_number=head["entry_number"],
            version_number=version,
            broker_reference_number=reference,
        )


def _e0(reference: Reference) -> str:
    kind, position, text = reference
    return build_record(
        record_layout("AE", "E0"), reference_data_type_code=kind, occurrence_position=position, reference_data_text=text
    )


def on_line(line: FiledSummaryLine, *references: Reference) -> tuple[Reference, ...]:
    return (("LINITM", line.position, line.head.raw("line")), *references)


def on_tariff(line: FiledSummaryLine, tariff: FiledTariff, *references: Reference) -> tuple[Reference, ...]:
    return on_line(line, ("TARIFF", tariff.position, tariff.record.raw("hts_number")), *references)


def on_fee(line: FiledSummaryLine, code: str, amount: int) -> tuple[Reference, ...]:
    position = next((k for k, fee in enumerate(line.fees, 1) if fee[0] == code), 0)
    return on_line(line, ("LINFEE", position, f"{code} {amount:8d}"))


def on_fee_total(draft: FiledSummary, code: str) -> Reference:
    totals = draft.fee_totals
    position = next((k for k, total in enumerate(totals, 1) if total[0] == code), 0)
    amount = next((total[1] for total in totals if total[0] == code), 0)
    return "FEETOT", position, f"{code} {amount:11d}"


SINGLE = code_set("11 20 SE13 21 30 33 34 35 88 90")
_BLANK = " " * 80
Reference = tuple[str, int, str]
"""E0: data type, occurrence, text of columns 26-80."""


@dataclass
class FiledTariff:
    """A 50 record; `place` counts them in their line from 1."""

    record: InputRecord
    position: int

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
class FiledSummaryLine:
    """A 40 record and what belongs to it; `place` counts lines from 1."""

    head: InputRecord
    position: int
    records: list[InputRecord] = field(default_factory=list)
    tariffs: list[FiledTariff] = field(default_factory=list)

    def all(self, code: str) -> list[InputRecord]:
        return [record for record in self.records if record.id == code]

    def first(self, code: str) -> InputRecord | None:
        return next((record for record in self.records if record.id == code), None)

    @property
    def value(self) -> int:
        return sum(tariff.value for tariff in self.tariffs)

    @property
    def fees(self) -> list[tuple[str, int]]:
        return [(record["accounting_class_code"], record.number("user_fee_amount")) for record in self.all("62")]

    def fee(self, code: str) -> int | None:
        return next((amount for name, amount in self.fees if name == code), None)

    @property
    def set_part(self) -> str:
        return self.head["article_set_indicator"]

    def party(self, kind: str) -> str:
        parties = (record for record in self.all("47") if record["article_party_type_code"] == kind)
        return next((record["article_party_identifier"] for record in parties), "")


@dataclass
class FiledSummary:
    """One AE transaction. Absent records read as blank ones."""

    records: tuple[InputRecord, ...]
    single: dict[str, InputRecord]
    header: list[InputRecord]
    lines: list[FiledSummaryLine]
    totals: list[InputRecord]

    @property
    def head(self) -> InputRecord:
        return self.records[0]

    def record(self, code: str) -> InputRecord:
        """A header or totals record that occurs once; blank where it is not there."""
        return self.single.get(code) or InputRecord(record_layout("AE", code), _BLANK, 0)

    def has(self, code: str) -> bool:
        return any(record.id == code for record in (*self.header, *self.totals))

    def all(self, code: str) -> list[InputRecord]:
        return [record for record in (*self.header, *self.totals) if record.id == code]

    @property
    def number(self) -> str:
        return hyphenated_number(self.head["entry_filer_code"], self.head["entry_number"])

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
    def express(self) -> bool:
        return self.head["consolidated_express_informal_indicator"] == "Y"

    @property
    def releases(self) -> list[str]:
        """Numbers in 32 records, `XXX-NNNNNNN-C`."""
        numbers = []
        for record in self.all("32"):
            for position in range(1, 7):
                filer = record[f"release_entry_filer_code_{position}"]
                number = record[f"release_entry_number_{position}"]
                if filer or number:
                    numbers.append(hyphenated_number(filer, number))
        return numbers

    def day(self, code: str, name: str) -> date | None:
        return self.record(code).day(name)

    @property
    def fee_totals(self) -> list[tuple[str, int]]:
        totals = []
        for record in self.all("89"):
            for position in range(1, 6):
                code = record[f"accounting_class_code_{position}"]
                if code:
                    totals.append((code, record.number(f"total_fee_amount_{position}")))
        return totals

    @property
    def header_fees(self) -> list[tuple[str, int]]:
        record = self.record("34")
        pairs = [(record[f"accounting_class_code_{k}"], record.number(f"header_fee_amount_{k}")) for k in (1, 2)]
        return [(code, amount) for code, amount in pairs if code]


def sort_records(records: Sequence[InputRecord]) -> FiledSummary:
    draft = FiledSummary(tuple(records), {}, [], [], [])
    for record in records[1:]:
        if record.id == "40":
            draft.lines.append(FiledSummaryLine(record, len(draft.lines) + 1))
        elif record.id in ("88", "89", "90"):
            draft.totals.append(record)
        elif draft.lines:
            line = draft.lines[-1]
            line.records.append(record)
            if record.id == "50":
                line.tariffs.append(FiledTariff(record, len(line.tariffs) + 1))
        else:
            draft.header.append(record)
        if record.id in SINGLE:
            draft.single[record.id] = record
    return draft


def sums_by_class(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Amounts by accounting class."""
    totals: dict[str, int] = {}
    for code, amount in pairs:
        totals[code] = totals.get(code, 0) + amount
    return totals
