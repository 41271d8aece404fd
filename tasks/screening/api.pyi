from .hits.hit_decisions import (
    CLEARED as CLEARED,
    CONFIRMED as CONFIRMED,
    GONE as GONE,
    WAITS as WAITS,
    current_hits as current_hits,
    decide_hit as decide_hit,
    find_hit as find_hit,
)
from .hits.hit_listing import (
    brief_rows as brief_rows,
    detail_lines as detail_lines,
    hit_details as hit_details,
    hit_rows as hit_rows,
)
from .hits.name_screening import NameQuery as NameQuery, screen_name as screen_name, screening_log as screening_log
from .hits.screening_replay import replay_screening as replay_screening
from .hits.screening_run import screen_register as screen_register
from .lists.catalog import shortfall_reason as shortfall_reason
from .lists.list_loading import (
    ListIntake as ListIntake,
    LoadedList as LoadedList,
    allow as allow,
    deny as deny,
    load_folder as load_folder,
)
from .lists.list_schema import PRIMARY as PRIMARY, STRONG as STRONG, RecordDraft as RecordDraft
from .lists.list_updates import (
    download_lists as download_lists,
    refused_problems as refused_problems,
    update_rows as update_rows,
)
from .lists.list_versions import list_states as list_states, records_of as records_of, red_lists as red_lists
from .partners.cell_values import cell_value as cell_value
from .partners.partner_file import PartnerFile as PartnerFile, read_partners as read_partners
from .partners.partner_register import take_partners as take_partners
from .risk.partner_state import (
    STATES as STATES,
    PartnerState as PartnerState,
    partner_states as partner_states,
    record_review as record_review,
)
from .risk.screening_coverage import current_coverage as current_coverage, unscreened_partners as unscreened_partners
from .settings import ScreeningSettings as ScreeningSettings
from .tables import LISTS as LISTS
