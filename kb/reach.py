"""What a change of the tree or of an audience would do: how many articles, and who would see more or less."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.access import READS_EVERYTHING, Actor, access_key
from kb.audiences import Rule
from kb.models import Article, Audience, Node, Person, Role


@dataclass(frozen=True)
class Place:
    """Where a node hangs and which audience it carries."""

    parent_id: int | None
    audience_id: int | None


@dataclass(frozen=True)
class Impact:
    """What a change would do; compare ``fingerprint`` to see whether it still would.

    Args:
        articles: How many articles stand at the nodes concerned.
        changed: How many of them would be kept for other people than now.
        losing: How many active people could no longer read at least one of them.
        gaining: How many could read at least one that they cannot read now.
        fingerprint: Stands for the articles, the people and the change.
    """

    articles: int
    changed: int
    losing: int
    gaining: int
    fingerprint: str


KeyChange = tuple[str, str]


def places(session: Session) -> dict[int, Place]:
    """Return where every node hangs, in one query."""
    rows = session.execute(select(Node.id, Node.parent_id, Node.audience_id))
    return {node_id: Place(parent_id, audience_id) for node_id, parent_id, audience_id in rows}


def move_impact(session: Session, node: Node, parent_id: int | None) -> Impact:
    """Return what hanging a node under another (``None``: at the top) would do."""
    now = places(session)
    then = {**now, node.id: replace(now[node.id], parent_id=parent_id)}
    return _tree_impact(session, node, now, then, {})


def audience_of_node_impact(session: Session, node: Node, audience_id: int | None) -> Impact:
    """Return what keeping a node for an audience would do."""
    now = places(session)
    then = {**now, node.id: replace(now[node.id], audience_id=audience_id)}
    return _tree_impact(session, node, now, then, {})


def merge_impact(session: Session, node: Node, target: Node) -> Impact:
    """Return what putting everything at and below a node into another would do."""
    now = places(session)
    then = {
        node_id: replace(place, parent_id=target.id) if place.parent_id == node.id else place
        for node_id, place in now.items()
    }
    return _tree_impact(session, node, now, then, {node.id: target.id})


def article_audience_impact(session: Session, article: Article, audience_id: int | None) -> Impact:
    """Return what keeping one article for an audience would do."""
    inherited = _audiences(article.node_id, places(session))
    pair = (access_key([article.audience_id, *inherited]), access_key([audience_id, *inherited]))
    pairs = {pair} if pair[0] != pair[1] else set()
    rules = _rules_by_audience(session)
    losing, gaining = _people(session, pairs, rules, rules)
    return _impact(1, len(pairs), losing, gaining, [article.id, *sorted(map(list, pairs))])


def audience_impact(session: Session, audience: Audience, rules: Sequence[Rule]) -> Impact:
    """Return what another set of rules would do to the articles that carry the audience."""
    counts = {
        key: count
        for key, count in session.execute(
            select(Article.access_key, func.count())
            .where(Article.access_key != "")
            .group_by(Article.access_key)
        )
        if str(audience.id) in key.split("+")
    }
    before = _rules_by_audience(session)
    after = {**before, audience.id: tuple(dict.fromkeys(rules))}
    total = sum(counts.values())
    losing, gaining = _people(session, {(key, key) for key in counts}, before, after)
    changed = total if set(before.get(audience.id, ())) != set(after[audience.id]) else 0
    return _impact(total, changed, losing, gaining, [audience.id, *map(repr, after[audience.id])])


def _tree_impact(
    session: Session,
    node: Node,
    now: Mapping[int, Place],
    then: Mapping[int, Place],
    homes: Mapping[int, int],
) -> Impact:
    inside = {node_id for node_id in now if node.id in _way_up(node_id, now)}
    rows = session.execute(
        select(Article.node_id, Article.audience_id, func.count())
        .where(Article.node_id.in_(inside))
        .group_by(Article.node_id, Article.audience_id)
    )
    total, changed = 0, 0
    pairs: set[KeyChange] = set()
    for node_id, audience_id, count in rows:
        old = access_key([audience_id, *_audiences(node_id, now)])
        new = access_key([audience_id, *_audiences(homes.get(node_id, node_id), then)])
        total += count
        if old != new:
            changed += count
            pairs.add((old, new))
    rules = _rules_by_audience(session)
    losing, gaining = _people(session, pairs, rules, rules)
    return _impact(total, changed, losing, gaining, [node.id, *sorted(map(list, pairs))])


def _way_up(node_id: int, tree: Mapping[int, Place]) -> list[int]:
    way: list[int] = []
    step: int | None = node_id
    while step is not None and step not in way:
        way.append(step)
        step = tree[step].parent_id
    return way


def _audiences(node_id: int, tree: Mapping[int, Place]) -> Iterable[int | None]:
    return [tree[step].audience_id for step in _way_up(node_id, tree)]


def _rules_by_audience(session: Session) -> dict[int, tuple[Rule, ...]]:
    return {
        audience.id: tuple(
            Rule(rule.department_id, Role(rule.role) if rule.role else None) for rule in audience.rules
        )
        for audience in session.scalars(select(Audience))
    }


def _people(
    session: Session,
    pairs: set[KeyChange],
    before: Mapping[int, Sequence[Rule]],
    after: Mapping[int, Sequence[Rule]],
) -> tuple[int, int]:
    """Count who loses and who gains by the changes of keys, in a fixed number of queries."""
    if not pairs:
        return 0, 0
    losing = gaining = 0
    for person in session.scalars(select(Person).where(Person.is_active)):
        actor = Actor.of(person)
        if actor.roles & READS_EVERYTHING:
            continue
        reads = [(_reads(actor, old, before), _reads(actor, new, after)) for old, new in pairs]
        losing += any(had and not has for had, has in reads)
        gaining += any(has and not had for had, has in reads)
    return losing, gaining


def _reads(actor: Actor, key: str, rules: Mapping[int, Sequence[Rule]]) -> bool:
    return all(
        any(_fits(rule, actor) for rule in rules.get(int(part), ())) for part in key.split("+") if part
    )


def _fits(rule: Rule, actor: Actor) -> bool:
    return (
        rule != Rule()
        and (rule.department_id is None or rule.department_id in actor.department_ids)
        and (rule.role is None or rule.role in actor.roles)
    )


def _impact(articles: int, changed: int, losing: int, gaining: int, change: Sequence[object]) -> Impact:
    plain = json.dumps([articles, changed, losing, gaining, *change])
    return Impact(articles, changed, losing, gaining, hashlib.sha256(plain.encode()).hexdigest()[:32])
