"""Entry summaries at the simulator: control, identity, versions, implicit delete, certification."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.drill.ace_simulator.printed_records import (
    IMPORTER,
    TODAY,
    Rows,
    codes,
    delete,
    edited,
    envelope,
    final,
    having,
    lines_of,
    record,
    release,
    summary,
    summary_line,
    wire,
)
from tests.drill.ace_simulator.printed_summaries import (
    ADDED,
    DELETED,
    FIRST,
    REJECTED,
    REPLACED,
    N,
    send,
    version,
    wrong,
)

# Brought on file, and in what order


def test_added_then_replaced_in_trade_control(ace: AceSimulator) -> None:
    first = send(ace, summary(N[0]))
    assert (final(first), version(first)) == (ADDED, "00100")
    for action in "AR":
        again = send(ace, summary(N[0], action))
        assert (final(again), version(again)) == (REPLACED, "00100")
    assert ace.holding(FIRST).stands_once


def test_replace_creates_too_and_does_not_look_at_the_reference(ace: AceSimulator) -> None:
    assert final(send(ace, summary(N[0], "R"))) == ADDED
    assert final(send(ace, summary(N[0], "R", "OTHER"))) == REPLACED
    assert ace.holding(FIRST).summary.reference == "OTHER"


def test_printed_order_of_an_answer(ace: AceSimulator) -> None:
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


def test_references_say_where(ace: AceSimulator) -> None:
    lines = [*summary(N[0])[:11], *summary_line(2)]
    rows = [*lines, *summary(N[0])[11:]]
    rows = edited(rows, "508205598000", (36, " " * 12), (48, "   "), nth=1)
    rows = edited(rows, "11", (61, "  "))
    out = [row.rstrip() for row in lines_of(send(ace, rows))[2:-2]]
    assert out[0] == f"E0 SUMMRY 000001 REF ID: ABC {N[0]} KEY000001"
    assert out[1].startswith("E1 F132   STATE OF DESTINATION MISSING")
    at = next(k for k, row in enumerate(out) if row[4:7] == "439")
    assert out[at - 2 : at] == ["E0 LINITM 000002 REF ID: 002", "E0 TARIFF 000001 REF ID: 8205598000"]
    totals = next(k for k, row in enumerate(out) if row[4:7] == "722")
    assert out[totals - 1] == f"E0 TOTALS 000001 REF ID: ABC {N[0]} KEY000001"
    assert out[-1].startswith("E1RF998   TRANSACTION DATA REJECTED")


# Implicit delete


def test_a_rejected_correction_deletes_what_was_accepted(ace: AceSimulator) -> None:
    send(ace, summary(N[0]))
    answer = send(ace, wrong(N[0]))
    assert (final(answer), codes(answer)) == (REJECTED, ["722"])
    held = ace.holding(FIRST)
    assert held.summary is None and held.count("summary implicitly deleted") == 1
    back = send(ace, summary(N[0]))
    assert (final(back), version(back)) == (ADDED, "00100")
    assert held.stands_once is False and ace.holding(FIRST).stands_once


def test_a_reference_that_does_not_match_is_refused_and_deletes_too(ace: AceSimulator) -> None:
    send(ace, summary(N[0]))
    answer = send(ace, summary(N[0], "A", "OTHER"))
    assert codes(answer) == ["B35"]
    assert having(answer, "E1R")[0][68:77] == "KEY000001"
    assert ace.holding(FIRST).summary is None


def test_no_reference_at_first_cannot_be_matched(ace: AceSimulator) -> None:
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
def test_what_does_not_name_the_summary_leaves_it(ace: AceSimulator, change: Callable[[Rows], Rows]) -> None:
    send(ace, summary(N[0]))
    assert final(send(ace, change(wrong(N[0])))) == REJECTED
    assert ace.holding(FIRST).summary.status == 1


def test_under_cbp_control_nothing_is_replaced_or_deleted(ace: AceSimulator) -> None:
    send(ace, summary(N[0]))
    ace.today = date(2026, 12, 1)
    assert ace.print_statements() == [FIRST]
    later = edited(summary(N[0]), "10", (52, "120226"))
    assert codes(send(ace, later)) == ["B29"]
    assert codes(send(ace, delete(N[0]))) == ["B29"]
    held = ace.holding(FIRST)
    assert (held.summary.control, held.summary.status) == (2, 1)


def test_rejected_by_cbp_it_is_replaced_as_a_new_version(ace: AceSimulator) -> None:
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


def test_off_the_statement_it_is_the_filers_again(ace: AceSimulator) -> None:
    send(ace, summary(N[0]))
    ace.today = date(2026, 12, 1)
    ace.print_statements()
    ace.take_off_statement(FIRST)
    answer = send(ace, edited(summary(N[0]), "10", (52, "120226")))
    assert (final(answer), version(answer)) == (REPLACED, "00200")


def test_delete(ace: AceSimulator) -> None:
    assert codes(send(ace, delete(N[0]))) == ["B25"]
    send(ace, summary(N[0]))
    assert codes(send(ace, edited(delete(N[0]), "10", (39, "X")))) == ["B24"]
    assert codes(send(ace, edited(summary(N[0]), "10", (3, "D")))) == ["B24"]
    assert ace.holding(FIRST).summary is not None
    ace.mark_summary(FIRST, on_hold=True)
    assert codes(send(ace, delete(N[0]))) == ["B26"]
    ace.mark_summary(FIRST, on_hold=False)
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
def test_numbers_ports_types_and_signatures(ace: AceSimulator, change: Callable[[Rows], Rows], code: str) -> None:
    ace.seed_filer("ABC")
    assert code in codes(send(ace, change(summary(N[0]))))
    assert ace.holding(FIRST).summary is None


def test_a_block_takes_one_district_but_for_new_york(ace: AceSimulator) -> None:
    mixed = edited(summary(N[0]), "10", (18, "1001"))
    assert final(send(ace, mixed, port="4601")) == ADDED
    near = edited(summary(N[1]), "10", (18, "2720"))
    assert final(send(ace, near)) == ADDED


def test_another_filers_number(ace: AceSimulator) -> None:
    other = edited(summary(N[0]), "10", (4, "999"), (9, "99999990"))
    assert codes(send(ace, other)) == ["B53"]


def test_a_factor_of_the_filer(ace: AceSimulator) -> None:
    ace.seed_filer("ABC", factor=1)
    assert codes(send(ace, summary(N[0]))) == ["B16"]


def test_ports_on_file_and_inactive(ace: AceSimulator) -> None:
    send(ace, summary(N[0]))
    assert codes(send(ace, edited(summary(N[0]), "10", (18, "2720")))) == ["B32"]
    ace.answer(envelope("SE", release(N[1])))
    assert codes(send(ace, edited(summary(N[1]), "10", (18, "2720")))) == ["B22"]
    ace.seed_port("2704", active=False)
    assert "B78" in codes(send(ace, summary(N[2])))


def test_cancelled_numbers_are_never_taken(ace: AceSimulator) -> None:
    ace.answer(envelope("SE", release(N[0])))
    ace.answer(envelope("SE", release(N[0], "D")))
    assert codes(send(ace, summary(N[0]))) == ["B31"]
    assert ace.holding(FIRST).canceled
    correction = edited(summary(N[0]), "10", (65, "Y"))
    assert "B56" in codes(send(ace, correction))


def test_a_cancelled_release_takes_its_summary_along(ace: AceSimulator) -> None:
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
def test_states_that_cbp_sets(ace: AceSimulator, state: dict[str, object], code: str) -> None:
    send(ace, summary(N[0]))
    ace.mark_summary(FIRST, **state)
    assert code in codes(send(ace, summary(N[0])))


def test_filers_whose_profile_wants_a_reference(ace: AceSimulator) -> None:
    ace.seed_filer("ABC", reference_required=True)
    assert codes(send(ace, summary(N[0], "R", ""))) == ["B34"]


def test_withdrawals_have_no_release(ace: AceSimulator) -> None:
    ace.answer(envelope("SE", release(N[0])))
    assert "B67" in codes(send(ace, edited(summary(N[0]), "10", (34, "31"))))


# Notices


def test_printed_example_of_a_notice(ace: AceSimulator) -> None:
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


def test_documents_wanted_puts_it_under_cbp_control(ace: AceSimulator) -> None:
    send(ace, summary(N[0]))
    ace.request_documents(FIRST, team="694")
    assert ace.holding(FIRST).summary.control == 2
    (notice,) = ace.unsolicited()
    assert having(notice, "E1")[0][:16] == "E121694   112426"
    assert having(notice, "E1")[0][68:77] == "KEY000001"
    assert IMPORTER not in notice.decode()
