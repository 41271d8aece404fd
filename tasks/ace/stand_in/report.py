"""Conditions found on a summary, with the E0 references that say where (AE 2026-07 p.193-206)."""

from __future__ import annotations

from dataclasses import dataclass, field

from tasks.ace.layout import layout
from tasks.ace.stand_in.draft import Draft, Line, Reference, Tariff
from tasks.ace.stand_in.records import build
from tasks.ace.stand_in.texts import AX


@dataclass(frozen=True, slots=True)
class Condition:
    code: str
    severity: str
    references: tuple[Reference, ...]


@dataclass
class Report:
    """Conditions of one summary, in the order found. `place`: its number in the block."""

    draft: Draft
    place: int
    conditions: list[Condition] = field(default_factory=list)

    def add(self, code: str, *references: Reference, severity: str = "F") -> None:
        condition = Condition(code, severity, references)
        if condition not in self.conditions:
            self.conditions.append(condition)

    def check(self, wrong: object, code: str, *references: Reference) -> None:
        if wrong:
            self.add(code, *references)

    @property
    def fatal(self) -> bool:
        return any(one.severity == "F" for one in self.conditions)

    @property
    def severity(self) -> str:
        """The worst of all; a PGA warning outranks a Census one (ESF p.205)."""
        found = {one.severity for one in self.conditions}
        return next((one for one in "FPWI" if one in found), "")

    def total(self, *more: Reference) -> tuple[Reference, ...]:
        return (("TOTALS", self.place, self._identity()), *more)

    def after_lines(self) -> tuple[Reference, ...]:
        return (("PSTLIN", self.place, self._identity()),)

    def _identity(self) -> str:
        head = self.draft.head
        reference = head["broker_reference_number"].ljust(12)
        filer, number = head.raw("entry_filer_code"), head.raw("entry_number")
        return f"{filer} {number} {reference}"

    def lines(self, final: tuple[str, str], *, version: str = "", reference: str = "") -> list[str]:
        """The AX records: E0 SUMMRY, references and conditions, and the final disposition."""
        out = [_e0(("SUMMRY", self.place, f"{self._identity()} ".rstrip()))]
        shown = reference or self.draft.reference
        # Without a reference of its own a condition belongs to SUMMRY, so these come first.
        for condition in sorted(self.conditions, key=lambda one: bool(one.references)):
            out += [_e0(one) for one in condition.references]
            out.append(self._e1("", condition.severity, condition.code, "", shown))
        disposition, code = final
        severity = "F" if disposition == "R" else self.severity
        return [*out, self._e1(disposition, severity, code, version, shown)]

    def _e1(self, final: str, severity: str, code: str, version: str, reference: str) -> str:
        head = self.draft.head
        return build(
            layout("AE", "E1"),
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
    kind, place, text = reference
    return build(
        layout("AE", "E0"),
        reference_data_type_code=kind,
        occurrence_position=place,
        reference_data_text=text,
    )


def on_line(line: Line, *more: Reference) -> tuple[Reference, ...]:
    return (("LINITM", line.place, line.head.raw("line")), *more)


def on_tariff(line: Line, tariff: Tariff, *more: Reference) -> tuple[Reference, ...]:
    return on_line(line, ("TARIFF", tariff.place, tariff.record.raw("hts_number")), *more)


def on_fee(line: Line, code: str, amount: int) -> tuple[Reference, ...]:
    place = next((k for k, fee in enumerate(line.fees, 1) if fee[0] == code), 0)
    return on_line(line, ("LINFEE", place, f"{code} {amount:8d}"))


def on_fee_total(draft: Draft, code: str) -> Reference:
    totals = draft.fee_totals
    place = next((k for k, one in enumerate(totals, 1) if one[0] == code), 0)
    amount = next((one[1] for one in totals if one[0] == code), 0)
    return "FEETOT", place, f"{code} {amount:11d}"
