"""What changed since a change number, as documents for an index."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from kb.attachments import suffix_of
from kb.models import Article, Attachment, ChangeCounter, FilePart, FileText, Revision
from kb.ports import ArticleChange, IndexDocument, IndexedFile, TextPart


def latest_change(session: Session) -> int:
    """Return the highest change number that was committed; 0 in an empty database."""
    return session.scalar(select(ChangeCounter.value).where(ChangeCounter.id == 1)) or 0


def changed_articles(session: Session, after: int, limit: int) -> list[tuple[int, int]]:
    """Return up to ``limit`` pairs (change number, article id) after a cursor, in order."""
    rows = session.execute(
        select(Article.change_seq, Article.id)
        .where(Article.change_seq > after)
        .order_by(Article.change_seq)
        .limit(limit)
    )
    return [(seq, article_id) for seq, article_id in rows]


def all_article_ids(session: Session) -> list[int]:
    """Return the ids of every article, for a rebuild."""
    return list(session.scalars(select(Article.id).order_by(Article.id)))


def changes_of(session: Session, article_ids: Sequence[int]) -> Iterator[ArticleChange]:
    """Yield the present state of each article, in the given order, in a fixed number of queries."""
    articles = {
        article.id: article
        for article in session.scalars(
            select(Article)
            .where(Article.id.in_(article_ids))
            .options(
                selectinload(Article.revisions).undefer(Revision.text),
                selectinload(Article.revisions).selectinload(Revision.wording),
            )
            .execution_options(populate_existing=True)
        )
    }
    files = _files(session, article_ids)
    for article_id in article_ids:
        article = articles.get(article_id)
        documents = () if article is None else tuple(_documents(article, files))
        yield ArticleChange(article_id, documents)


def _documents(article: Article, files: dict[int, list[IndexedFile]]) -> Iterator[IndexDocument]:
    shown = sorted(
        (revision for revision in article.revisions if revision.shown_from is not None),
        key=lambda revision: (revision.shown_from, revision.number),
    )
    first_published = min((revision.shown_from for revision in shown if revision.shown_from), default=None)
    for position, revision in enumerate(shown):
        if revision.shown_from is None or first_published is None or revision.approved_at is None:
            continue
        following = shown[position + 1].shown_from if position + 1 < len(shown) else None
        yield _document(
            article,
            revision,
            files,
            shown_from=revision.shown_from,
            previous_from=shown[position - 1].shown_from if position else None,
            next_from=following,
            published_at=first_published,
            updated_at=revision.approved_at,
        )


def _document(
    article: Article,
    revision: Revision,
    files: dict[int, list[IndexedFile]],
    *,
    shown_from: datetime,
    previous_from: datetime | None,
    next_from: datetime | None,
    published_at: datetime,
    updated_at: datetime,
) -> IndexDocument:
    return IndexDocument(
        article_id=article.id,
        revision_id=revision.id,
        external_id=article.external_id or "",
        title=revision.title,
        document_number=revision.document_number,
        tags=revision.tags,
        summary=revision.summary,
        wording=tuple(block.text for block in revision.wording),
        body=revision.text,
        notes=revision.internal_notes,
        files=tuple(files.get(revision.id, ())),
        node_id=article.node_id,
        department_id=article.owner_department_id,
        access_key=article.access_key,
        shown_from=shown_from,
        shown_to=revision.shown_to,
        previous_from=previous_from,
        next_from=next_from,
        published_at=published_at,
        updated_at=updated_at,
        effective_at=revision.effective_from or updated_at,
    )


def _files(session: Session, article_ids: Sequence[int]) -> dict[int, list[IndexedFile]]:
    rows = session.execute(
        select(Attachment, FileText.id, FileText.suffix)
        .join(Revision, Revision.id == Attachment.revision_id)
        .join(FileText, FileText.sha256 == Attachment.sha256)
        .where(Revision.article_id.in_(article_ids), FileText.status == "ok")
        .order_by(Attachment.revision_id, Attachment.position)
    ).all()
    wanted = [row for row in rows if row.suffix == suffix_of(row.Attachment.name)]
    parts: dict[int, list[TextPart]] = {}
    for part in session.scalars(
        select(FilePart)
        .where(FilePart.file_text_id.in_({row.id for row in wanted}))
        .order_by(FilePart.file_text_id, FilePart.position)
    ):
        parts.setdefault(part.file_text_id, []).append(
            TextPart(part.kind, part.number, part.label, part.text)
        )
    found: dict[int, list[IndexedFile]] = {}
    for row in wanted:
        file = IndexedFile(row.Attachment.id, row.Attachment.name, tuple(parts.get(row.id, ())))
        found.setdefault(row.Attachment.revision_id, []).append(file)
    return found


def article_count(session: Session) -> int:
    """Return how many articles exist, for progress."""
    return session.scalar(select(func.count()).select_from(Article)) or 0


def changes_if_approved(session: Session, draft: Revision, start: datetime) -> list[ArticleChange]:
    """Return how an index would see things if a draft came into force, for a rehearsal.

    Args:
        start: When it would come into force; what it takes over from ends then.
    """
    ending = [draft.article_id] if draft.replaces_id is None else [draft.article_id, draft.replaces_id]
    changes = {change.article_id: _ended(change, start) for change in changes_of(session, ending)}
    article = draft.article
    former = changes[draft.article_id].documents
    coming = _document(
        article,
        draft,
        _files(session, [article.id]),
        shown_from=start,
        previous_from=max((document.shown_from for document in former), default=None),
        next_from=None,
        published_at=min((document.shown_from for document in former), default=start),
        updated_at=start,
    )
    coming = replace(
        coming,
        node_id=draft.new_node_id or article.node_id,
        department_id=draft.new_owner_department_id or article.owner_department_id,
        access_key=article.access_key if draft.new_access_key is None else draft.new_access_key,
        shown_to=draft.effective_to,
    )
    changes[draft.article_id] = ArticleChange(article.id, (*former, coming))
    return list(changes.values())


def _ended(change: ArticleChange, at: datetime) -> ArticleChange:
    kept = [
        replace(document, shown_to=min(document.shown_to or at, at), next_from=at)
        for document in change.documents
        if document.shown_from < at
    ]
    return ArticleChange(change.article_id, tuple(kept))
