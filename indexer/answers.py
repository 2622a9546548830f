"""Turns scores into an answer: tiers, totals, facets, what conditions hide, and the page of hits."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from indexer.codec import IntArray
from indexer.filters import Masks, masks, readable
from indexer.fold import fold
from indexer.highlight import Marker, clip, marks, rung_names, wanted_texts, window
from indexer.holding import holding
from indexer.lookup import Lookup, union
from indexer.nearness import telling_units
from indexer.opened import Opened
from indexer.ordering import Order, browsed, ordered, settled
from indexer.plan import Plan, Rung
from indexer.ranking import Ranked, best_passage, rank
from indexer.schema import FILE_KIND, KINDS, TAGS_KIND
from indexer.scoring import Scores
from indexer.snapshot import BoolArray
from kb.ports import (
    EngineAnswer,
    EngineHit,
    EngineQuery,
    FileHit,
    HiddenHits,
    Marks,
    Scope,
    Snippet,
    StatusFilter,
    Suggestion,
    SuggestQuery,
)

THIN = 20
PARTIAL_FLOOR = 0.25
PARTIAL_SHARE = 0.45
NEAR_THE_END = 60
WHY = {Rung.SYNONYM: "同义词", Rung.SOUND: "按读音", Rung.SLIP: "相近写法"}


class Answerer:
    """Answers questions from one opened commit.

    Args:
        opened: The commit.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._snapshot = opened.snapshot

    def search(self, query: EngineQuery) -> EngineAnswer:
        """Answer a search."""
        conditions = masks(self._snapshot, query)
        plan = self._opened.planner(conditions.readable).plan(query.text, query.verbatim)
        if not plan.units and query.text.strip():
            # Nothing but signs: that asks for nothing, not for everything.
            return EngineAnswer(0, 0, (), {}, {}, {}, HiddenHits())
        if not plan.units:
            return self._browse(query, conditions, plan)
        lookup = self._opened.scorer.look_up(plan, query.scope)
        full = lookup.full()
        chosen = full[conditions.all[full]]
        # Articles that miss part of the query only help while those that have all of it are few.
        if query.verbatim or len(chosen) >= THIN:
            found = self._opened.scorer.score(lookup, chosen)
            allowed = np.arange(len(chosen))
        else:
            found, allowed = self._with_partial(lookup, chosen, conditions)
        refined = rank(
            self._opened.scorer,
            self._opened.title_of,
            found,
            plan,
            query.scope,
            allowed,
            settled(query),
            conditions.current if query.status is StatusFilter.PREFER else None,
        )
        order = ordered(self._snapshot, query, found, refined, allowed, chosen, conditions)
        return self._answer(query, conditions, plan, full, order)

    def _with_partial(self, lookup: Lookup, full: IntArray, conditions: Masks) -> tuple[Scores, IntArray]:
        """Return scores, and the places of an answer's heads to which parts of the query are enough."""
        # A few characters in common are no answer: at least one whole word must be there.
        # What one place holds counts as well: beside a book, which holds any word, no answer of two lines
        # would ever hold enough.
        heads = lookup.with_a_word()
        heads = union([heads[conditions.all[heads]], full], lookup.size)
        found = self._opened.scorer.score(lookup, heads)
        near = np.zeros(len(heads), np.bool_)
        near[found.at(full)] = True
        # The longer a question, the less of it any answer repeats.
        least = min(PARTIAL_FLOOR, 1 / max(1, len(telling_units(lookup.plan))))
        for shares in (found.coverage, found.in_place):
            best = float(shares.max(initial=0.0))
            near |= shares >= min(best, max(least, PARTIAL_SHARE * best))
        return found, np.flatnonzero(near)

    def _browse(self, query: EngineQuery, conditions: Masks, plan: Plan) -> EngineAnswer:
        everything = np.arange(self._snapshot.size)
        return self._answer(query, conditions, plan, everything, browsed(self._snapshot, query, conditions))

    def _answer(
        self, query: EngineQuery, conditions: Masks, plan: Plan, full: IntArray, order: Order
    ) -> EngineAnswer:
        heads, rungs, marker = order.heads, order.rungs(), Marker.of(plan)
        return EngineAnswer(
            total=len(order),
            full=sum(count for rung, count in rungs.items() if rung < Rung.PARTIAL),
            hits=tuple(
                self._hit(item, at, plan, marker, order.found, conditions, query)
                for at, item in order.page(query.offset, query.limit)
            ),
            tiers=_tiers(rungs, order.verbatim()),
            nodes=_counts(self._snapshot.column("node")[heads]),
            departments=_counts(self._snapshot.column("department")[heads]),
            hidden=self._hidden(query, conditions, plan, full),
            corrections=plan.corrections,
            expansions=plan.expansions,
        )

    def _hidden(self, query: EngineQuery, conditions: Masks, plan: Plan, full: IntArray) -> HiddenHits:
        def extra(**lifted: BoolArray) -> int:
            wider = full[replace(conditions, **lifted).all[full]]
            return len(np.setdiff1d(articles[wider], found)) if len(wider) > len(found) else 0

        articles = self._snapshot.column("article")
        found = articles[full[conditions.all[full]]]
        anything = np.ones(self._snapshot.size, np.bool_)
        status = conditions.current | conditions.ended | conditions.scheduled
        by_scope = 0
        if query.scope is not Scope.ALL and plan.units:
            elsewhere = self._opened.scorer.look_up(plan, Scope.ALL).full()
            by_scope = len(np.setdiff1d(articles[elsewhere[conditions.all[elsewhere]]], found))
        return HiddenHits(
            by_time=extra(time=anything) if query.date_range is not None else 0,
            by_node=extra(node=anything) if query.node_ids is not None else 0,
            by_department=extra(department=anything) if query.department_id is not None else 0,
            by_status=extra(status=status),
            by_scope=by_scope,
        )

    def _hit(
        self,
        item: Ranked,
        at: int,
        plan: Plan,
        marker: Marker,
        found: Scores,
        conditions: Masks,
        query: EngineQuery,
    ) -> EngineHit:
        head, record = item.head, self._snapshot.heads[item.head]
        title = self._snapshot.title(head)
        scopes = [
            name
            for name, mask in (
                ("title", found.in_title),
                ("content", found.in_body),
                ("attachment", found.in_file),
            )
            if mask[at]
        ]
        file = self._file_hit(found, marker, head) if "attachment" in scopes else None
        return EngineHit(
            article_id=int(record["article"]),
            revision_id=int(record["revision"]),
            external_id=self._snapshot.external_id(head),
            title=title,
            title_marks=marker.marks(title),
            score=round(item.score, 6),
            tier=_tier(item, rung_names()),
            why=self._why(item, plan, title, file),
            scope_hits=tuple(scopes),
            status=_status(conditions, head),
            snippet=None if query.scope is Scope.ATTACHMENT else self._snippet(item, found, marker),
            file=file,
        )

    def _snippet(self, item: Ranked, found: Scores, marker: Marker) -> Snippet | None:
        row = item.passage
        if row < 0 or self._snapshot.places["kind"][row] in (FILE_KIND, TAGS_KIND):
            row = best_passage(self._snapshot, found, item.head, only="text")
        if row < 0:
            row = self._first_text(item.head)
        if row < 0:
            return None
        text = self._snapshot.passage(row)
        place = self._snapshot.places[row]
        marked = marker.marks(text)
        if marked and len(text) - marked[-1][1] < NEAR_THE_END:
            text = self._continued(row, text)
            marked = marker.marks(text)
        start, end = window(text, marked)
        kind = KINDS[int(place["kind"])]
        offset = int(place["offset"]) + start if kind == "body" else -1
        return Snippet(kind, text[start:end], clip(marked, start, end), offset)

    def _continued(self, row: int, text: str) -> str:
        """Return a passage and the one behind it, so that a sentence found at its end is shown whole."""
        places = self._snapshot.places
        here, behind = places[row], places[min(row + 1, len(places) - 1)]
        follows = (
            row + 1 < len(places)
            and self._snapshot.head_of[row] == self._snapshot.head_of[row + 1]
            and here["kind"] == behind["kind"] == KINDS.index("body")
            and here["offset"] + here["length"] == behind["offset"]
        )
        return text[: int(here["length"])] + self._snapshot.passage(row + 1) if follows else text

    def _first_text(self, head: int) -> int:
        first, last = self._snapshot.first_passage[head], self._snapshot.first_passage[head + 1]
        kinds = self._snapshot.places["kind"][first:last]
        for kind in ("summary", "body", "wording"):
            rows = np.flatnonzero(kinds == KINDS.index(kind))
            if len(rows):
                return int(first + rows[0])
        return -1

    def _file_hit(self, found: Scores, marker: Marker, head: int) -> FileHit | None:
        row = best_passage(self._snapshot, found, head, only="file")
        if row < 0:
            return None
        name, kind, number, label = json.loads(self._snapshot.label(row))
        text = self._snapshot.passage(row)
        marked = marker.marks(text)
        start, end = window(text, marked)
        attachment = int(self._snapshot.places[row]["file"])
        return FileHit(attachment, name, kind, number, label, text[start:end], clip(marked, start, end))

    def _why(self, item: Ranked, plan: Plan, title: str, file: FileHit | None) -> tuple[str, ...]:
        reasons: list[str] = []
        others = [
            (unit.text, meant)
            for unit in telling_units(plan)
            if (meant := [item for item in unit.alternatives if item.rung in WHY])
        ]
        shown = (
            fold(title + (self._snapshot.passage(item.passage) if item.passage >= 0 else ""))
            if others
            else ""
        )
        for typed, meant in others:
            if typed not in shown:
                said = (f"{WHY[other.rung]}：{other.text}" for other in meant if other.text in shown)
                reasons += islice(said, 1)
        if item.rung is Rung.PARTIAL:
            reasons.append("部分匹配")
        if file is not None:
            reasons.append(_place_name(file))
        return tuple(dict.fromkeys(reasons))

    def suggest(self, query: SuggestQuery) -> list[Suggestion]:
        """Return articles for a text being typed, best first.

        Where enough titles hold the very text, they are all; only otherwise are other spellings,
        single words and synonyms of it looked for.
        """
        shown = self._snapshot.states(query.instant.timestamp()).current
        heads = self._opened.title_texts.find(query.text, self._readable(query) & shown, query.limit)
        if heads:
            return [self._suggestion(head, (query.text,)) for head in heads]
        plan = self._opened.planner(self._readable(query)).plan(query.text)
        if not plan.units:
            return []
        ranked = self._titles(plan, query, exclude=0)
        inside = holding(self._opened.scorer, plan, self._readable(query) & shown, query.limit)
        # Whoever types wording or a document number wants the article that holds it, not a title like it.
        whole = [item.head for item in ranked if item.rung < Rung.PARTIAL]
        order = dict.fromkeys([*whole, *inside, *(item.head for item in ranked)])
        texts = wanted_texts(plan)
        return [self._suggestion(head, texts) for head in list(order)[: query.limit]]

    def related(self, article_id: int, query: SuggestQuery) -> list[Suggestion]:
        """Return articles about the same thing as another's title, best first."""
        plan = self._opened.planner(self._readable(query)).plan(query.text, verbatim=True)
        if not plan.units:
            return []
        texts = wanted_texts(plan)
        return [self._suggestion(item.head, texts) for item in self._titles(plan, query, exclude=article_id)]

    def _readable(self, query: SuggestQuery) -> BoolArray:
        return readable(self._snapshot, query.access_keys)

    def _titles(self, plan: Plan, query: SuggestQuery, exclude: int) -> list[Ranked]:
        snapshot = self._snapshot
        scope = Scope.TITLE if not exclude else Scope.TITLE_CONTENT
        lookup = self._opened.scorer.look_up(plan, scope, in_titles=scope is Scope.TITLE)
        shown = snapshot.states(query.instant.timestamp()).current
        allowed = self._readable(query) & shown & (snapshot.column("article") != exclude)
        found = self._opened.scorer.score(lookup, self._opened.scorer.leading(lookup, allowed))
        everything, title_of = np.arange(len(found.heads)), self._opened.title_of
        # At one instant an article shows one revision, so nothing has to be folded.
        ranked = rank(self._opened.scorer, title_of, found, plan, scope, everything, query.limit)
        return ranked[: query.limit]

    def _suggestion(self, head: int, texts: Sequence[str]) -> Suggestion:
        title, record = self._snapshot.title(head), self._snapshot.heads[head]
        return Suggestion(int(record["article"]), title, marks(title, texts), int(record["department"]))

    def mark(self, query_text: str, text: str) -> Marks:
        """Return where the words of a query stand in a text."""
        plan = self._opened.planner(self._snapshot.alive).plan(query_text)
        return Marker.of(plan).marks(text) if plan.units else ()


def _tier(item: Ranked, names: dict[Rung, str]) -> str:
    return "exact" if item.verbatim and item.rung is Rung.EXACT else names[item.rung]


def _tiers(rungs: Mapping[Rung, int], verbatim: int) -> dict[str, int]:
    names = rung_names()
    tiers = {names[rung]: count for rung, count in rungs.items()}
    exact = names[Rung.EXACT]
    counts = {"exact": verbatim, **tiers, exact: tiers.get(exact, 0) - verbatim}
    return {name: count for name, count in counts.items() if count}


def _status(conditions: Masks, head: int) -> str:
    if conditions.current[head]:
        return "current"
    return "scheduled" if conditions.scheduled[head] else "ended"


def _counts(values: IntArray) -> dict[int, int]:
    counts = np.bincount(values)
    numbers = np.flatnonzero(counts)
    return dict(zip(numbers.tolist(), counts[numbers].tolist(), strict=True))


def _place_name(file: FileHit) -> str:
    names = {"page": f"附件第 {file.number} 页", "slide": f"附件第 {file.number} 张幻灯片"}
    if file.kind == "sheet":
        return f"附件工作表“{file.label}”第 {file.number} 行"
    return names.get(file.kind, "附件名称" if file.kind == "name" else "附件")
