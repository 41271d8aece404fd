"""Names as the matcher sees them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from tasks.screening.matching.name_words import LONGEST, consonant_skeleton, loose_spelling, plain_name, split_name


@pytest.mark.parametrize(
    ("written", "content", "forms"),
    [
        ("SIS D.O.O.", ("SIS",), ("DOO",)),
        ("sis doo", ("SIS",), ("DOO",)),
        ("JOINT-STOCK COMPANY CONCERN ALMAZ-ANTEY", ("CONCERN", "ALMAZ", "ANTEY"), ("JSC",)),
        ("FLETES GAXGAR S.A. DE C.V.", ("FLETES", "GAXGAR"), ("SA",)),
        ("D'AGOSTINO CASADO, Francisco", ("DAGOSTINO", "CASADO", "FRANCISCO"), ()),
        ("Limited Liability Company", ("LIMITED", "LIABILITY", "COMPANY"), ()),
        ("SL S.A.", ("SL",), ("SA",)),
        ("SMITH & SONS", ("SMITH", "AND", "SONS"), ()),
    ],
)
def test_legal_forms_stand_apart(written: str, content: tuple, forms: tuple) -> None:
    found = split_name(written)
    assert (found.content, found.forms) == (content, forms)


@pytest.mark.parametrize(
    "disguise",
    [
        "SBERBANK",
        "ＳＢＥＲＢＡＮＫ",  # full width
        "SB\u200bER\u00adBANK",  # zero width, soft hyphen
        "SBЕRBАNK",  # Cyrillic letters among Latin ones
        "Сбербанк",  # Cyrillic, spelled out
        "s'ber`bank",
    ],
)
def test_a_disguised_name_is_the_same_word(disguise: str) -> None:
    assert plain_name(disguise) == ["SBERBANK"]


@given(st.text(max_size=60))
def test_any_text_becomes_plain_words(text: str) -> None:
    for word in split_name(text).all:
        assert word.isascii() and word.isalnum() and word.upper() == word


@given(st.text(max_size=60))
def test_plain_words_stay_as_they_are(text: str) -> None:
    found = plain_name(text)
    assert plain_name(" ".join(found)) == found


def test_a_name_of_five_megabytes_is_cut() -> None:
    assert len("".join(plain_name("A B" * 1_700_000))) <= LONGEST


@pytest.mark.parametrize(
    ("one", "other"), [("MOHAMMED", "MUHAMMAD"), ("KHARKOV", "HARKOV"), ("YUSUF", "IUSUF"), ("QADDAFI", "KADAFI")]
)
def test_two_transliterations_sound_alike(one: str, other: str) -> None:
    assert consonant_skeleton(one) == consonant_skeleton(other)


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=20))
def test_coarser_spellings_are_never_empty(word: str) -> None:
    assert loose_spelling(word) and consonant_skeleton(word)
