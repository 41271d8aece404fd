"""Importers, bonds and statements at the simulator: what CBP knows beforehand. Today is Tuesday 24
November 2026; Thanksgiving is the 26th."""

from __future__ import annotations

from datetime import date

import pytest

from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.drill.ace_simulator.printed_records import IMPORTER, TODAY, after, edited, record, summary, without
from tests.drill.ace_simulator.summaries.test_data_rules import FIRST, N, found


@pytest.mark.parametrize(("status", "code"), [("active", ""), ("void", "104"), ("inactive", "875"), (None, "101")])
def test_importers(status: str | None, code: str) -> None:
    with AceSimulator(":memory:", TODAY) as ace:
        ace.seed_importer("98-7654321")
        ace.seed_bond("991234567", IMPORTER, "036")
        ace.seed_bond("991234568", "98-7654321", "036")
        if status:
            ace.seed_importer(IMPORTER, status=status)
        rows = edited(summary(N[0]), "11", (15, "98-7654321  "))
        assert found(ace, rows) == ([code] if code else [])
        consignee = edited(summary(N[1]), "11", (3, "98-7654321  "))
        expected = {"void": ["106"], "inactive": ["109"], None: ["109"]}.get(status, [])
        assert found(ace, consignee) == expected


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, ""),
        (None, "113"),
        ({"activity": "D"}, "114"),
        ({"effective": date(2026, 11, 17)}, "115"),
        ({"sufficient": False}, "116"),
        ({"terminated": date(2026, 11, 16)}, "117"),
        ({"surety": "037"}, "145"),
    ],
)
def test_continuous_bonds(facts: dict[str, object] | None, code: str) -> None:
    with AceSimulator(":memory:", TODAY) as ace:
        ace.seed_importer(IMPORTER)
        if facts is not None:
            ace.seed_bond("991234567", IMPORTER, **{"surety": "036", **facts})
        assert found(ace, summary(N[0])) == ([code] if code else [])


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, ""),
        ({"void": True}, "753"),
        ({"designation": "A"}, "754"),
        ({"entry_type": "03"}, "755"),
        ({"amount": 49_999}, "756"),
        ({"importer": "98-7654321"}, "757"),
    ],
)
def test_single_transaction_bonds(facts: dict[str, object], code: str) -> None:
    with AceSimulator(":memory:", TODAY) as ace:
        base = {"importer": IMPORTER, "surety": "036", "amount": 50_000, "entry_type": "01"}
        ace.seed_transaction_bond(FIRST, **{**base, **facts})
        rows = edited(summary(N[0]), "31", (3, "9"), (9, "     50000"))
        assert found(ace, rows) == ([code] if code else [])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([(52, "112526")], ""),
        ([(52, "022227")], ""),
        ([(51, " ")], "263"),
        ([(51, "4")], "197"),
        ([(51, "1")], "199"),
        ([(58, "12")], "200"),
        ([(60, "LA")], "201"),
        ([(52, " " * 6)], "202"),
        ([(52, "133126")], "203"),
        ([(52, "112826")], "204"),
        ([(52, "112626")], "204"),
        ([(52, "122526")], "204"),
        ([(52, "112426")], "205"),
        ([(52, "112326")], "205"),
        ([(52, "022327")], "206"),
        ([(51, "6")], "211"),
        ([(51, "6"), (58, "13")], "212"),
        ([(51, "6"), (58, "02")], "213"),
        ([(51, "6"), (58, "01")], ""),
        ([(51, "6"), (52, "121826"), (58, "12")], "215"),
        ([(51, "8"), (52, "120126"), (58, "12")], ""),
    ],
)
def test_statement_dates(fields: list[tuple[int, str]], code: str) -> None:
    with AceSimulator(":memory:", TODAY) as ace:
        assert found(ace, edited(summary(N[0]), "10", *fields)) == ([code] if code else [])


def test_payment_conflicts() -> None:
    with AceSimulator(":memory:", TODAY) as ace:
        monthly = edited(summary(N[0]), "10", (51, "7"), (58, "12"))
        assert found(ace, monthly) == []
        taxed = after(monthly, "508", record("60017", (6, "       100")))
        taxed = edited(taxed, "90", (27, "        100"))
        assert found(ace, taxed) == ["718"]
        late = edited(summary(N[1]), "11", (42, "120226"))
        assert found(ace, late) == ["218"]
        flagged = edited(without(monthly, "31"), "10", (38, "0"), (62, "998"))
        assert found(ace, flagged) == []
        ace.seed_importer(IMPORTER, monthly=False)
        ace.seed_bond("991234567", IMPORTER, "036")
        assert found(ace, monthly) == ["210"]
        ace.seed_filer("ABC", monthly=False, client_branch=True)
        assert found(ace, monthly) == ["219", "209", "210"]


def test_a_single_bond_pays_no_monthly_statement() -> None:
    with AceSimulator(":memory:", TODAY) as ace:
        ace.seed_transaction_bond(FIRST, IMPORTER, "036", 50_000, "01")
        rows = edited(summary(N[0]), "31", (3, "9"), (9, "     50000"))
        rows = edited(rows, "10", (51, "6"), (58, "12"), (46, "Y"))
        assert found(ace, rows) == ["208", "154"]
