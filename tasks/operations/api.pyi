from .run_interface import (
    RunProgress as RunProgress,
    report_failure as report_failure,
    take_answer as take_answer,
    wait_for_approval as wait_for_approval,
)
from .server_access import ServerAccess as ServerAccess
from .settings import OperationsSettings as OperationsSettings
