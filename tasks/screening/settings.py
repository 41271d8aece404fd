"""Settings of screening."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.core.settings import SettingsTable

_TREASURY = "https://www.treasury.gov/ofac/downloads"


_LIST_ADDRESSES: dict[str, tuple[str, ...]] = {
    "ofac-sdn": tuple(f"{_TREASURY}/{f}.csv" for f in ("sdn", "alt", "add", "sdn_comments")),
    "ofac-cons": tuple(f"{_TREASURY}/consolidated/cons_{f}.csv" for f in ("prim", "alt", "add", "comments")),
    "csl": ("https://data.trade.gov/downloadable_consolidated_screening_list/v1/consolidated.csv",),
    "bis-dpl": ("https://www.bis.doc.gov/dpl/dpl.txt",),
}


class ScreeningSettings(SettingsTable):
    """`addresses`: where each list is downloaded, by its id; a list without one comes by folder.
    `checksums`: addresses of files with the SHA-256 of a download, by the download's address.
    `clear_days`: how long a clearance holds. `strong_score`: from here on two persons decide; the
    matching model says, unless set.
    `persons`: how many decide a strong hit; 1 for a sole broker, recorded as such.
    `bis_affiliates`: the BIS affiliates rule by its dates, or held on or off.
    `mail_to`: who is notified of new hits and red lists."""

    addresses: dict[str, tuple[str, ...]] = _LIST_ADDRESSES
    checksums: dict[str, str] = Field(default={})
    allow_plain_http: bool = False
    timeout_seconds: float = Field(default=60, gt=0)
    tries: int = Field(default=4, ge=1, le=10)
    wait_seconds: float = Field(default=1.0, ge=0)
    clear_days: int = Field(default=365, ge=1)
    strong_score: float | None = Field(default=None, ge=0, le=1)
    persons: int = Field(default=2, ge=1, le=2)
    bis_affiliates: Literal["by date", "on", "off"] = "by date"
    second_opinion: bool = False
    threads: int = Field(default=2, ge=1)
    mail_to: tuple[str, ...] = ("compliance",)
