"""What a draft would move among the golden queries, found out before it is approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from kb.access import AudienceScope
from kb.golden_queries import USUAL_RANK, Move, check
from kb.indexing import changes_if_approved
from kb.lexicon import all_pins
from kb.models import Article, Gap, GoldenQuery, Revision
from kb.ports import SearchEngine

# Every query is asked twice, which takes some hundredths of a second: more would keep a reviewer waiting.
MOST_CHECKED = 30


@dataclass(frozen=True)
class DraftMoves:
    """How queries stand now and would stand then.

    ``own`` must find the article itself, moved or not; ``others`` are those that move. ``left_out`` tells
    how many golden queries were not tried, because there are too many.
    """

    own: Sequence[Move]
    others: Sequence[Move]
    checked: int
    left_out: int

    @property
    def breaks(self) -> int:
        """How many hold now and would not any more."""
        return sum(move.breaks for move in [*self.own, *self.others])


def moves_of_draft(
    session: Session, engine: SearchEngine, scope: AudienceScope, draft: Revision, now: datetime
) -> DraftMoves:
    """Return what would move if a draft came into force, at the instant at which it would.

    Tried are the questions that the draft answers, the golden queries of its article, those of its
    department, then others, as far as the viewer may read what they must find.

    Raises:
        SearchUnavailable: if no index can be opened.
    """
    start = max(now, draft.effective_from or now)
    queries = [*_questions(session, draft), *_golden(session, scope, draft)]
    tried, pins = queries[:MOST_CHECKED], all_pins(session)
    with engine.rehearse(changes_if_approved(session, draft, start)) as changed:
        before, after = check(engine, tried, start, pins), check(changed, tried, start, pins)
    lines = [Move(old.query, old.rank, new.rank) for old, new in zip(before, after, strict=True)]
    return DraftMoves(
        own=[line for line in lines if line.query.article_id == draft.article_id],
        others=sorted(
            (line for line in lines if line.query.article_id != draft.article_id and line.has_moved),
            key=lambda line: not line.breaks,
        ),
        checked=len(tried),
        left_out=len(queries) - len(tried),
    )


def _questions(session: Session, draft: Revision) -> list[GoldenQuery]:
    # What was asked in vain becomes a golden query once the draft is in force.
    gaps = session.scalars(select(Gap).where(Gap.draft_article_id == draft.article_id, Gap.state == "open"))
    return [
        GoldenQuery(
            text=gap.text,
            folded=gap.folded,
            department_id=gap.department_id,
            article_id=draft.article_id,
            max_rank=USUAL_RANK,
            gap_id=gap.id,
        )
        for gap in gaps
    ]


def _golden(session: Session, scope: AudienceScope, draft: Revision) -> list[GoldenQuery]:
    department_id = draft.new_owner_department_id or draft.article.owner_department_id
    nearness = case(
        (GoldenQuery.article_id == draft.article_id, 0),
        (GoldenQuery.department_id == department_id, 1),
        else_=2,
    )
    statement = (
        select(GoldenQuery)
        .join(Article, Article.id == GoldenQuery.article_id)
        .where(scope.clause())
        .order_by(nearness, GoldenQuery.folded, GoldenQuery.id)
    )
    if draft.replaces_id is not None:
        # What the draft replaces need not be found any more.
        statement = statement.where(GoldenQuery.article_id != draft.replaces_id)
    return list(session.scalars(statement))
