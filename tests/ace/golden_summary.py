"""A correct entry summary with nearly every record of AE, a short one, and a deletion."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from tasks.ace.file_check import check_bytes
from tasks.ace.wire.check_conditions import FileFinding
from tasks.entries.numbers.entry_numbers import make_entry_number
from tests.ace.golden import FILER, Line, envelope, filled, pg


def ae(name: str, variant: str = "", /, **values: str | int) -> str:
    return filled("AE", name, variant, **values)


def ae10(serial: int, action: str = "A") -> str:
    return ae(
        "10", summary_filing_action_request_code=action, entry_filer_code=FILER,
        entry_number=make_entry_number(FILER, serial).wire[3:], district_port_of_entry="2704",
        entry_type_code="01",
    )  # fmt: skip


PGA = [
    pg("OI", description="PUMPS"),
    pg(
        "PG01", pga_line_number=1, government_agency_code="FDA",
        government_agency_program_code="DEV",
    ),
    pg("PG02", item_type="P"),
    "PG00R0001".ljust(80),
]  # fmt: skip


def summary() -> list[str]:
    """One summary with nearly every record that AE has, in the chapter's order."""
    header = [
        ae10(1), ae("11"), ae("20", carrier_code="MAEU"), ae("SE13"), ae("21"),
        ae("22"), ae("23"), ae("23"), ae("SE16"), ae("SE17"), ae("22"), ae("23"),
        ae("30"), ae("31"), ae("31"), ae("32"), ae("33"), ae("34"), ae("35"), ae("36"), ae("36"),
        "PG00S0001".ljust(80), pg("PG19", entity_role_code="IM"), pg("PG20"), "PG00E".ljust(80),
        ae("SE20"), ae("SE30"), ae("SE31"), ae("SE32"), ae("SE35"), ae("SE36", country_code="US"),
    ]  # fmt: skip
    first = [
        ae("40"), ae("41"), ae("42"), ae("43"), ae("44"), ae("44"), ae("42"), ae("44"),
        *[ae("47", article_party_identifier="TWNICSAN435TAI")] * 2,
        ae("SE50"), ae("SE51"), ae("SE52"), ae("SE55"), ae("SE56", country_code="US"),
        ae("50", hts_number="99038815"), ae("50", hts_number="7318152000"), ae("SE61"), *PGA,
        ae("51"), ae("52"), ae("53"), ae("54", "09"), ae("54", "10"), ae("60"), ae("61"),
        *[ae("62")] * 5, ae("SE62"), ae("SE63"), ae("SE63"), ae("63"), ae("CW02"),
    ]  # fmt: skip
    second = [ae("40"), ae("43"), ae("44"), ae("50", hts_number="7318152000")]
    return [*header, *first, *second, ae("88"), ae("89"), ae("90", grand_total_duty_amount=0)]


def summaries() -> list[Line]:
    inside = [("full", text) for text in summary()]
    short = [ae10(2), ae("11"), ae("40"), ae("50"), ae("90", grand_total_duty_amount=0)]
    inside += [("short", text) for text in short]
    inside += [("delete", ae10(3, "D"))]
    return envelope("AE", inside)


def structural(findings: Iterable[FileFinding]) -> list[FileFinding]:
    """Without the codes of conditional rules that the summaries, only well formed, break as they
    stand."""
    return [one for one in findings if one.code not in _broken()]


@cache
def _broken() -> frozenset[str]:
    found = check_bytes(b"".join(text.encode("ascii") for _, text in summaries())).counts
    assert not [code for code in found if code.startswith(("X", "C0"))]
    return frozenset(found)
