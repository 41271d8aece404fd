"""What CBP set up for this filer, told from the settings: who may send, for whom, what."""

from __future__ import annotations

from tasks.ace.envelope_rules import FilerProfile
from tasks.shared.settings import Settings


def from_settings(settings: Settings) -> FilerProfile:
    """The filer profile of this house. What the settings leave empty is not judged."""
    ace, filer = settings.ace, settings.broker.filer_code
    sender = (ace.site_code + ace.sender_id,) if ace.site_code and ace.sender_id else ()
    return FilerProfile(
        senders=sender,
        filers=(filer,),
        ports=ace.ports,
        applications=ace.applications,
        national_permit=ace.national_permit,
    )


def offsets_from(settings: Settings) -> dict[str, int]:
    """The filer's check digit factor, by filer code (CATAIR Appendix E item 6)."""
    return {settings.broker.filer_code: settings.numbers.check_digit_offset}
