from .cell_formats import (
    GENERAL_FORMAT as GENERAL_FORMAT,
    NumberFormat as NumberFormat,
    SheetFormats as SheetFormats,
    read_formats as read_formats,
)
from .formula_cells import formula_cells as formula_cells
from .letter_paper import LetterBox as LetterBox, LetterPaper as LetterPaper
from .listing_workbook import DRILL_MARK as DRILL_MARK, write_listing as write_listing
from .pdf import Paper as Paper, PaperColumn as PaperColumn
from .pdf_pages import (
    GREY as GREY,
    INK as INK,
    INNER_WIDTH as INNER_WIDTH,
    LANDSCAPE as LANDSCAPE,
    PORTRAIT as PORTRAIT,
    RED as RED,
    PageFrame as PageFrame,
)
from .target_files import (
    BLANK_STAMP as BLANK_STAMP,
    STAMP_PROPERTY as STAMP_PROPERTY,
    TargetFile as TargetFile,
    require_workbook_name as require_workbook_name,
    stamped as stamped,
    write_targets as write_targets,
)
from .untrusted_workbook import MOST_ROWS as MOST_ROWS, WorkbookFacts as WorkbookFacts, check_workbook as check_workbook
