"""Which model version screens, and where the data of a version lie."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

MODEL = "1"
"""The version that new screenings use."""


def model_folder(version: str) -> Traversable:
    """`data/screening/model-<version>`: tables of names, weights of words, trees."""
    return files("continuity_data") / "screening" / f"model-{version}"
