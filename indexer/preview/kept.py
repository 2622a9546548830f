"""Keeps what was drawn of files in a folder, by their content; all of it can be made again at any time."""

import json
import logging
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from indexer.preview.answer import Shown, as_plain, as_sheet
from kb.viewing import FileKey, Outline, Sheet

OUTLINE = "outline.json"
# Raised when the pictures or tables that this code makes become others, so that old ones are not shown.
FORMAT = 1


class Kept:
    """A folder with one folder for each file that was looked at.

    Args:
        folder: Made when it is needed, for the owner's eyes only.
        max_bytes: Beyond it the files that were drawn longest ago are forgotten.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def outline(self, key: FileKey) -> Outline | None:
        """Return what is known of a file; ``None`` if nobody looked at it yet."""
        read = self._read(key, OUTLINE)
        if read is None:
            return None
        try:
            said = json.loads(read)
            sizes = tuple((int(width), int(height)) for width, height in said["sizes"])
            return Outline(str(said["status"]), sizes, tuple(said["sheets"]), bool(said["is_cut"]))
        except (ValueError, KeyError, TypeError):
            return None

    def picture(self, key: FileKey, number: int) -> bytes | None:
        """Return a page as a picture, empty bytes if it cannot be drawn, ``None`` if nobody tried."""
        return self._read(key, _picture_name(number))

    def sheet(self, key: FileKey, number: int) -> Sheet | None:
        """Return a table, or ``None`` if it is not here."""
        read = self._read(key, _sheet_name(number))
        try:
            return as_sheet(json.loads(read)) if read is not None else None
        except (ValueError, KeyError, TypeError):
            return None

    def keep(self, key: FileKey, shown: Shown) -> None:
        """Write down what a child answered; a full disk only means that it is drawn again."""
        try:
            self._keep(key, shown)
        except OSError:
            logging.getLogger(__name__).exception("a preview could not be kept")

    def _keep(self, key: FileKey, shown: Shown) -> None:
        # The outline last, because it promises the rest.
        for number, data in shown.pictures:
            self._write(key, _picture_name(number), data)
        for number, sheet in enumerate(shown.sheets, start=1):
            self._write(key, _sheet_name(number), _as_json(as_plain(sheet)))
        if not (self._place(key) / OUTLINE).exists():
            names = [sheet.name for sheet in shown.sheets]
            plain = {"status": shown.outcome.status, "sizes": shown.sizes, "sheets": names}
            self._write(key, OUTLINE, _as_json({**plain, "is_cut": shown.is_cut}))
            self._forget()

    def mark_undrawable(self, key: FileKey, number: int) -> None:
        """Remember that a page cannot be drawn, so that nobody tries again and again."""
        with suppress(OSError):
            self._write(key, _picture_name(number), b"")

    def _place(self, key: FileKey) -> Path:
        return self._folder / f"{key.sha256}-{key.suffix}-{FORMAT}"

    def _read(self, key: FileKey, name: str) -> bytes | None:
        try:
            return (self._place(key) / name).read_bytes()
        except OSError:
            return None

    def _write(self, key: FileKey, name: str, data: bytes) -> None:
        place = self._place(key)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.mkdir(mode=0o700, exist_ok=True)
        # Several processes may draw the same page; each reader finds a whole file or none.
        unfinished = place / f".{secrets.token_hex(8)}"
        unfinished.write_bytes(data)
        unfinished.replace(place / name)

    def _forget(self) -> None:
        """Remove what was drawn longest ago while there is too much of it."""
        places = []
        with suppress(OSError):
            for place in self._folder.iterdir():
                size = sum(file.stat().st_size for file in place.iterdir())
                places.append((place.stat().st_mtime, size, place))
        left = sum(size for _time, size, _place in places)
        for _time, size, place in sorted(places):
            if left <= self._max_bytes:
                break
            shutil.rmtree(place, ignore_errors=True)
            left -= size


def _picture_name(number: int) -> str:
    return f"page-{number}.webp"


def _sheet_name(number: int) -> str:
    return f"sheet-{number}.json"


def _as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
