from .ace_simulator.fault_switches import Kind as Kind
from .ace_simulator.simulator import AceSimulator as AceSimulator
from .exercise import play_drill as play_drill, without_broker_settings as without_broker_settings
from .launcher import run_drill as run_drill
from .sample_brokerage import make_sample_home as make_sample_home
