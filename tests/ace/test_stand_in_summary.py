"""Entry summaries at the stand-in: control, identity, versions, implicit delete, certification."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from tasks.ace.stand_in import StandIn
from tests.ace.stand_in_hand import (
    IMPORTER,
    NUMBERS,
    TODAY,
    Rows,
    after,
    codes,
    dashed,
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
    summary_line,
    wire,
    without,
)

N = NUMBERS
FIRST = dashed(N[0])
ADDED, REPLACED, DELETED, REJECTED = "A 995", "A 996", "A 997", "RF998"


@pytest.fixture
def ace() -> Iterator[StandIn]:
    with StandIn(":memory:", TODAY) as opened:
        yield opened


def send(ace: StandIn, rows: Rows, **more: str) -> bytes:
    (answer,) = ace.answer(envelope("AE", rows, **more))
    return answer


def version(answer: bytes) -> str:
    return having(answer, "E1A")[-1][63:68]


def wrong(digits: str, action: str = "R") -> Rows:
    """A summary whose duty total is not the sum (722)."""
    return edited(summary(digits, action), "90", (3, "      50001"))


# Brought on file, and in what order


def test_added_then_replaced_in_trade_control(ace: StandIn) -> None:
    first = send(ace, summary(N[0]))
    assert (final(first), version(first)) == (ADDED, "00100")
    for action in "AR":
        again = send(ace, summary(N[0], action))
        assert (final(again), version(again)) == (REPLACED, "00100")
    assert ace.holding(FIRST).stands_once


def test_replace_creates_too_and_does_not_look_at_the_reference(ace: StandIn) -> None:
    assert final(send(ace, summary(N[0], "R"))) == ADDED
    assert final(send(ace, summary(N[0], "R", "OTHER"))) == REPLACED
    assert ace.holding(FIRST).summary.reference == "OTHER"


def test_printed_order_of_an_answer(ace: StandIn) -> None:
    """B&B v23 p.37: three summaries in two blocks. Its own numbers carry no valid check digit, and
    it prints the condition code three columns to the right of the layout."""
    for number in (N[1], N[2]):
        send(ace, summary(number, reference="3456789-3"))
    blocks = (
        summary(N[0], reference="1234567-1"),
        [*summary(N[3], reference="2345678-2"), *summary(N[2], reference="3456789-3")],
    )
    (answer,) = ace.answer(envelope("AE", *blocks))
    out = [line.rstrip() for line in lines_of(answer)]
    assert out[1:-1] == [
        "B  2704ABCAX                                               BLOCK-1",
        f"E0 SUMMRY 000001 REF ID: ABC {N[0]} 1234567-1",
        f"E1A 995   SUMMARY HAS BEEN ADDED                  ABC  {N[0]}001001234567-1",
        "Y  2704ABCAX00002",
        "B  2704ABCAX                                               BLOCK-1",
        f"E0 SUMMRY 000001 REF ID: ABC {N[3]} 2345678-2",
        f"E1A 995   SUMMARY HAS BEEN ADDED                  ABC  {N[3]}001002345678-2",
        f"E0 SUMMRY 000002 REF ID: ABC {N[2]} 3456789-3",
        f"E1A 996   SUMMARY HAS BEEN REPLACED               ABC  {N[2]}001003456789-3",
        "Y  2704ABCAX00004",
    ]


def test_references_say_where(ace: StandIn) -> None:
    lines = [*summary(N[0])[:11], *summary_line(2)]
    rows = [*lines, *summary(N[0])[11:]]
    rows = edited(rows, "508205598000", (36, " " * 12), (48, "   "), nth=1)
    rows = edited(rows, "11", (61, "  "))
    out = [row.rstrip() for row in lines_of(send(ace, rows))[2:-2]]
    assert out[0] == f"E0 SUMMRY 000001 REF ID: ABC {N[0]} KEY000001"
    assert out[1].startswith("E1 F132   STATE OF DESTINATION MISSING")
    at = next(k for k, row in enumerate(out) if row[4:7] == "439")
    assert out[at - 2 : at] == [
        "E0 LINITM 000002 REF ID: 002",
        "E0 TARIFF 000001 REF ID: 8205598000",
    ]
    totals = next(k for k, row in enumerate(out) if row[4:7] == "722")
    assert out[totals - 1] == f"E0 TOTALS 000001 REF ID: ABC {N[0]} KEY000001"
    assert out[-1].startswith("E1RF998   TRANSACTION DATA REJECTED")


# Implicit delete


def test_a_rejected_correction_deletes_what_was_accepted(ace: StandIn) -> None:
    send(ace, summary(N[0]))
    answer = send(ace, wrong(N[0]))
    assert (final(answer), codes(answer)) == (REJECTED, ["722"])
    held = ace.holding(FIRST)
    assert held.summary is None and held.count("summary implicitly deleted") == 1
    back = send(ace, summary(N[0]))
    assert (final(back), version(back)) == (ADDED, "00100")
    assert held.stands_once is False and ace.holding(FIRST).stands_once


def test_a_reference_that_does_not_match_is_refused_and_deletes_too(ace: StandIn) -> None:
    send(ace, summary(N[0]))
    answer = send(ace, summary(N[0], "A", "OTHER"))
    assert codes(answer) == ["B35"]
    assert having(answer, "E1R")[0][68:77] == "KEY000001"
    assert ace.holding(FIRST).summary is None


def test_no_reference_at_first_cannot_be_matched(ace: StandIn) -> None:
    send(ace, summary(N[0], "R", ""))
    assert codes(send(ace, summary(N[0], "A", ""))) == ["B35"]


@pytest.mark.parametrize(
    "change",
    [
        lambda r: edited(r, "10", (9, "90000010")),
        lambda r: edited(r, "10", (4, "XYZ")),
        lambda r: edited(r, "10", (3, "X")),
    ],
)
def test_what_does_not_name_the_summary_leaves_it(
    ace: StandIn, change: Callable[[Rows], Rows]
) -> None:
    send(ace, summary(N[0]))
    assert final(send(ace, change(wrong(N[0])))) == REJECTED
    assert ace.holding(FIRST).summary.status == 1


def test_under_cbp_control_nothing_is_replaced_or_deleted(ace: StandIn) -> None:
    send(ace, summary(N[0]))
    ace.today = date(2026, 12, 1)
    assert ace.print_statements() == [FIRST]
    later = edited(summary(N[0]), "10", (52, "120226"))
    assert codes(send(ace, later)) == ["B29"]
    assert codes(send(ace, delete(N[0]))) == ["B29"]
    held = ace.holding(FIRST)
    assert (held.summary.control, held.summary.status) == (2, 1)


def test_rejected_by_cbp_it_is_replaced_as_a_new_version(ace: StandIn) -> None:
    send(ace, summary(N[0]))
    ace.collect(FIRST)
    ace.reject_summary(FIRST, reason="005", team="694")
    (notice,) = ace.unsolicited()
    assert having(notice, "E1")[0].startswith("E141694005112426")
    assert "217" in codes(send(ace, summary(N[0])))
    unpaid = edited(summary(N[0]), "10", (51, " "), (52, " " * 6))
    bad = edited(unpaid, "90", (3, "      50001"))
    assert codes(send(ace, bad)) == ["722"]
    assert ace.holding(FIRST).summary.status == 2
    assert "B33" in codes(send(ace, edited(unpaid, "10", (34, "03"))))
    answer = send(ace, unpaid)
    assert (final(answer), version(answer)) == (REPLACED, "00200")
    ace.modify_summary(FIRST)
    assert ace.holding(FIRST).summary.version == "00201"


def test_off_the_statement_it_is_the_filers_again(ace: StandIn) -> None:
    send(ace, summary(N[0]))
    ace.today = date(2026, 12, 1)
    ace.print_statements()
    ace.take_off_statement(FIRST)
    answer = send(ace, edited(summary(N[0]), "10", (52, "120226")))
    assert (final(answer), version(answer)) == (REPLACED, "00200")


def test_delete(ace: StandIn) -> None:
    assert codes(send(ace, delete(N[0]))) == ["B25"]
    send(ace, summary(N[0]))
    assert codes(send(ace, edited(delete(N[0]), "10", (39, "X")))) == ["B24"]
    assert codes(send(ace, edited(summary(N[0]), "10", (3, "D")))) == ["B24"]
    assert ace.holding(FIRST).summary is not None
    ace.mark_summary(FIRST, held=True)
    assert codes(send(ace, delete(N[0]))) == ["B26"]
    ace.mark_summary(FIRST, held=False)
    answer = send(ace, delete(N[0]))
    assert final(answer) == DELETED
    assert having(answer, "E1")[-1][10:31] == "ENTRY SUMMARY DELETED"
    assert having(answer, "E1")[-1][63:68] == " " * 5
    assert ace.holding(FIRST).summary is None


# Identity


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda r: edited(r, "10", (3, " ")), "B01"),
        (lambda r: edited(r, "10", (3, "X")), "B02"),
        (lambda r: edited(r, "10", (18, "    ")), "B03"),
        (lambda r: edited(r, "10", (18, "27A4")), "B04"),
        (lambda r: edited(r, "10", (4, "   ")), "B05"),
        (lambda r: edited(r, "10", (4, "XYZ")), "B06"),
        (lambda r: edited(r, "10", (18, "3001")), "B10"),
        (lambda r: edited(r, "10", (9, " " * 8)), "B14"),
        (lambda r: edited(r, "10", (9, "1234567A")), "B15"),
        (lambda r: edited(r, "10", (16, "0")), "B16"),
        (lambda r: edited(r, "10", (34, "  ")), "B17"),
        (lambda r: edited(r, "10", (34, "13")), "B18"),
        (lambda r: edited(r, "10", (39, " ")), "B39"),
        (lambda r: edited(r, "10", (39, "Y")), "B40"),
    ],
)
def test_numbers_ports_types_and_signatures(
    ace: StandIn, change: Callable[[Rows], Rows], code: str
) -> None:
    ace.seed_filer("ABC")
    assert code in codes(send(ace, change(summary(N[0]))))
    assert ace.holding(FIRST).summary is None


def test_a_block_takes_one_district_but_for_new_york(ace: StandIn) -> None:
    mixed = edited(summary(N[0]), "10", (18, "1001"))
    assert final(send(ace, mixed, port="4601")) == ADDED
    near = edited(summary(N[1]), "10", (18, "2720"))
    assert final(send(ace, near)) == ADDED


def test_another_filers_number(ace: StandIn) -> None:
    other = edited(summary(N[0]), "10", (4, "999"), (9, "99999990"))
    assert codes(send(ace, other)) == ["B53"]


def test_a_factor_of_the_filer(ace: StandIn) -> None:
    ace.seed_filer("ABC", factor=1)
    assert codes(send(ace, summary(N[0]))) == ["B16"]


def test_ports_on_file_and_inactive(ace: StandIn) -> None:
    send(ace, summary(N[0]))
    assert codes(send(ace, edited(summary(N[0]), "10", (18, "2720")))) == ["B32"]
    ace.answer(envelope("SE", release(N[1])))
    assert codes(send(ace, edited(summary(N[1]), "10", (18, "2720")))) == ["B22"]
    ace.seed_port("2704", active=False)
    assert "B78" in codes(send(ace, summary(N[2])))


def test_cancelled_numbers_are_never_taken(ace: StandIn) -> None:
    ace.answer(envelope("SE", release(N[0])))
    ace.answer(envelope("SE", release(N[0], "D")))
    assert codes(send(ace, summary(N[0]))) == ["B31"]
    assert ace.holding(FIRST).burnt
    correction = edited(summary(N[0]), "10", (65, "Y"))
    assert "B56" in codes(send(ace, correction))


def test_a_cancelled_release_takes_its_summary_along(ace: StandIn) -> None:
    ace.answer(envelope("SE", release(N[0])))
    send(ace, summary(N[0]))
    ace.answer(envelope("SE", release(N[0], "D")))
    assert ace.holding(FIRST).summary.status == 3
    assert codes(send(ace, summary(N[0]))) == ["B31"]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"liquidation": date(2027, 10, 1)}, "B30"),
        ({"in_use": True}, "B55"),
        ({"inactive": True}, "B70"),
        ({"entry_type": "09"}, "B77"),
        ({"psc": TODAY}, "B54"),
    ],
)
def test_states_that_cbp_sets(ace: StandIn, state: dict[str, object], code: str) -> None:
    send(ace, summary(N[0]))
    ace.mark_summary(FIRST, **state)
    assert code in codes(send(ace, summary(N[0])))


def test_filers_whose_profile_wants_a_reference(ace: StandIn) -> None:
    ace.seed_filer("ABC", reference_required=True)
    assert codes(send(ace, summary(N[0], "R", ""))) == ["B34"]


def test_withdrawals_have_no_release(ace: StandIn) -> None:
    ace.answer(envelope("SE", release(N[0])))
    assert "B67" in codes(send(ace, edited(summary(N[0]), "10", (34, "31"))))


# Certification


def certified(digits: str, action: str = "A") -> Rows:
    rows = edited(summary(digits, action), "10", (40, "A"))
    return after(after(rows, "318B", *party("SE")), "47S", *maker())


def maker(code: str = "MF") -> Rows:
    """A party on a line, by name and address."""
    return [record("SE5" + row[3:]) for row in party(code)]


def test_a_certified_summary_makes_the_entry(ace: StandIn) -> None:
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
def test_rules_of_the_cargo_part(ace: StandIn, rows: Rows, codes: list[str]) -> None:
    """The cargo release is rejected, and the summary stands (note 2, p.83)."""
    ace.answer(envelope("AE", rows))
    (answer, *_) = ace.unsolicited()
    assert sorted(row[6:9] for row in having(answer, "SE9011")) == sorted(codes)
    assert message(answer) == ("01" if codes else "02")
    assert (ace.holding(FIRST).entry is None) == bool(codes)
    assert ace.holding(FIRST).summary is not None


def test_only_the_cargo_part_fails_where_a_release_is_on_file(ace: StandIn) -> None:
    ace.seed_officer_entry(FIRST, port="2704", released=date(2026, 11, 16))
    assert final(send(ace, certified(N[0]))) == ADDED
    (sx,) = ace.unsolicited()
    assert (message(sx), remarks(sx)) == ("01", ["007"])
    assert ace.holding(FIRST).entry.source == "officer"


def test_a_certified_replacement_brings_its_contact(ace: StandIn) -> None:
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
def test_what_never_certifies(ace: StandIn, change: Callable[[Rows], Rows], code: str) -> None:
    assert code in codes(send(ace, change(certified(N[0]))))


def test_quota_is_certified_and_remote_filing_too(ace: StandIn) -> None:
    assert codes(send(ace, edited(summary(N[0]), "10", (34, "02")))) == ["320"]
    assert final(send(ace, edited(certified(N[0]), "10", (34, "02")))) == ADDED
    assert ace.holding(FIRST).entry.quota == "pending"
    lines = lines_of(envelope("AE", summary(N[1])))
    remote = wire(edited(lines, "B", (47, "2304ABC  1")))
    (answer,) = ace.answer(remote)
    assert codes(answer) == ["150"]


def test_immediate_delivery_sets_the_entry_date(ace: StandIn) -> None:
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


# Consolidated summaries, warehouse withdrawals, post summary corrections


def consolidating(digits: str, *releases: str) -> Rows:
    fields = [(3 + 13 * k, "ABC") for k in range(len(releases))]
    fields += [(8 + 13 * k, one) for k, one in enumerate(releases)]
    rows = edited(summary(digits), "10", (42, "Y"))
    return after(rows, "318B", record("32", *fields))


def released(ace: StandIn, digits: str, day: date, **facts: str) -> None:
    entry = {"port": "2704", "mode": "40", **facts}
    ace.seed_officer_entry(dashed(digits), released=day, **entry)


def test_releases_under_one_summary(ace: StandIn) -> None:
    day = date(2026, 11, 16)
    released(ace, N[1], day)
    released(ace, N[2], day + timedelta(days=6))
    assert final(send(ace, consolidating(N[0], N[1], N[2]))) == ADDED
    assert codes(send(ace, summary(N[1]))) == ["B28"]
    assert codes(send(ace, consolidating(N[3], N[1], N[2]))) == ["243", "243"]
    send(ace, delete(N[0]))
    assert final(send(ace, consolidating(N[3], N[1], N[2]))) == ADDED


def test_what_cannot_be_consolidated(ace: StandIn) -> None:
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


def test_a_withdrawal_draws_on_its_warehouse_entry(ace: StandIn) -> None:
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


def test_a_post_summary_correction(ace: StandIn) -> None:
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
    ace: StandIn, change: Callable[[Rows], Rows], state: dict[str, object], code: str
) -> None:
    send(ace, summary(N[0]))
    ace.collect(FIRST)
    ace.mark_summary(FIRST, **state)
    assert code in codes(send(ace, change(correction(N[0]))))
    assert ace.holding(FIRST).summary is not None


def test_a_correction_comes_too_late(ace: StandIn) -> None:
    released(ace, N[0], TODAY - timedelta(days=270))
    send(ace, summary(N[0]))
    ace.collect(FIRST)
    assert "B48" in codes(send(ace, correction(N[0])))


# Notices


def test_printed_example_of_a_notice(ace: StandIn) -> None:
    """B&B v23 p.38: documents wanted, team 694."""
    number = "N01-5000003-5"
    image = wire([record("10A", (4, "N01"), (9, "50000035"), (22, "1234567-1"), (34, "01"))])
    ace.today = date(2009, 1, 1)
    ace.seed_officer_entry(number, port="1201", released=None, summary=image)
    ace.notify(number, "2", team="694")
    (batch,) = ace.unsolicited()
    assert [line.rstrip() for line in lines_of(batch)][1:-1] == [
        "B  1201N01UC",
        "E121694   010109                                  N01  50000035     1234567-1",
        "Y  1201N01UC00001",
    ]


def test_documents_wanted_puts_it_under_cbp_control(ace: StandIn) -> None:
    send(ace, summary(N[0]))
    ace.request_documents(FIRST, team="694")
    assert ace.holding(FIRST).summary.control == 2
    (notice,) = ace.unsolicited()
    assert having(notice, "E1")[0][:16] == "E121694   112426"
    assert having(notice, "E1")[0][68:77] == "KEY000001"
    assert IMPORTER not in notice.decode()
