"""Queries at the simulator: EQ, CQ and KI, and what none of them shows."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tasks.drill.ace_simulator.batch_worker import SimulatorRules
from tasks.drill.ace_simulator.queries.summary_image import pad_numbers
from tasks.drill.ace_simulator.queries.summary_query import AnswerLimits
from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.drill.ace_simulator.printed_records import (
    IMPORTER,
    NUMBERS,
    TODAY,
    Rows,
    after,
    cargo_query,
    dashed,
    edited,
    envelope,
    having,
    lines_of,
    numbers,
    record,
    release,
    span,
    summary,
    wire,
)

N = NUMBERS
FIRST = dashed(N[0])
WHOLE_DAY = ("112426120000AM", "112426115959PM")


def ask(ace: AceSimulator, application: str, rows: Rows, **more: str) -> bytes:
    (answer,) = ace.answer(envelope(application, rows, **more))
    return answer


def conditions(answer: bytes) -> list[str]:
    return [row[2:5] for row in having(answer, "JZ")]


def file(ace: AceSimulator, *digits: str) -> None:
    for one in digits:
        ace.answer(envelope("AE", summary(one)))


# EQ by number


def test_numbers_come_back_in_their_order(ace: AceSimulator) -> None:
    file(ace, *N[:7])
    asked = [N[6], N[0], N[9], N[3], N[1], N[2]]
    answer = ask(ace, "EQ", numbers(*asked))
    assert [row[7:15] for row in having(answer, "JB")] == [N[6], N[0], N[3], N[1], N[2]]
    (missing,) = having(answer, "JZ")
    assert missing[2:62].split()[0] == "013"
    assert missing[49:52] + missing[54:62] == f"ABC{N[9]}"


def test_what_stands_of_a_summary(ace: AceSimulator) -> None:
    file(ace, N[0])
    out = {row[:2]: row.rstrip() for row in lines_of(ask(ace, "EQ", numbers(N[0])))}
    assert out["JB"] == f"JBABC  {N[0]}00100112426080000AM       Y2       PNDING"
    assert out["JC"].startswith("JC1111242600") and out["JC"][19] == "0"
    assert out["JD"] == "JD2".ljust(75) + "N"
    assert out["JE"] == "JE" + f"{50_000:013d}" + "0" * 13 + f"{3464:013d}" + "0" * 26
    assert out["JF"] == f"JF{IMPORTER}  01        2704112426"
    assert out["JG"] == "JG       PNDING001"
    assert out["JH"] == "JH            120126KEY000001"
    assert out["JI"].startswith("JI036Y8BN")


def test_release_date_late_flag_and_payment(ace: AceSimulator) -> None:
    ace.seed_officer_entry(FIRST, port="2704", released=date(2026, 11, 6), mode="40")
    file(ace, N[0])
    (row,) = having(ask(ace, "EQ", numbers(N[0])), "JC")
    assert (row[2:4], row[10:18], row[19]) == ("11", "11110626", "0")
    (entered,) = having(ask(ace, "EQ", numbers(N[0])), "JD")
    assert entered[3:9] == "110626"
    ace.seed_officer_entry(dashed(N[1]), port="2704", released=date(2026, 11, 9), mode="40")
    file(ace, N[1])
    ace.collect(dashed(N[1]))
    (row,) = having(ask(ace, "EQ", numbers(N[1])), "JC")
    assert (row[2:4], row[10:18], row[19:26]) == ("21", "01110926", "2112426")


def test_land_border_releases_are_not_told_for_five_days(ace: AceSimulator) -> None:
    ace.seed_officer_entry(FIRST, port="2304", released=date(2026, 11, 20), mode="30")
    rows = edited(summary(N[0]), "10", (18, "2304"))
    ace.answer(envelope("AE", rows, port="2304"))
    (row,) = having(ask(ace, "EQ", numbers(N[0])), "JC")
    assert row[11:18] == "2      "
    ace.today = date(2026, 11, 25)
    (row,) = having(ask(ace, "EQ", numbers(N[0])), "JC")
    assert row[11:18] == "1112026"


def test_a_release_alone_is_no_summary_and_a_deleted_one_is_none(ace: AceSimulator) -> None:
    ace.answer(envelope("SE", release(N[0])))
    file(ace, N[1])
    ace.answer(envelope("AE", edited(summary(N[1], "R"), "90", (3, "          1"))))
    assert conditions(ask(ace, "EQ", numbers(N[0], N[1]))) == ["013", "013"]


def test_another_filers_summary(ace: AceSimulator) -> None:
    file(ace, N[0])
    assert conditions(ask(ace, "EQ", numbers(N[0]), filer="XYZ")) == ["014"]
    assert conditions(ask(ace, "EQ", numbers(N[0], filer="XYZ"))) == ["014"]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([record("J0N"), *numbers(N[0])], "001"),
        ([record("J0Y")], "002"),
        ([record("J1", (11, N[0]))], "003"),
        ([record("J1", (6, "ABC"))], "004"),
        (span(*WHOLE_DAY, kind="   "), "005"),
        (span(*WHOLE_DAY, kind="ALL"), "006"),
        (span(" " * 14, WHOLE_DAY[1]), "007"),
        (span("112426000000AM", WHOLE_DAY[1]), "008"),
        (span(WHOLE_DAY[0], " " * 14), "009"),
        (span(WHOLE_DAY[0], "112426130000PM"), "010"),
        (span("112426120001AM", "112426120000AM"), "011"),
        (span("102426120000AM", WHOLE_DAY[1]), "012"),
        (span("112326120000AM", "112526115959PM"), "017"),
        (span(*WHOLE_DAY), "015"),
    ],
)
def test_each_condition_of_a_query(ace: AceSimulator, rows: Rows, code: str) -> None:
    assert conditions(ask(ace, "EQ", rows)) == [code]


# EQ by date


def test_a_range_goes_by_acceptance_and_owner(ace: AceSimulator) -> None:
    file(ace, N[2], N[0])
    file(ace, N[2])
    ace.today = TODAY + timedelta(days=1)
    ace.answer(envelope("AE", edited(summary(N[1]), "10", (52, "120226"))))
    answer = ask(ace, "EQ", span("112426120000AM", "112426115959PM"))
    assert lines_of(answer)[2] == record("JA EES 112426120000AM112426115959PM")
    assert [row[7:15] for row in having(answer, "JB")] == [N[0], N[2]]
    month = span("102626120000AM", "112526115959PM")
    assert [row[7:15] for row in having(ask(ace, "EQ", month), "JB")] == [N[0], N[2], N[1]]
    assert conditions(ask(ace, "EQ", month, filer="XYZ")) == ["015"]


def test_a_cut_answer_goes_on_from_its_last_acceptance() -> None:
    with AceSimulator(":memory:", TODAY, SimulatorRules(query_limits=AnswerLimits(summaries=3))) as ace:
        file(ace, *N[:7])
        seen: list[str] = []
        start = WHOLE_DAY[0]
        for _ in range(9):
            answer = ask(ace, "EQ", span(start, WHOLE_DAY[1]))
            rows = having(answer, "JB")
            seen += [row[7:15] for row in rows if row[7:15] not in seen]
            if conditions(answer) != ["016"]:
                break
            start = rows[-1][20:34]
        assert seen == list(N[:7])
        answer = ask(ace, "EQ", numbers(*N[:5]))
        assert len(having(answer, "JB")) == 3 and conditions(answer) == ["016"]


def test_a_cut_by_size() -> None:
    with AceSimulator(":memory:", TODAY, SimulatorRules(query_limits=AnswerLimits(size=2_000))) as ace:
        file(ace, *N[:4])
        answer = ask(ace, "EQ", [record("J0Y"), *span(*WHOLE_DAY)])
        assert len(having(answer, "JB")) == 1 and conditions(answer) == ["016"]


def test_criteria_pick(ace: AceSimulator) -> None:
    file(ace, *N[:3])
    ace.mark_summary(dashed(N[0]), liquidation=TODAY)
    ace.request_documents(dashed(N[1]))
    for kind, expected in (("LIQ", [N[0]]), ("NLQ", [N[1], N[2]]), ("DOC", [N[1]]), ("PSC", [])):
        answer = ask(ace, "EQ", span(*WHOLE_DAY, kind=kind))
        assert [row[7:15] for row in having(answer, "JB")] == expected
    other = [record("J2 EES " + "".join(WHOLE_DAY), (40, "Y"))]
    assert conditions(ask(ace, "EQ", other)) == ["015"]


# The stored image


def test_the_image_with_line_numbers_and_without_cargo_records(ace: AceSimulator) -> None:
    rows = edited(summary(N[0]), "10", (40, "A"))
    parties = [record("SE30BY", (43, "EI"), (46, IMPORTER)), record("SE30SE", (8, "ACME"))]
    pga = [record("OI", (11, "HAND TOOLS")), record("PG01001FDA")]
    rows = after(after(rows, "318B", *parties), "508", *pga)
    ace.answer(envelope("AE", rows))
    out = lines_of(ask(ace, "EQ", [record("J0Y"), *numbers(N[0])]))
    start = next(k for k, row in enumerate(out) if row.startswith("10"))
    shown = [row for row in out[start:-2] if not row.startswith("4A")]
    kept = [row for row in rows if not row.startswith(("SE", "OI", "PG"))]
    assert [row[:2] for row in shown] == [row[:2] for row in kept]
    assert [row.replace(" 000", "   0") for row in shown] == kept
    assert out[start + 6] == record("4A00001")


def test_printed_padding_of_numbers() -> None:
    """ESQ v26 p.54, both lines."""
    given = "506210509060 0000049104 0000007920 000000000055DOZ000000006982KG"
    shown = "506210509060      49104       7920           55DOZ        6982KG"
    assert pad_numbers(record(given)) == record(shown)
    given = "506210509070 0000000000 0000004524 000000000029DOZ000000008003KG"
    shown = "506210509070        000       4524           29DOZ        8003KG"
    assert pad_numbers(record(given)) == record(shown)


def test_an_officers_summary_comes_with_its_own_image(ace: AceSimulator) -> None:
    keyed = edited(summary(N[0], reference=""), "508", (25, "     10500"))
    ace.seed_officer_entry(FIRST, port="2704", released=date(2026, 11, 16), summary=wire(keyed))
    answer = ask(ace, "EQ", [record("J0Y"), *numbers(N[0])])
    assert having(answer, "JC")[0][2] == "2"
    assert having(answer, "50")[0][24:34] == "     10500"


# CQ


def test_an_entry_with_its_statuses(ace: AceSimulator) -> None:
    ace.answer(envelope("SE", release(N[0])))
    assert having(ask(ace, "CQ", cargo_query(N[0])), "WO60") == []
    ace.seed_bill("ABCD", "B0001", quantity=10, mode="30", port="2704", arrived=TODAY)
    assert having(ask(ace, "CQ", cargo_query(N[0])), "WO50") == []
    ace.unsolicited()
    answer = ask(ace, "CQ", cargo_query(N[0], more="Y"))
    kinds = [row[:4] for row in having(answer, "W")]
    assert kinds[:7] == ["WO10", "WO20", "WO30", "WO40", "WO50", "WO50", "WO60"]
    assert [row[:3] for row in having(answer, "WR")] == ["WR1", "WR4", "WR5"]
    (told,) = having(answer, "WO60")
    assert told[14:64].rstrip().split() == ["98RELEASED", "11242603"]
    assert having(answer, "WO20")[0].rstrip() == "WO20CR KEY000001"


def test_the_newest_status_the_last_five_or_all(ace: AceSimulator) -> None:
    ace.expect(FIRST, "review")
    ace.answer(envelope("SE", release(N[0])))
    for _ in range(6):
        ace.answer(envelope("SE", release(N[0], "R")))
        ace.decide(FIRST, grant=False)
    ace.unsolicited()
    counts = {"": 1, "1": 5, "2": 7}
    for limit, count in counts.items():
        answer = ask(ace, "CQ", cargo_query(N[0], limit=limit))
        assert len(having(answer, "WO60")) == count


def test_what_cq_does_not_show(ace: AceSimulator) -> None:
    def refusal(rows: Rows, **more: str) -> str:
        (row,) = having(ask(ace, "CQ", rows, **more), "WR0")
        return row[29:32]

    assert refusal(cargo_query(N[0])) == "950"
    ace.seed_officer_entry(FIRST, port="2704", released=date(2026, 11, 6))
    assert refusal(cargo_query(N[0])) == "950"
    ace.answer(envelope("SE", release(N[1])))
    assert refusal(cargo_query(N[1]), filer="XYZ") == "950"
    ace.seed_officer_entry(dashed(N[2]), port="2704", released=date(2026, 11, 6), notified=True)
    assert having(ask(ace, "CQ", cargo_query(N[2])), "WO60")[0][14:16] == "98"
    ace.today = date(2027, 5, 24)
    assert having(ask(ace, "CQ", cargo_query(N[1])), "WO10")
    ace.today = date(2027, 5, 25)
    assert refusal(cargo_query(N[1])) == "950"


@pytest.mark.parametrize(
    ("fields", "kind", "code"),
    [
        ([(8, "ABC")], "WR0", "B14"),
        ([(11, f" {N[0]}")], "WR0", "B05"),
        ([], "WR0", "INE"),
        ([(8, "ABC"), (11, f" {N[0]}"), (20, "123456789")], "WSA", "INE"),
        ([(36, "B0001")], "WSA", "176"),
        ([(32, "ABCD")], "WSA", "185"),
        ([(32, "ABCD"), (36, "NONE")], "WSA", "122"),
        ([(20, "123456789")], "WSA", "123"),
        ([(48, "02012345675")], "WSB", "122"),
    ],
)
def test_refused_cargo_queries(ace: AceSimulator, fields: list[tuple[int, str]], kind: str, code: str) -> None:
    (row,) = having(ask(ace, "CQ", [record("WR1", *fields)]), "W")
    at = {"WR0": 29, "WSA": 31, "WSB": 26}[kind]
    assert row.startswith(kind) and row[at : at + 3] == code


def test_a_bill_shows_under_what_it_was_released(ace: AceSimulator) -> None:
    ace.seed_bill("MAEU", "BILL77", quantity=10, port="2704", arrived=TODAY)
    query = [record("WR1", (32, "MAEU"), (36, "BILL77"), (73, "2"))]
    assert having(ask(ace, "CQ", query), "WR5") == []
    bills = [("R", "MAEU", "BILL77", 10)]
    ace.seed_officer_entry(FIRST, port="2704", released=date(2026, 11, 6), bills=bills)
    (row,) = having(ask(ace, "CQ", query), "WR5")
    assert (row[3:9], row[13:16].strip()) == ("110626", "1C")


def test_an_air_waybill_names_the_entry(ace: AceSimulator) -> None:
    ace.seed_bill("", "02012345675", quantity=10, mode="40", carrier="LH", arrived=TODAY)
    bills = [("R", "", "02012345675", 10)]
    ace.seed_officer_entry(FIRST, port="2704", released=date(2026, 11, 6), bills=bills)
    answer = ask(ace, "CQ", [record("WR1", (48, "02012345675"), (73, "2"))])
    assert [row[:3] for row in having(answer, "W")] == ["WR1", "WSC", "WSD", "WN1"]
    assert having(answer, "WSD")[0][57:69] == "ABC12345676 "


# KI


def test_importers_and_their_bonds(ace: AceSimulator) -> None:
    ace.seed_importer(IMPORTER, name="A" * 34, address="1 PIER", city="LONG BEACH", state="CA")
    ace.seed_importer("12-345678901", name="SUFFIX")
    ace.seed_importer("11-1111111", status="void")
    ace.seed_importer("22-2222222", status="inactive")
    ace.seed_bond("991234567", IMPORTER, "036", amount=50_000, port="2704")
    ace.seed_bond("991234568", IMPORTER, "036", activity="D", amount=1_000_000_000)
    ace.seed_bond("991234569", IMPORTER, "036", terminated=TODAY)
    fields = [(3, f"{IMPORTER}  1"), (16, "11-1111111"), (29, "22-2222222"), (42, "99-9999999")]
    answer = ask(ace, "KI", [record("K", *fields)])
    kinds = [row[:2] for row in having(answer, "K")]
    assert kinds == ["K1", "K2", "K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8", "K1", "K1", "K1"]
    assert [row[14] for row in having(answer, "K1")] == ["1", "1", "3", "4", "0"]
    small, large = having(answer, "K1")[:2]
    assert small[47:80] == "036A0000500002704" + " " * 6 + "9912345671"
    assert (large[51:60], large[79]) == (" " * 9, "2")
    assert having(answer, "K2")[1][57:67] == "1000000000"
    family = ask(ace, "KI", [record("K", (3, "12-3456789**"))])
    assert [row[2:14] for row in having(family, "K1")] == ["12-3456789  "] * 2 + ["12-345678901"]


def test_all_importers_are_known_until_one_is_seeded(ace: AceSimulator) -> None:
    assert having(ask(ace, "KI", [record("K", (3, IMPORTER))]), "K1")[0][14] == "1"
    ace.seed_importer("98-7654321")
    assert having(ask(ace, "KI", [record("K", (3, IMPORTER))]), "K1")[0][14] == "0"
    assert having(ask(ace, "KI", [record("K", (3, "98-7654321"))]), "K1")[0][14] == "2"
