"""ACE records put together by hand, column by column as the chapters print them: no writer and no
layout of ours has a part in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

Rows = list[str]
TODAY = date(2026, 11, 24)
IMPORTER = "12-3456789"

# Filer ABC: seven digits and the digit that Appendix E asks for.
NUMBERS = (
    "12345676", "90000003", "90000011", "90000029", "90000037", "90000045", "90000052",
    "90000060", "90000078", "90000086", "90000094", "90000102", "90000110", "90000128",
)  # fmt: skip


def record(head: str, *fields: tuple[int, str]) -> str:
    """80 columns: `head` from column 1, and each text from its column."""
    line = head.ljust(80)
    for column, text in fields:
        line = line[: column - 1] + text + line[column - 1 + len(text) :]
    assert len(line) == 80, line
    return line


def wire(lines: Sequence[str]) -> bytes:
    return "".join(lines).encode("ascii")


def lines_of(data: bytes) -> Rows:
    text = data.decode("ascii")
    assert len(text) % 80 == 0
    return [text[at : at + 80] for at in range(0, len(text), 80)]


def envelope(
    application: str,
    *blocks: Sequence[str],
    port: str = "2704",
    filer: str = "ABC",
    text: str = "",
    day: str = "112426",
) -> bytes:
    """A batch of one sender, each block of the same port and filer."""
    lines = [record("A2704ABCPASSWD", (15, day), (26, application), (60, "BATCH-1"))]
    for details in blocks:
        lines.append(record(f"B  {port}{filer}{application}", (60, text or "BLOCK-1")))
        lines += details
        lines.append(record(f"Y  {port}{filer}{application}"))
    return wire([*lines, record("Z2704ABC", (15, day))])


def dashed(digits: str, filer: str = "ABC") -> str:
    return f"{filer}-{digits[:7]}-{digits[7]}"


def edited(rows: Sequence[str], start: str, *fields: tuple[int, str], nth: int = 0) -> Rows:
    """The rows with fields changed in the nth record that begins with `start`."""
    at = [k for k, row in enumerate(rows) if row.startswith(start)][nth]
    return [record(row, *fields) if k == at else row for k, row in enumerate(rows)]


def without(rows: Sequence[str], *starts: str) -> Rows:
    return [row for row in rows if not row.startswith(starts)]


def after(rows: Sequence[str], start: str, *more: str) -> Rows:
    """The rows with others put in behind the last record that begins with `start`."""
    at = max(k for k, row in enumerate(rows) if row.startswith(start))
    return [*rows[: at + 1], *more, *rows[at + 1 :]]


# Cargo release


def party(code: str) -> Rows:
    return [
        record("SE30", (5, code), (8, "ACME WORKS")),
        record("SE35", (5, "15"), (7, "12 HARBOUR ROAD")),
        record("SE36", (5, "MONTERREY"), (40, "NLE"), (64, "MX")),
    ]


def release(digits: str, action: str = "A", *, bill: str = "B0001") -> Rows:
    """A truck entry of one line at Los Angeles, on a simple bill of SCAC ABCD."""
    head = record(
        "SE10",
        (5, action),
        (6, "ABC"),
        (11, digits),
        (20, "01"),
        (22, "EI"),
        (25, IMPORTER),
        (37, "30"),
        (39, "8"),
        (40, "0000010000"),
        (50, "2704"),
    )
    contact = record("SE13", (5, "DANA WHITFIELD"), (45, "5625550142"))
    if action == "D":
        return [head, record(contact, (60, "11"))]
    goods = record("SE15R", (6, "ABCD"), (10, bill), (60, "00000010"), (73, "N"))
    rows = [head, contact, goods, record("SE20CR", (8, "KEY000001"))]
    if action == "U":
        return rows
    numbered = [record("SE30", (5, code), (43, "EI"), (46, IMPORTER)) for code in ("BY", "CN")]
    line = [record("SE40001MX", (11, "STEEL HAND TOOLS")), record("SE608205598000")]
    return [*rows, *party("MF"), *party("SE"), *numbered, *line]


# Entry summary


def summary(digits: str, action: str = "A", reference: str = "KEY000001") -> Rows:
    """Type 01 by air, one line of 10,000 dollars, duty 500.00, MPF 34.64 (above the minimum)."""
    head = record(
        "10",
        (3, action),
        (4, "ABC"),
        (9, digits),
        (18, "2704"),
        (22, reference),
        (34, "0140"),
        (39, "X"),
        (51, "2"),
        (52, "120126"),
    )
    content = record("11", (3, IMPORTER), (15, IMPORTER), (42, "111626"), (48, "111626"), (61, "CA"))
    return [
        head,
        content,
        record("20LH", (7, "2704"), (11, "111626")),
        record("22      10PCS"),
        record("23M", (8, "02012345675")),
        record("318B", (6, "036")),
        *summary_line(1),
        record("89499", (6, "       3464")),
        record(
            "90", (3, "      50000"), (15, "       3464"), (27, "          0"), (39, "          0"), (51, "          0")
        ),
    ]


def summary_line(place: int, value: int = 10_000, duty: int = 50_000, mpf: int = 3_464) -> Rows:
    return [
        record(
            "40", (5, f"{place:03d}"), (9, "DEDE"), (13, "111426"), (27, "       120"), (42, "       800"), (56, "N")
        ),
        record("47MDEACMWOR12HAM"),
        record("47S", (4, IMPORTER)),
        record("508205598000", (14, f"{duty:10d}"), (25, f"{value:10d}"), (36, "         100"), (48, "NO")),
        record("62499", (6, f"{mpf:8d}")),
    ]


def delete(digits: str) -> Rows:
    return [record("10D", (4, "ABC"), (9, digits), (18, "2704"), (34, "01"))]


# Queries


def numbers(*digits: str, filer: str = "ABC") -> Rows:
    """J1 records, five numbers each."""
    rows = []
    for at in range(0, len(digits), 5):
        fields: list[tuple[int, str]] = []
        for place, one in enumerate(digits[at : at + 5]):
            fields += [(6 + 13 * place, filer), (11 + 13 * place, one)]
        rows.append(record("J1", *fields))
    return rows


def span(first: str, last: str, kind: str = "EES", flag: str = "Y") -> Rows:
    return [record(f"J2 {kind} {first}{last}", (37, flag))]


def cargo_query(digits: str, *, limit: str = "2", more: str = "") -> Rows:
    return [record("WR1", (8, "ABC"), (11, f" {digits}"), (72, more), (73, limit))]


# Answers


def final(answer: bytes, nth: int = -1) -> str:
    """Disposition, severity and code of an AX's nth final E1: `A 995`, `RF998`."""
    found = [row for row in lines_of(answer) if row[:2] == "E1" and row[2] != " "]
    return found[nth][2:7]


def codes(answer: bytes) -> list[str]:
    """Condition codes of an AX before its final dispositions."""
    return [row[4:7] for row in lines_of(answer) if row[:2] == "E1" and row[2] == " "]


def message(answer: bytes, nth: int = -1) -> str:
    """Type of an SX's nth SE90 for a whole message."""
    found = [row for row in lines_of(answer) if row.startswith("SE90") and row[4:6] < "10"]
    return found[nth][4:6]


def remarks(answer: bytes) -> list[str]:
    """Codes of an SX's SE90 for single records."""
    return [row[6:9] for row in lines_of(answer) if row.startswith("SE9011")]


def having(answer: bytes, start: str) -> Rows:
    return [row for row in lines_of(answer) if row.startswith(start)]


Filing = Callable[[str], Rows]
