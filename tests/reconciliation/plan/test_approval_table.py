"""An approver sees every row that the approval binds, decoded from the bound bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import typer
from markdown_it import MarkdownIt

from tasks.ace.settings import AceSettings
from tasks.approved_acts import act_title
from tasks.core import clock
from tasks.core.errors import ContentMissing, NotApproved, Refused
from tasks.core.ssn import HIDDEN_TEXT
from tasks.entries.events import Difference
from tasks.reconciliation.accounting.number_account import account_numbers
from tasks.reconciliation.accounting.sign_off import sign_final_accounting
from tasks.reconciliation.decisions.filer_handover import hand_over
from tasks.reconciliation.decisions.license_holder_acts import cancel_number, lose_batch
from tasks.reconciliation.decisions.settlements import settle_by_proof
from tasks.reconciliation.events import AnswerLine, AnswerRead
from tasks.reconciliation.plan.approval_table import ApprovalContents, approval_contents, contents_markdown
from tasks.reconciliation.plan.plan_store import SendingPlan, store_plan
from tasks.security.approvals import ask_for_approval, find_approval, waiting_approvals
from tasks.security.events import Act
from tasks.security.private_data import masked_value
from tests.ace import made_summary
from tests.errors import refused
from tests.reconciliation.ace_exchange import World, open_world, record_released, record_summaries, send_one, until_duty
from tests.reconciliation.broker_office import Office
from tests.reconciliation.differences import differs

NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
OTHER = "XYZ-1234567-1"
SSN = "900-55-1234"


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    with clock.held(NOON):
        opened = open_world(office, tmp_path / "ace")
        yield opened
    opened.ace.close()


def shown(office: Office, plan: str) -> ApprovalContents:
    return approval_contents(office.journal, office.book.content, find_approval(office.journal, plan))


def waiting(office: Office) -> ApprovalContents:
    """What the approval that was asked for last binds."""
    return shown(office, waiting_approvals(office.journal, 2)[-1].plan)


def records(office: Office, plan: SendingPlan) -> dict[str, dict[str, list[str]]]:
    """The records of each entry of the plan's batches, by id, cut out by hand."""
    found: dict[str, dict[str, list[str]]] = {}
    for batch in plan.batches:
        text = office.book.content.get(batch.content).decode()
        own: dict[str, list[str]] = {}
        for at in range(0, len(text), 80):
            record = text[at : at + 80]
            if record.startswith("SE10"):
                own = found.setdefault(f"{record[5:8]}-{record[10:17]}-{record[17]}", {})
            elif record.startswith("10") and batch.application == "AE":
                own = found.setdefault(f"{record[3:6]}-{record[8:15]}-{record[15]}", {})
            own.setdefault(record[:4] if batch.application == "SE" else record[:2], []).append(record)
    return found


def columns(number: str, row: dict[str, object]) -> tuple[object, ...]:
    return (number, row["importer"], row["type"], row["value"], row["duty"], row["total"])


def test_cargo_release_shows_every_entry_and_no_duty(office: Office, tmp_path: Path) -> None:
    numbers = office.record(1, 9, tmp_path)
    made = office.plan()
    assert made is not None and len(made.batches) > 2
    found = shown(office, made.digest)
    heads = {number: own["SE10"][0] for number, own in records(office, made).items()}
    assert sorted(heads) == numbers
    assert {columns(row["number"], row) for row in found.rows} == {
        (number, masked_value(head[24:36].strip()), head[19:21], int(head[39:49]) * 100, None, None)
        for number, head in heads.items()
    }
    assert {row["file"] for row in found.rows} == {batch.file for batch in made.batches}
    assert {row["sends"] for row in found.rows} == {"cargo release, add"}
    tables = dict(found.tables())
    assert len(tables) == len(made.batches)
    assert sum(len(rows) - 1 for rows in tables.values()) == 9
    assert {row["duty"] for rows in tables.values() for row in rows} == {"-"}


def test_summaries_show_what_the_90_records_owe(world: World) -> None:
    numbers = record_released(world, ["01", "03", "01"])
    made = until_duty(world)
    found = shown(world.office, made.digest)
    own = records(world.office, made)
    assert sorted(own) == sorted(numbers)

    def amounts(number: str) -> tuple[int, int, int]:
        (grand,) = own[number]["90"]
        fields = [grand[at : at + 11].strip() for at in (2, 14, 26, 38, 50, 62)]
        value = sum(int(record[24:34]) for record in own[number]["50"])
        return value * 100, int(fields[0]), sum(int(one or 0) for one in fields)

    assert {columns(row["number"], row) for row in found.rows} == {
        (number, masked_value(own[number]["11"][0][2:14].strip()), own[number]["10"][0][33:35], *amounts(number))
        for number in numbers
    }
    assert all(row["duty"] > 0 and row["total"] > row["duty"] for row in found.rows)
    assert {row["number"]: row["total"] for row in found.rows} == {
        number: cents for number, (_, _, cents) in made.payments.items()
    }
    (title, rows) = next(found.tables())
    assert title.startswith(made.batches[0].file) and "entry summary" in title
    total = sum(row["total"] for row in found.rows if row["file"] == made.batches[0].file)
    assert rows[-1]["total"] == f"{total / 100:,.2f}"


def test_a_private_importer_is_masked_and_its_name_stays_off_the_server(office: Office, tmp_path: Path) -> None:
    office.record(2, 1, tmp_path, importer_type="34", importer_number=SSN,
                  importer_name="SECRET | IMPORTS")  # fmt: skip
    made = office.plan()
    assert made is not None
    found = shown(office, made.digest)
    (row,) = found.rows
    assert (row["importer"], row["importer_name"]) == (HIDDEN_TEXT, "SECRET | IMPORTS")
    (_, rows) = next(found.tables())
    assert rows[0]["name (from the journal, not in the file)"] == "SECRET | IMPORTS"
    text = contents_markdown(found)
    assert SSN not in text + repr(found) and "SECRET" not in text and "in all 1" in text


def visible(office: Office) -> list[Path]:
    return [path for path in office.outbound.iterdir() if not path.name.startswith(".")]


def with_plan(office: Office, made: SendingPlan, binds: list[str], **values: object) -> str:
    """A plan with other fields, put up for approval; its digest."""
    fields = {key: value for key, value in asdict(made).items() if key != "digest"}
    other = store_plan(office.book.content, fields | values)
    ask_for_approval(office.journal, other.digest, Act.SEND_BATCHES, binds, "bo")
    return other.digest


def test_fields_beside_the_bytes_that_disagree_are_refused(office: Office, tmp_path: Path) -> None:
    office.record(3, 4, tmp_path)
    made = office.plan()
    assert made is not None
    batches = [asdict(batch) for batch in made.batches]
    batches[0]["numbers"] = ["ABC-9999999-9"]
    with refused("plan-numbers-differ-from-bytes") as caught:
        shown(office, with_plan(office, made, made.binds, batches=batches))
    assert caught.values["listed"] == "ABC-9999999-9"
    with refused("plan-binds-other-bytes"):
        shown(office, with_plan(office, made, made.binds[1:], notes={"x": 1}))
    path = office.book.content.path(made.batches[0].content)
    path.write_bytes(path.read_bytes().replace(b"SE10A", b"SE10D", 1))
    with refused("content-altered", ContentMissing):
        shown(office, made.digest)


def test_what_cannot_be_shown_is_not_approved(office: Office, continuity) -> None:
    content = office.book.content
    other = b'{"act":"hand-over","number":"ABC-1234567-6"}'
    for text in (b"[", b'"text"', b'{"new": 1}', b'{"act": "settle-entries"}', other):
        digest = content.put(text)
        ask_for_approval(office.journal, digest, Act.SETTLE_ENTRIES, [digest], "bo")
        asked = find_approval(office.journal, digest)
        with refused("act-payload-unreadable"):
            approval_contents(office.journal, content, asked)
        assert act_title(office.house, asked) == "settle-entries"
        assert continuity("approve", digest, "--code", office.phone.now(), by="ada")[0] == 1
    ask_for_approval(office.journal, "ab" * 32, Act.SEND_BATCHES, ["cd" * 32], "bo")
    with refused("content-missing", ContentMissing):
        shown(office, "ab" * 32)
    assert continuity("approve", "ab" * 32, "--code", office.phone.now(), by="ada")[0] == 1
    assert not [*office.journal.events(kind="approval.granted")]


def differing(world: World, count: int, each: int) -> dict[str, list[Difference]]:
    """Entries whose summaries in ACE differ from the record in so many fields, as ACE answered."""
    numbers = record_summaries(world, ["01"] * count)
    differences = {
        number: [differs("40.charges_amount", at, f"{at * 7}{number[4:11]}", f"line {at}") for at in range(each)]
        for number in numbers
    }
    lines = [
        AnswerLine(number=number, disposition="already on file", summary="accepted",
                         control="cbp", differs=tuple(own))
        for number, own in differences.items()
    ]  # fmt: skip
    body = AnswerRead(application="", about="summary", batch="", content="", rejected=False,
                            lines=lines)  # fmt: skip
    world.house.journal.append(body, "answer/1", "bo")
    return differences


def test_a_settlement_shows_each_number_with_all_its_differences(
    world: World, continuity, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    differences = differing(world, 10, 14)
    with pytest.raises(NotApproved):
        settle_by_proof(world.house, list(differences), f"accepted | by CBP {SSN}", b"letter", "bo")
    found = waiting(world.office)
    assert found.act is Act.SETTLE_ENTRIES
    assert {row["number"]: row["difference"] for row in found.rows} == {
        number: msgspec.to_builtins(own) for number, own in differences.items()
    }
    assert found.facts["how"] == f"accepted | by CBP {HIDDEN_TEXT}" and "6 bytes" in found.facts["proof"]
    before: list[str] = []

    def ask(_: str, hide_input: bool) -> str:
        before.append(capsys.readouterr().out)
        return world.office.phone.at(clock.now())

    monkeypatch.setattr(typer, "prompt", ask)
    code, _, error = continuity("approve", found.plan[:12], by="ada")
    assert code == 0, error
    text = "".join(filter(str.isalnum, before[0]))
    for number, own in differences.items():
        assert number in before[0]
        assert all(one.subject.replace(" ", "") in text and one.ace in text for one in own)
    settled = [event.said for event in world.house.journal.events(kind="entry.settled")]
    assert [body.number for body in settled] == list(differences), "by this command, nobody retypes"  # type: ignore[attr-defined]
    assert {body.approval for body in settled} == {found.plan}  # type: ignore[attr-defined]


def test_a_settlement_whose_difference_changed_needs_its_approval_anew(world: World) -> None:
    (number,) = differing(world, 1, 1)
    act = (world.house, [number], "accepted", b"letter", "bo")
    with pytest.raises(NotApproved):
        settle_by_proof(*act)
    world.office.approve_last()
    line = AnswerLine(number=number, disposition="already on file", summary="accepted",
                            control="cbp", differs=(differs("entered_value", 1, 9),))  # fmt: skip
    body = AnswerRead(application="", about="summary", batch="", content="", rejected=False,
                            lines=[line])  # fmt: skip
    world.house.journal.append(body, "answer/2", "bo")
    with pytest.raises(NotApproved):
        settle_by_proof(*act)
    assert waiting(world.office).rows[0]["difference"] == [msgspec.to_builtins(differs("entered_value", 1, 9))]


KEPT = {"paper_outcome": "not presented", "release_date": None, "release_time": None}


def test_the_other_acts_show_their_numbers_and_words(world: World) -> None:
    sent = send_one(world)
    (batch,) = [event.said.batch for event in world.house.journal.events(kind="batch.named")]  # type: ignore[attr-defined]
    (given, free) = record_summaries(world, ["01", "01"], **KEPT)
    for path in world.office.outbound.glob("[!.]*-se-*"):
        if "SE10" in path.read_text():
            path.unlink()
    with pytest.raises(NotApproved):
        lose_batch(world.house, batch, "the disk broke", b"photo", "bo")
    found = waiting(world.office)
    assert found.act is Act.BATCH_NOT_RECEIVED and [row["number"] for row in found.rows] == [sent]
    assert found.facts | {"batch": batch, "reason": "the disk broke"} == found.facts
    with pytest.raises(NotApproved):
        hand_over(world.house, given, OTHER, b"mail", "bo")
    (row,) = waiting(world.office).rows
    assert (row["number"], row["other"]) == (given, OTHER)
    with pytest.raises((NotApproved, Refused)):
        cancel_number(world.house, free, "CBP canceled it", b"mail", "bo")


def test_an_accounting_shows_every_line(world: World, continuity) -> None:
    office = world.office
    ace = office.settings(AceSettings).model_copy(update={"ask_first": False})
    office.settings = office.settings.model_copy(update={"ace": ace})
    closed = {**KEPT, "paper_outcome": "refused"}
    numbers = record_summaries(world, ["01"] * 6, **closed)
    with pytest.raises(NotApproved):
        sign_final_accounting(office.journal, office.book.content, office.settings, "bo")
    found = waiting(office)
    lines = account_numbers(office.journal)
    assert found.act is Act.SIGN_ACCOUNTING and set(numbers) < {row["number"] for row in found.rows}
    assert [row["number"] for row in found.rows] == [line.number for line in lines]
    code, out, _ = continuity("approve", found.plan, "--json", by="ada")
    assert code == 1 and json.loads(out)["rows"] == json.loads(json.dumps(list(found.rows)))
    now = office.phone.at(clock.now())
    code, out, error = continuity("approve", found.plan, "--code", now, by="ada")
    assert code == 0, error
    assert all(line.number in out for line in lines)
    (signed,) = [event.said for event in office.journal.events(kind="accounting.signed")]
    assert signed.plan == found.plan  # type: ignore[attr-defined]


def test_json_carries_the_same_rows_and_approves_only_with_a_code(office: Office, tmp_path: Path, continuity) -> None:
    numbers = office.record(5, 9, tmp_path)
    made = office.plan()
    assert made is not None
    code, out, _ = continuity("approve", made.digest[:12], "--json", by="ada")
    told = json.loads(out)
    assert code == 1 and (told["approved_by"], told["missing"]) == ([], 1)
    assert told["rows"] == list(shown(office, made.digest).rows) and told["act"] == "send-batches"
    assert sorted(row["number"] for row in told["rows"]) == numbers
    assert not [*office.journal.events(kind="approval.granted")]
    code, out, _ = continuity("approve", made.digest[:12], "--json", "--code", office.phone.now(), by="ada")
    done = json.loads(out)
    assert code == 0 and done["rows"] == told["rows"]
    assert (done["approved_by"], done["missing"]) == (["ada"], 0)
    assert len(done["carried_out"]["written"]) == len(made.batches) == len([*visible(office)])


def test_the_desk_shows_the_table_before_it_asks_for_the_code(
    office: Office, tmp_path: Path, continuity, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    office.record(6, 9, tmp_path)
    made = office.plan()
    assert made is not None
    before: list[str] = []

    def ask(_: str, hide_input: bool) -> str:
        before.append(capsys.readouterr().out)
        return office.phone.now()

    monkeypatch.setattr(typer, "prompt", ask)
    code, _, error = continuity("approve", made.digest[:12], by="ada")
    assert code == 0, error
    for row in shown(office, made.digest).rows:
        (line,) = [one for one in before[0].splitlines() if row["number"] in one]
        assert row["importer"] in line and f"{row['value'] / 100:,.2f}" in line
    for batch in made.batches:
        assert batch.file in before[0]


def test_markdown_shows_text_as_it_stands(office: Office) -> None:
    odd = "a | b `c` *d* <script>x</script> [e](http://f) \\ & $g$ ~h~ # i\nj"
    found = ApprovalContents("ab" * 32, Act.SETTLE_ENTRIES, {"how": odd}, ({"number": "1", "other": [odd, "k"]},))
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(contents_markdown(found))
    inline = [one for one in tokens if one.type == "inline"]
    plain = ["".join(child.content for child in one.children or ()) for one in inline]
    flat = " ".join(odd.split())
    assert plain[0] == f"how: {flat}" and plain[-1] == f"{flat}; k"
    kinds_of = {child.type for one in inline[:1] + inline[-1:] for child in one.children or ()}
    assert kinds_of <= {"text", "text_special"}


def test_release_dates_that_differ_are_part_of_the_difference(world: World) -> None:
    (number,) = differing(world, 1, 1)
    line = AnswerLine(number=number, disposition="already on file", release="released",
                            release_code="98", release_date="2026-11-22")  # fmt: skip
    body = AnswerRead(application="SO", about="notice", batch="", content="", rejected=False,
                            lines=[line])  # fmt: skip
    world.house.journal.append(body, "answer/3", "bo")
    with pytest.raises(NotApproved):
        settle_by_proof(world.house, [number], "accepted", b"letter", "bo", not_in_ace=True)
    assert waiting(world.office).rows[0]["difference"][-1] == msgspec.to_builtins(
        differs("release_date", made_summary.RELEASED, "2026-11-22")
    )
