"""The dials of the ranking, all in one place, so that each can be measured and taken out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    """What each finding is worth.

    First stage: BM25 (``k1``, ``title_b``, ``body_b``, boosts against the body's 1), scaled by the share of
    the query that an article covers at all, to the power ``gamma``. It picks the candidates.

    Second stage, for each candidate: first score to the power ``first_power``, times the share of the
    query that the title and one passage cover together to the power ``union_power``, times bonuses for
    the best place alone (``place_coverage``), for the title (coverage; precision by characters, by telling
    characters and by what its rare words tell; the order of the words; words that stand in it as words; a
    title that opens with the query), for the query as typed or as meant, and for words side by side. ``length_discount`` keeps very long documents, in which
    any word can be found, behind short answers to long questions. Dials that
    end in ``_long`` take over as a query grows from ``short`` to ``long`` words.

    ``long_phrase`` is the number of characters from which a phrase found as typed comes first, whatever
    else speaks for others; ``title_first`` puts titles with every word as typed next.
    """

    k1: float = 1.2
    title_b: float = 0.75
    body_b: float = 0.4
    title_boost: float = 3.0
    file_boost: float = 0.6
    gamma: float = 1.8
    partial: float = 0.5
    first_power: float = 0.35
    union_power: float = 0.6
    union_power_long: float = 0.4
    place_coverage: float = 4.0
    place_power: float = 3.0
    title_coverage: float = 3.25
    title_coverage_long: float = 1.5
    title_precision: float = 6.5
    telling_precision: float = 3.0
    informative: float = 3.0
    order: float = 1.4
    title_words: float = 1.0
    title_opens: float = 0.3
    verbatim_title: float = 0.8
    meant_title: float = 0.6
    verbatim_body: float = 0.9
    proximity: float = 3.5
    proximity_long: float = 2.5
    length_discount: float = 0.1
    short: float = 2.0
    long: float = 9.0
    long_phrase: int = 7
    title_first: bool = True
