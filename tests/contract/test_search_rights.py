"""Rights: nothing that a search tells may count or show what the viewer may not read."""

import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kb.ports import (
    DateField,
    DateRange,
    EngineQuery,
    IndexDocument,
    Scope,
    SearchEngine,
    StatusFilter,
    SuggestQuery,
)
from tests.contract.conftest import EngineOf
from tests.indexer.world import NOW, document, file, query

DAY = timedelta(days=1)
# Pairs of characters that neither sound nor look alike, so that only what stands there is found.
TOKENS = ("年费", "挂失", "汇款", "存单", "利率")
KEYS = ("", "1", "2", "1+2")
INSTANTS = (NOW - 25 * DAY, NOW - 5 * DAY, NOW)

WORLDS = int(os.environ.get("KB_WORLDS", "30"))
# Every example builds an index: making a failing one smaller would take minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)

TEXTS = st.lists(st.sampled_from(TOKENS), max_size=3).map("，".join)
PIECE = st.tuples(TEXTS, TEXTS, TEXTS)
ARTICLE = st.fixed_dictionaries(
    {
        "pieces": st.lists(PIECE, min_size=1, max_size=3),
        "key": st.sampled_from(KEYS),
        "node": st.integers(1, 3),
        "department": st.integers(1, 2),
        "start": st.integers(-30, 5),
        "gap": st.integers(1, 20),
        "ended": st.booleans(),
    }
)
WORLD = st.lists(ARTICLE, min_size=1, max_size=9)
ASKED = st.builds(
    EngineQuery,
    text=st.sampled_from(TOKENS),
    instant=st.sampled_from(INSTANTS),
    access_keys=st.none() | st.frozensets(st.sampled_from(KEYS)).map(lambda keys: keys | {""}),
    scope=st.sampled_from(list(Scope)),
    status=st.sampled_from(list(StatusFilter)),
    date_range=st.none()
    | st.builds(
        DateRange, st.sampled_from(list(DateField)), st.just(NOW - 12 * DAY), st.none() | st.just(NOW)
    ),
    node_ids=st.none() | st.frozensets(st.integers(1, 3), min_size=1),
    department_id=st.none() | st.integers(1, 2),
    verbatim=st.just(True),
    limit=st.just(100),
)


def documents_of(article_id: int, drawn: dict) -> list[IndexDocument]:  # type: ignore[type-arg]
    starts = [NOW + (drawn["start"] + drawn["gap"] * number) * DAY for number in range(len(drawn["pieces"]))]
    made = []
    for number, (title, body, attached) in enumerate(drawn["pieces"]):
        following = starts[number + 1] if number + 1 < len(starts) else None
        end = starts[number] + DAY if drawn["ended"] else following
        made.append(
            document(
                article_id,
                f"甲{title}",
                body,
                revision_id=article_id * 10 + number,
                access_key=drawn["key"],
                node_id=drawn["node"],
                department_id=drawn["department"],
                files=(file(1, "表", ("text", 0, "", attached)),) if attached else (),
                shown_from=starts[number],
                shown_to=end,
                previous_from=starts[number - 1] if number else None,
                next_from=following,
                published_at=starts[0],
                updated_at=starts[number],
                effective_at=starts[number],
            )
        )
    return made


@dataclass
class Expected:
    """The same search by brute force over plain documents."""

    documents: list[IndexDocument]

    def articles(self, asked: EngineQuery) -> set[int]:
        return {each.article_id for each in self.documents if self._admits(each, asked)}

    def more(self, asked: EngineQuery, **lifted: object) -> int:
        return len(self.articles(replace(asked, **lifted)) - self.articles(asked))  # type: ignore[arg-type]

    def _admits(self, each: IndexDocument, asked: EngineQuery) -> bool:
        return (
            (asked.access_keys is None or each.access_key in asked.access_keys)
            and (asked.node_ids is None or each.node_id in asked.node_ids)
            and (asked.department_id is None or each.department_id == asked.department_id)
            and status(each, asked.instant) in admitted(asked.status)
            and in_range(each, asked.date_range)
            and any(asked.text in text for text in parts(each, asked.scope))
        )


def status(each: IndexDocument, instant: datetime) -> str:
    if each.shown_from > instant:
        return "scheduled" if each.previous_from is None or each.previous_from <= instant else "later"
    if each.shown_to is None or each.shown_to > instant:
        return "current"
    return "ended" if each.next_from is None or each.next_from > instant else "superseded"


def admitted(chosen: StatusFilter) -> set[str]:
    by_filter = {StatusFilter.CURRENT: {"current"}, StatusFilter.PREFER: {"current", "ended"}}
    return by_filter.get(chosen, {"current", "ended", "scheduled"})


def in_range(each: IndexDocument, wanted: DateRange | None) -> bool:
    if wanted is None:
        return True
    dates = {
        DateField.PUBLISHED: each.published_at,
        DateField.UPDATED: each.updated_at,
        DateField.EFFECTIVE: each.effective_at,
    }
    value = dates[wanted.field]
    return (wanted.start is None or value >= wanted.start) and (wanted.end is None or value < wanted.end)


def parts(each: IndexDocument, scope: Scope) -> list[str]:
    attached = [part.text for kept in each.files for part in kept.parts]
    return {
        Scope.ALL: [each.title, each.body, *attached],
        Scope.TITLE: [each.title],
        Scope.CONTENT: [each.body],
        Scope.TITLE_CONTENT: [each.title, each.body],
        Scope.ATTACHMENT: attached,
    }[scope]


def made(engine_of: EngineOf, world: list[dict]) -> tuple[SearchEngine, Expected]:  # type: ignore[type-arg]
    documents = [each for number, drawn in enumerate(world, start=1) for each in documents_of(number, drawn)]
    return engine_of(*documents), Expected(documents)


@settings(max_examples=WORLDS, phases=PHASES, derandomize=True)
@given(world=WORLD, searches=st.lists(ASKED, min_size=4, max_size=8))
def test_hits_totals_and_facets_are_those_of_brute_force(
    engine_of: EngineOf,
    world: list[dict],
    searches: list[EngineQuery],  # type: ignore[type-arg]
) -> None:
    engine, expected = made(engine_of, world)
    for asked in searches:
        answer, wanted = engine.search(asked), expected.articles(asked)
        assert sorted(hit.article_id for hit in answer.hits) == sorted(wanted)
        assert answer.total == answer.full == sum(answer.tiers.values()) == len(wanted)
        assert answer.nodes == count(world, wanted, "node")
        assert answer.departments == count(world, wanted, "department")


@settings(max_examples=WORLDS, phases=PHASES, derandomize=True)
@given(world=WORLD, searches=st.lists(ASKED, min_size=4, max_size=8))
def test_hidden_counts_are_those_of_brute_force(
    engine_of: EngineOf,
    world: list[dict],
    searches: list[EngineQuery],  # type: ignore[type-arg]
) -> None:
    engine, expected = made(engine_of, world)
    for asked in searches:
        hidden = engine.search(asked).hidden
        assert hidden.by_time == expected.more(asked, date_range=None)
        assert hidden.by_node == expected.more(asked, node_ids=None)
        assert hidden.by_department == expected.more(asked, department_id=None)
        assert hidden.by_status == expected.more(asked, status=StatusFilter.ALL)
        assert hidden.by_scope == expected.more(asked, scope=Scope.ALL)


@settings(max_examples=WORLDS, phases=PHASES, derandomize=True)
@given(world=WORLD, asked=ASKED)
def test_suggestions_and_relations_are_readable_and_in_force(
    engine_of: EngineOf,
    world: list[dict],
    asked: EngineQuery,  # type: ignore[type-arg]
) -> None:
    engine, expected = made(engine_of, world)
    typed = SuggestQuery(asked.text, asked.instant, asked.access_keys, limit=50)
    anything = replace(
        asked,
        scope=Scope.TITLE,
        status=StatusFilter.CURRENT,
        date_range=None,
        node_ids=None,
        department_id=None,
    )
    exact = expected.articles(anything)
    open_to = expected.articles(replace(anything, text="", scope=Scope.ALL))
    suggested = [each.article_id for each in engine.suggest(typed)]
    assert len(set(suggested)) == len(suggested)
    assert exact <= set(suggested) <= open_to
    for article in range(1, len(world) + 1):
        related = {each.article_id for each in engine.related(article, typed)}
        assert related <= open_to - {article}


def count(world: list[dict], articles: set[int], name: str) -> dict[int, int]:  # type: ignore[type-arg]
    found: dict[int, int] = {}
    for article in articles:
        found[world[article - 1][name]] = found.get(world[article - 1][name], 0) + 1
    return found


SECRET = document(1, "凤凰并购项目内部口径", "凤凰并购项目的口径。", access_key="9")
OPEN = tuple(document(number, f"公开知识第{number}篇", "公开的正文。") for number in range(2, 6))


def told(engine: SearchEngine, text: str) -> str:
    """Return everything that an answer to somebody without rights says, as one text."""
    asked = query(text, access_keys=frozenset({""}))
    answer = engine.search(asked)
    return repr((answer, engine.suggest(SuggestQuery(text, NOW, frozenset({""})))))


def test_corrections_and_reasons_do_not_tell_words_of_what_may_not_be_read(engine_of: EngineOf) -> None:
    engine = engine_of(SECRET, *OPEN)
    for text in ("凤煌并购", "fenghuang", "fhbg", "凤凤并购项目", "风黄并购项目"):
        assert "凤凰" not in told(engine, text).replace(text, "")


def test_an_article_behind_a_conjunction_of_audiences_needs_the_whole_key(engine_of: EngineOf) -> None:
    engine = engine_of(document(1, "挂失口径", access_key="1+2"))
    for keys, total in ((frozenset({""}), 0), (frozenset({"", "1"}), 0), (frozenset({"1", "2", "1+2"}), 1)):
        assert engine.search(query("挂失", access_keys=keys)).total == total


def test_nobody_reads_anything_without_a_key(engine_of: EngineOf) -> None:
    engine = engine_of(SECRET, *OPEN)
    for text in ("口径", "公开", ""):
        assert engine.search(query(text, access_keys=frozenset())).total == 0
