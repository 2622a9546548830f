"""Writes grids of text as HTML tables, with cells that span others and without empty edges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

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


def table_html(
    grid: Grid, left_out_rows: frozenset[int] = frozenset(), left_out_columns: frozenset[int] = frozenset()
) -> str:
    """Return the grid as a table whose first row is its head if it is all text.

    Args:
        grid: The cells.
        left_out_rows: Rows that are not shown.
        left_out_columns: Columns that are not shown.
    """
    used = [place for place, text in grid.texts.items() if text.strip()]
    if not used:
        return ""
    rows = [n for n in _range(used, 0) if n not in left_out_rows]
    columns = [n for n in _range(used, 1) if n not in left_out_columns]
    covered = _covered(grid.spans)
    head = _is_head(grid, rows, columns)
    lines = ["<table>"]
    for index, row in enumerate(rows):
        tag = "th" if head and index == 0 else "td"
        lines.append("<thead>" if tag == "th" else "<tbody>" if index == int(head) else "")
        cells = "".join(
            _cell(grid, (row, column), tag, rows, columns)
            for column in columns
            if (row, column) not in covered
        )
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


def _cell(grid: Grid, place: Place, tag: str, rows: Sequence[int], columns: Sequence[int]) -> str:
    height, width = grid.spans.get(place, (1, 1))
    # Hidden rows and columns inside a merged cell no longer count for it.
    height = sum(1 for n in rows if place[0] <= n < place[0] + height)
    width = sum(1 for n in columns if place[1] <= n < place[1] + width)
    spans = (f' rowspan="{height}"' if height > 1 else "") + (f' colspan="{width}"' if width > 1 else "")
    text = escape(grid.texts.get(place, "").strip()).replace("\n", "<br>")
    return f"<{tag}{spans}>{text}</{tag}>"


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
