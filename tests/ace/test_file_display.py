"""`ace show`: a file as a person reads it, with nothing private in it."""

from __future__ import annotations

import re

from tasks.ace.checker.finding_report import MASKED, is_private, masked_value
from tasks.ace.file_display import fields, show_bytes
from tasks.ace.wire.record_layouts import APPLICATIONS, record_layouts
from tests.ace import examples
from tests.ace.golden import add, both, data, envelope, filled, put
from tests.ace.golden_entries import release
from tests.ace.golden_summary import summaries
from tests.ace.test_queries import importers, query


def _lines(content: bytes) -> list[str]:
    return list(show_bytes(content))


def test_batches_blocks_entries_and_fields_are_told() -> None:
    lines = _lines(data(release("truck", "cancelled")))
    assert lines[0] == "batch 1: SE, cargo release"
    assert lines[2] == "block 1: SE, cargo release"
    assert "  entry B76-0000002-3" in lines
    header = next(line for line in lines if " SE10 " in line)
    assert header.startswith("       3  SE10  action_code = A; entry_filer_code = B76; ")
    assert "mode_of_transport = 30" in header and "entered_value = 0000000700" in header
    assert len([line for line in lines if re.match(r" {1,8}\d+  ", line)]) == len(release("truck", "cancelled"))


def test_only_filled_fields_are_shown() -> None:
    header = next(line for line in _lines(data(release("truck"))) if " SE10 " in line)
    assert "port_of_entry" not in header and "filler" not in header and " = ;" not in header


def test_the_password_is_never_shown() -> None:
    lines = put("", "A", "password", "S3CRET")(release("truck"))
    text = "\n".join(_lines(data(lines)))
    assert "S3CRET" not in text and "PASSWD" not in text
    assert f"password = {MASKED}" in text


def test_social_security_numbers_are_masked_wherever_they_stand() -> None:
    lines = both(
        put("truck", "SE10", "22-36", "34 123-45-6789"),
        put("truck", "SE30", "43-65", "34 987-65-4321", 2),
        add("truck", "SE20", "SE20CR 111-22-3333".ljust(80)),
        add("truck", "SE60", "ZZ99 222-33-4444 UNKNOWN".ljust(80).replace("ZZ", "QQ")),
    )(release("truck"))
    text = "\n".join(_lines(data(lines)))
    for number in ("123-45-6789", "987-65-4321", "111-22-3333", "222-33-4444"):
        assert number not in text
    assert text.count(MASKED) >= 5
    assert "12-345678900" not in text or "34" not in text.split("12-345678900")[0][-4:]


def test_a_number_typed_34_is_masked_whatever_its_form() -> None:
    lines = put("truck", "SE10", "22-36", "34 123456789")(release("truck"))
    assert "123456789" not in "\n".join(_lines(data(lines)))


def test_importer_queries_hide_social_security_numbers() -> None:
    text = "\n".join(_lines(data(importers())))
    assert "123-45-6789" not in text and "12-345678900" in text


def test_unknown_records_and_bytes_are_shown_as_they_are() -> None:
    lines = add("truck", "SE13", "QQ01 REST OF IT".ljust(80))(release("truck"))
    text = _lines(data(lines))
    assert any(line.endswith("?     QQ01 REST OF IT") for line in text)
    broken = data(release("truck")).replace(b"JANE ROE", b"JANE\xe9ROE")
    assert any("contact_name = JANE?ROE" in line for line in _lines(broken))


def test_data_in_filler_is_pointed_out() -> None:
    lines = put("truck", "SE10", "61-70", "REMARK")(release("truck"))
    assert any("not blank = REMARK" in line for line in _lines(data(lines)))


def test_other_applications_are_shown_too() -> None:
    text = "\n".join(_lines(data(summaries()) + data(query())))
    assert "batch 2: EQ, entry summary query" in text
    assert "  entry summary B76-0000001-5" in text
    assert "declaration_type_code" not in text.split("literal")[0][-40:]
    assert "entry_number_5 = " in text


def test_rejections_by_cbp_are_shown() -> None:
    text = "\n".join(_lines(examples.data("bb4 answer")))
    assert "batch 1: rejected" in text
    assert "condition_code = X34" in text
    assert "narrative_text = UNKNOWN RECORD ID FOUND IN GROUPING" in text


def test_damage_is_told_at_the_end() -> None:
    assert _lines(b"") == ["C001 error: record 1: The file is empty"]
    lines = _lines(data(release("truck"))[:-3])
    assert lines[-1].startswith("X42 error: record ")
    assert "  entry B76-0000002-3" in lines


def test_every_layout_can_be_shown() -> None:
    for application in APPLICATIONS:
        for (record, variant), layout in record_layouts(application).items():
            if layout.data_fields and not record.startswith(("SO70", "WO70")):
                row = filled(application, record, variant).encode("ascii")
                told = fields(layout, row)
                wanted = [field for field in layout.data_fields if field.required]
                assert told.count(" = ") == len(wanted), (application, record)


def test_masking_looks_at_type_form_and_name() -> None:
    layout = record_layouts("SE")["SE10", ""]
    plain = filled("SE", "SE10", importer_type="EI", importer_number="12-345678900").encode()
    private = filled("SE", "SE10", importer_type="34", importer_number="12-345678900").encode()
    field = layout["importer_number"]
    assert masked_value(layout, field, plain) == "12-345678900"
    assert masked_value(layout, field, private) == MASKED
    assert not is_private(layout, layout["entry_type"], plain, "01")
    assert envelope("SE", [])[0][1].startswith("A2704")
