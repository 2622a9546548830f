"""Reads a query into units: what each stretch of it says, and what else it may have meant."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from indexer.analyzer import (
    Analyzer,
    Chunk,
    article_numbers,
    chunks,
    document_numbers,
    is_ideographic,
    latin_runs,
)
from indexer.fold import fold, without_signs
from indexer.lexicon import Lexicon
from indexer.plan import INSIDE, Alternative, Factors, Plan, Rung, Unit
from indexer.readings import is_syllable
from indexer.stretches import mixed_words, runs, untaken
from indexer.units import as_meant, best_of, both, core, expansions, meant
from indexer.vocabulary import Vocabulary

LONGEST_QUERY = 200
LONGEST_STRETCH = 8
SINGLE_WEIGHT = 0.8
MOST_UNITS = 64
CROSSED_VALUE = 0.92


@dataclass(frozen=True)
class _Arc:
    end: int
    value: float
    literal: bool
    alternatives: tuple[Alternative, ...] = ()
    crossed: bool = False


@dataclass
class Planner:
    """Plans queries against one snapshot's vocabulary.

    Args:
        analyzer: The analysis that the index was built with.
        lexicon: Synonyms, frames and stop words.
        vocabulary: Words of the snapshot's titles.
        occurs: Tells whether a text stands in any article that the person asking may read: what
            is offered as meant must not tell words of others.
        is_run: Tells whether letters and digits stand somewhere as a word of their own.
    """

    analyzer: Analyzer
    lexicon: Lexicon
    vocabulary: Vocabulary
    occurs: Callable[[str], bool]
    is_run: Callable[[str], bool]
    factors: Factors = field(default_factory=Factors)

    def plan(self, text: str, verbatim: bool = False) -> Plan:
        """Return the plan of a query's first 200 characters; ``verbatim`` allows no alternatives."""
        folded = fold(text[:LONGEST_QUERY])[:LONGEST_QUERY]
        spelled = None if verbatim else self._separated_pinyin(folded)
        special = [spelled] if spelled else [*self._special(folded), *self._mixed(folded, verbatim)]
        taken = {place for unit in special for place in range(unit.start, unit.end)}
        units: list[Unit] = list(special)
        padding = self._padding(folded)
        for chunk in chunks(folded):
            for stretch in untaken(chunk, taken):
                units.extend(self._units(stretch, padding, verbatim))
        units = sorted(units, key=lambda unit: unit.start)[:MOST_UNITS]
        if all(unit.emphasis < 0.5 for unit in units):
            # A query of nothing but padding is still a query.
            units = [Unit(unit.text, unit.start, unit.end, unit.alternatives) for unit in units]
        first, last = core(folded, units)
        return Plan(
            folded,
            without_signs(folded[first:last]),
            len(folded[first:last].split()) == 1,
            tuple(units),
            self._corrections(folded, units),
            expansions(units),
            meant(folded, units, first, last),
        )

    def _special(self, folded: str) -> Iterator[Unit]:
        for term, start, end in (*document_numbers(folded), *article_numbers(folded)):
            emphasis = self.factors.document_number if term.startswith("#") else 1.2
            if emphasis and self.occurs(term):
                yield Unit(folded[start:end], start, end, (Alternative(term, 1.0, Rung.EXACT),), emphasis)
        for run, start, end in latin_runs(folded):
            if not run.isalnum() and self.occurs(run):
                inside = Alternative(INSIDE + run, 0.8, Rung.SLIP)
                yield Unit(run, start, end, (Alternative(run, 1.0, Rung.EXACT), inside))

    def _mixed(self, folded: str, verbatim: bool) -> Iterator[Unit]:
        # Words of letters and characters, as k宝 or 手机app, would fall apart between the two scripts.
        for text, start, end in mixed_words(folded, self.lexicon.mixed):
            alternatives = [Alternative(text, 1.0, Rung.EXACT)] if self.occurs(text) else []
            if not verbatim:
                alternatives += self._synonyms(text)
            if alternatives:
                yield Unit(text, start, end, best_of(alternatives))

    def _separated_pinyin(self, folded: str) -> Unit | None:
        typed = folded.split()
        if len(typed) < 2 or not all(is_syllable(word) for word in typed):
            return None
        found = self._spelled(" ".join(typed), separated=True)
        return Unit(folded, 0, len(folded), best_of(found)) if found else None

    def _padding(self, folded: str) -> set[int]:
        padded: set[int] = set()
        place = 0
        while place < len(folded):
            for length in range(min(10, len(folded) - place), 0, -1):
                if folded[place : place + length] in self.lexicon.frames:
                    padded.update(range(place, place + length))
                    place += length - 1
                    break
            place += 1
        return padded

    def _units(self, chunk: Chunk, padding: set[int], verbatim: bool) -> Iterator[Unit]:
        for run, start, _end in runs(chunk.text):
            base = chunk.start + start
            if not run[0].isascii():
                words = list(self._han_units(run, base, padding, verbatim))
                yield from words
                yield from self._seams(words)
            else:
                yield from self._latin_units(run, base, verbatim)

    def _latin_units(self, run: str, start: int, verbatim: bool) -> Iterator[Unit]:
        unit = self._latin_unit(run, start, start + len(run), verbatim)
        typed = unit.alternatives[0].rung is Rung.EXACT and (len(run) < 4 or self.is_run(run))
        if (
            verbatim
            or typed
            or not run.isalpha()
            or any(item.rung is Rung.SOUND for item in unit.alternatives)
        ):
            yield unit
            return
        # No title says it in one piece: several words may have been typed without a blank, as gsbk.
        words = self.vocabulary.words_of_letters(run) if self.factors.letters else []
        for letters, spelled in words:
            found = [
                Alternative(word, self.factors.letters * weight, Rung.SOUND)
                for word, weight in spelled
                if self.occurs(word)
            ]
            yield Unit(letters, start, start + len(letters), best_of(found) or unit.alternatives)
            start += len(letters)
        if not words:
            yield unit

    def _latin_unit(self, run: str, start: int, end: int, verbatim: bool) -> Unit:
        is_whole = len(run) < 3 or self.is_run(run)
        alternatives = [Alternative(run, 1.0, Rung.EXACT)]
        if len(run) > 2:
            # Half of a code or number, as MSVCR11 in MSVCR110.
            alternatives.append(Alternative(INSIDE + run, 0.8, Rung.SLIP))
        if not verbatim:
            alternatives += self._synonyms(run)
            if run.isalpha() and len(run) >= 2 and (not is_whole or len(run) == 2):
                alternatives += self._spelled(run)
            elif len(run) >= 4 and not is_whole:
                alternatives += self._slips(run)
        return Unit(run, start, end, best_of(alternatives))

    def _spelled(self, letters: str, separated: bool = False) -> list[Alternative]:
        if not self.factors.letters:
            return []
        phrases = self.vocabulary.spelled(letters, separated)
        if not phrases and not separated:
            phrases = self.vocabulary.by_initials(letters)
        if not phrases and not separated and len(letters) > 2:
            phrases = self.vocabulary.nearly_spelled(letters)
        return [
            Alternative(phrase, self.factors.letters * weight, Rung.SOUND)
            for phrase, weight in phrases
            if self.occurs(phrase)
        ]

    def _han_units(self, run: str, base: int, padding: set[int], verbatim: bool) -> Iterator[Unit]:
        words = self._literal_spans(run)
        for start, arc in self._best_path(run, words, verbatim):
            text = run[start : arc.end]
            if arc.crossed:
                yield from both(text, base + start, arc.alternatives)
                continue
            alternatives = [Alternative(text, 1.0, Rung.EXACT), *arc.alternatives]
            if not verbatim:
                alternatives += self._synonyms(text)
            places = range(base + start, base + arc.end)
            emphasis = 1.0
            if text in self.lexicon.stopwords:
                emphasis = 0.05
            elif all(place in padding for place in places) and arc.literal:
                emphasis = self.factors.frame
            elif len(text) == 1:
                emphasis = SINGLE_WEIGHT
            mended = not arc.literal and bool(arc.alternatives)
            yield Unit(text, base + start, base + arc.end, best_of(alternatives), emphasis, mended)

    def _seams(self, words: list[Unit]) -> Iterator[Unit]:
        # The pair of characters across two words tells an article that says it in the same way.
        for first, second in pairwise(words):
            if not self.factors.seam or max(first.emphasis, second.emphasis) < 0.5:
                continue
            typed = first.text[-1] + second.text[0]
            seams = [Alternative(typed, 1.0, Rung.EXACT)]
            if first.mended or second.mended:
                # It is never offered as a correction: the two words themselves are.
                seams.append(Alternative(as_meant(first)[-1] + as_meant(second)[0], 0.9, Rung.EXACT))
            seams = [seam for seam in seams if self.occurs(seam.text)]
            if seams:
                yield Unit(typed, first.end - 1, second.start + 1, best_of(seams), self.factors.seam)

    def _literal_spans(self, run: str) -> set[tuple[int, int]]:
        spans = set()
        place = 0
        for word in self.analyzer.words(run):
            start = run.find(word, place)
            if start >= 0:
                spans.add((start, start + len(word)))
                place = start + len(word)
        return spans

    def _best_path(self, run: str, words: set[tuple[int, int]], verbatim: bool) -> list[tuple[int, _Arc]]:
        # Viterbi over the stretch: words as typed are worth most, words as meant less, loose
        # characters least; so a slip is mended only where the text makes no sense as it stands.
        best: list[tuple[float, int, _Arc | None]] = [(float("-inf"), 0, None)] * (len(run) + 1)
        best[0] = (0.0, 0, None)
        for start in range(len(run)):
            for arc in self._arcs(run, start, words, verbatim):
                value = best[start][0] + arc.value
                if value > best[arc.end][0]:
                    best[arc.end] = (value, start, arc)
        path = []
        place = len(run)
        while place:
            _value, start, last = best[place]
            if last is None:
                break
            path.append((start, last))
            place = start
        return path[::-1]

    def _arcs(self, run: str, start: int, words: set[tuple[int, int]], verbatim: bool) -> Iterator[_Arc]:
        single = run[start]
        telling = single in self.lexicon.stopwords or single in self.lexicon.frames or self.occurs(single)
        yield _Arc(start + 1, 0.25 if telling else 0.0, True)
        for end in range(start + 2, min(len(run), start + LONGEST_STRETCH) + 1):
            text = run[start:end]
            literal = text in self.vocabulary or (
                (start, end) in words and self.analyzer.knows(text) and self.occurs(text)
            )
            if literal and self._is_said_apart(text):
                continue
            alternatives = () if verbatim else self._meant(text, literal)
            length = end - start
            if literal:
                yield _Arc(end, length + 0.1 * (length - 2), True, alternatives)
            elif alternatives:
                nearest = max(alternative.factor for alternative in alternatives)
                yield _Arc(end, length * nearest * 0.95, False, alternatives)
            elif (start, end) in words:
                yield _Arc(end, 0.3 * length, True)
            if not literal and not verbatim and length >= 3:
                yield from self._crossed(text, start, end)

    def _is_said_apart(self, text: str) -> bool:
        # A phrase of the lexicon that stands nowhere as typed, though both of its words do.
        return (
            len(text) >= 4
            and not self.occurs(text)
            and any(
                self._tells(text[:place]) and self._tells(text[place:]) for place in range(2, len(text) - 1)
            )
        )

    def _tells(self, word: str) -> bool:
        loose = word in self.lexicon.stopwords or word in self.lexicon.frames
        return not loose and word in self.vocabulary and self.occurs(word)

    def _crossed(self, text: str, start: int, end: int) -> Iterator[_Arc]:
        # Two words whose touching characters changed places: 开临通时 for 开通 临时.
        for place in range(1, len(text) - 2):
            first = text[:place] + text[place + 1]
            second = text[place] + text[place + 2 :]
            if (
                first in self.vocabulary
                and second in self.vocabulary
                and self.occurs(first)
                and self.occurs(second)
            ):
                pair = tuple(Alternative(word, self.factors.turned, Rung.SLIP) for word in (first, second))
                # Both words have to be right at once: that is seldom chance, so it beats loose characters.
                yield _Arc(end, len(text) * CROSSED_VALUE, False, pair, crossed=True)

    def _meant(self, text: str, literal: bool) -> tuple[Alternative, ...]:
        if not is_ideographic(text):
            return ()
        sound = self.factors.real_word if literal else self.factors.sound
        found = [
            Alternative(word, sound, Rung.SOUND)
            for word in self.vocabulary.sounds_like(text)
            if self.occurs(word)
        ]
        if not literal and not found:
            found = [
                Alternative(word, self.factors.rough, Rung.SOUND)
                for word in self.vocabulary.sounds_nearly_like(text)
                if self.occurs(word)
            ]
        if not literal:
            found += self._slips(text)
            turned = text[::-1]
            if len(text) == 2 and turned in self.vocabulary and self.occurs(turned):
                found.append(Alternative(turned, self.factors.turned, Rung.SLIP))
            found += [
                Alternative(word, self.factors.shape, Rung.SLIP)
                for word in self.vocabulary.looks_like(text)
                if self.occurs(word)
            ]
        return tuple(item for item in found if item.factor > 0)

    def _slips(self, text: str) -> list[Alternative]:
        if len(text) < 2:
            return []
        return [
            Alternative(word, self.factors.slip, Rung.SLIP)
            for word in self.vocabulary.slips_of(text)
            if self.occurs(word)
        ]

    def _synonyms(self, text: str) -> list[Alternative]:
        found = [
            Alternative(other, factor, Rung.SYNONYM)
            for factor, listed in (
                (self.factors.synonym, self.lexicon.synonyms),
                (self.factors.related, self.lexicon.related),
            )
            for other in listed.get(text, ())
            # Whatever holds a longer way to say it holds the word itself.
            if text not in other and self.occurs(other)
        ]
        return found

    def _corrections(self, folded: str, units: list[Unit]) -> tuple[str, ...]:
        mended = list(folded)
        changed = False
        for unit in units:
            literal = self.occurs(unit.text)
            meant = [
                alternative
                for alternative in unit.alternatives
                if alternative.rung in (Rung.SOUND, Rung.SLIP) and alternative.text[0] != INSIDE
            ]
            if meant and not literal:
                mended[unit.start : unit.end] = [meant[0].text] + [""] * (unit.end - unit.start - 1)
                changed = True
        return ("".join(mended),) if changed else ()
