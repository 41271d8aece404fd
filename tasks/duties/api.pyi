from .duty_history import catalog_of as catalog_of
from .evidence_export import (
    evidence_json as evidence_json,
    export_evidence as export_evidence,
    gather_evidence as gather_evidence,
)
from .fulfillment import (
    FulfillmentInput as FulfillmentInput,
    acknowledge_duty as acknowledge_duty,
    change_duty as change_duty,
    end_duty as end_duty,
    fulfill_duty as fulfill_duty,
    withdraw_proof as withdraw_proof,
)
from .proof_files import (
    evidence_proof_name as evidence_proof_name,
    other_proofs as other_proofs,
    proof_problems as proof_problems,
    record_proof_uses as record_proof_uses,
    reuse_note as reuse_note,
)
from .reminder_letters import send_due_reminders as send_due_reminders
from .settings import DutySettings as DutySettings
from .status import fold_lines as fold_lines, next_duty_command as next_duty_command, states_table as states_table
from .tables import PROOFS as PROOFS
from .term_schedule import DutyState as DutyState, duty_states as duty_states
from .year_overview import calendar_file as calendar_file, render_year as render_year, year_dates as year_dates
