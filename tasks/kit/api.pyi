from .builder import BuildOptions as BuildOptions, KitBuild as KitBuild, build_kit as build_kit
from .home_setup import begin_home as begin_home, verify_kit as verify_kit
from .paper_pdf import PAPER_KIT_FILE as PAPER_KIT_FILE
from .program_wheel import keep_wheel as keep_wheel
from .sealed_archive import kit_recipients as kit_recipients, open_kit as open_kit
from .settings import KitSettings as KitSettings
from .status import check_kit as check_kit
