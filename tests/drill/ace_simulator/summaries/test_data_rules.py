"""Data rules of an entry summary at the simulator: the matrix cell by cell, parties, transport,
bonds, dates of statements, lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tasks.drill.ace_simulator.batch_worker import SimulatorRules
from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.drill.ace_simulator.printed_records import (
    IMPORTER,
    NUMBERS,
    TODAY,
    Rows,
    after,
    codes,
    dashed,
    edited,
    envelope,
    final,
    record,
    summary,
    summary_line,
    without,
)

N = NUMBERS
FIRST = dashed(N[0])
Change = Callable[[Rows], Rows]
MATRIX_HEAD = "01 02 03 06 07 11 12 21 22 23 31 32 34 38 51 52"
TYPES = MATRIX_HEAD.split()


@pytest.fixture
def ace() -> Iterator[AceSimulator]:
    with AceSimulator(":memory:", TODAY, SimulatorRules(quota_certified=False)) as opened:
        yield opened


def found(ace: AceSimulator, rows: Rows) -> list[str]:
    return codes(ace.answer(envelope("AE", rows))[0])


def put(start: str, *fields: tuple[int, str]) -> Change:
    return lambda rows: edited(rows, start, *fields)


def add(start: str, *more: str) -> Change:
    return lambda rows: after(rows, start, *more)


def drop(*starts: str) -> Change:
    return lambda rows: without(rows, *starts)


CASE = record("53A427098001C", (14, "     400A"), (25, "         0"), (35, "           0"), (47, "     40000"))

# AE 2026-07 p.134-135, a line an element as printed, and how a summary gets or loses it here.
MATRIX: dict[str, tuple[str, Change, Change, str, str]] = {
    "post summary correction": (
        "A A A A A N N A A A A A A A A A", put("10", (65, "Y")), drop(), "", "B49"),
    "certification": (
        "A A A A A A A A A A N N N N N A", put("10", (40, "A")), drop(), "", "310"),
    "mode of transport": (
        "M M M A M A A M A M N N N N M M", drop(), put("10", (36, "  ")), "164", "309"),
    "bond waiver": (
        "A A N A N A A A A A A A N N A A", put("10", (38, "0")), drop(), "", "141"),
    "bond waiver reason": (
        "A A N A N N N A A A A A N N A A", put("10", (62, "998")), drop(), "", "182"),
    "deferred tax": (
        "A A A A A N N A A A A A A A A A", put("10", (45, "2")), drop(), "", "135"),
    "trade agreement reconciliation": (
        "A A N A N N N N N N N N N N N N", put("10", (46, "Y")), drop(), "", "159"),
    "reconciliation issue": (
        "A A N A N N N N N N N N N N N N", put("10", (47, "001")), drop(), "", "160"),
    "consolidated": (
        "A N N A N A N N N N N N N N N N", put("10", (42, "Y")), drop(), "", "229"),
    "consignee": (
        "M M M M M A A A A M M M M M M M", drop(), put("11", (15, " " * 12)), "255", ""),
    "estimated entry date": (
        "A A A A A A A A M A M M M M A A", drop(), put("11", (42, " " * 6)), "124", ""),
    "date of importation": (
        "C C A C A A A M N M A A A A A A", drop(), put("11", (48, " " * 6)), "127", "297"),
    "zone": (
        "N N N M N N N N N N N N N N N N", put("11", (63, "02600A001")), drop(), "288", "136"),
    "state of destination": (
        "M M M M M A A M M M M M M M M M", drop(), put("11", (61, "  ")), "132", ""),
    "port of unlading": (
        "C C C C C C C C C C N N N N C C", drop(), put("20", (7, "    ")), "", "Z30"),
    "location of goods": (
        "A A A M A A A M M A M M M M A A", put("20", (17, "W123")), drop(), "173", ""),
    "cargo manifest": (
        "C C C C C C C C C C N N N N C C", drop(), drop("22", "23"), "", "184"),
    "warehouse withdrawal": (
        "N N N N N N N N M N M M M M N N",
        add("23", record("30ABC", (8, N[9]), (17, "2704"))), drop(), "293", "163"),
    "bond": (
        "A A M C M A A C C C A A M M A A", drop(), drop("31"), "119", ""),
    "consolidated release": (
        "A N N A N A N N N N N N N N N N",
        add("318B", record("32ABC", (8, N[9]))), drop(), "", "233"),
    "country of export": (
        "M M M A M M M M M M M M M M M M", drop(), put("40", (11, "  ")), "410", ""),
    "date of exportation": (
        "M M M A M M M M M M M M M M M M", drop(), put("40", (13, " " * 6)), "418", ""),
    "related party": (
        "M M M M M A A M M M M M M M M M", drop(), put("40", (56, " ")), "415", ""),
    "non-reimbursement": (
        "N N A A A N N A A A N N A A N N", put("40", (60, "Y")), drop(), "", "463"),
    "zone status": (
        "N N N M N N N N N N N N N N N N",
        add("40", record("41N", (10, "0000000010"))), drop(), "670", "678"),
    "manufacturer": (
        "M M M M M A A M C C M M M M M M", drop(), drop("47M"), "483", ""),
    "sold to": (
        "M M M M M A A M M M M M M M M M", drop(), drop("47S"), "577", ""),
    "case": (
        "N N C C C N N C C C N N C C N N", add("508", CASE), drop(), "", "466"),
    "case totals": (
        "N N M C M N N C C C N N M M N N",
        lambda rows: [*without(rows, "89", "90"), record("88", (3, "          0")),
                      *(row for row in rows if row.startswith(("89", "90")))],
        drop(), "735", "727"),
}  # fmt: skip
CELLS = [
    (element, kind, cell)
    for element, (cells, *_) in MATRIX.items()
    for kind, cell in zip(TYPES, cells.split(), strict=True)
    if cell in "MNA"
]


@pytest.mark.parametrize(("element", "kind", "cell"), CELLS)
def test_each_cell_of_the_matrix(ace: AceSimulator, element: str, kind: str, cell: str) -> None:
    """M: missing without it, not with it. N: barred with it, not without it. A: neither."""
    _, given, absent, missing, barred = MATRIX[element]
    base = edited(summary(N[0]), "10", (34, kind))
    with_it, without_it = found(ace, given(base)), found(ace, absent(base))
    if cell == "M":
        assert missing in without_it and missing not in with_it
    elif cell == "N":
        assert barred in with_it and barred not in without_it
    else:
        assert not {missing, barred} & {*with_it} - {"415", "119", "233", "184"}
        assert not {missing, barred} & {*without_it} - {"119", "184"}


HEADER: list[tuple[Change, str]] = [
    (put("10", (36, "99")), "165"),
    (put("10", (38, "1")), "122"),
    (put("10", (38, "0")), "139"),
    (put("10", (38, "0")), "120"),
    (put("10", (62, "994")), "140"),
    (put("10", (62, "998")), "130"),
    (put("10", (41, "N")), "220"),
    (put("10", (42, "N")), "228"),
    (put("10", (43, "Q")), "131"),
    (put("10", (44, "N")), "129"),
    (put("10", (45, "3")), "134"),
    (put("10", (46, "N")), "157"),
    (put("10", (47, "009")), "155"),
    (put("10", (34, "02"), (47, "002")), "156"),
    (put("10", (65, "N")), "B41"),
    (put("10", (66, "N")), "275"),
    (put("10", (66, "Y")), "276"),
    (put("10", (67, "N")), "751"),
    (put("10", (68, "X")), "317"),
    (put("10", (68, "F")), "319"),
    (put("10", (69, "Y")), "315"),
    (put("10", (34, "23")), "316"),
    (put("10", (70, "N")), "B73"),
    (put("10", (70, "Y")), "B75"),
    (put("11", (3, " " * 12)), "100"),
    (put("11", (3, "12-345678   ")), "102"),
    (put("11", (3, "00-0000000  ")), "103"),
    (put("11", (15, "123456789   ")), "105"),
    (put("11", (15, "00-0000000  ")), "107"),
    (put("11", (27, "1234-56789  ")), "110"),
    (put("11", (42, "133126")), "125"),
    (put("11", (48, "023026")), "128"),
    (put("20", (3, "    ")), "176"),
    (put("20", (3, "LUFT")), "179"),
    (lambda rows: edited(put("10", (36, "11"))(rows), "20", (3, "LH1 ")), "177"),
    (lambda rows: edited(put("10", (36, "30"))(rows), "20", (3, "A B ")), "178"),
    (put("20", (7, "LA  ")), "166"),
    (put("20", (17, "Z12 ")), "172"),
    (put("11", (61, "QQ")), "133"),
    (put("20", (7, "    ")), "167"),
    (drop("22", "23"), "183"),
    (put("10", (36, "  ")), "184"),
    (put("10", (36, "11")), "181"),
    (put("20", (41, "9839430")), "180"),
    (put("20", (48, "2704")), "196"),
    (put("20", (11, "133126")), "171"),
    (put("20", (52, "111626")), "262"),
    (put("22", (3, "       0")), "258"),
    (put("22", (3, "        ")), "259"),
    (put("22", (11, "   ")), "260"),
    (put("22", (3, "    1 0 ")), "264"),
    (drop("23"), "185"),
    (put("23", (3, "Q")), "186"),
    (add("23", record("23M", (8, "1"))), "187"),
    (put("23", (8, "020-1234567")), "322"),
    (put("23", (3, "I")), "261"),
    (add("318B", record("339901")), "153"),
    (add("318B", record("330101")), "152"),
    (add("318B", record("35H12")), "284"),
    (add("318B", record("36WHY")), "277"),
    (drop("31"), "119"),
    (put("31", (3, "7")), "112"),
    (put("31", (4, "X")), "266"),
    (put("31", (4, "A")), "267"),
    (put("31", (6, "   ")), "137"),
    (put("31", (9, "     50000")), "214"),
    (put("31", (19, "0123456789")), "126"),
    (put("31", (5, "N")), "246"),
    (add("318B", record("318B", (6, "037"))), "193"),
    (put("31", (3, "9")), "265"),
    (put("31", (3, "9"), (9, "         0")), "240"),
    (put("31", (3, "9"), (5, "Y"), (9, "     50000")), "223"),
    (put("31", (3, "9"), (9, "     50000")), "752"),
    (put("31", (3, "9"), (4, "A"), (9, "     50000")), "759"),
    (put("10", (34, "06")), "288"),
]


@pytest.mark.parametrize(("change", "code"), HEADER)
def test_header_conditions(ace: AceSimulator, change: Change, code: str) -> None:
    assert code in found(ace, change(summary(N[1])))


def moved(start: str, *fields: tuple[int, str]) -> Change:
    """An in-bond movement that is right but for one thing."""

    def change(rows: Rows) -> Rows:
        rows = edited(rows, "10", (18, "2720"))
        rows = edited(rows, "20", (52, "111726"))
        rows = edited(rows, "11", (42, "111726"))
        rows = after(rows, "22", record("23I", (8, "123456789")))
        return edited(rows, start, *fields)

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (moved("10", (18, "2704")), "188"),
        (moved("11", (48, "111826")), "190"),
        (moved("11", (42, "111626")), "191"),
        (moved("20", (52, "110124")), "192"),
        (moved("40", (13, "111826")), "420"),
    ],
)
def test_in_bond_dates(ace: AceSimulator, change: Change, code: str) -> None:
    assert code in found(ace, change(summary(N[1])))
    assert found(ace, moved("11")(summary(N[2]))) == []


LINES: list[tuple[Change, str]] = [
    (drop("40", "47", "50", "62"), "400"),
    (put("40", (5, "   ")), "402"),
    (put("40", (5, "1*1")), "822"),
    (put("40", (9, "  ")), "407"),
    (put("40", (9, "QQ")), "408"),
    (put("40", (11, "QQ")), "411"),
    (put("40", (11, "US")), "412"),
    (put("40", (9, "**  ")), "413"),
    (put("40", (9, "CACA")), "414"),
    (put("40", (9, "CA")), "535"),
    (put("40", (13, "133126")), "419"),
    (put("40", (13, "111726")), "426"),
    (put("40", (25, "QQ")), "416"),
    (put("40", (27, "         0")), "664"),
    (put("40", (27, "       1 2")), "424"),
    (put("40", (42, "      8 00")), "421"),
    (put("40", (56, "Q")), "415"),
    (put("40", (58, "3")), "423"),
    (put("40", (60, "N")), "475"),
    (put("40", (55, "X")), "417"),
    (put("40", (37, "4287")), "428"),
    (put("10", (36, "11")), "429"),
    (put("40", (8, "W")), "403"),
    (put("40", (8, "V")), "404"),
    (put("40", (8, "X")), "405"),
    (put("47M", (3, "Q")), "519"),
    (add("47S", record("47S", (4, IMPORTER))), "520"),
    (put("47S", (4, " " * 15)), "521"),
    (put("47M", (4, "DE ACME        ")), "523"),
    (put("47S", (4, "123456789  ")), "596"),
    (drop("50"), "431"),
    (put("508", (3, " " * 10)), "432"),
    (put("508", (3, "82055980  ")), "433"),
    (put("508", (3, "8205598   ")), "433"),
    (add("508", record("509903880300", (14, "         0"), (25, "         0"))), "433"),
    (add("508", record("509801005000", (14, "         0"), (25, "         0"))), "433"),
    (add("508", record("SE619903880300")), "433"),
    (add("508", record("508205598000", (14, "         0"), (25, "         0"))), "436"),
    (put("508", (25, "    10 000")), "437"),
    (put("508", (14, " " * 10)), "438"),
    (put("508", (36, " " * 12), (48, "   ")), "439"),
    (put("508", (36, "        1 00")), "440"),
    (put("508", (36, "           0")), "441"),
    (put("508", (48, "   ")), "442"),
    (add("508", record("5099038803  ", (14, "         0"), (25, "         0"))), "852"),
    (put("508", (3, "9813000540")), "604"),
    (put("10", (34, "23"), (69, "Y")), "676"),
    (put("10", (34, "03")), "706"),
]


@pytest.mark.parametrize(("change", "code"), LINES)
def test_line_conditions(ace: AceSimulator, change: Change, code: str) -> None:
    told = found(ace, change(summary(N[1])))
    assert code in told if code else told == []


def test_chapter_99_comes_first_and_needs_no_unit(ace: AceSimulator) -> None:
    remedy = record("5099038803  ", (14, "    250000"), (25, "         0"))
    rows = edited(after(summary(N[2]), "47S", remedy), "90", (3, "     300000"))
    assert found(ace, rows) == []


def test_line_identifiers_are_unique(ace: AceSimulator) -> None:
    assert "518" in found(ace, after(summary(N[2]), "62", *summary_line(1)))


def test_article_sets(ace: AceSimulator) -> None:
    head = edited(summary(N[2]), "40", (8, "X"))
    part = without(edited(summary_line(2, duty=0), "40", (8, "V")), "62")
    assert found(ace, after(head, "62", *part)) == []
    other = edited(part, "50", (3, "8205596000"))
    assert found(ace, after(head, "62", *other)) == ["406"]
    dutiable = edited(part, "50", (14, "       100"))
    assert found(ace, after(head, "62", *dutiable)) == ["625", "722"]
    whole = edited(summary_line(2), "40", (8, "V"))
    assert "629" in found(ace, after(head, "62", *whole))


def dumping(*fields: tuple[int, str]) -> Rows:
    """Type 03: a case at 4.00 %, cash, 400.00."""
    exporter = record("47EDEACMWOR12HAM")
    case = edited([CASE], "53", *fields)[0]
    rows = after(after(edited(summary(N[2]), "10", (34, "03")), "47S", exporter), "508", case)
    totals = record("88", *((column, "          0") for column in (3, 27, 39)))
    rows = after(rows, "62", edited([totals], "88", (15, "      40000"))[0])
    return edited(rows, "90", (39, "      40000"))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([(3, "B427098001")], "544"),
        ([(13, "X")], "511"),
        ([(22, "X")], "540"),
        ([(35, "       10000")], "541"),
        ([(22, "S"), (25, "       100")], "542"),
        ([(22, "S")], "575"),
        ([(47, "     40001")], "576"),
        ([(14, "     500"), (47, "     50000")], "710"),
    ],
)
def test_cases(ace: AceSimulator, fields: list[tuple[int, str]], code: str) -> None:
    assert found(ace, dumping()) == []
    assert code in found(ace, dumping(*fields))
    assert "499" in found(ace, without(dumping(), "47E"))
    assert "545" in found(ace, after(dumping(), "53", CASE))
    assert "452" in found(ace, edited(without(dumping(), "53"), "40", (60, "Y")))


@pytest.mark.parametrize(
    ("start", "fields", "code"),
    [
        ("88", [(15, "      40001")], "739"),
        ("88", [(3, "          1")], "737"),
        ("88", [(27, "          1")], "741"),
        ("88", [(39, "          1")], "743"),
        ("90", [(39, "      40001")], "745"),
        ("90", [(51, "          1")], "746"),
    ],
)
def test_case_totals(ace: AceSimulator, start: str, fields: list[tuple[int, str]], code: str) -> None:
    assert found(ace, edited(dumping(), start, *fields)) == [code]


def test_specific_rates(ace: AceSimulator) -> None:
    """110.25 a unit, 12.5 units: 1,378.125, half up 1,378.13."""
    fields = [(14, "   11025S"), (35, "      125000"), (47, "    137813")]
    rows = edited(edited(dumping(*fields), "88", (15, "     137813")), "90", (39, "     137813"))
    assert found(ace, rows) == ["710"]


# Zone, TIB, Canada


def test_zone_lines(ace: AceSimulator) -> None:
    def zone(line: str) -> Rows:
        rows = edited(summary(N[2]), "10", (34, "06"))
        rows = edited(edited(rows, "11", (63, "02600A001")), "20", (17, "Z123"))
        return after(rows, "40", line)

    right = record("41N", (10, "0000000010"))
    assert found(ace, zone(right)) == []
    assert found(ace, edited(zone(right), "11", (63, "26A      "))) == ["289"]
    for fields, code in (
        ([(3, "X")], "671"),
        ([(4, "010126")], "673"),
        ([(3, "P")], "674"),
        ([(10, " " * 10)], "681"),
        ([(10, "0" * 10)], "683"),
    ):
        assert found(ace, zone(edited([right], "41", *fields)[0])) == [code]


def test_temporary_importation(ace: AceSimulator) -> None:
    def bond(imported: str, hts: str = "9813000540") -> Rows:
        rows = edited(without(summary(N[2]), "62", "89"), "10", (34, "23"), (69, "Y"))
        rows = edited(rows, "11", (48, imported))
        rows = edited(rows, "90", (15, "          0"))
        rows = edited(rows, "40", (13, imported))
        return after(rows, "47S", record(f"50{hts}", (14, "         0"), (25, "         0")))

    assert found(ace, bond("111626")) == []
    assert found(ace, bond("112626"[:4] + "25")) == []
    assert "760" in found(ace, bond("102025"))
    assert found(ace, bond("060126")) == []
    assert "760" in found(ace, bond("050126", "98130075"))


def test_goods_from_canada(ace: AceSimulator) -> None:
    rows = edited(edited(summary(N[2]), "40", (9, "XOCA")), "47M", (4, "XOACMWOR12HAM"))
    assert found(ace, rows) == []


def test_classes_and_presence_of_fields() -> None:
    with AceSimulator(":memory:", TODAY) as ace:
        assert found(ace, edited(summary(N[0]), "10", (22, "KEY-00001"))) == []
        assert found(ace, edited(summary(N[2]), "20", (17, "Z-12"))) == ["Z01"]
        assert found(ace, after(summary(N[1]), "20", record("21"))) == ["Z02"]
        foreign = edited(summary(N[1]), "20", (3, "*F"))
        assert final(ace.answer(envelope("AE", foreign))[0]) == "A 995"
