"""CBP's conditions that both checks judge, declared once over named columns.

The record check binds columns of the entry record to them, the file check fields of 80-column records.
"""

from tasks.entries.validation.conditions import (
    bill_conditions as bill_conditions,
    header_conditions as header_conditions,
    line_conditions as line_conditions,
    party_conditions as party_conditions,
)
