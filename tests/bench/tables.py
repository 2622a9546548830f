"""The figures of the comparison as Markdown, as it stands in docs/BENCHMARKS.md."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from indexer.evaluation import percentile
from tests.bench.engines.asked import KINDS
from tests.bench.figures import Figures, costs, exponent, growing

# The whole search, and the part of it that does what the other engines are asked for.
OWN = ("product", "first stage")
NOTHING = "–"


def rows_of(found: Mapping[int, Figures]) -> Iterator[str]:
    """Yield every table: size by size, then how cost grows."""
    for size, figures in sorted(found.items()):
        yield f"### {size:,} articles, {figures.text:,.1f} MiB of text"
        yield ""
        yield from _building(figures)
        yield ""
        yield from _asking(figures)
        yield ""
        yield f"{figures.said}."
        yield ""
    yield from _growth(found)


def _building(figures: Figures) -> Iterator[str]:
    yield "| engine | build, s | processor, s | peak memory, MiB | on disk, MiB | of the text | asked: own / with mapped files, MiB |"
    yield "|---|---|---|---|---|---|---|"
    for name in figures.times:
        built = figures.built.get(name)
        cells = [NOTHING] * 5
        if built:
            cells = [f"{built.seconds:.1f}", f"{built.processor:.1f}", f"{built.peak:,.0f}"]
            cells += [f"{built.disk:,.1f}", f"{built.disk / figures.text:.2f}×"]
        own, mapped = figures.memory[name]
        yield f"| {name} | " + " | ".join(cells) + f" | {own:,.0f} / {mapped:,.0f} |"


def _asking(figures: Figures) -> Iterator[str]:
    names = list(figures.times)
    yield "| question, ms p50 / p95 / p99 | " + " | ".join(names) + " |"
    yield "|---|" + "---|" * len(names)
    for kind in KINDS:
        each = (figures.times[name].get(kind, []) for name in names)
        yield f"| {kind} | " + " | ".join(map(_percentiles, each)) + " |"
    yield (
        "| **all that all can answer** | " + " | ".join(_percentiles(figures.all_of(n)) for n in names) + " |"
    )
    for own in OWN:
        if own in names:
            ratios = (_ratio(figures.all_of(name), figures.all_of(own)) for name in names)
            yield f"| times {own}, p50 / p99 | " + " | ".join(ratios) + " |"


def _percentiles(measured: Sequence[float]) -> str:
    if not measured:
        return NOTHING
    return " / ".join(f"{percentile(measured, share):.2f}" for share in (0.5, 0.95, 0.99))


def _ratio(measured: Sequence[float], own: Sequence[float]) -> str:
    return " / ".join(f"{percentile(measured, q) / percentile(own, q):.2f}×" for q in (0.5, 0.99))


def _growth(found: Mapping[int, Figures]) -> Iterator[str]:
    sizes = growing(list(found))
    if len(sizes) < 2:
        return
    few = {size: found[size] for size in sizes}
    yield "### Growth"
    yield ""
    yield (
        f"The exponent of growth from {sizes[0]:,} to {sizes[-1]:,} articles: the slope of the logarithm of the cost against the "
        "logarithm of the size, by least squares. Postings are those of the questions' words in titles and "
        "bodies, of the questions that name whole words."
    )
    yield ""
    yield "| grows | p50 | p95 | sizes |"
    yield "|---|---|---|---|"
    postings = [
        {size: percentile(figures.touched(), q) for size, figures in few.items() if figures.touched()}
        for q in (0.5, 0.95)
    ]
    if postings[0]:
        yield _growth_row("postings touched", *postings)
    middle, high = costs(few, 0.5), costs(few, 0.95)
    for name in middle:
        yield _growth_row(name, middle[name], high[name])


def _growth_row(name: str, middle: Mapping[int, float], high: Mapping[int, float]) -> str:
    slopes = ["–" if slope is None else f"{slope:.2f}" for slope in (exponent(middle), exponent(high))]
    return f"| {name} | " + " | ".join(slopes) + f" | {len(middle)} |"


def put(document: Path, name: str, lines: Sequence[str]) -> None:
    """Replace what stands between the two marks of a name in a Markdown file.

    Raises:
        ValueError: if the marks are not there.
    """
    opening, closing = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = document.read_text(encoding="utf-8").partition(opening)
    _old, closed, after = rest.partition(closing)
    if not found or not closed:
        raise ValueError(f"{document} has no {opening} … {closing}")
    text = "\n".join(lines).strip()
    document.write_text(f"{before}{opening}\n{text}\n{closing}{after}", encoding="utf-8")
