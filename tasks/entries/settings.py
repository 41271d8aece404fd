"""Settings of entries: the reserve of numbers, the rules of recording, CBP's profile of the filer."""

from __future__ import annotations

from pydantic import Field

from tasks.core.settings import SettingsTable


class NumberSettings(SettingsTable):
    """`check_digit_offset`: CBP's factor for a filer that used up ten million numbers (CATAIR
    Appendix E item 6). `daily_volume`: numbers used a day; the alarm is in days of that.
    `production_first`..`production_last`: serials that the production system can issue; the
    reserve must lie outside, or a restored system would issue its numbers again."""

    check_digit_offset: int = Field(default=0, ge=0, le=9)
    production_first: int = Field(default=0, ge=0, le=9_999_999)
    production_last: int = Field(default=8_999_999, ge=0, le=9_999_999)
    daily_volume: int = Field(default=50, ge=1)
    alarm_days: int = Field(default=10, ge=1)


class EntrySettings(SettingsTable):
    """`further_ports`: Schedule D codes that the list shipped here lacks."""

    further_ports: tuple[str, ...] = ()


class FilerSettings(SettingsTable):
    """CBP's profile of this filer. `ports`, `applications`, `national_permit`: as far as files are to be checked
    against it; empty is not judged. `accept_type_86`: whether CBP takes entry type 86 of it. `quota_one_step`:
    quota goes as a certified summary."""

    ports: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    national_permit: bool | None = None
    accept_type_86: bool = False
    quota_one_step: bool = True
