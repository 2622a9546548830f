"""What changed since a change number, as documents for an index."""

from collections.abc import Iterator, Sequence

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
        yield IndexDocument(
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
            shown_from=revision.shown_from,
            shown_to=revision.shown_to,
            previous_from=shown[position - 1].shown_from if position else None,
            next_from=following,
            published_at=first_published,
            updated_at=revision.approved_at,
            effective_at=revision.effective_from or revision.approved_at,
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
