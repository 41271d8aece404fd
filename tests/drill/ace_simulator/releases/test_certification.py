"""Summaries that certify: the simulator makes the entry of them, and judges their cargo part."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.drill.ace_simulator.printed_records import (
    IMPORTER,
    TODAY,
    Rows,
    after,
    codes,
    delete,
    edited,
    envelope,
    final,
    having,
    lines_of,
    message,
    party,
    record,
    release,
    remarks,
    summary,
    wire,
    without,
)
from tests.drill.ace_simulator.printed_summaries import ADDED, FIRST, REPLACED, N, send, wrong


def certified(digits: str, action: str = "A") -> Rows:
    rows = edited(summary(digits, action), "10", (40, "A"))
    return after(after(rows, "318B", *party("SE")), "47S", *maker())


def maker(code: str = "MF") -> Rows:
    """A party on a line, by name and address."""
    return [record("SE5" + row[3:]) for row in party(code)]


def test_a_certified_summary_makes_the_entry(ace: AceSimulator) -> None:
    ace.seed_bill("", "02012345675", quantity=10, mode="40", arrived=TODAY)
    assert final(send(ace, certified(N[0]))) == ADDED
    held = ace.holding(FIRST)
    assert (held.entry.source, held.entry.status) == ("certified", "released")
    batches = ace.unsolicited()
    assert [lines_of(one)[0][25:27] for one in batches] == ["SX", "SO"]
    assert message(batches[0]) == "02"
    assert having(batches[0], "SE15")[0].startswith("SE15R    02012345675")
    assert having(batches[0], "SE15")[0][59:73] == "00000010     N"


REFERENCE = record("SE20CR KEY000001")


CARRIED = record("23M", (8, "HANDCARRIED"))


CARRIER = record("SE16LH", (9, "450"), (14, "111626"), (20, "00000010"))


NOT_AMS = record("SE20NAMY")


def carried() -> Rows:
    rows = edited(certified(N[0]), "10", (36, "60"))
    rows = after(edited(rows, "23M", (1, CARRIED)), "23M", CARRIER)
    return after(rows, "318B", NOT_AMS)


def numbered(code: str, start: str = "SE50") -> str:
    return record(start + code, (43, "EI"), (46, IMPORTER))


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        (after(certified(N[0]), "318B", *party("BY"), *party("SH")), []),
        (carried(), []),
        (without(certified(N[0]), "SE5"), ["Z33"]),
        (without(certified(N[0]), "SE3"), ["Z33"]),
        (after(certified(N[0]), "SE56", numbered("BY")), ["Z34"]),
        (after(certified(N[0]), "318B", *party("MF")), ["Z60"]),
        (after(certified(N[0]), "318B", numbered("CN", "SE30")), ["Z60", "Z10"]),
        (after(certified(N[0]), "SE56", *maker("CN")), ["Z10", "Z60"]),
        (edited(certified(N[0]), "SE36", (64, "QQ")), ["Z67"]),
        (edited(certified(N[0]), "SE55", (5, "99")), ["Z61"]),
        (without(certified(N[0]), "SE56"), ["Z35"]),
        (after(certified(N[0]), "318B", record("SE20XX 1")), ["Z28"]),
        (after(certified(N[0]), "318B", record("SE20SSR3")), ["Z58"]),
        (after(certified(N[0]), "318B", record("SE20LOCZ123")), ["Z49"]),
        (edited(edited(certified(N[0]), "10", (34, "21")), "20", (17, "Z123")), ["Z68"]),
        (after(certified(N[0]), "318B", NOT_AMS), ["Z21"]),
        (without(carried(), "SE20NAM"), ["Z20"]),
        (edited(carried(), "23M", (8, "SUITCASE   ")), ["Z54"]),
    ],
)
def test_rules_of_the_cargo_part(ace: AceSimulator, rows: Rows, codes: list[str]) -> None:
    """The cargo release is rejected, and the summary stands (note 2, p.83)."""
    ace.answer(envelope("AE", rows))
    (answer, *_) = ace.unsolicited()
    assert sorted(row[6:9] for row in having(answer, "SE9011")) == sorted(codes)
    assert message(answer) == ("01" if codes else "02")
    assert (ace.holding(FIRST).entry is None) == bool(codes)
    assert ace.holding(FIRST).summary is not None


def test_only_the_cargo_part_fails_where_a_release_is_on_file(ace: AceSimulator) -> None:
    ace.seed_officer_entry(FIRST, port="2704", released=date(2026, 11, 16))
    assert final(send(ace, certified(N[0]))) == ADDED
    (sx,) = ace.unsolicited()
    assert (message(sx), remarks(sx)) == ("01", ["007"])
    assert ace.holding(FIRST).entry.source == "officer"


def test_a_certified_replacement_brings_its_contact(ace: AceSimulator) -> None:
    send(ace, certified(N[0]))
    ace.unsolicited()
    contact = record("SE13", (5, "DANA WHITFIELD"), (45, "5625550142"))
    assert final(send(ace, after(certified(N[0], "R"), "20", contact))) == REPLACED
    sx = ace.unsolicited()[0]
    assert message(sx) == "02"
    assert ace.holding(FIRST).count("entry replaced") == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda r: edited(r, "10", (40, "Y")), "292"),
        (lambda r: edited(r, "10", (41, "Y")), "312"),
        (lambda r: edited(r, "10", (65, "Y")), "271"),
        (lambda r: edited(r, "10", (34, "31")), "310"),
        (lambda r: edited(r, "10", (42, "Y")), "147"),
        (lambda r: edited(r, "10", (68, "Y")), "318"),
        (lambda r: edited(r, "10", (70, "Y")), "785"),
    ],
)
def test_what_never_certifies(ace: AceSimulator, change: Callable[[Rows], Rows], code: str) -> None:
    assert code in codes(send(ace, change(certified(N[0]))))


def test_quota_is_certified_and_remote_filing_too(ace: AceSimulator) -> None:
    assert codes(send(ace, edited(summary(N[0]), "10", (34, "02")))) == ["320"]
    assert final(send(ace, edited(certified(N[0]), "10", (34, "02")))) == ADDED
    assert ace.holding(FIRST).entry.quota == "pending"
    lines = lines_of(envelope("AE", summary(N[1])))
    remote = wire(edited(lines, "B", (47, "2304ABC  1")))
    (answer,) = ace.answer(remote)
    assert codes(answer) == ["150"]


def test_immediate_delivery_sets_the_entry_date(ace: AceSimulator) -> None:
    asked = after(release(N[0]), "SE10", record("SE11", (80, "Y")))
    ace.answer(envelope("SE", asked))
    assert "339" in codes(send(ace, certified(N[0])))
    send(ace, summary(N[0]))
    assert ace.holding(FIRST).summary.elected_entry == TODAY
    ace.today = TODAY + timedelta(days=1)
    send(ace, wrong(N[0]))
    send(ace, summary(N[0]))
    assert ace.holding(FIRST).summary.elected_entry == TODAY
    send(ace, delete(N[0]))
    send(ace, summary(N[0]))
    assert ace.holding(FIRST).summary.elected_entry == ace.today
