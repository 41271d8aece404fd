"""The parts of the kit, in the order of the printed pages."""

from __future__ import annotations

from tasks.kit.part_model import Provider


def providers() -> tuple[Provider, ...]:
    """Every part. Imported late: a check needs few of them."""
    from tasks.kit.parts import (
        agency_matrix,
        call_sheet,
        client_bonds,
        contact_list,
        desk_workbooks,
        letter_forms,
        portable_settings,
        recovery_key,
        run_book,
        trade_history,
    )

    return (
        run_book.PROVIDER,
        contact_list.PROVIDER,
        call_sheet.PROVIDER,
        desk_workbooks.PROVIDER,
        letter_forms.PROVIDER,
        client_bonds.PROVIDER,
        trade_history.PROVIDER,
        agency_matrix.PROVIDER,
        recovery_key.PROVIDER,
        portable_settings.PROVIDER,
    )
