from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tasks.core.errors import BadInput, Refused
from tasks.documents.target_files import (
    BLANK_STAMP,
    FORCE,
    STAMP_PROPERTY,
    TargetFile,
    require_workbook_name,
    stamped,
    write_targets,
)
from tests.errors import refused


def workbook(*cells: object) -> bytes:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        book.add_worksheet("A").write_row(0, 0, cells)
        book.set_custom_property(STAMP_PROPERTY, BLANK_STAMP)
    return sink.getvalue()


def target(path: Path, *cells: object, purpose: str = "desk laredo") -> TargetFile:
    return TargetFile(path, stamped(workbook(*cells), purpose), purpose, "record it first")


def filled_in(path: Path, value: object, place: str = "B1") -> bytes:
    book = openpyxl.load_workbook(path)
    book["A"][place] = value
    book.save(path)
    return path.read_bytes()


def test_a_new_file_is_written_and_opens(tmp_path: Path) -> None:
    path = tmp_path / "more" / "a.xlsx"
    assert write_targets([target(path, "x")]) == [path]
    book = openpyxl.load_workbook(path)
    assert book["A"]["A1"].value == "x" and len(book.custom_doc_props[STAMP_PROPERTY].value) == 64
    assert book.custom_doc_props[STAMP_PROPERTY].value != BLANK_STAMP


def test_a_file_that_was_filled_in_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_targets([target(path, "x")])
    work = filled_in(path, "work")
    with refused("targets-not-written", Refused) as caught:
        write_targets([target(path, "x")])
    (problem,) = caught.problems
    assert (problem.file, problem.code) == (str(path), "target-exists")
    assert problem.values == {"instead": "record it first", "force": FORCE}
    assert path.read_bytes() == work
    write_targets([target(path, "x")], force=True)
    assert openpyxl.load_workbook(path)["A"]["B1"].value is None


@pytest.mark.parametrize("data", [b"", b"a note", b"PK\x03\x04", workbook("x", "work")])
def test_what_we_did_not_print_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    with pytest.raises(Refused):
        write_targets([target(path, "x")])
    assert path.read_bytes() == data


def test_a_print_that_nobody_touched_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_targets([target(path, "x")])
    write_targets([target(path, "x", "y")])
    assert openpyxl.load_workbook(path)["A"]["B1"].value == "y"


def test_a_print_for_another_purpose_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_targets([target(path, "x")])
    with pytest.raises(Refused):
        write_targets([target(path, "y", purpose="desk otay")])


def test_a_file_with_the_same_cells_is_left_alone(tmp_path: Path) -> None:
    """Saved by another program, with a note of the desk's own: nothing is written, nothing is lost."""
    path = tmp_path / "a.xlsx"
    write_targets([target(path, "x")])
    filled_in(path, "note")
    saved = filled_in(path, None)
    write_targets([target(path, "x"), target(tmp_path / "b.xlsx", "y")])
    assert path.read_bytes() == saved and (tmp_path / "b.xlsx").is_file()


def test_a_cell_of_another_kind_is_a_difference(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_targets([target(path, "x", 1)])
    filled_in(path, "1")
    with pytest.raises(Refused):
        write_targets([target(path, "x", 1)])


def test_none_is_written_where_some_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.xlsx", "b.xlsx", "c.xlsx")]
    for path in paths[1:]:
        path.write_bytes(b"work")
    with refused("targets-not-written", Refused) as caught:
        write_targets([target(path, "x") for path in paths])
    assert [one.file for one in caught.problems] == [str(path) for path in paths[1:]]
    assert not paths[0].exists()


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with refused("targets-not-written", Refused) as caught:
        write_targets([target(path, "x"), target(path, "y")], force=True)
    assert caught.codes == ["target-named-twice"]


def test_a_folder_or_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    folder, file = tmp_path / "d.xlsx", tmp_path / "f"
    folder.mkdir()
    file.write_bytes(b"x")
    with refused("targets-not-written", Refused) as caught:
        write_targets([target(folder, "x"), target(file / "a.xlsx", "x")], force=True)
    assert caught.codes == ["target-is-folder", "target-not-in-folder"]


def test_other_documents_are_compared_by_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    plain = TargetFile(path, b"1,2\n", "", mode=0o600)
    write_targets([plain])
    assert write_targets([plain]) == [path] and path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"1,3\n")
    with pytest.raises(Refused):
        write_targets([plain])


def test_a_workbook_has_a_name_of_one() -> None:
    assert require_workbook_name(Path("a.XLSX"))
    with refused("targets-not-written", BadInput) as caught:
        require_workbook_name(Path("laredo"))
    assert caught.codes == ["workbook-name-wrong"]
