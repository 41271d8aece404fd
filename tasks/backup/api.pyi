from .backup_runs import (
    expected_bytes as expected_bytes,
    run_backup as run_backup,
    run_doctor as run_doctor,
    run_proofs as run_proofs,
    run_verify as run_verify,
)
from .configuration import (
    StoreAccount as StoreAccount,
    configured_repository as configured_repository,
    configured_sources as configured_sources,
    configured_store as configured_store,
    drill_key as drill_key,
    host_key_file as host_key_file,
    open_configured_store as open_configured_store,
    read_host_keys as read_host_keys,
    secret_text as secret_text,
)
from .events import BackupDone as BackupDone, BackupProved as BackupProved
from .format.manifest_chain import read_manifest as read_manifest
from .format.path_names import PathPatterns as PathPatterns
from .format.repository import Repository as Repository, open_repository as open_repository
from .format.sealing import backup_signer as backup_signer
from .format.signed_objects import public_hex as public_hex
from .format.signed_statements import OWN_HOLD as OWN_HOLD, HoldRecords as HoldRecords
from .format.structures import (
    PrunePlan as PrunePlan,
    decode_structure as decode_structure,
    encode_structure as encode_structure,
)
from .keys.key_creation import (
    add_host as add_host,
    check_passphrase as check_passphrase,
    create_repository_keys as create_repository_keys,
    make_recipient as make_recipient,
    read_backup_key as read_backup_key,
    replace_recipients as replace_recipients,
    require_named as require_named,
    rotate_host as rotate_host,
    write_backup_key as write_backup_key,
)
from .keys.key_sheet import write_key_sheet as write_key_sheet
from .restore.pack_library import readable_packs as readable_packs
from .restore.snapshot_gaps import (
    earlier_snapshots as earlier_snapshots,
    files_in_earlier_snapshots as files_in_earlier_snapshots,
)
from .restore.snapshot_restore import restore_snapshot as restore_snapshot
from .retention.keep_rules import place_hold as place_hold, release_hold as release_hold
from .retention.pruning import (
    approve_plan as approve_plan,
    execute_plan as execute_plan,
    lost_snapshots as lost_snapshots,
    make_plan as make_plan,
    sign_losses as sign_losses,
)
from .run_options import (
    BackupProgress as BackupProgress,
    RestoreOptions as RestoreOptions,
    RestoreReport as RestoreReport,
)
from .settings import BackupSettings as BackupSettings
from .snapshot.creation import SnapshotResult as SnapshotResult
from .stores.admin_store import (
    AdminStore as AdminStore,
    LocalAdmin as LocalAdmin,
    SmbAdmin as SmbAdmin,
    server_now as server_now,
)
from .stores.local_store import LocalStore as LocalStore
from .verify.snapshot_proofs import PROOF_SCOPES as PROOF_SCOPES, ProofOptions as ProofOptions
from .verify.snapshot_survey import (
    RepositorySurvey as RepositorySurvey,
    SnapshotChoice as SnapshotChoice,
    choose_snapshot as choose_snapshot,
    has_gaps as has_gaps,
    is_gap as is_gap,
    source_freshness as source_freshness,
    survey_repository as survey_repository,
)
