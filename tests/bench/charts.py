"""The charts of the comparison: cost of a question and cost of building against the number of articles."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.figures import Figures, costs

# Dark enough on white, and apart for most colour-blind eyes.
COLOURS = {
    "product": "#b3261e",
    "first stage": "#c77700",
    "Whoosh": "#5b5b5b",
    "FTS5": "#1b6e3c",
    "Tantivy": "#1f4e9e",
}
INK = "#222222"
GRID = "#dddddd"
# Neighbouring labels stay so many points apart.
APART = 11.0
Lines = Mapping[str, Mapping[int, float]]


def _plotting() -> Any:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update(
        {
            "svg.hashsalt": "kb",
            "svg.fonttype": "path",
            "font.size": 9,
            "text.color": INK,
            "axes.edgecolor": GRID,
        }
    )
    from matplotlib import pyplot as plt

    return plt


def _axes(axes: Any, title: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.set_xlabel("articles", color=INK)
    axes.grid(which="major", color=GRID, linewidth=0.8)
    axes.tick_params(which="both", colors=INK, length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _lines(axes: Any, lines: Lines) -> None:
    for name, points in lines.items():
        axes.plot(
            list(points), list(points.values()), color=COLOURS[name], marker="o", markersize=4, linewidth=1.8
        )


def _plain_ticks(axes: Any, lines: Lines) -> None:
    """Write numbers of articles and values as people do: 10k, 0.1."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    sizes = sorted({size for points in lines.values() for size in points})
    axes.set_xticks(sizes)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _place: _short(size)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(sizes[0] / 1.3, sizes[-1] * 1.3)


def _short(size: float) -> str:
    for least, letter in ((1_000_000, "M"), (1_000, "k")):
        if size >= least:
            return f"{size / least:g}{letter}"
    return f"{size:g}"


def _label(axes: Any, lines: Lines) -> None:
    """Write each name beside the last point of its line, moved up where two would overlap."""
    figure = axes.figure
    figure.canvas.draw()
    to_points = 72 / figure.dpi
    ends = {}
    for name, points in lines.items():
        size = max(points)
        ends[name] = (size, points[size], axes.transData.transform((size, points[size]))[1] * to_points)
    lowest = float("-inf")
    for name, (size, value, height) in sorted(ends.items(), key=lambda item: item[1][2]):
        place = max(height, lowest + APART)
        lowest = place
        axes.annotate(
            name,
            (size, value),
            xytext=(8, place - height),
            textcoords="offset points",
            va="center",
            color=COLOURS[name],
            fontweight="bold",
            annotation_clip=False,
        )


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight", facecolor="white")
    # Lines of an SVG by matplotlib end in blanks, which no file of the repository should.
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def draw_costs(path: Path, found: Mapping[int, Figures]) -> None:
    """Draw the milliseconds of a question against the number of articles: p50 at the left, p95 at the right."""
    panels = [(f"p{share * 100:.0f} of a question, ms", costs(found, share)) for share in (0.5, 0.95)]
    _draw(path, panels, same_height=True)


def draw_building(path: Path, found: Mapping[int, Figures]) -> None:
    """Draw the seconds of building and the size on disk against the number of articles."""
    seconds: dict[str, dict[int, float]] = {}
    disk: dict[str, dict[int, float]] = {}
    for size, figures in sorted(found.items()):
        for name, built in figures.built.items():
            seconds.setdefault(name, {})[size] = built.seconds
            disk.setdefault(name, {})[size] = built.disk
    _draw(path, [("building, seconds", seconds), ("index on disk, MiB", disk)], same_height=False)


def _draw(path: Path, panels: list[tuple[str, Any]], same_height: bool) -> None:
    plt = _plotting()
    figure, places = plt.subplots(1, 2, figsize=(10, 4.4), sharey=same_height)
    for axes, (title, lines) in zip(places, panels, strict=True):
        _axes(axes, title)
        _lines(axes, lines)
        _plain_ticks(axes, lines)
    figure.subplots_adjust(wspace=0.42)
    for axes, (_title, lines) in zip(places, panels, strict=True):
        _label(axes, lines)
    _save(figure, path)
    plt.close(figure)
