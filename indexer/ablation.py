"""Takes single ingredients out of the search, so that what each is worth can be measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from indexer.opened import Opened

NEVER = 1_000_000


@dataclass(frozen=True)
class Removal:
    """What is changed to take an ingredient out: fields of ``Weights`` and of ``Factors``."""

    weights: Mapping[str, Any] = field(default_factory=dict)
    factors: Mapping[str, Any] = field(default_factory=dict)


INGREDIENTS: Mapping[str, Removal] = MappingProxyType(
    {
        "synonyms": Removal(factors={"synonym": 0.0, "related": 0.0}),
        "sound": Removal(factors={"sound": 0.0, "rough": 0.0, "real_word": 0.0}),
        "rough_sound": Removal(factors={"rough": 0.0}),
        "letters": Removal(factors={"letters": 0.0}),
        "slips": Removal(factors={"slip": 0.0, "turned": 0.0}),
        "lookalikes": Removal(factors={"shape": 0.0}),
        "seams": Removal(factors={"seam": 0.0}),
        "padding": Removal(factors={"frame": 1.0}),
        "titles": Removal(
            {
                "title_boost": 0.0,
                "title_coverage": 0.0,
                "title_coverage_long": 0.0,
                "title_precision": 0.0,
                "telling_precision": 0.0,
                "title_words": 0.0,
                "title_opens": 0.0,
                "informative": 0.0,
                "order": 0.0,
                "verbatim_title": 0.0,
                "meant_title": 0.0,
                "title_first": False,
            }
        ),
        "title_words": Removal({"title_words": 0.0}),
        "informative_words": Removal({"informative": 0.0}),
        "word_order": Removal({"order": 0.0}),
        "telling_precision": Removal({"telling_precision": 0.0}),
        "passages": Removal({"place_coverage": 0.0, "union_power": 0.0, "union_power_long": 0.0}),
        "length_discount": Removal({"length_discount": 0.0}),
        "proximity": Removal({"proximity": 0.0, "proximity_long": 0.0}),
        "verbatim": Removal(
            {"verbatim_title": 0.0, "meant_title": 0.0, "verbatim_body": 0.0, "long_phrase": NEVER}
        ),
        "coverage_exponent": Removal({"gamma": 0.0}),
        "document_numbers": Removal(factors={"document_number": 0.0}),
    }
)


def without(opened: Opened, ingredient: str) -> Opened:
    """Return the same commit, opened to be searched without one ingredient.

    Args:
        opened: The commit with everything.
        ingredient: A key of ``INGREDIENTS``.

    Raises:
        KeyError: if there is no such ingredient.
    """
    removal = INGREDIENTS[ingredient]
    return Opened(
        opened.index,
        opened.snapshot,
        opened.language,
        replace(opened.scorer.weights, **removal.weights),
        opened,
        factors=replace(opened.factors, **removal.factors),
    )
