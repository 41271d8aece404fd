from .approvals import (
    ApprovalRequest as ApprovalRequest,
    ApprovalState as ApprovalState,
    all_approvals as all_approvals,
    approval_error as approval_error,
    approvals_needed as approvals_needed,
    ask_for_approval as ask_for_approval,
    ask_for_approval_in as ask_for_approval_in,
    current_approvals as current_approvals,
    find_approval as find_approval,
    grant_approval as grant_approval,
    missing_approvals as missing_approvals,
    ready_approvals as ready_approvals,
    require_approval as require_approval,
    waiting_approvals as waiting_approvals,
)
from .events import (
    Act as Act,
    ApprovalAsked as ApprovalAsked,
    ApprovalGranted as ApprovalGranted,
    ApprovalRefused as ApprovalRefused,
    PersonAdded as PersonAdded,
    PersonCodeFailed as PersonCodeFailed,
    PlanDropped as PlanDropped,
)
from .host_keys import HostSigner as HostSigner, host_public_key as host_public_key, make_host_keys as make_host_keys
from .manifest import (
    MANIFEST_FILE as MANIFEST_FILE,
    manifest_of as manifest_of,
    verify_manifest as verify_manifest,
    write_manifest as write_manifest,
)
from .people import (
    APPROVER as APPROVER,
    CODE_SECONDS as CODE_SECONDS,
    Person as Person,
    add_person as add_person,
    all_people as all_people,
    enroll_person as enroll_person,
    find_person as find_person,
    refuse_revoked as refuse_revoked,
    revoke_person as revoke_person,
)
from .private_copy import (
    PRIVATE_COPY_FILE as PRIVATE_COPY_FILE,
    take_private_copy as take_private_copy,
    write_private_copy as write_private_copy,
)
from .private_data import (
    REFERENCE_PREFIX as REFERENCE_PREFIX,
    Vault as Vault,
    is_reference as is_reference,
    masked_value as masked_value,
    purge_private_values as purge_private_values,
    random_reference as random_reference,
)
from .projections import carried_out as carried_out
from .sealing import (
    SEALED_SUFFIX as SEALED_SUFFIX,
    SealOpener as SealOpener,
    SealRecipient as SealRecipient,
    SealWriter as SealWriter,
    make_seal_key as make_seal_key,
    read_seal_key as read_seal_key,
    read_seal_public_key as read_seal_public_key,
    require_seal_recipients as require_seal_recipients,
    sealed_pieces as sealed_pieces,
    write_sealed as write_sealed,
)
from .sealing_keys import (
    SEAL_SUITE as SEAL_SUITE,
    StretchCost as StretchCost,
    derive_key as derive_key,
    seal_key_id as seal_key_id,
    seal_key_opener as seal_key_opener,
    seal_public_bytes as seal_public_bytes,
    seal_public_key as seal_public_key,
    stretch_passphrase as stretch_passphrase,
)
from .settings import ApprovalSettings as ApprovalSettings, PrivateDataSettings as PrivateDataSettings
from .tables import APPROVALS as APPROVALS, DROPPED as DROPPED, GRANTS as GRANTS
