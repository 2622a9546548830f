"""Which files can be shown in place, and how much of one at most."""

IMAGE_SUFFIXES = frozenset({"png", "jpg", "jpeg", "gif", "bmp", "webp", "tif", "tiff"})
SHEET_SUFFIXES = frozenset({"xlsx", "xls", "csv"})

MAX_PAGES = 2_000
WIDTH = 1_240  # pixels: a sheet of A4 at 150 dots an inch
MAX_HEIGHT = 4_000
MAX_PICTURE_BYTES = 6 * 1024 * 1024

MAX_SHEETS = 100
MAX_CELLS = 500_000
MAX_CELL_CHARS = 2_000
MAX_CHARS = 3_000_000
MAX_NAME_CHARS = 120
