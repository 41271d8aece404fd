from .accounting.number_account import (
    AccountLine as AccountLine,
    account_numbers as account_numbers,
    place_totals as place_totals,
    stray_numbers as stray_numbers,
    stray_text as stray_text,
    unaccounted as unaccounted,
    write_workbook as write_workbook,
)
from .accounting.report_data import CURRENT as CURRENT, build_report as build_report
from .accounting.report_pdf import write_report_files as write_report_files
from .accounting.sign_off import sign_final_accounting as sign_final_accounting
from .cycle_stages import (
    STAGES as STAGES,
    CycleResult as CycleResult,
    entry_decisions as entry_decisions,
    run_cycle as run_cycle,
    waiting_plan as waiting_plan,
    write_approved as write_approved,
    write_cycle_queries as write_cycle_queries,
)
from .decisions.bond_coverage import bond_text as bond_text
from .decisions.consolidation import missing_summary_lines as missing_summary_lines
from .decisions.filer_handover import hand_over as hand_over, require_ours_alone as require_ours_alone
from .decisions.license_holder_acts import cancel_number as cancel_number, lose_batch as lose_batch
from .decisions.rule_table import NextStep as NextStep
from .decisions.settlements import (
    allow_resend as allow_resend,
    keep_release as keep_release,
    settle_by_proof as settle_by_proof,
)
from .letters.letter_files import write_letter_files as write_letter_files
from .plan.approval_table import ApprovalContents as ApprovalContents, approval_contents as approval_contents
from .plan.batch_building import envelope_of as envelope_of, load_records as load_records
from .plan.eligibility import writable_plans as writable_plans
from .plan.payment_terms import read_payment_terms as read_payment_terms, sending_day as sending_day
from .plan.plan_description import (
    approval_lines as approval_lines,
    held_lines as held_lines,
    plan_facts as plan_facts,
    plan_lines as plan_lines,
    reason_text as reason_text,
)
from .plan.planning import make_sending_plan as make_sending_plan
from .receiving.answer_explanations import (
    AnswerCode as AnswerCode,
    answer_codes as answer_codes,
    explanation_lines as explanation_lines,
    group_explanations as group_explanations,
    rejection_reasons as rejection_reasons,
)
from .receiving.answer_files import (
    answer_subject as answer_subject,
    read_file as read_file,
    unreadable_files as unreadable_files,
)
from .receiving.cbp_requests import answer_requests as answer_requests, open_requests as open_requests
from .receiving.summary_comparison import compare_summaries as compare_summaries
from .receiving.surety_notices import confirm_bonds as confirm_bonds
from .restore.number_recovery import NextNumber as NextNumber, parse_numbers as parse_numbers
from .restore.production_export import write_export as write_export
from .restore.restore_cycle import (
    RestoreCycle as RestoreCycle,
    run_restore_cycle as run_restore_cycle,
    write_restore_workbook as write_restore_workbook,
)
from .restore.restore_queries import (
    Restore as Restore,
    current_restore as current_restore,
    record_restore as record_restore,
)
from .sending.batch_writing import sending_pace as sending_pace
from .state.entry_reader import list_entry_states as list_entry_states
from .step_listing import (
    entry_steps as entry_steps,
    held_reasons as held_reasons,
    split_held_entries as split_held_entries,
)
from .tables import BATCHES as BATCHES
