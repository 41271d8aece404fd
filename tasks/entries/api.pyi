from .events import (
    AceReason as AceReason,
    AceStatus as AceStatus,
    Difference as Difference,
    EntriesRecorded as EntriesRecorded,
    EntriesRefused as EntriesRefused,
    EntriesRevised as EntriesRevised,
    EntryBurnt as EntryBurnt,
    EntryHandedOver as EntryHandedOver,
    EntryReopened as EntryReopened,
    EntrySettled as EntrySettled,
    HistoryTaken as HistoryTaken,
    ImporterBond as ImporterBond,
    NumbersIssued as NumbersIssued,
    NumbersReserved as NumbersReserved,
    NumbersVoided as NumbersVoided,
    SingleBond as SingleBond,
)
from .numbers.entry_numbers import (
    ENTRY_SERIES as ENTRY_SERIES,
    EntryNumber as EntryNumber,
    Offsets as Offsets,
    allowed_offsets as allowed_offsets,
    check_digits as check_digits,
    is_filer as is_filer,
    make_entry_number as make_entry_number,
    parse_entry_number as parse_entry_number,
    printed_numbers as printed_numbers,
)
from .numbers.importer_numbers import (
    IMPORTER_MASK as IMPORTER_MASK,
    IMPORTER_NUMBER_FORMATS as IMPORTER_NUMBER_FORMATS,
    is_importer_number as is_importer_number,
    is_ssn_importer as is_ssn_importer,
    masked_importer as masked_importer,
)
from .numbers.number_lookup import (
    chase_list as chase_list,
    entry_rows as entry_rows,
    number_state as number_state,
    recorded_entries as recorded_entries,
)
from .numbers.number_reserve import (
    issue_block as issue_block,
    numbers_issued_to as numbers_issued_to,
    reserve_block as reserve_block,
    reserve_counts as reserve_counts,
)
from .numbers.number_voiding import request_voiding as request_voiding, void_numbers as void_numbers
from .numbers.tariff_numbers import canonical_tariff_number as canonical_tariff_number
from .projections import move_numbers as move_numbers
from .record.code_lists import code_meanings as code_meanings, code_rows as code_rows, codes_where as codes_where
from .record.entry_record import EntryRecord as EntryRecord, read_table as read_table, record_schema as record_schema
from .record.entry_recording import (
    RecordingResult as RecordingResult,
    profile_of as profile_of,
    record_intake as record_intake,
)
from .record.history_report import read_with_notes as read_with_notes
from .record.private_fields import private_references as private_references, unseal_record as unseal_record
from .record.record_cache import (
    entry_table_rows as entry_table_rows,
    nonempty_rows as nonempty_rows,
    record_of_entries as record_of_entries,
)
from .record.record_fields import (
    RECORD_SHEETS as RECORD_SHEETS,
    RECORD_TABLES as RECORD_TABLES,
    field_named as field_named,
)
from .record.trade_history import (
    history_columns as history_columns,
    latest_history as latest_history,
    load_history as load_history,
)
from .settings import EntrySettings as EntrySettings, FilerSettings as FilerSettings, NumberSettings as NumberSettings
from .status import reserve_line as reserve_line
from .tables import (
    ENTRIES as ENTRIES,
    HELD_BY_ACE as HELD_BY_ACE,
    NUMBERS as NUMBERS,
    REFUSED as REFUSED,
    SENT as SENT,
    VIEWS as VIEWS,
    WITH_ANOTHER as WITH_ANOTHER,
)
from .validation.conditions import (
    bill_conditions as bill_conditions,
    header_conditions as header_conditions,
    line_conditions as line_conditions,
    party_conditions as party_conditions,
)
from .validation.conditions.condition import Condition as Condition, is_repeated as is_repeated
from .validation.conditions.entry_type_matrix import (
    FORBIDDEN as FORBIDDEN,
    MANDATORY as MANDATORY,
    MatrixElement as MatrixElement,
    entry_type_matrix as entry_type_matrix,
)
from .validation.disclaimer_rules import (
    allowed_codes as allowed_codes,
    allowed_text as allowed_text,
    disclaimer_doubt as disclaimer_doubt,
    refused_under as refused_under,
    unjudged_disclaimer as unjudged_disclaimer,
    unjudged_text as unjudged_text,
)
from .validation.summary_rules import summary_gaps as summary_gaps
from .workbook.annotation import annotate_workbook as annotate_workbook
from .workbook.desk_workbooks import (
    make_workbook as make_workbook,
    workbook_name as workbook_name,
    write_corrections as write_corrections,
    write_workbooks as write_workbooks,
)
from .workbook.file_intake import read_entry_files as read_entry_files
