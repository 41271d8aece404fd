from .events import MailAnswered as MailAnswered, MailSuperseded as MailSuperseded
from .exchange_folders import ExchangeFolder as ExchangeFolder, open_exchange as open_exchange
from .mail import MailDelivery as MailDelivery, MailService as MailService, waiting_letters as waiting_letters
from .mail_message import MailAttachment as MailAttachment, MailLetter as MailLetter, private_alias as private_alias
from .settings import MailSettings as MailSettings, ShareAccess as ShareAccess, ShareAddress as ShareAddress
from .smb.connection import (
    ALL_SHARES as ALL_SHARES,
    APPEND as APPEND,
    DELETE as DELETE,
    READ_ATTRIBUTES as READ_ATTRIBUTES,
    WRITE_ATTRIBUTES as WRITE_ATTRIBUTES,
    WRITE_DATA as WRITE_DATA,
    SmbConnection as SmbConnection,
    SmbPlace as SmbPlace,
)
from .smb.folder import SmbFolder as SmbFolder, renaming_request as renaming_request, set_file_info as set_file_info
from .smb.store import Buffer as Buffer, SmbStore as SmbStore, StoreItem as StoreItem
from .tables import MAIL as MAIL
