"""Cargo release at the simulator: actions, canceled numbers, requests, release, and the data rules."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.drill.ace_simulator.printed_records import (
    IMPORTER,
    NUMBERS,
    TODAY,
    Rows,
    after,
    dashed,
    edited,
    envelope,
    having,
    message,
    party,
    record,
    release,
    remarks,
    summary,
    without,
)

N = NUMBERS
FIRST = dashed(N[0])
ACCEPTED, REJECTED, REFERRED = "02", "01", "04"


def send(ace: AceSimulator, rows: Rows) -> bytes:
    (answer,) = ace.answer(envelope("SE", rows))
    return answer


def statuses(ace: AceSimulator) -> list[str]:
    """Bill and entry status codes of all that ACE tells now."""
    return [row[14:16] for batch in ace.unsolicited() for row in having(batch, "SO") if row[:4] in ("SO50", "SO60")]


def arrived(ace: AceSimulator, bill: str = "B0001", **facts: object) -> None:
    ace.seed_bill("ABCD", bill, **{"quantity": 10, "mode": "30", "arrived": TODAY, **facts})


def test_an_add_is_taken_once(ace: AceSimulator) -> None:
    answer = send(ace, release(N[0]))
    assert message(answer) == ACCEPTED
    assert [row[:4] for row in having(answer, "SE")] == ["SE10", "SE15", "SE90"]
    again = send(ace, release(N[0]))
    assert (message(again), remarks(again)) == (REJECTED, ["007"])
    both = send(ace, [*release(N[1]), *release(N[1])])
    assert [message(both, k) for k in (0, 1)] == [ACCEPTED, REJECTED]
    assert ace.holding(FIRST).count("entry added") == 1


def test_replace_and_update_before_any_match(ace: AceSimulator) -> None:
    assert remarks(send(ace, release(N[0], "R"))) == ["008"]
    send(ace, release(N[0]))
    assert message(send(ace, release(N[0], "R", bill="B0002"))) == ACCEPTED
    assert message(send(ace, release(N[0], "U", bill="B0003"))) == ACCEPTED
    arrived(ace, "B0002")
    assert ace.holding(FIRST).entry.status == "on file"
    arrived(ace, "B0003")
    assert ace.holding(FIRST).entry.status == "released"


def test_a_cancelled_number_is_burnt(ace: AceSimulator) -> None:
    send(ace, release(N[0]))
    assert message(send(ace, release(N[0], "D"))) == ACCEPTED
    assert ace.holding(FIRST).canceled
    for action in "ARUD":
        assert remarks(send(ace, release(N[0], action))) == ["Z40"]
    assert "23" in statuses(ace)


def test_released_goods_are_updated_for_fifteen_days_and_never_replaced(ace: AceSimulator) -> None:
    arrived(ace)
    send(ace, release(N[0]))
    assert ace.holding(FIRST).entry.released == TODAY
    assert remarks(send(ace, release(N[0], "R"))) == ["Z41"]
    ace.today = TODAY + timedelta(days=15)
    assert message(send(ace, release(N[0], "U"))) == ACCEPTED
    ace.today = TODAY + timedelta(days=16)
    assert remarks(send(ace, release(N[0], "U"))) == ["Z42"]


def test_what_is_under_review_or_arrived_is_referred(ace: AceSimulator) -> None:
    ace.expect(FIRST, "exam")
    arrived(ace)
    send(ace, release(N[0]))
    assert statuses(ace) == ["95", "03"]
    assert message(send(ace, release(N[0], "R"))) == REFERRED
    assert remarks(send(ace, release(N[0], "R"))) == ["Z43"]
    ace.decide(FIRST, grant=False, reason="09")
    (batch,) = ace.unsolicited()
    assert having(batch, "SO20RSN") == [record("SO20RSN09")]
    assert having(batch, "SO60")[0][14:16] == "86"
    assert message(send(ace, release(N[0], "D"))) == REFERRED
    ace.decide(FIRST, grant=True)
    assert ace.holding(FIRST).canceled


def test_a_granted_correction_replaces(ace: AceSimulator) -> None:
    ace.expect(FIRST, "review")
    send(ace, release(N[0]))
    change = edited(release(N[0], "R", bill="B0009"), "SE10", (40, "0000020000"))
    assert message(send(ace, change)) == REFERRED
    ace.decide(FIRST, grant=True)
    held = ace.holding(FIRST)
    assert held.entry.request == "" and '"value": 20000' in held.entry.filing
    assert {"88", "91"} <= set(statuses(ace))


@pytest.mark.parametrize(
    ("outcome", "code", "origin"),
    [("exam", "03", "05"), ("documents", "96", "06"), ("review", "90", "06"), ("hold", "53", "07")],
)
def test_exam_hold_review_documents_then_release(ace: AceSimulator, outcome: str, code: str, origin: str) -> None:
    ace.expect(FIRST, outcome)
    arrived(ace)
    send(ace, release(N[0]))
    assert statuses(ace) == ["95", code]
    assert ace.holding(FIRST).entry.status == "on file"
    ace.clear(FIRST, date(2026, 11, 23))
    (batch,) = ace.unsolicited()
    assert having(batch, "SO60")[0][14:64].split() == ["98RELEASED", f"112326{origin}"]


def test_bills_lead_to_release(ace: AceSimulator) -> None:
    send(ace, release(N[0]))
    assert statuses(ace) == ["91"]
    ace.seed_bill("ABCD", "B0001", quantity=10, mode="30")
    assert statuses(ace) == ["93"]
    ace.seed_bill("ABCD", "B0001", quantity=10, mode="30", departed=TODAY)
    assert statuses(ace) == ["94"]
    ace.bill_arrives("ABCD", "B0001")
    assert statuses(ace) == ["95", "98"]
    assert statuses(ace) == []


def test_more_than_is_on_the_bill(ace: AceSimulator) -> None:
    arrived(ace, quantity=15)
    send(ace, release(N[0]))
    send(ace, release(N[1]))
    assert statuses(ace) == ["95", "98", "58"]


def test_paper_release_is_posted(ace: AceSimulator) -> None:
    paper = date(2026, 11, 3)
    ace.seed_paper_release(FIRST, paper)
    send(ace, release(N[0]))
    entry = ace.holding(FIRST).entry
    assert (entry.status, entry.released, entry.origin) == ("released", paper, "06")
    arrived(ace, quantity=20)
    send(ace, release(N[1], bill="B0001"))
    second = dashed(N[1])
    ace.unsolicited()
    ace.seed_paper_release(second, paper)
    (batch,) = ace.unsolicited()
    assert having(batch, "SO60")[0][14:16] == "22"
    assert having(batch, "SO60")[0][56:64] == "11032609"
    assert ace.holding(second).entry.released == paper


def test_an_officer_keyed_entry_is_on_file_and_not_told(ace: AceSimulator) -> None:
    ace.seed_officer_entry(FIRST, port="2704", released=date(2026, 11, 2), importer=IMPORTER)
    assert ace.unsolicited() == []
    assert remarks(send(ace, release(N[0]))) == ["007"]
    assert ace.holding(FIRST).entry.source == "officer"
    assert ace.holding(FIRST).stands_once


def test_quota_waits_for_its_acceptance(ace: AceSimulator) -> None:
    arrived(ace)
    send(ace, edited(release(N[0]), "SE10", (20, "02")))
    assert statuses(ace) == ["95", "70"]
    ace.accept_quota(FIRST)
    assert statuses(ace) == ["73", "98"]


def test_status_goes_to_the_sender_with_its_text_and_preparer(ace: AceSimulator) -> None:
    lines = envelope("SE", release(N[0]), text="OUTAGE-7").decode()
    block = record("B  2704ABCSE", (60, "OUTAGE-7"))
    lines = lines.replace(block, record(block, (47, "2304ABC  1")))
    ace.answer(lines.encode())
    (batch,) = ace.unsolicited()
    first = [batch[at : at + 80].decode() for at in range(0, 160, 80)]
    assert first[0] == record("A2704ABC      112426     SO")
    assert first[1] == record("B  2704ABCSO", (47, "2304ABC  1"), (60, "OUTAGE-7"))


def test_a_port_change_waits_for_the_summary_to_go(ace: AceSimulator) -> None:
    send(ace, release(N[0]))
    ace.answer(envelope("AE", summary(N[0])))
    moved = edited(release(N[0], "U"), "SE10", (50, "2720"))
    assert remarks(send(ace, moved)) == ["B22"]


OCEAN = [(37, "11")]
GOODS = record("SE15R", (6, "MAEU"), (10, "B1"), (73, "N"))
CONVEYANCE = record("SE16MAEU", (9, "V123"), (14, "111026"), (20, "00000010"))


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda r: edited(r, "SE10", (5, "X")), ["002"]),
        (lambda r: edited(r, "SE10", (5, " ")), ["001"]),
        (lambda r: edited(r, "SE10", (6, "XYZ")), ["006", "Z03"]),
        (lambda r: edited(r, "SE10", (18, "0")), ["006"]),
        (lambda r: edited(r, "SE10", (20, "13")), ["010"]),
        (lambda r: edited(r, "SE10", (20, "  ")), ["009"]),
        (lambda r: edited(r, "SE10", (22, "   ")), ["011"]),
        (lambda r: edited(r, "SE10", (22, "XX ")), ["012"]),
        (lambda r: edited(r, "SE10", (25, " " * 12)), ["013"]),
        (lambda r: edited(r, "SE10", (37, "  ")), ["Z04"]),
        (lambda r: edited(r, "SE10", (37, "99")), ["Z05"]),
        (lambda r: edited(r, "SE10", (39, "5")), ["Z06"]),
        (lambda r: edited(r, "SE10", (39, "9")), ["Z07"]),
        (lambda r: edited(r, "SE10", (40, "     10000")), ["Z01"]),
        (lambda r: edited(r, "SE10", (40, " " * 10)), ["Z02"]),
        (lambda r: edited(r, "SE10", (20, "02"), (50, "    ")), ["Z09"]),
        (lambda r: edited(r, "SE10", (20, "11")), ["Z10"]),
        (lambda r: edited(r, "SE10", (55, "3")), ["Z11"]),
        (lambda r: edited(edited(r, "SE10", (37, "70")), "SE15", (73, "Y")), ["Z12", "Z21"]),
        (lambda r: edited(r, "SE10", (20, "21")), ["Z14"]),
        (lambda r: edited(r, "SE10", (20, "22")), ["Z14", "Z15"]),
        (lambda r: without(r, "SE15"), ["Z16"]),
        (lambda r: edited(r, "SE15", (5, "M")), ["Z17", "Z56"]),
        (lambda r: edited(r, "SE15", (5, "T")), ["Z17"]),
        (lambda r: edited(r, "SE15", (6, "UNKN")), ["Z18"]),
        (lambda r: edited(r, "SE15", (10, "B-001")), ["Z19"]),
        (lambda r: edited(r, "SE15", (73, " ")), ["Z02", "Z20"]),
        (lambda r: edited(r, "SE15", (73, "Y")), ["Z21"]),
        (lambda r: after(edited(r, "SE15", (73, "Y")), "SE15", CONVEYANCE), ["Z22"]),
        (lambda r: edited(r, "SE15", (60, "00000000")), ["Z22"]),
        (lambda r: edited(edited(r, "SE10", *OCEAN), "SE15", (5, "H")), ["Z23"]),
        (lambda r: edited(r, "SE13", (63, "1")), ["Z27"]),
        (lambda r: edited(r, "SE20", (5, "XX ")), ["Z28"]),
        (lambda r: without(r, "SE40", "SE60"), ["Z29"]),
        (lambda r: edited(r, "SE40", (5, "002")), ["Z30"]),
        (lambda r: after(r, "SE60", record("SE6099038803")), ["Z31"]),
        (lambda r: edited(r, "SE10", (20, "23")), ["Z31"]),
        (lambda r: after(r, "SE40", record("SE41P", (12, "00000010"))), ["Z32"]),
        (lambda r: without(r, "SE30CN"), ["Z33"]),
        (lambda r: after(r, "SE30CN", record("SE30CN", (43, "EI"), (46, IMPORTER))), ["Z34"]),
        (lambda r: edited(r, "SE30BY", (8, "BUYER")), ["Z35"]),
        (lambda r: after(without(r, "SE30CN"), "SE30BY", *party("CN")), ["Z60", "Z64"]),
        (lambda r: edited(r, "SE30BY", (5, "ZZ")), ["Z33", "Z36", "Z35"]),
        (lambda r: [record("SE10A", (6, "ABC"), (11, N[0])), *r[1:]], ["Z02", "009"]),
    ],
)
def test_each_rule_of_an_add(ace: AceSimulator, change: object, codes: list[str]) -> None:
    answer = send(ace, change(release(N[0])))  # type: ignore[operator]
    assert set(codes) <= set(remarks(answer))
    if codes and codes[0] != "Z02":
        assert sorted(remarks(answer)) == sorted(codes)
    assert message(answer) == (REJECTED if codes else ACCEPTED)
    assert (ace.holding(FIRST).entry is None) == bool(codes)


AIR = record("SE15R", (10, "02012345675"), (60, "00000010"), (73, "N"))
EXTRA = record("SE11", (20, "SEASPAN"))
HAND = record("SE15R", (10, "HANDCARRIED"), (60, "00000001"), (73, "Y"))
ZONE = record("SE11", (12, "Z123"), (20, "FTZ02600A001"))
STATUS = record("SE41N", (12, "00000010"))
CURRENT = record("SE618205598100")


def zone_entry() -> Rows:
    rows = edited(without(release(N[0]), "SE15"), "SE10", (20, "06"), (37, "  "))
    return after(after(rows, "SE10", ZONE), "SE40", STATUS)


def small_parcel() -> Rows:
    """Type 86, whose consignee is given by name and address."""
    head = edited(release(N[0]), "SE10", (20, "86"), (40, "0000000700"))
    rows = after(without(head, "SE30BY", "SE30CN"), "SE36", *party("CN"))
    rows = edited(rows, "SE60", (15, "0000000700"))
    return after(rows, "SE20", record("SE20EDA112526"))


def hand_carried() -> Rows:
    rows = edited(release(N[0]), "SE10", (37, "60"), (56, "2704"))
    carrier = record("SE16LH", (9, "450"), (14, "112426"), (20, "00000001"))
    return after(without(rows, "SE15"), "SE13", HAND, carrier)


def piped() -> Rows:
    rows = edited(release(N[0]), "SE10", (37, "70"), (56, "2704"))
    carrier = record("SE16XPOL", (9, "1"), (14, "112426"), (20, "00000001"), (33, "NORTH LINE"))
    oil = record("SE15R", (10, "XPOL0001"), (73, "Y"))
    return after(without(rows, "SE15"), "SE13", oil, carrier)


def weekly(first: str) -> Rows:
    return edited(zone_entry(), "SE11", (5, "W"), (6, first))


def privileged(*more: str) -> Rows:
    return after(edited(zone_entry(), "SE41", (5, "P"), (6, "010320")), "SE60", *more)


def changed(*fields: tuple[int, str], start: str = "SE10") -> Rows:
    return edited(release(N[0]), start, *fields)


def extra(*fields: tuple[int, str]) -> Rows:
    return after(release(N[0]), "SE10", *edited([EXTRA], "SE11", *fields))


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        (zone_entry(), []),
        (small_parcel(), []),
        (hand_carried(), []),
        (weekly("120126"), []),
        (privileged(CURRENT), []),
        (extra((12, "Z123"), (16, "Z456"), (80, "N")), []),
        (changed((25, "123456789   ")), ["Z45"]),
        (changed((25, "12-3456789A ")), ["Z45"]),
        (changed((22, "34 ")), ["Z45"]),
        (changed((22, "34 "), (25, "123-45-6789 ")), []),
        (changed((22, "ANI"), (25, "262704-12345")), []),
        (changed((46, "12-345    "), start="SE30CN"), ["Z45"]),
        (changed((43, "XX "), start="SE30CN"), ["Z45"]),
        (changed((50, "27045")), ["Z46"]),
        (changed((56, "LAX")), ["Z46"]),
        (extra((12, "Z12")), ["Z47"]),
        (edited(zone_entry(), "SE11", (20, "FTZ26A01    ")), ["Z48"]),
        (edited(zone_entry(), "SE11", (20, "FTZ0260A01  ")), []),
        (edited(zone_entry(), "SE11", (20, "FTZ02610    ")), []),
        (edited(zone_entry(), "SE11", (40, "12")), ["Z49"]),
        (extra((65, "W123")), ["Z49"]),
        (extra((69, "ABC90000011")), ["Z49"]),
        (extra((5, "W"), (6, "112426")), ["Z49"]),
        (weekly("112326"), ["Z50"]),
        (weekly("120226"), ["Z50"]),
        (weekly("      "), ["Z50"]),
        (edited(weekly("120126"), "SE11", (5, "E")), ["Z51"]),
        (extra((80, "J")), ["Z51"]),
        (changed((64, "2"), start="SE13"), ["Z51"]),
        (changed((60, "11"), start="SE13"), ["Z52"]),
        (changed((60, "12"), start="SE13"), ["Z49", "Z52"]),
        (changed((6, "    "), start="SE15"), ["Z53"]),
        (edited(changed((37, "40")), "SE15", *[(1, AIR)]), []),
        (edited(changed((37, "40")), "SE15", (1, AIR), (10, "LH0")), ["Z54"]),
        (after(release(N[0]), "SE13", record("SE15I", (10, "123456789"), (73, "N"))), []),
        (after(release(N[0]), "SE13", record("SE15I", (10, "V123456789"), (73, "N"))), ["Z54"]),
        (after(release(N[0]), "SE15", record("SE15I", (10, "123456789"), (73, "N"))), ["Z56"]),
        (edited(hand_carried(), "SE15", (10, "SUITCASE   ")), ["Z54"]),
        (edited(hand_carried(), "SE15", (60, " " * 8)), ["Z55"]),
        (edited(hand_carried(), "SE16", (5, "UNKN")), ["Z18"]),
        (edited(hand_carried(), "SE16", (20, "00000000")), ["Z22"]),
        (edited(small_parcel(), "SE15", (60, " " * 8)), ["Z55"]),
        (after(small_parcel(), "SE15", changed((10, "B2"), start="SE15")[2]), ["Z57"]),
        (after(release(N[0]), "SE10", record("SE11", (45, "GO1"))), ["Z20"]),
        (after(release(N[0]), "SE20", record("SE20V1 36")), ["Z58"]),
        (after(release(N[0]), "SE20", record("SE20EDA023026")), ["Z58"]),
        (changed((8, "KEY0000012"), start="SE20"), ["Z58"]),
        (after(release(N[0]), "SE20", record("SE20PERX")), ["Z58"]),
        (without(small_parcel(), "SE20EDA"), ["Z59"]),
        (after(release(N[0]), "SE40", record("SE50BKP", (8, "AGENT")),
               record("SE5515", (7, "1 QUAY")), record("SE56MALMO", (64, "SE"))), ["Z60"]),
        (edited(release(N[0]), "SE35", (5, "99")), ["Z61"]),
        (edited(release(N[0]), "SE35", (44, "SUITE 4")), ["Z61"]),
        (after(release(N[0]), "SE30CN", record("SE31LEIX", (9, "5493001"))), ["Z62"]),
        (changed((64, "QQ"), start="SE36"), ["Z67"]),
        (changed((8, "ZZ"), start="SE40"), ["Z67"]),
        (changed((13, "  "), start="SE60"), ["Z63"]),
        (changed((5, "77"), start="SE60"), ["Z63"]),
        (after(release(N[0]), "SE40", record("SE6099038815")), []),
        (after(release(N[0]), "SE40", record("SE609801001012")), []),
        (after(release(N[0]), "SE40", record("SE609903881500")), ["Z63"]),
        (after(release(N[0]), "SE40", record("SE6098010010")), ["Z63"]),
        (changed((5, "82055980  "), start="SE60"), ["Z63"]),
        (edited(piped(), "SE15", (10, "0001")), ["Z54"]),
        (edited(piped(), "SE16", (33, " " * 20)), ["Z02"]),
        (piped(), []),
        (edited(small_parcel(), "SE60", (15, " " * 10)), ["Z64"]),
        (edited(small_parcel(), "SE60", (15, "0000000800")), ["Z10"]),
        (edited(zone_entry(), "SE41", (12, "00000000")), ["Z22"]),
        (edited(zone_entry(), "SE41", (6, "010320")), ["Z65"]),
        (after(zone_entry(), "SE60", CURRENT), ["Z65", "Z65"]),
        (privileged(), ["Z65"]),
        (after(release(N[0]), "SE60", CURRENT), ["Z65"]),
    ],
)  # fmt: skip
def test_forms_of_an_add(ace: AceSimulator, rows: Rows, codes: list[str]) -> None:
    answer = send(ace, rows)
    assert sorted(remarks(answer)) == sorted(codes)
    assert message(answer) == (REJECTED if codes else ACCEPTED)


def test_importers_that_cbp_does_not_take(ace: AceSimulator) -> None:
    ace.seed_importer("98-7654321")
    assert remarks(send(ace, release(N[0]))) == ["014"]
    ace.seed_importer(IMPORTER, status="inactive")
    assert remarks(send(ace, release(N[0]))) == ["333"]
    ace.seed_importer(IMPORTER, status="void")
    assert remarks(send(ace, release(N[0]))) == ["014"]
    ace.seed_importer(IMPORTER)
    assert message(send(ace, release(N[0]))) == ACCEPTED


def test_a_filer_with_a_factor(ace: AceSimulator) -> None:
    ace.seed_filer("ABC", factor=3)
    assert remarks(send(ace, release(N[0]))) == ["006"]
    shifted = N[0][:7] + str((int(N[0][7]) + 3) % 10)
    assert message(send(ace, release(shifted))) == ACCEPTED


def test_a_single_bond_must_stand_in_ebond(ace: AceSimulator) -> None:
    bonded = after(edited(release(N[0]), "SE10", (39, "9")), "SE20", record("SE20V1 036"), record("SE20AMT9000"))
    assert remarks(send(ace, bonded)) == ["Z08"]
    ace.seed_transaction_bond(FIRST, IMPORTER, "036", 9000, "01")
    assert message(send(ace, bonded)) == ACCEPTED


def test_cancelling_wants_a_reason_and_what_replaces_it(ace: AceSimulator) -> None:
    send(ace, release(N[0]))
    plain = release(N[0], "D")
    assert remarks(send(ace, edited(plain, "SE13", (60, "99")))) == ["Z25"]
    moved = edited(plain, "SE13", (60, "03"))
    assert remarks(send(ace, moved)) == ["Z26"]
    assert remarks(send(ace, edited(plain, "SE10", (50, "    ")))) == ["Z09"]
    assert message(send(ace, [*moved, record("SE20EN ABC90000011")])) == ACCEPTED


def test_a_zone_entry(ace: AceSimulator) -> None:
    zone = edited(without(release(N[0]), "SE15"), "SE10", (20, "06"), (37, "  "))
    zone = after(zone, "SE40", record("SE41N", (12, "00000010")))
    assert remarks(send(ace, zone)) == ["Z13"]
    whole = after(zone, "SE10", record("SE11", (12, "Z123"), (20, "FTZ02600A001")))
    assert message(send(ace, whole)) == ACCEPTED
    assert ace.holding(FIRST).entry.status == "released"
    goods = after(edited(whole, "SE10", (11, N[1]), (37, "30")), "SE13", GOODS)
    assert remarks(send(ace, goods)) == ["Z24"]


def test_immediate_delivery_is_asked_before_release(ace: AceSimulator) -> None:
    asked = record("SE11", (80, "Y"))
    stored = edited([asked], "SE11", (65, "W123"))
    warehouse = after(edited(release(N[0]), "SE10", (20, "21")), "SE10", *stored)
    assert remarks(send(ace, warehouse)) == ["Z44"]
    unbonded = after(edited(release(N[0]), "SE10", (39, "0")), "SE10", asked)
    assert remarks(send(ace, unbonded)) == ["Z66"]
    assert message(send(ace, after(release(N[0]), "SE10", asked))) == ACCEPTED


def test_split_shipment_groups(ace: AceSimulator) -> None:
    """SE v40 appendix C, example 4: one bill, a part on each conveyance."""
    part = record("SE15R", (6, "MAEU"), (10, "12345"), (73, "N"))
    rows = edited(without(release(N[0]), "SE15"), "SE10", *OCEAN)
    rows = after(rows, "SE13", part, CONVEYANCE, edited([CONVEYANCE], "SE16", (20, "00000021"))[0])
    assert message(send(ace, rows)) == ACCEPTED
    ace.seed_bill("MAEU", "12345", quantity=100, arrived=TODAY)
    assert ace.holding(FIRST).entry.status == "released"
