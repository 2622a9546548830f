"""Articles and their revisions: writing them, approving them, numbering every change."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, selectinload

from kb.access import Actor, AudienceScope, key_for
from kb.errors import Forbidden, Invalid, NotFound
from kb.markup import MarkupTooLarge, render, sanitizer_version
from kb.models import Article, ChangeCounter, Department, Node, Revision, RevisionState, WordingBlock
from kb.revisions import settle

TITLE_LIMIT = 200
TYPED_BODY_LIMIT = 200_000
IMPORTED_BODY_LIMIT = 5_000_000


@dataclass(frozen=True)
class Wording:
    """One block of official wording."""

    title: str
    text: str


@dataclass(frozen=True)
class RevisionText:
    """What an author writes; instants are aware, ``None`` is open-ended."""

    title: str
    source: str
    format: Literal["markdown", "html"] = "markdown"
    summary: str = ""
    wording: tuple[Wording, ...] = ()
    internal_notes: str = ""
    document_number: str = ""
    tags: str = ""
    change_summary: str = ""
    effective_from: datetime | None = None
    effective_to: datetime | None = None


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


def content_hash(text: RevisionText) -> str:
    """Return the SHA-256 over everything an author wrote; attached files are folded in later."""
    values: dict[str, object] = asdict(text)
    for key in ("effective_from", "effective_to"):
        instant = values[key]
        values[key] = instant.isoformat() if isinstance(instant, datetime) else None
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def check_text(text: RevisionText, limit: int, title_limit: int = TITLE_LIMIT) -> None:
    """Refuse text that breaks a rule.

    Raises:
        Invalid: with every broken rule by field.
    """
    errors: dict[str, str] = {}
    if not text.title.strip():
        errors["title"] = "请填写标题。"
    elif len(text.title) > title_limit:
        errors["title"] = f"标题最多 {title_limit} 个字，现在是 {len(text.title)} 个字。"
    if len(text.source) > limit:
        errors["source"] = (
            f"正文最多 {limit:,} 个字符，现在是 {len(text.source):,} 个字符；内容没有被截断，请拆分后再保存。"
        )
    if text.effective_from and text.effective_to and text.effective_to <= text.effective_from:
        errors["effective_to"] = "失效时间必须晚于生效时间。"
    if errors:
        raise Invalid("内容未能保存，请按提示修改。", errors)


def add_revision(
    session: Session,
    article: Article,
    text: RevisionText,
    at: datetime,
    *,
    author_id: int | None = None,
    limit: int = TYPED_BODY_LIMIT,
    title_limit: int = TITLE_LIMIT,
) -> Revision:
    """Add a draft revision: rendered and sanitised now, so that no read path ever has to.

    Raises:
        Invalid: if the text breaks a rule.
    """
    check_text(text, limit, title_limit)
    try:
        rendered = render(text.source, text.format, limit=limit)
    except MarkupTooLarge as error:
        raise Invalid(
            "正文的结构过于复杂，未能保存；请减少嵌套层级后再试。", {"source": str(error)}
        ) from error
    number = session.scalar(select(func.max(Revision.number)).where(Revision.article_id == article.id)) or 0
    revision = Revision(
        article=article,
        number=number + 1,
        state=RevisionState.DRAFT,
        title=text.title.strip(),
        format=text.format,
        source=text.source,
        html=rendered.html,
        text=rendered.text,
        headings=json.dumps([asdict(heading) for heading in rendered.headings], ensure_ascii=False),
        sanitizer_version=sanitizer_version(),
        summary=text.summary.strip(),
        internal_notes=text.internal_notes.strip(),
        document_number=text.document_number.strip(),
        tags=text.tags.strip(),
        change_summary=text.change_summary.strip(),
        content_hash=content_hash(text),
        author_id=author_id,
        created_at=at,
        effective_from=text.effective_from,
        effective_to=text.effective_to,
        wording=[
            WordingBlock(position=position, title=block.title, text=block.text)
            for position, block in enumerate(text.wording)
        ],
    )
    session.add(revision)
    session.flush()
    return revision


def approve(session: Session, revision: Revision, at: datetime, approver_id: int | None = None) -> None:
    """Approve a revision as of ``at``, settle what is shown when, and number the change.

    Raises:
        Forbidden: if the approver is the author.
    """
    if approver_id is not None and approver_id == revision.author_id:
        raise Forbidden("作者不能审核自己撰写的版本。")
    revision.state = RevisionState.APPROVED
    revision.approved_at = at
    revision.approver_id = approver_id
    settle(revision.article)
    touch(session, revision.article)


def visible_article(session: Session, article_id: int, scope: AudienceScope) -> Article:
    """Return an article with its revisions if the scope admits it and it was ever shown or will be.

    Raises:
        NotFound: if there is none, or the viewer may not know of it.
    """
    article = session.scalar(
        select(Article)
        .where(Article.id == article_id, scope.clause())
        .options(selectinload(Article.revisions).selectinload(Revision.wording))
    )
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
