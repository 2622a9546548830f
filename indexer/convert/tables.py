"""Writes grids of text as HTML tables, with cells that span others and without empty edges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

Place = tuple[int, int]


@dataclass
class Grid:
    """Texts by (row, column) from 1, and the spans (rows, columns) of merged cells by their first place."""

    texts: dict[Place, str] = field(default_factory=dict)
    spans: dict[Place, Place] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether no cell holds text."""
        return not any(text.strip() for text in self.texts.values())


class HeldSheet(NamedTuple):
    """A sheet as a reader of workbooks found it: its name, its cells, and what is hidden in it."""

    name: str
    grid: Grid
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Layout:
    """The rows and columns of a grid that are shown, and where its cells stand.

    ``cells`` holds, by the number of the row, (column, text, rows, columns) of each cell that no other covers.
    """

    columns: list[int]
    cells: dict[int, list[tuple[int, str, int, int]]]
    has_head: bool


def layout_of(
    grid: Grid, left_out_rows: frozenset[int] = frozenset(), left_out_columns: frozenset[int] = frozenset()
) -> Layout | None:
    """Return how a grid is laid out without its empty edges; ``None`` if nothing is in it.

    Args:
        grid: The cells.
        left_out_rows: Rows that are not shown.
        left_out_columns: Columns that are not shown.
    """
    used = [place for place, text in grid.texts.items() if text.strip()]
    if not used:
        return None
    rows = [n for n in _range(used, 0) if n not in left_out_rows]
    columns = [n for n in _range(used, 1) if n not in left_out_columns]
    covered = _covered(grid.spans)
    cells = {
        row: [
            (column, grid.texts.get((row, column), "").strip(), *_extent(grid, (row, column), rows, columns))
            for column in columns
            if (row, column) not in covered
        ]
        for row in rows
    }
    return Layout(columns, cells, _is_head(grid, rows, columns))


def table_html(
    grid: Grid, left_out_rows: frozenset[int] = frozenset(), left_out_columns: frozenset[int] = frozenset()
) -> str:
    """Return the grid as a table whose first row is its head if it is all text; see ``layout_of``."""
    layout = layout_of(grid, left_out_rows, left_out_columns)
    if layout is None:
        return ""
    head, rows = layout.has_head, list(layout.cells)
    lines = ["<table>"]
    for index, row in enumerate(rows):
        tag = "th" if head and index == 0 else "td"
        lines.append("<thead>" if tag == "th" else "<tbody>" if index == int(head) else "")
        cells = "".join(_cell(tag, text, height, width) for _column, text, height, width in layout.cells[row])
        lines.append(f"<tr>{cells}</tr>")
        lines.append("</thead>" if tag == "th" else "")
    if len(rows) > int(head):
        lines.append("</tbody>")
    return "".join((*lines, "</table>"))


def _range(places: Sequence[Place], axis: int) -> range:
    numbers = [place[axis] for place in places]
    return range(min(numbers), max(numbers) + 1)


def _covered(spans: Mapping[Place, Place]) -> set[Place]:
    covered: set[Place] = set()
    for (row, column), (height, width) in spans.items():
        covered.update((r, c) for r in range(row, row + height) for c in range(column, column + width))
        covered.discard((row, column))
    return covered


def _extent(grid: Grid, place: Place, rows: Sequence[int], columns: Sequence[int]) -> Place:
    """Return over how many shown rows and columns a cell reaches."""
    height, width = grid.spans.get(place, (1, 1))
    if height == width == 1:
        return 1, 1
    # Hidden rows and columns inside a merged cell no longer count for it.
    tall = sum(1 for n in rows if place[0] <= n < place[0] + height)
    return tall, sum(1 for n in columns if place[1] <= n < place[1] + width)


def _cell(tag: str, text: str, height: int, width: int) -> str:
    spans = (f' rowspan="{height}"' if height > 1 else "") + (f' colspan="{width}"' if width > 1 else "")
    return f"<{tag}{spans}>{escape(text).replace(chr(10), '<br>')}</{tag}>"


def _is_head(grid: Grid, rows: Sequence[int], columns: Sequence[int]) -> bool:
    if len(rows) < 2:
        return False
    first = [grid.texts.get((rows[0], column), "").strip() for column in columns]
    tall = any(grid.spans.get((rows[0], column), (1, 1))[0] > 1 for column in columns)
    return (
        not tall
        and all(first)
        and not any(text.replace(".", "").replace("-", "").isdigit() for text in first)
    )
