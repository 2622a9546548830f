"""Articles and their revisions: writing them, approving them, numbering every change."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session, selectinload

from kb.access import Actor, AudienceScope, key_for
from kb.errors import Conflict, Forbidden, Invalid, NotFound
from kb.markup import MarkupTooLarge, render, sanitizer_version
from kb.models import (
    OPEN_STATES,
    Article,
    ChangeCounter,
    Department,
    Node,
    Revision,
    RevisionState,
    WordingBlock,
)
from kb.revision_text import (
    IMPORTED_BODY_LIMIT,
    TITLE_LIMIT,
    TYPED_BODY_LIMIT,
    RevisionText,
    Wording,
    check_text,
)
from kb.revisions import settle
from kb.sealing import reseal

__all__ = [
    "IMPORTED_BODY_LIMIT",
    "TITLE_LIMIT",
    "TYPED_BODY_LIMIT",
    "RevisionText",
    "Wording",
    "add_revision",
    "approve",
    "create_article",
    "next_change",
    "next_number",
    "open_revision",
    "owns",
    "touch",
    "visible_article",
    "visible_revisions",
    "write_text",
]


def next_change(session: Session) -> int:
    """Take the next change number; the row lock makes number order equal commit order."""
    taken = session.execute(
        update(ChangeCounter).where(ChangeCounter.id == 1).values(value=ChangeCounter.value + 1)
    )
    if taken.rowcount == 0:  # type: ignore[attr-defined]
        session.add(ChangeCounter(id=1, value=1))
        session.flush()
    return session.scalars(select(ChangeCounter.value).where(ChangeCounter.id == 1)).one()


def touch(session: Session, article: Article) -> None:
    """Number a change of an article so that every index picks it up."""
    article.change_seq = next_change(session)


def create_article(
    session: Session,
    node: Node,
    owner: Department,
    at: datetime,
    *,
    source: str = "",
    external_id: str | None = None,
    audience_id: int | None = None,
) -> Article:
    """Create an article without any revision yet."""
    article = Article(
        source=source,
        external_id=external_id,
        node=node,
        owner_department=owner,
        audience_id=audience_id,
        access_key=key_for(session, node, audience_id),
        created_at=at,
    )
    session.add(article)
    session.flush()
    touch(session, article)
    return article


def add_revision(
    session: Session,
    article: Article,
    text: RevisionText,
    at: datetime,
    *,
    author_id: int | None = None,
    approved_at: datetime | None = None,
    limit: int = TYPED_BODY_LIMIT,
    title_limit: int = TITLE_LIMIT,
) -> Revision:
    """Add a revision: rendered and sanitised now, so that no read path ever has to.

    Args:
        at: When it was written.
        approved_at: When what comes from another system was approved; ``None`` makes it a draft. The
            caller still calls ``approve``.

    Raises:
        Conflict: if it would be a second draft of the article.
        Invalid: if the text breaks a rule.
    """
    check_text(text, limit, title_limit)
    if approved_at is None and open_revision(session, article.id) is not None:
        raise Conflict("这篇知识已经有一份正在编辑或审核的草稿。")
    number = next_number(session, article.id)
    revision = Revision(
        article=article,
        number=number,
        state=RevisionState.DRAFT if approved_at is None else RevisionState.APPROVED,
        approved_at=approved_at,
        author_id=author_id,
        created_at=at,
        saved_at=at,
    )
    write_text(session, revision, text, limit=limit)
    return revision


def open_revision(session: Session, article_id: int) -> Revision | None:
    """Return the one revision of an article that is being written or reviewed, if there is one."""
    return session.scalar(
        select(Revision).where(Revision.article_id == article_id, Revision.state.in_(OPEN_STATES))
    )


def next_number(session: Session, article_id: int) -> int:
    """Return the number of an article's next revision."""
    highest = session.scalar(select(func.max(Revision.number)).where(Revision.article_id == article_id))
    return max(highest or 0, 0) + 1


def write_text(session: Session, revision: Revision, text: RevisionText, *, limit: int) -> None:
    """Write what an author wrote into a revision that is not approved yet, and seal it.

    Raises:
        Invalid: if the text is too intricate to be rendered.
    """
    try:
        rendered = render(text.source, text.format, limit=limit)
    except MarkupTooLarge as error:
        raise Invalid(
            "正文的结构过于复杂，未能保存；请减少嵌套层级后再试。", {"source": str(error)}
        ) from error
    revision.title = text.title.strip()
    revision.format = text.format
    revision.source = text.source
    revision.html = rendered.html
    revision.text = rendered.text
    revision.headings = json.dumps([asdict(heading) for heading in rendered.headings], ensure_ascii=False)
    revision.sanitizer_version = sanitizer_version()
    for field in ("summary", "internal_notes", "document_number", "tags", "change_summary"):
        setattr(revision, field, getattr(text, field).strip())
    revision.effective_from = text.effective_from
    revision.effective_to = text.effective_to
    with session.no_autoflush:
        written = [(block.title, block.text) for block in revision.wording]
    if written != [(block.title, block.text) for block in text.wording]:
        revision.wording = [
            WordingBlock(position=position, title=block.title, text=block.text)
            for position, block in enumerate(text.wording)
        ]
    revision.text_hash = revision.content_hash = ""
    session.add(revision)
    reseal(session, revision)


def approve(session: Session, revision: Revision, at: datetime, approver_id: int | None = None) -> None:
    """Approve a revision as of ``at``, settle what is shown when, and number the change.

    Raises:
        Forbidden: if the approver is the author.
    """
    if approver_id is not None and approver_id == revision.author_id:
        raise Forbidden("作者不能审核自己撰写的版本。")
    revision.state = RevisionState.APPROVED
    revision.approved_at = revision.decided_at = at
    revision.approver_id = approver_id
    if revision.article.withdrawn_at is not None and revision.article.withdrawn_at <= at:
        # Approving a new revision brings a withdrawn article back; what was shown before stays ended.
        revision.article.withdrawn_at = revision.article.successor_id = None
        revision.article.withdrawn_reason = ""
    settle(revision.article)
    touch(session, revision.article)


# Put together once, because every page about an article asks it.
_READABLE = (
    select(Article)
    .where(Article.id == bindparam("article"))
    .options(selectinload(Article.revisions).selectinload(Revision.wording))
)
_WITHIN = _READABLE.where(Article.access_key.concat("").in_(bindparam("access_keys", expanding=True)))


def visible_article(session: Session, article_id: int, scope: AudienceScope) -> Article:
    """Return an article with its revisions if the scope admits it and it was ever shown or will be.

    Raises:
        NotFound: if there is none, or the viewer may not know of it.
    """
    within = {} if scope.keys is None else {"access_keys": sorted(scope.keys)}
    statement = _READABLE if scope.keys is None else _WITHIN
    article = session.scalar(statement, {"article": article_id, **within})
    if article is None or all(revision.shown_from is None for revision in article.revisions):
        raise NotFound("没有找到这篇知识。")
    return article


def visible_revisions(
    session: Session, revision_ids: Sequence[int], scope: AudienceScope
) -> Mapping[int, Revision]:
    """Return the approved revisions that still exist and that the scope admits, by id, in two queries."""
    rows = session.scalars(
        select(Revision)
        .join(Article, Article.id == Revision.article_id)
        .where(Revision.id.in_(revision_ids), Revision.shown_from.is_not(None), scope.clause())
        .options(selectinload(Revision.article), selectinload(Revision.wording))
    )
    return {revision.id: revision for revision in rows}


def owns(actor: Actor, article: Article) -> bool:
    """Return whether the actor belongs to the department that owns the article."""
    return article.owner_department_id in actor.department_ids
