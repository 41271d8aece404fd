from .answers.answer_facts import (
    ACCEPTED as ACCEPTED,
    NO_BOND_STATUS as NO_BOND_STATUS,
    REJECTED as REJECTED,
    WARNED as WARNED,
    AnswerCondition as AnswerCondition,
    EntryAnswer as EntryAnswer,
)
from .answers.answer_parser import read_answers as read_answers
from .answers.answer_shape import AceAnswer as AceAnswer
from .answers.column_values import importer_keys as importer_keys
from .answers.er_parser import resume_at as resume_at
from .answers.table_schemas import ANSWER_SCHEMAS as ANSWER_SCHEMAS
from .cargo_release.release_writer import write_batches as write_batches
from .checker.entry_numbers import entry_text as entry_text
from .checker.record_deck import Deck as Deck, RecordColumns as RecordColumns
from .checker.record_tables import record_table as record_table
from .code_meanings import (
    ANY_APPLICATION as ANY_APPLICATION,
    codes_meaning as codes_meaning,
    look_up_code as look_up_code,
    meaning_of as meaning_of,
)
from .entry_summary.preparation import RELEASE_TABLES as RELEASE_TABLES, AceHoldings as AceHoldings
from .entry_summary.release_dates import date_differences as date_differences
from .entry_summary.summary_writer import (
    prepare_summaries as prepare_summaries,
    write_prepared as write_prepared,
    write_summaries as write_summaries,
)
from .fees.payment_plan import daily_totals as daily_totals
from .fees.payment_terms import (
    OTHER_IMPORTERS as OTHER_IMPORTERS,
    SUMMARY_DUE_DAYS as SUMMARY_DUE_DAYS,
    CeilingUse as CeilingUse,
    PaymentSetup as PaymentSetup,
    read_terms as read_terms,
)
from .fees.surety_bonds import surety_table as surety_table
from .file_check import check_bytes as check_bytes, check_file as check_file
from .file_display import require_ace as require_ace, show_bytes as show_bytes
from .queries.query_batches import (
    QueryBatch as QueryBatch,
    QueryLimits as QueryLimits,
    QuerySender as QuerySender,
    bill_queries as bill_queries,
    entry_queries as entry_queries,
    importer_queries as importer_queries,
    summary_queries as summary_queries,
    summary_range_queries as summary_range_queries,
)
from .queries.query_records import BillQuery as BillQuery, month_ranges as month_ranges
from .settings import AceSettings as AceSettings
from .stored_summaries.comparison_fields import (
    COMPARED_BILLS as COMPARED_BILLS,
    COMPARED_NUMBERS as COMPARED_NUMBERS,
    COMPARED_RELEASES as COMPARED_RELEASES,
    COMPARED_SETS as COMPARED_SETS,
    ENTERED_VALUE as ENTERED_VALUE,
    ComparedField as ComparedField,
    compared_bits as compared_bits,
    compared_fields as compared_fields,
    compared_layout as compared_layout,
    compared_records as compared_records,
    field_title as field_title,
)
from .stored_summaries.expected_records import (
    COMPARED_TABLES as COMPARED_TABLES,
    UNUSED_COLUMNS as UNUSED_COLUMNS,
    expected_side as expected_side,
)
from .stored_summaries.record_groups import (
    EMPTY_GROUP as EMPTY_GROUP,
    ENTRY_LEVEL as ENTRY_LEVEL,
    LINE_LEVEL as LINE_LEVEL,
    RECORD_SLOT as RECORD_SLOT,
    ComparisonSide as ComparisonSide,
    RecordGroup as RecordGroup,
    entry_ranks as entry_ranks,
    key_parts as key_parts,
    line_numbers as line_numbers,
    record_qualifier as record_qualifier,
)
from .stored_summaries.stored_records import StoredSummaries as StoredSummaries
from .wire.array_tools import Keys as Keys, Mask as Mask, as_mask as as_mask
from .wire.batch_envelope import Envelope as Envelope
from .wire.codec import decode_records as decode_records, encode_records as encode_records, read_damaged as read_damaged
from .wire.data_classes import BLANK_BYTE as BLANK_BYTE, Bytes as Bytes
from .wire.envelope_rules import filer_profile as filer_profile, number_offsets as number_offsets
from .wire.outbound_batch import (
    BatchLimits as BatchLimits,
    OutboundBatch as OutboundBatch,
    fill_private as fill_private,
)
from .wire.record_files import read_records as read_records
from .wire.record_layouts import (
    RECORD_WIDTH as RECORD_WIDTH,
    LayoutField as LayoutField,
    PrivateSlot as PrivateSlot,
    RecordLayout as RecordLayout,
    record_layout as record_layout,
    record_layouts as record_layouts,
)
from .wire.table_columns import MONEY_TYPE as MONEY_TYPE
