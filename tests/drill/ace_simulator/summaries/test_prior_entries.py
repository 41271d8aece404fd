"""Summaries at the simulator that build on others: over releases, out of a warehouse, corrections."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.drill.ace_simulator.printed_records import (
    TODAY,
    Rows,
    after,
    codes,
    dashed,
    delete,
    edited,
    final,
    record,
    summary,
    without,
)
from tests.drill.ace_simulator.printed_summaries import ADDED, FIRST, REPLACED, N, send, version


def consolidating(digits: str, *releases: str) -> Rows:
    fields = [(3 + 13 * k, "ABC") for k in range(len(releases))]
    fields += [(8 + 13 * k, one) for k, one in enumerate(releases)]
    rows = edited(summary(digits), "10", (42, "Y"))
    return after(rows, "318B", record("32", *fields))


def released(ace: AceSimulator, digits: str, day: date, **facts: str) -> None:
    entry = {"port": "2704", "mode": "40", **facts}
    ace.seed_officer_entry(dashed(digits), released=day, **entry)


def test_releases_under_one_summary(ace: AceSimulator) -> None:
    day = date(2026, 11, 16)
    released(ace, N[1], day)
    released(ace, N[2], day + timedelta(days=6))
    assert final(send(ace, consolidating(N[0], N[1], N[2]))) == ADDED
    assert codes(send(ace, summary(N[1]))) == ["B28"]
    assert codes(send(ace, consolidating(N[3], N[1], N[2]))) == ["243", "243"]
    send(ace, delete(N[0]))
    assert final(send(ace, consolidating(N[3], N[1], N[2]))) == ADDED


def test_what_cannot_be_consolidated(ace: AceSimulator) -> None:
    day = date(2026, 11, 16)
    for digits, facts in ((N[1], {}), (N[2], {"mode": "11"}), (N[3], {"port": "3001"})):
        released(ace, digits, day, **facts)
    released(ace, N[4], day + timedelta(days=7))
    assert "232" in codes(send(ace, consolidating(N[0], N[1])))
    assert "247" in codes(send(ace, consolidating(N[0], N[1], N[2])))
    assert "242" in codes(send(ace, consolidating(N[0], N[1], N[3])))
    assert "244" in codes(send(ace, consolidating(N[0], N[1], N[4])))
    assert "237" in codes(send(ace, consolidating(N[0], N[1], N[5])))
    assert "239" in codes(send(ace, consolidating(N[1], N[1], N[4])))
    assert "230" in codes(send(ace, consolidating(N[1], N[4], N[5])))
    other = edited(consolidating(N[0], N[1], N[4]), "32", (3, "999"))
    assert "236" in codes(send(ace, other))
    assert "233" in codes(send(ace, edited(consolidating(N[0], N[1], N[4]), "10", (42, " "))))


def test_a_withdrawal_draws_on_its_warehouse_entry(ace: AceSimulator) -> None:
    def withdrawal(source: str, port: str = "2704") -> Rows:
        rows = edited(without(summary(N[0]), "22", "23"), "10", (34, "31"), (36, "  "))
        rows = edited(rows, "20", (7, "    "), (17, "W123"))
        return after(rows, "20", record("30ABC", (8, source), (17, port)))

    assert "298" in codes(send(ace, withdrawal(N[1])))
    assert "307" in codes(send(ace, withdrawal(N[0])))
    warehouse = edited(edited(summary(N[1]), "10", (34, "21")), "20", (17, "W123"))
    assert final(send(ace, warehouse)) == ADDED
    assert "300" in codes(send(ace, withdrawal(N[1], "3001")))
    send(ace, summary(N[2]))
    assert "299" in codes(send(ace, withdrawal(N[2])))
    assert final(send(ace, withdrawal(N[1]))) == ADDED
    ace.collect(dashed(N[1]))
    assert "301" in codes(send(ace, withdrawal(N[1])))


def correction(digits: str) -> Rows:
    rows = edited(summary(digits), "10", (51, " "), (52, " " * 6), (65, "Y"))
    rows = edited(rows, "20", (17, "    "))
    return after(rows, "318B", record("35H12"), record("36THE STATE OF DESTINATION WAS WRONG"))


def test_a_post_summary_correction(ace: AceSimulator) -> None:
    assert codes(send(ace, correction(N[0]))) == ["B42"]
    released(ace, N[0], date(2026, 11, 16))
    send(ace, summary(N[0]))
    assert codes(send(ace, correction(N[0]))) == ["B45"]
    ace.mark_summary(FIRST, control=2)
    assert codes(send(ace, correction(N[0]))) == ["B47"]
    ace.collect(FIRST)
    answer = send(ace, correction(N[0]))
    assert (final(answer), version(answer)) == (REPLACED, "00200")
    assert ace.holding(FIRST).summary.psc == TODAY


@pytest.mark.parametrize(
    ("change", "state", "code"),
    [
        (lambda r: edited(r, "10", (3, "D")), {}, "B43"),
        (lambda r: edited(r, "10", (18, "2720")), {}, "B44"),
        (lambda r: r, {"status": 2}, "B46"),
        (lambda r: edited(r, "10", (34, "11")), {}, "B49"),
        (lambda r: r, {"liquidation": TODAY}, "B50"),
        (lambda r: r, {"liquidation": TODAY + timedelta(days=15)}, "B51"),
        (lambda r: r, {"review": True}, "B59"),
        (lambda r: edited(r, "11", (3, "98-7654321")), {}, "286"),
        (lambda r: without(r, "36"), {}, "287"),
        (lambda r: without(r, "35"), {}, "748"),
        (lambda r: edited(r, "20", (17, "Z123")), {}, "280"),
        (lambda r: edited(r, "10", (51, "2"), (52, "120126")), {}, "217"),
    ],
)
def test_what_bars_a_correction(
    ace: AceSimulator, change: Callable[[Rows], Rows], state: dict[str, object], code: str
) -> None:
    send(ace, summary(N[0]))
    ace.collect(FIRST)
    ace.mark_summary(FIRST, **state)
    assert code in codes(send(ace, change(correction(N[0]))))
    assert ace.holding(FIRST).summary is not None


def test_a_correction_comes_too_late(ace: AceSimulator) -> None:
    released(ace, N[0], TODAY - timedelta(days=270))
    send(ace, summary(N[0]))
    ace.collect(FIRST)
    assert "B48" in codes(send(ace, correction(N[0])))
