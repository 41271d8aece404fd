"""What the AE writer writes, the stand-in takes: it was written from the chapters by other hands."""

from __future__ import annotations

from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.ace.made_record import joined, number
from tests.ace.made_summary import ENVELOPE, PAYMENT, SENT, TYPES, WITHDRAWALS, summary

MODES = ("10", "11", "12", "20", "21", "30", "31", "32", "33", "34", "40", "41", "50", "60", "70")
WAREHOUSE = 900


def dispositions(ace: AceSimulator, record: object) -> dict[str, str]:
    """The last word on each summary: its disposition letter and code, by entry number."""
    found = {}
    for batch in write_summaries(record, ENVELOPE, None, PAYMENT):  # type: ignore[arg-type]
        for answer in ace.answer(batch.bytes()):
            text = answer.decode("ascii")
            rows = [text[at : at + 80] for at in range(0, len(text), 80)]
            for row in rows:
                if row.startswith("E1") and row[2] in "AR":
                    found[f"{row[50:53]}-{row[55:62]}-{row[62]}"] = row[2] + row[4:7]
    return found


def test_every_type_by_every_mode_is_added() -> None:
    kinds = [(kind, mode) for kind in TYPES for mode in (MODES if kind not in WITHDRAWALS else ("30",))]
    wanted = dict(enumerate(kinds, start=100))
    rows = []
    for serial, (kind, mode) in wanted.items():
        again = kind in ("22", *WITHDRAWALS)
        more = {"warehouse_entry": number(WAREHOUSE)} if again else {}
        rows.append(summary(serial, kind, mode, **more))
    with AceSimulator(":memory:", SENT) as ace:
        assert dispositions(ace, joined([summary(WAREHOUSE, "21")])) == {number(WAREHOUSE): "A995"}
        told = dispositions(ace, joined(rows))
    refused = {pair for serial, pair in wanted.items() if told.get(number(serial)) != "A995"}
    assert refused == set() and len(told) == len(wanted)


def test_the_same_again_is_a_replacement_by_its_broker_reference() -> None:
    record = joined([summary(100), summary(101, "03", "11")])
    with AceSimulator(":memory:", SENT) as ace:
        assert set(dispositions(ace, record).values()) == {"A995"}
        assert set(dispositions(ace, record).values()) == {"A996"}
        other = joined([summary(100, broker_reference="OTHER")])
        assert dispositions(ace, other)[number(100)].startswith("R")
