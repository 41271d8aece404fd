from .status_page import status_lines as status_lines
