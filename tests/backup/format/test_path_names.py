"""The quick look at names lets nothing through that the closer look refuses."""

from __future__ import annotations

import string
import unicodedata

from hypothesis import example, given, strategies as st

from tasks.backup.format.path_names import fold_path, is_plain_part, lies_outside, not_portable, printable_path as shown
from tasks.cli.context import print_table, print_text

_LETTERS = string.ascii_letters + string.digits + "._- $:\\~\x00é"
_STEMS = ["con", "PRN", "aux", "nul", "Com1", "LPT9", "conin$", "entry", "C:", "..", "."]
NAMES = st.text(_LETTERS, max_size=12) | st.builds(
    lambda stem, rest: stem + rest, st.sampled_from(_STEMS), st.text(_LETTERS, max_size=6)
)


@given(NAMES)
@example("con .pdf")
@example("entry.")
@example("NUL")
def test_what_is_plain_passes_the_closer_look(name: str) -> None:
    part = name.encode()
    if is_plain_part(part):
        assert lies_outside(b"papers/" + part) == ""
        assert not_portable(b"papers/" + part) == ""


def test_names_of_every_day_are_plain() -> None:
    for name in (b"entry-00017.pdf", b"7501 of May.xlsx", b"20261124T0803Z-se-2704-001.abi", b"a"):
        assert is_plain_part(name), name
    for name in (b"", b".", b"..", b"con", b"a.", b"a ", b" a", b"C:", b"a\\b", b"a/b", b"a\0"):
        assert not is_plain_part(name), name


@given(st.text(string.printable, max_size=20))
def test_ascii_folds_as_text_does(name: str) -> None:
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    assert fold_path(name.encode()) == text.encode()


def test_a_name_is_shown_as_people_wrote_it(capsys) -> None:
    assert shown("papers/Año [x] 文.pdf".encode()) == "papers/Año [x] 文.pdf"
    assert shown(b"papers/a\nb\xff\x1b") == "papers/a\\nb\\xff\\x1b"
    print_text("refused: a:b: a drive letter")
    print_table([{"name": "a:b: [x]"}], as_json=False)
    told = capsys.readouterr().out
    assert "a:b: a drive" in told
    assert "a:b: [x]" in told
