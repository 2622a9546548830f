"""Reads import files of four formats into rows of plain values, one problem never hiding the next row."""

import csv
import io
import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from kb.errors import Invalid, NotFound
from kb.import_fields import canonical_name

FORMATS = ("jsonl", "csv", "xlsx", "markdown")
FIELD_BYTES = 64 * 1024 * 1024
MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})


@dataclass(frozen=True)
class RawRow:
    """One row as read: its 1-based number, a name for reports, and values by field name.

    ``number`` is the line of a JSON Lines file, the row of a table with its header as row 1, or the
    position of a Markdown file in its folder. ``problem`` is a Chinese sentence if the row could not
    be read at all; then ``values`` is empty and ``field`` names the part that is at fault.
    """

    number: int
    label: str
    values: dict[str, object]
    field: str = ""
    problem: str = ""


def read_rows(path: Path, fmt: str) -> Iterator[RawRow]:
    """Yield every row of an import file or folder.

    Args:
        path: A file; for ``markdown`` a file or a folder.
        fmt: One of ``FORMATS``.

    Raises:
        NotFound: if there is nothing at ``path``.
        Invalid: if the file as a whole cannot be read in this format.
    """
    if not path.exists():
        raise NotFound(f"没有找到要导入的文件：{path}")
    if path.is_dir() and fmt != "markdown":
        raise Invalid(f"{fmt} 格式需要一个文件，而 {path} 是文件夹。")
    return _READERS[fmt](path)


def _jsonl(path: Path) -> Iterator[RawRow]:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield _json_row(number, line)


def _json_row(number: int, line: bytes) -> RawRow:
    label = f"第 {number} 行"
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return RawRow(number, label, {}, "编码", "这一行不是 UTF-8 编码。")
    except (ValueError, RecursionError) as error:
        place = f"（第 {error.colno} 个字符附近）" if isinstance(error, json.JSONDecodeError) else ""
        return RawRow(number, label, {}, "JSON", f"这一行不是完整的 JSON{place}。")
    if not isinstance(value, dict):
        return RawRow(number, label, {}, "JSON", "这一行应当是一个 JSON 对象（{…}）。")
    return RawRow(number, label, {canonical_name(key): item for key, item in value.items()})


def _csv(path: Path) -> Iterator[RawRow]:
    text = _decode_table(path.read_bytes())
    # The standard limit of 131,072 characters is below the longest regulations.
    csv.field_size_limit(FIELD_BYTES)
    try:
        yield from _table(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except csv.Error as error:
        raise Invalid(f"CSV 文件无法读取：{error}") from error


def _decode_table(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "surrogateescape")
    data = data.removeprefix(b"\xef\xbb\xbf")
    # Undecodable bytes become lone surrogates, which mark the rows to report without losing the others.
    return min((data.decode(codec, "surrogateescape") for codec in ("utf-8", "gb18030")), key=_strangeness)


def _strangeness(text: str) -> tuple[bool, int]:
    # Most bytes make sense in GB18030, so a header that can be understood says more than a lack of errors.
    first_line = text.lstrip("\r\n").split("\n", 1)[0]
    names = {canonical_name(name.strip('"\r')) for name in first_line.split(_delimiter(text))}
    return "title" not in names, sum("\udc80" <= character <= "\udcff" for character in text)


def _delimiter(text: str) -> str:
    return max(",\t;", key=text.lstrip("\r\n").split("\n", 1)[0].count)


def _xlsx(path: Path) -> Iterator[RawRow]:
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError, IndexError) as error:
        raise Invalid("这不是可以读取的 Excel 文件，或文件已损坏、已加密。") from error
    yield from _table(iter(rows))


def _table(rows: Iterator[Sequence[object]]) -> Iterator[RawRow]:
    names: list[str] = []
    for number, cells in enumerate(rows, start=1):
        if all(_is_blank(cell) for cell in cells):
            continue
        if not names:
            names = _header(cells)
            continue
        if len(cells) > len(names) and not all(_is_blank(cell) for cell in cells[len(names) :]):
            yield RawRow(number, f"第 {number} 行", {}, "列", "这一行的列数多于表头，请检查引号和分隔符。")
            continue
        named = zip(names, cells, strict=False)
        values = {name: cell for name, cell in named if name and not _is_blank(cell)}
        yield RawRow(number, f"第 {number} 行", values)
    if not names:
        raise Invalid("文件是空的，没有表头。")


def _header(cells: Sequence[object]) -> list[str]:
    names = [canonical_name(str(cell)) for cell in cells]
    if "title" not in names:
        found = "、".join(str(cell).strip() for cell in cells if not _is_blank(cell))
        raise Invalid(f"表头里没有“标题”列，读到的列是：{found[:200]}")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice:
        raise Invalid(f"表头里有两列都表示“{twice}”，请只保留一列。")
    return names


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _markdown(path: Path) -> Iterator[RawRow]:
    root = path if path.is_dir() else path.parent
    files = sorted(_markdown_files(root)) if path.is_dir() else [path]
    for number, file in enumerate(files, start=1):
        yield _markdown_row(number, root, file)


def _markdown_files(root: Path) -> Iterator[Path]:
    for file in root.rglob("*"):
        hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
        if not hidden and file.is_file() and file.suffix.lower() in MARKDOWN_SUFFIXES:
            yield file


def _markdown_row(number: int, root: Path, file: Path) -> RawRow:
    place = file.relative_to(root)
    label = place.as_posix()
    try:
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        values, body = split_front_matter(text)
    except UnicodeDecodeError:
        return RawRow(number, label, {}, "编码", "这个文件不是 UTF-8 编码。")
    except ValueError as error:
        return RawRow(number, label, {}, "文件头", f"文件头无法读取：{error}")
    values = {canonical_name(key): value for key, value in values.items()}
    if not values.get("title"):
        values["title"], body = _title_of(file, body)
    values["body"] = body
    values.setdefault("id", label)
    if place.parent.parts:
        values.setdefault("node", "/".join(place.parent.parts))
    return RawRow(number, label, values)


def _title_of(file: Path, body: str) -> tuple[str, str]:
    first, _, rest = body.lstrip().partition("\n")
    if first.startswith("# "):
        return first[2:].strip(" #"), rest.lstrip("\n")
    return file.stem, body


def split_front_matter(text: str) -> tuple[dict[str, object], str]:
    """Return the values in front of a Markdown text and the text itself.

    Understands TOML between ``+++`` lines and flat ``key: value`` lines between ``---`` lines; a
    ``---`` block that does not hold such lines is part of the text.

    Raises:
        ValueError: if a front matter was begun but cannot be read.
    """
    fence = text[:3]
    if fence not in ("+++", "---") or text[3:4] != "\n":
        return {}, text
    head, found, body = text[4:].partition(f"\n{fence}\n")
    if not found:
        head, found = text[4:].removesuffix(f"\n{fence}"), "\n" if text.endswith(f"\n{fence}") else ""
        body = ""
    if fence == "+++":
        if not found:
            raise ValueError("缺少结束的“+++”行。")
        return dict(tomllib.loads(head)), body.lstrip("\n")
    values = _flat_values(head) if found else None
    return ({}, text) if values is None else (values, body.lstrip("\n"))


def _flat_values(head: str) -> dict[str, object] | None:
    values: dict[str, object] = {}
    key = ""
    for line in head.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.startswith("- ") and key:
            earlier = values.get(key)
            values[key] = [*(earlier if isinstance(earlier, list) else []), _bare(stripped[2:])]
            continue
        key, colon, value = (part.strip() for part in stripped.partition(":"))
        if not colon or not key or " " in key:
            return None
        values[key] = _bare(value)
        if value.startswith("[") and value.endswith("]"):
            values[key] = [_bare(item) for item in value[1:-1].split(",") if item.strip()]
    return values


def _bare(value: str) -> str:
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


_READERS: dict[str, Callable[[Path], Iterator[RawRow]]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "xlsx": _xlsx,
    "markdown": _markdown,
}
