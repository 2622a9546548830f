"""What is offered while a question is typed: articles, completions, own searches and categories."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope, audience_scope
from kb.activity import recent_searches
from kb.departments import department_names
from kb.errors import SearchUnavailable
from kb.feeds import hot_continuations, hot_queries
from kb.nodes import visible_nodes
from kb.ports import Marks, SearchEngine, SuggestQuery
from kb.structure import worked_out
from web.addresses import address_of, list_address
from web.sentences import sentence as _
from web.transactions import services

ROWS = 10
ARTICLES = 5
COMPLETIONS = 3
RECENT = 3
CATEGORIES = 2
# So many searches are compared with what is typed where letters may stand for characters.
REMEMBERED = 100
HOT_DAYS = 30

Item = dict[str, object]
Group = dict[str, object]


def groups(
    session: Session,
    actor: Actor,
    engine: SearchEngine,
    text: str,
    moment: datetime,
    as_of: datetime | None = None,
) -> list[Group]:
    """Return up to ten suggestions for a text being typed, grouped, each within the actor's rights.

    Args:
        as_of: Another moment whose articles are offered; rights are those of the present.

    Returns:
        Groups ``{"kind", "label", "items"}``; an item has ``text``, ``marks`` (character ranges),
        ``url`` and ``note``. Without a text: the actor's last searches and what colleagues ask.
    """
    scope = audience_scope(session, actor)
    if not text:
        recent = recent_searches(session, actor, limit=6)
        hot = [query for query in hot_queries(session, scope, moment, limit=6) if query not in recent]
        return _present(
            ("recent", _("最近搜索"), _queries(recent, "", as_of)),
            ("hot", _("大家在搜"), _queries(hot[:4], "", as_of)),
        )
    articles = _articles(session, scope, engine, text, moment, as_of)
    history = recent_searches(session, actor, REMEMBERED)
    wanted = _joined(text)
    own = [*(query for query in history if _joined(query).startswith(wanted)), *_begun(engine, text, history)]
    recent = [query for query in dict.fromkeys(own) if query != text][:RECENT]
    known = {text, *recent}
    asked = hot_continuations(session, scope, text, moment, limit=8)
    if _is_spelled(text):
        asked += _begun(engine, text, _hot(session, scope, moment))
    more = [query for query in dict.fromkeys(asked) if query not in known]
    room = max(1, ROWS - len(articles) - len(recent) - CATEGORIES)
    return _present(
        ("article", _("直达"), articles),
        ("completion", _("补全"), _queries(more[: min(room, COMPLETIONS)], text, as_of)),
        ("recent", _("最近搜索"), _queries(recent, text, as_of)),
        ("node", _("分类"), _categories(session, scope, engine, text, as_of)),
    )


def _hot(session: Session, scope: AudienceScope, moment: datetime) -> Sequence[str]:
    """Return what is asked often, added up once a minute for all who may hear of the same questions."""

    def ask() -> Sequence[str]:
        return hot_queries(session, scope, moment, days=HOT_DAYS, limit=REMEMBERED)

    return worked_out(session, ("hot", scope.outside), ask, at=int(moment.timestamp()) // 60)


@lru_cache(maxsize=20_000)
def _joined(query: str) -> str:
    return "".join(query.lower().split())


def _is_spelled(text: str) -> bool:
    return any(character.isascii() and character.isalpha() for character in text)


def _begun(engine: SearchEngine, text: str, queries: Sequence[str]) -> Sequence[str]:
    return engine.begun(text, queries) if _is_spelled(text) else ()


def _present(*candidates: tuple[str, str, list[Item]]) -> list[Group]:
    return [{"kind": kind, "label": label, "items": items} for kind, label, items in candidates if items]


def _articles(
    session: Session,
    scope: AudienceScope,
    engine: SearchEngine,
    text: str,
    moment: datetime,
    as_of: datetime | None,
) -> list[Item]:
    try:
        found = engine.suggest(SuggestQuery(text, as_of or moment, scope.keys, limit=ARTICLES))
    except SearchUnavailable:
        return []
    names = department_names(session)
    return [
        _item(
            hit.title,
            hit.marks,
            address_of("articles.page", hit.article_id, q=text, as_of=_minute(as_of)),
            names.get(hit.department_id, ""),
        )
        for hit in found
    ]


def _minute(as_of: datetime | None) -> str | None:
    return as_of.astimezone(services().zone).strftime("%Y-%m-%dT%H:%M") if as_of else None


def _queries(texts: Iterable[str], typed: str, as_of: datetime | None) -> list[Item]:
    past = _minute(as_of)
    return [
        _item(query, _prefix(query, typed), list_address("search.page", {"q": query, "as_of": past}))
        for query in texts
    ]


def _categories(
    session: Session, scope: AudienceScope, engine: SearchEngine, text: str, as_of: datetime | None
) -> list[Item]:
    nodes = visible_nodes(session, scope)
    wanted = text.casefold()
    begun = set(_begun(engine, text, [node.title for node in nodes.values()]))
    items: list[Item] = []
    for node in nodes.values():
        if len(items) == CATEGORIES:
            break
        place = node.title.casefold().find(wanted)
        if place >= 0 or node.title in begun:
            above = nodes.get(node.parent_id) if node.parent_id is not None else None
            marks = ((place, place + len(wanted)),) if place >= 0 else ()
            url = list_address("search.page", {"node": node.id, "as_of": _minute(as_of)})
            items.append(_item(node.title, marks, url, above.title if above else ""))
    return items


def _prefix(query: str, typed: str) -> Marks:
    return ((0, len(typed)),) if typed and query.casefold().startswith(typed.casefold()) else ()


def _item(text: str, marks: Sequence[tuple[int, int]], url: str, note: str = "") -> Item:
    return {"text": text, "marks": [list(mark) for mark in marks], "url": url, "note": note}
