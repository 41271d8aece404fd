from .after_release.broker_handover import (
    SubstituteBroker as SubstituteBroker,
    handover_rows as handover_rows,
    prepare_handover as prepare_handover,
    prepared_for_broker as prepared_for_broker,
    presented_under_other_number as presented_under_other_number,
    recall_handover as recall_handover,
)
from .after_release.discretion_grants import (
    ON_PAPER as ON_PAPER,
    grant_uses as grant_uses,
    record_grant as record_grant,
    record_use as record_use,
)
from .after_release.handover_package import open_package as open_package
from .after_release.redelivery_demands import (
    ANSWERED as ANSWERED,
    CONDITIONAL as CONDITIONAL,
    DEMANDED as DEMANDED,
    OVER as OVER,
    record_answer as record_answer,
    record_condition as record_condition,
    record_demand as record_demand,
    watches as watches,
)
from .after_release.release_events import DiscretionGranted as DiscretionGranted, DiscretionRelied as DiscretionRelied
from .agencies.agency_papers import record_exception as record_exception, record_paper as record_paper
from .agencies.agency_requirements import (
    HELD as HELD,
    HINT as HINT,
    OPEN as OPEN,
    AgencyDemand as AgencyDemand,
    AgencyRules as AgencyRules,
    agency_demands as agency_demands,
    agency_holds as agency_holds,
)
from .agencies.flag_tables import (
    FLAGS as FLAGS,
    HISTORY as HISTORY,
    load_table as load_table,
    readiness as readiness,
    table_in_force as table_in_force,
)
from .agencies.requirement_matrix import client_rows as client_rows, files as files, matrix_rows as matrix_rows
from .events import (
    IncidentDowntimeAuthorised as IncidentDowntimeAuthorised,
    IncidentDowntimeRefused as IncidentDowntimeRefused,
    IncidentDowntimeRequested as IncidentDowntimeRequested,
    IncidentStep as IncidentStep,
    WorkClosed as WorkClosed,
)
from .evidence.pack_builder import build_pack as build_pack
from .evidence.pack_verifier import (
    public_key as public_key,
    verify as verify,
    verify_signed_folder as verify_signed_folder,
)
from .evidence.remediation_checklist import (
    attach_evidence as attach_evidence,
    checklist_state as checklist_state,
    waive_item as waive_item,
)
from .letters.blank_letters import Official as Official, blank_letter as blank_letter, official_blank as official_blank
from .letters.entry_case import cases as cases
from .letters.entry_documents import (
    OWN as OWN,
    attach_document as attach_document,
    attach_folder as attach_folder,
    documents_of as documents_of,
    drop_document as drop_document,
)
from .letters.issuing import (
    IssueOutcome as IssueOutcome,
    LetterRequest as LetterRequest,
    issue_letters as issue_letters,
)
from .letters.letter_draft import (
    PORT as PORT,
    REQUIRED_BROKER_FACTS as REQUIRED_BROKER_FACTS,
    SHIPMENT as SHIPMENT,
    field_titles as field_titles,
    missing_fields as missing_fields,
)
from .letters.letter_events import (
    LetterIssued as LetterIssued,
    LetterReissued as LetterReissued,
    LetterSent as LetterSent,
    LetterWithdrawn as LetterWithdrawn,
)
from .letters.letter_readiness import (
    entries_decided_by_port as entries_decided_by_port,
    entries_to_letter as entries_to_letter,
    entries_without_letter as entries_without_letter,
    require_port as require_port,
)
from .letters.letter_records import (
    chase_list as chase_list,
    export_documents as export_documents,
    issued_letters as issued_letters,
    record_sending as record_sending,
    reprint_letter as reprint_letter,
    withdraw_letter as withdraw_letter,
)
from .letters.official_forms import (
    CBP_3461 as CBP_3461,
    CBP_7501 as CBP_7501,
    SHIPPED as SHIPPED,
    form_named as form_named,
)
from .letters.stale_letters import by_letter as by_letter, letters_to_renew as letters_to_renew
from .notices.contact_list import (
    CONTACTS_FILE as CONTACTS_FILE,
    ROLES as ROLES,
    Contact as Contact,
    check as check,
    load_contacts as load_contacts,
)
from .notices.drafting import drafting_context as drafting_context
from .notices.exposed_numbers import (
    BOOK as BOOK,
    as_csv as as_csv,
    inventory as inventory,
    record_exposure as record_exposure,
)
from .notices.fact_sources import COMPUTED as COMPUTED, record_facts as record_facts
from .notices.notice_delivery import (
    NoticeSending as NoticeSending,
    send_notices as send_notices,
    take_back as take_back,
    write_notices as write_notices,
)
from .notices.notice_listing import NoticeRecord as NoticeRecord, find_notice as find_notice
from .notices.notice_plan import (
    NOTICE_PLAN_FILE as NOTICE_PLAN_FILE,
    NoticePlan as NoticePlan,
    PlanNotice as PlanNotice,
    load_notice_plan as load_notice_plan,
)
from .notices.notice_records import (
    DraftResult as DraftResult,
    acknowledge as acknowledge,
    draft as draft,
    draft_due as draft_due,
    recipients as recipients,
    record_notice as record_notice,
    requires_written_notice as requires_written_notice,
    unreachable_contacts as unreachable_contacts,
)
from .notices.proof_of_notice import clearing_rule as clearing_rule
from .settings import (
    ClientSystemSettings as ClientSystemSettings,
    IncidentSettings as IncidentSettings,
    LetterSettings as LetterSettings,
)
from .tables import OPEN_WORK as OPEN_WORK
from .timeline.closing import close as close
from .timeline.deadline_clocks import running_clocks as running_clocks
from .timeline.deadline_rules import DEADLINES_FILE as DEADLINES_FILE, load_deadlines as load_deadlines
from .timeline.downtime_authorization import letter_authorization as letter_authorization
from .timeline.incident_state import (
    Incident as Incident,
    StepDetails as StepDetails,
    declare_incident as declare_incident,
    newest_incident as newest_incident,
    record_breach as record_breach,
    require_incident as require_incident,
    take_step as take_step,
)
from .timeline.listing_rows import (
    contact_rows as contact_rows,
    incident_tables as incident_tables,
    notice_rows as notice_rows,
    work_rows as work_rows,
)
from .timeline.open_work import (
    OpenWorkAct as OpenWorkAct,
    close_items as close_items,
    load_exports as load_exports,
    open_work_items as open_work_items,
)
from .timeline.open_work_page import write as write
