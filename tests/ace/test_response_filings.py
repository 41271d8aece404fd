"""AX, SX and UC: what became of what was filed."""

from __future__ import annotations

import datetime as dt

import pytest

from tasks.ace.answers.answer_facts import EntryAnswer
from tasks.ace.answers.answer_parser import read_answers
from tasks.ace.answers.answer_shape import AceAnswer
from tests.ace import made_answers as made
from tests.ace.made_answers import e0, e1, line, se10, se90


def answer(application: str, *records: str) -> AceAnswer:
    (found,) = read_answers(made.stream(made.batch(application, [records])))
    assert found.whole and not found.table("unread").num_rows
    return found


def entry(application: str, *records: str) -> EntryAnswer:
    (found,) = answer(application, *records).entries
    return found


REJECTED = e1(1, "998", "TRANSACTION DATA REJECTED", "R", "F")


@pytest.mark.parametrize(
    ("conditions", "final", "disposition"),
    [
        ([], ("995", "A", ""), "accepted"),
        ([("465", "I")], ("995", "A", "I"), "accepted"),
        ([("27A", "W")], ("995", "A", "W"), "accepted with warnings"),
        ([("P10", "P")], ("996", "A", "P"), "accepted with warnings"),
        ([("27A", "W"), ("P10", "P")], ("995", "A", "P"), "accepted with warnings"),
        # a final record without a severity does not make its conditions go away
        ([("27A", "W")], ("995", "A", ""), "accepted with warnings"),
        ([("101", "F")], ("998", "R", "F"), "rejected"),
        ([("27A", "W"), ("101", "F")], ("998", "R", "F"), "rejected"),
        ([("B35", "F")], ("998", "R", "F"), "already on file"),
        ([("101", "F"), ("B29", "F")], ("998", "R", "F"), "already on file"),
        ([("B31", "F")], ("998", "R", "F"), "already on file"),
        ([("ZZZ", "F")], ("998", "R", "F"), "system failure"),
        ([], ("ZZZ", "R", "F"), "system failure"),
        ([], ("999", "R", "F"), "batch rejected"),
        ([("101", "F")], None, "unknown"),
        # a code of an accepted summary never makes it a found one
        ([("B35", "I")], ("995", "A", "I"), "accepted"),
    ],
)
def test_disposition_of_a_summary(
    conditions: list[tuple[str, str]], final: tuple[str, str, str] | None, disposition: str
) -> None:
    records = [e0(1), *(e1(1, code, "SOMETHING", "", severity) for code, severity in conditions)]
    if final:
        records.append(e1(1, final[0], "WHATEVER IT SAYS", final[1], final[2]))
    found = entry("AX", *records)
    assert found.disposition == disposition
    assert found.entry_number == made.number(1)
    assert [c.code for c in found.conditions if not c.final] == [code for code, _ in conditions]
    assert found.reference == "L00000001"


def test_the_last_final_record_decides() -> None:
    found = entry("AX", e0(1), e1(1, "998", "", "R", "F"), e1(1, "995", "", "A"))
    assert (found.disposition, found.code, found.action) == ("accepted", "995", "added")
    found = entry("AX", e0(1), e1(1, "995", "", "A"), REJECTED)
    assert (found.disposition, found.code) == ("rejected", "998")


def test_the_worst_severity_is_told_and_p_outranks_w() -> None:
    records = [e0(1), e1(1, "P10", "", "", "P"), e1(1, "27A", "", "", "W"), e1(1, "465", "", "", "I")]
    assert entry("AX", *records, e1(1, "995", "", "A", "W")).severity == "P"
    assert entry("AX", *records, e1(1, "101", "", "", "F"), REJECTED).severity == "F"
    assert entry("AX", e0(1), e1(1, "995", "", "A")).severity == ""


def test_codes_decide_and_texts_do_not() -> None:
    found = entry("AX", e0(1), e1(1, "995", "SUMMARY HAS BEEN REJECTED", "A"))
    assert (found.disposition, found.action) == ("accepted", "added")
    found = entry("AX", e0(1), e1(1, "101", "RE-ADD REQUIRES BROKER REF", "", "F"), REJECTED)
    assert found.disposition == "rejected"


def test_a_reason_without_a_code_is_not_taken_for_the_old_print() -> None:
    """Only the columns of Batch & Block v23 p.38 are mended, not a record that lacks its code."""
    odd = line("AE", "E1", severity_code="F", reason_code="001", narrative_text="TEXT")
    (found, _) = answer("AX", e0(1), odd, REJECTED).conditions
    assert (found.code, found.text) == (None, "TEXT")


def test_version_and_a_deletion_are_told() -> None:
    found = entry("AX", e0(1), e1(1, "996", "", "A", version_number="00201"))
    assert (found.version, found.action, found.summary) == ("00201", "replaced", "accepted")
    assert found.is_held
    found = entry("AX", e0(1), e1(1, "997", "Entry Summary Deleted", "A"))
    assert (found.disposition, found.action, found.version) == ("accepted", "deleted", None)
    assert (found.is_accepted, found.is_held, found.summary) == (True, False, None)


def test_a_release_taken_off_is_not_held() -> None:
    added, gone, refused = (
        entry("SX", se10(1, action), se90(kind, "", "TEXT")) for action, kind in (("A", "02"), ("D", "02"), ("D", "01"))
    )
    assert [one.is_held for one in (added, gone, refused)] == [True, False, False]
    assert (gone.disposition, gone.action) == ("accepted", "D")


def test_a_number_that_is_used_up_is_on_file_and_cancelled() -> None:
    found = entry("AX", e0(1), e1(1, "B31", "", "", "F"), REJECTED)
    assert (found.disposition, found.summary, found.is_held) == ("already on file", "cancelled", True)


def test_the_reference_that_ace_holds_is_kept_where_ours_does_not_match() -> None:
    """AE July 2026 p.206 note 4: E1 carries the reference established before."""
    other = line("AE", "E1", severity_code="F", condition_code="B35", entry_filer_code="ABC",
                 entry_number=made.wire(1)[1], broker_reference_number="OFFICER1")  # fmt: skip
    last = line("AE", "E1", disposition_type_code="R", severity_code="F", condition_code="998",
                entry_filer_code="ABC", entry_number=made.wire(1)[1],
                broker_reference_number="OFFICER1")  # fmt: skip
    assert entry("AX", e0(1), other, last).reference == "OFFICER1"


def test_conditions_name_the_line_and_what_they_are_about() -> None:
    records = [
        e0(1), e1(1, "100", "IMPORTER NBR MISSING", "", "F"),
        e0(1, 2, "LINITM", "020"), e0(1, 1, "TARIFF", "6210509060"), e1(1, "433", "", "", "F"),
        e0(1, 1, "TARQTY", "000000000055 DOZ"), e1(1, "442", "", "", "F"),
        e0(1, 1, "TOTALS", "ABC 00000010"), e1(1, "719", "", "", "F"), REJECTED,
    ]  # fmt: skip
    found = entry("AX", *records).conditions
    assert [(c.code, c.level, c.line) for c in found] == [
        ("100", "entry", None), ("433", "line", "020"), ("442", "line", "020"),
        ("719", "entry", None), ("998", "entry", None),
    ]  # fmt: skip
    assert found[1].reference == "LINITM 2 020; TARIFF 1 6210509060"
    assert found[2].reference == "TARQTY 1 000000000055 DOZ"
    assert found[0].what_to_do == "Give the importer of record from the letter."


def test_a_line_of_one_summary_is_not_that_of_the_next() -> None:
    records = [
        e0(1), e0(1, 1, "LINITM", "001"), e1(1, "433", "", "", "F"), REJECTED,
        e0(2, 2), e1(2, "101", "", "", "F"), e1(2, "998", "", "R", "F"),
    ]  # fmt: skip
    first, second = answer("AX", *records).entries
    assert first.conditions[0].line == "001"
    assert (second.conditions[0].line, second.conditions[0].reference) == (None, "SUMMRY 2 ABC 00000028 L00000002 110")


@pytest.mark.parametrize("constant", ["REF ID: ABC 00000010", "REFID: ABC 00000010"])
def test_the_number_is_read_out_of_e0_where_no_e1_has_it(constant: str) -> None:
    summary = f"E0 SUMMRY 000001 {constant} L00000001".ljust(80)
    final = line("AE", "E1", disposition_type_code="R", severity_code="F", condition_code="998")
    assert entry("AX", summary, final).entry_number == made.number(1)


def test_a_batch_that_ax_refuses_names_no_entry() -> None:
    """AE July 2026 p.207: the answer to what is no summary, or to a structural fault."""
    head = line("AE", "E1", severity_code="F", condition_code="A00",
                narrative_text="ENTRY SUMMARY HEADER MISSING")  # fmt: skip
    last = line("AE", "E1", disposition_type_code="R", severity_code="F", condition_code="999",
                narrative_text="BATCH REJECTED")  # fmt: skip
    found = answer("AX", head, last)
    assert found.rejected and found.entries == ()
    assert [(c.code, c.level) for c in found.conditions] == [("A00", "entry"), ("999", "batch")]


@pytest.mark.parametrize(
    ("notes", "disposition"),
    [
        ([("02", "", "ENTRY ACCEPTED")], "accepted"),
        ([("13", "W02", "LOOK"), ("03", "", "WITH WARNINGS")], "accepted with warnings"),
        ([("11", "014", "IMPORTER NOT ON FILE"), ("01", "", "REJECTED")], "rejected"),
        ([("04", "", "REVIEW")], "referred"),
        ([("11", "007", "ENTRY NUMBER ALREADY ON FILE"), ("01", "", "")], "already on file"),
        # the numbers of 2014 may have changed: a 007 that speaks of something else is no sign
        ([("11", "007", "INVALID CARRIER"), ("01", "", "")], "rejected"),
        ([("11", "A12", "DUPLICATE ENTRY NUMBER, ALREADY ON FILE"), ("01", "", "")], "already on file"),
        ([("11", "008", "ENTRY NUMBER NOT ON FILE"), ("01", "", "")], "rejected"),
        ([("01", "ZZZ", "** ACE SYSTEM FAILURE **")], "system failure"),
        ([("01", "999", "BATCH REJECTED")], "batch rejected"),
        ([("11", "014", "IMPORTER NOT ON FILE")], "unknown"),
        ([], "unknown"),
    ],
)
def test_disposition_of_a_release(notes: list[tuple[str, str, str]], disposition: str) -> None:
    found = entry("SX", se10(1), *(se90(*note) for note in notes))
    assert (found.disposition, found.entry_number, found.action) == (disposition, made.number(1), "A")
    assert (found.port, found.entry_type, found.importer_number) == ("2704", "01", "12-345678900")
    assert [c.code or "" for c in found.conditions] == [code for _, code, _ in notes]


def test_record_conditions_name_the_record_and_its_line() -> None:
    bill = line("SE", "SE15", bill_type="R", issuer_code="MAEU", bill_number="B1", non_ams="N")
    records = [
        se10(1), se90("13", "W01", "HEAD"), bill, se90("11", "091", "NO SUCH BILL"),
        line("SE", "SE20", qualifier="CR", reference="L00000001"),
        line("SE", "SE40", line="001", country_of_origin="TW"),
        line("SE", "SE40", line="002", country_of_origin="TW"), se90("11", "040", "COUNTRY"),
        line("SE", "SE60", hts_number="7318152065", value="0000000100"), se90("11", "060", "HTS"),
        se90("01", "", "ENTRY REJECTED"),
        se10(2), bill, se90("02", "", "ENTRY ACCEPTED"),
    ]  # fmt: skip
    first, second = answer("SX", *records).entries
    assert [(c.record, c.level, c.line, c.severity) for c in first.conditions] == [
        ("SE10", "entry", None, "W"), ("SE15", "bill", None, "F"), ("SE40", "line", "002", "F"),
        ("SE60", "line", "002", "F"), ("SE90", "entry", None, "F"),
    ]  # fmt: skip
    assert (first.conditions[1].reference or "").startswith("SE15RMAEUB1")
    assert (first.disposition, first.reference, first.text) == (
        "rejected", "L00000001", "ENTRY REJECTED",
    )  # fmt: skip
    assert (second.disposition, second.reference) == ("accepted", None)


def uc(kind: str, reason: str = "", **more: str) -> str:
    return line("UC", "E1", disposition_type_code=kind, source="1", team_review_code="694",
                reason_code=reason, action_date="112426", entry_filer_code="ABC",
                entry_number=made.wire(1)[1],
                broker_reference_number="L00000001", **more)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "disposition", "meaning", "summary"),
    [
        ("1", "already on file", "documents", None),
        ("2", "already on file", "documents", None),
        ("3", "already on file", "documents", None),
        ("4", "rejected", "rejected", "rejected"),
        ("5", "already on file", "inactive", None),
        ("6", "already on file", "cancelled", "cancelled"),
        ("8", "already on file", "owner", None),
        ("Q", "already on file", "quota", None),
        ("P", "already on file", "PGA", None),
        ("D", "already on file", "detained", None),
        ("Z", "already on file", "", None),
    ],
)
def test_notices_of_a_summary(kind: str, disposition: str, meaning: str, summary: str | None) -> None:
    found = entry("UC", uc(kind))
    assert (found.disposition, found.summary) == (disposition, summary)
    assert (found.at, found.reference) == (dt.datetime(2026, 11, 24), "L00000001")
    (notice,) = found.conditions
    assert notice.lookup.meaning == meaning
    assert notice.lookup.known == bool(meaning)


def test_a_rejection_by_cbp_has_reason_person_and_remarks() -> None:
    records = [
        uc("4", "003", line_id="002"),
        line("UC", "E2", cbp_user_name="DOE JANE", cbp_user_phone="5625550199", phone_extension="12"),
        line("UC", "E3", remarks="CLASSIFICATION OF LINE 002 IS WRONG;"),
        line("UC", "E3", remarks="SEE 7318.16"),
    ]
    found = entry("UC", *records)
    assert found.remarks == ("DOE JANE 5625550199 12: CLASSIFICATION OF LINE 002 IS WRONG; SEE 7318.16")
    notice, reason = found.conditions
    assert (notice.code, notice.place, reason.code, reason.text) == (
        "4", "notice", "003", "CLASSIFICATION",
    )  # fmt: skip
    assert reason.line == "002" and reason.what_to_do.startswith("Mend the tariff number")


def test_quota_lines_and_agency_statuses_of_a_notice() -> None:
    records = [
        uc("Q"),
        line("UC", "E4", line_id="001", quota_status_code="Q02", requested_quantity="000000005000",
             uom="KG", reserved_quantity="000000002550", uom_2="KG"),
        line("UC", "E4", line_id="002", quota_status_code="Q01",
             quota_status_description="QUOTA PROCESSED / ACCEPTED", requested_quantity="100",
             uom="NO"),
        line("SO", "SO70", government_agency_code="FDA", pga_entry_level_status_code="07",
             pga_entry_level_status_message="MAY PROCEED", version="04"),
    ]  # fmt: skip
    found = entry("UC", *records)
    assert [(c.level, c.code, c.line, c.reference) for c in found.conditions[1:]] == [
        ("line", "Q02", "001", "requested 50.00 KG; reserved 25.50 KG"),
        ("line", "Q01", "002", "requested 1.00 NO"),
        ("agency", "07", None, "FDA"),
    ]
