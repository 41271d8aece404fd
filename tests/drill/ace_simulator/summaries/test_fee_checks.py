"""Fees and totals at the simulator: caps of three fiscal years, exemptions, sums."""

from __future__ import annotations

from datetime import date

import pytest

from tasks.drill.ace_simulator.simulator import AceSimulator
from tasks.drill.ace_simulator.summaries.fee_rates import business_days_after, fee_share, is_business_day
from tests.drill.ace_simulator.printed_records import (
    NUMBERS,
    Rows,
    after,
    codes,
    dashed,
    edited,
    envelope,
    record,
    summary,
    summary_line,
    without,
)

N = NUMBERS


def found(ace: AceSimulator, rows: Rows) -> list[str]:
    return codes(ace.answer(envelope("AE", rows))[0])


def valued(value: int, mpf: int, total: int, entered: str = "111626") -> Rows:
    """One line of a value, its MPF, and the MPF in the totals; free of duty."""
    rows = without(summary(N[0]), "40", "47", "50", "62")
    rows = after(rows, "318B", *summary_line(1, value, 0, mpf))
    rows = edited(rows, "11", (42, entered), (48, entered))
    rows = edited(rows, "40", (13, entered))
    rows = edited(rows, "89", (6, f"{total:11d}"))
    return edited(rows, "90", (3, "          0"), (15, f"{total:11d}"))


YEARS = [("093025", 3271, 63462), ("111525", 3358, 65150), ("111626", 3458, 67086)]


@pytest.mark.parametrize(("entered", "least", "most"), YEARS)
def test_caps_of_three_fiscal_years(ace: AceSimulator, entered: str, least: int, most: int) -> None:
    """FY2025 and FY2026: AE 2026-07 p.173; FY2027: 91 FR 48398, secondary."""
    small, large, middle = 1_000, 900_000, 100_000
    assert found(ace, valued(small, fee_share(3464, small), least, entered)) == []
    assert found(ace, valued(small, fee_share(3464, small), least - 1, entered)) == ["639"]
    assert found(ace, valued(large, fee_share(3464, large), most, entered)) == []
    assert found(ace, valued(large, fee_share(3464, large), most + 1, entered)) == ["640"]
    assert found(ace, valued(middle, 34640, 34640, entered)) == []
    assert found(ace, valued(middle, 34640, 34641, entered)) == ["641"]


def test_the_release_date_decides_before_the_estimated_one(ace: AceSimulator) -> None:
    ace.seed_officer_entry(dashed(N[0]), port="2704", released=date(2026, 9, 30))
    assert found(ace, valued(1_000, 346, 3458)) == ["639"]
    assert found(ace, valued(1_000, 346, 3358)) == []


def test_pipelines_keep_to_no_cap_and_consolidations_only_to_the_minimum(ace: AceSimulator) -> None:
    line = edited(without(valued(900_000, 311760, 311760), "22", "23"), "10", (36, "70"))
    assert found(ace, line) == []
    for digits in (N[1], N[2]):
        ace.seed_officer_entry(dashed(digits), port="2704", released=date(2026, 11, 16), mode="40")
    several = record("32ABC", (8, N[1]), (16, "ABC"), (21, N[2]))
    rows = after(edited(valued(900_000, 311760, 70000), "10", (42, "Y")), "318B", several)
    rows = edited(rows, "10", (9, N[3]))
    assert found(ace, rows) == []
    low = edited(edited(rows, "89", (6, "      66000")), "90", (15, "      66000"))
    assert found(ace, low) == ["640"]


def test_mpf_of_a_line_is_its_value_times_the_rate(ace: AceSimulator) -> None:
    assert fee_share(3464, 12_345) == 4276  # 42.76308
    assert fee_share(3464, 625) == 217  # 2.165, half up
    assert found(ace, valued(12_345, 4276, 4276)) == []
    assert found(ace, valued(12_345, 4277, 4277)) == ["634"]
    assert "633" in found(ace, without(summary(N[1]), "62"))


def exempt(*fields: tuple[int, str]) -> Rows:
    """A line that pays no MPF, without it."""
    rows = edited(without(summary(N[1]), "62", "89"), "40", *fields)
    return edited(rows, "90", (15, "          0"))


@pytest.mark.parametrize("fields", [[(9, "IL")], [(25, "B#")], [(25, "S+")], [(25, "KR")], [(9, "JM")], [(9, "GU")]])
def test_exempt_lines(ace: AceSimulator, fields: list[tuple[int, str]]) -> None:
    assert found(ace, exempt(*fields)) == []
    assert found(ace, edited(summary(N[2]), "40", *fields)) == ["632"]


def test_chapter_98_is_exempt_with_two_exceptions(ace: AceSimulator) -> None:
    def special(hts: str) -> Rows:
        row = record(f"50{hts}", (14, "         0"), (25, "         0"))
        return after(exempt(), "47S", row)

    assert found(ace, special("9801001012")) == []
    assert found(ace, special("98020060")) == ["633"]
    assert found(ace, special("9802008068")) == ["633"]


def informal(fee: int | None = 277) -> Rows:
    rows = edited(without(summary(N[1]), "62", "89"), "10", (34, "11"))
    rows = edited(rows, "508", (25, "      1000"))
    if fee is None:
        return edited(rows, "90", (15, "          0"))
    rows = after(rows, "318B", record("34311", (6, f"{fee:8d}")))
    totals = record("89311", (6, f"{fee:11d}"))
    rows = [*(row for row in rows if row[:2] != "90"), totals, rows[-1]]
    return edited(rows, "90", (15, f"{fee:11d}"))


def test_the_informal_fee(ace: AceSimulator) -> None:
    assert found(ace, informal()) == []
    assert found(ace, informal(276)) == ["638"]
    assert found(ace, informal(None)) == ["636"]
    assert found(ace, edited(informal(None), "40", (9, "IL"))) == []
    assert found(ace, edited(informal(), "40", (9, "IL"))) == ["635"]
    formal = edited(informal(), "10", (34, "01"))
    assert {"637", "633"} <= set(found(ace, formal))
    assert "630" in found(ace, after(informal(), "508", record("62499", (6, "     346"))))
    ace.seed_port("2704", no_informal_fee=True)
    assert found(ace, informal(None)) == []


def test_header_fees(ace: AceSimulator) -> None:
    def extra(code: str) -> Rows:
        return after(summary(N[2]), "318B", record(f"34{code}", (6, "     761")))

    assert {"250", "715"} <= set(found(ace, extra("496")))
    assert {"250", "715"} <= set(found(ace, extra("500")))
    assert {"250", "715"} <= set(found(ace, extra("053")))
    assert {"249", "715"} <= set(found(ace, extra("998")))


def vessel(hmf: int | None, value: int = 10_000, mode: str = "11") -> Rows:
    """By sea, with harbor maintenance; duty and MPF as before."""
    rows = edited(summary(N[2]), "10", (36, mode))
    rows = edited(rows, "20", (3, "MAEU"), (21, "MSC ALINA"))
    rows = edited(edited(rows, "40", (37, "42870")), "23", (4, "MAEU"))
    rows = edited(rows, "508", (25, f"{value:10d}"))
    if hmf is None:
        return rows
    rows = after(rows, "62", record("62501", (6, f"{hmf:8d}")))
    rows = edited(rows, "89", (17, f"501{hmf:11d}"))
    return edited(rows, "90", (15, f"{3464 + hmf:11d}"))


def test_harbor_maintenance(ace: AceSimulator) -> None:
    assert found(ace, vessel(1250)) == []
    assert found(ace, vessel(None)) == []
    assert found(ace, vessel(1251)) == ["601"]
    assert found(ace, vessel(None, mode="12")) == ["600"]
    assert found(ace, edited(vessel(1250, mode="40"), "20", (3, "LH  "))) == ["482"]
    assert "481" in found(ace, edited(vessel(1250), "10", (34, "11")))
    other = edited(vessel(1250), "89", (17, "501       1251"))
    assert found(ace, edited(other, "90", (15, "       4715"))) == ["719"]


def test_harbor_maintenance_alone_of_three_dollars_is_not_due(ace: AceSimulator) -> None:
    rows = edited(vessel(250, 2_000), "40", (9, "IL"))
    rows = edited(rows, "508", (14, "         0"))
    rows = [row for row in rows if not row.startswith("62499")]
    rows = edited(rows, "89", (3, "501        250"), (17, " " * 14))
    rows = edited(rows, "90", (3, "          0"), (15, "        250"))
    assert found(ace, rows) == ["602"]
    dutiable = edited(edited(rows, "508", (14, "       100")), "90", (3, "        100"))
    assert found(ace, dutiable) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: edited(r, "90", (3, "      50001")), ["722"]),
        (lambda r: edited(r, "90", (15, "       3465")), ["726"]),
        (lambda r: edited(r, "90", (27, "          1")), ["724"]),
        (lambda r: edited(r, "90", (39, "          1")), ["744"]),
        (lambda r: edited(r, "90", (63, "          1")), ["768"]),
        (lambda r: edited(r, "90", (3, " " * 11)), ["721", "722"]),
        (lambda r: edited(r, "90", (39, " " * 11)), ["728"]),
        (lambda r: without(r, "90"), ["701"]),
        (lambda r: without(r, "89", "90"), ["716", "700"]),
        (lambda r: without(r, "89"), ["716", "726"]),
        (lambda r: edited(r, "89", (17, "053        100")), ["717", "726"]),
        (lambda r: edited(r, "89", (17, "998          0")), ["734", "717"]),
        (lambda r: edited(r, "89", (17, "499       3464")), ["254", "726"]),
        (lambda r: without(r, "62"), ["633", "717", "712"]),
        (lambda r: after(r, "62", record("62499", (6, "    3464"))), ["250", "641"]),
        (lambda r: after(r, "508", record("60099", (6, "         0"))), ["532"]),
        (lambda r: after(r, "508", record("61100", (6, "         0"))), ["765"]),
        (lambda r: edited(r, "62", (3, "   ")), ["248"]),
    ],
)
def test_totals_are_the_sums(ace: AceSimulator, change: object, told: list[str]) -> None:
    assert set(told) <= set(found(ace, change(summary(N[2]))))  # type: ignore[operator]


def test_many_lines_sum_up(ace: AceSimulator) -> None:
    rows = without(summary(N[2]), "40", "47", "50", "62")
    lines = [row for place in range(1, 12) for row in summary_line(place)]
    rows = after(rows, "318B", *lines)
    rows = edited(rows, "89", (6, f"{11 * 3464:11d}"))
    rows = edited(rows, "90", (3, f"{11 * 50_000:11d}"), (15, f"{11 * 3464:11d}"))
    assert found(ace, rows) == []
    assert found(ace, edited(rows, "508", (14, "     49999"), nth=10)) == ["722"]


def test_business_days() -> None:
    closed = ["2026-11-26", "2026-12-25", "2027-01-01", "2026-07-03", "2026-10-12", "2026-11-28"]
    assert not any(is_business_day(date.fromisoformat(day)) for day in closed)
    assert is_business_day(date(2026, 11, 27)) and is_business_day(date(2026, 12, 24))
    assert business_days_after(date(2026, 11, 24), 2) == date(2026, 11, 27)
