"""What can be said of the units of a plan: what they mean together, and what was put in their place."""

from indexer.fold import without_signs
from indexer.plan import Alternative, Rung, Unit

OTHERS_SHOWN = 3


def best_of(alternatives: list[Alternative]) -> tuple[Alternative, ...]:
    """Return alternatives, nearest first, each text once and none that is worth nothing."""
    found: dict[str, Alternative] = {}
    for alternative in (item for item in alternatives if item.factor > 0):
        known = found.get(alternative.text)
        if known is None or known.factor < alternative.factor:
            found[alternative.text] = alternative
    return tuple(sorted(found.values(), key=lambda alternative: -alternative.factor))


def core(folded: str, units: list[Unit]) -> tuple[int, int]:
    """Return where the query starts and ends without the padding around it."""
    telling = [unit for unit in units if unit.emphasis >= 0.5]
    if not telling:
        return 0, len(folded)
    return telling[0].start, max(unit.end for unit in telling)


def both(text: str, start: int, words: tuple[Alternative, ...]) -> tuple[Unit, Unit]:
    """Return the units of two words whose touching characters changed places."""
    middle = len(words[0].text)
    return (
        Unit(text[:middle], start, start + middle, (words[0],), mended=True),
        Unit(text[middle:], start + middle, start + len(text), (words[1],), mended=True),
    )


def as_meant(unit: Unit) -> str:
    """Return what a unit says: the likeliest correction of one that is no word, else what was typed."""
    if not unit.mended:
        return unit.text
    return next((item.text for item in unit.alternatives if item.rung in (Rung.SOUND, Rung.SLIP)), unit.text)


def meant(folded: str, units: list[Unit], first: int, last: int) -> str:
    """Return a stretch of the query as it was meant, squeezed; empty if there is nothing to mend."""
    said = list(folded)
    for unit in units:
        if unit.mended:
            said[unit.start : unit.end] = [as_meant(unit)] + [""] * (unit.end - unit.start - 1)
    if not any(unit.mended for unit in units):
        return ""
    return without_signs("".join(said[first:last]))


def expansions(units: list[Unit]) -> tuple[str, ...]:
    """Return lines such as ``信用卡＝贷记卡、透支卡`` for the units that synonyms stand in for."""
    shown = []
    for unit in units:
        others = [item.text for item in unit.alternatives if item.rung is Rung.SYNONYM][:OTHERS_SHOWN]
        if others and unit.emphasis >= 0.5:
            shown.append(f"{unit.text}＝{'、'.join(others)}")
    return tuple(shown)
