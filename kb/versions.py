"""Two revisions of an article side by side: text, wording, notes, what is said about it, and its files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from kb.access import Actor, AudienceScope
from kb.diffs import Comparison, compare
from kb.draft_rights import draft_clause
from kb.errors import NotFound
from kb.models import Article, Attachment, Audience, Department, Node, Revision, RevisionState

_BLOCK_END = re.compile(r"(?=<(?:p|h[1-6]|li|tr|table|ul|ol|blockquote|pre|div)\b)")


@dataclass(frozen=True)
class FieldChange:
    """A field of the metadata with its value on either side; the name is a key, not a label."""

    field: str
    old: str
    new: str

    @property
    def is_changed(self) -> bool:
        """Whether the two values differ."""
        return self.old != self.new


@dataclass(frozen=True)
class FileChange:
    """A file by name: ``kind`` is ``same``, ``added``, ``removed`` or ``changed``."""

    name: str
    kind: str
    old_id: int | None
    new_id: int | None


@dataclass(frozen=True)
class VersionComparison:
    """Everything in which two revisions can differ.

    ``markup`` compares the HTML where the text is the same but its form is not, else it is ``None``.
    """

    old: Revision | None
    new: Revision
    title: Comparison
    summary: Comparison
    wording: Comparison
    body: Comparison
    notes: Comparison
    markup: Comparison | None
    fields: Sequence[FieldChange]
    files: Sequence[FileChange]

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs at all."""
        texts = (self.title, self.summary, self.wording, self.body, self.notes)
        return (
            all(text.is_equal for text in texts)
            and self.markup is None
            and not any(field.is_changed for field in self.fields)
            and all(file.kind == "same" for file in self.files)
        )

    @property
    def changes(self) -> int:
        """The number of places with a difference."""
        texts = (self.title, self.summary, self.wording, self.body, self.notes)
        return (
            sum(text.changes for text in texts)
            + (self.markup.changes if self.markup else 0)
            + sum(field.is_changed for field in self.fields)
            + sum(file.kind != "same" for file in self.files)
        )


def article_for(session: Session, actor: Actor, scope: AudienceScope, article_id: int) -> Article:
    """Return an article that the actor may read, or work on even though it was never shown.

    Raises:
        NotFound: if there is none, or the actor may not know of it.
    """
    article = session.scalar(select(Article).where(Article.id == article_id, scope.clause()))
    if article is None or not (_was_shown(article) or _open_ones(session, actor, article)):
        raise NotFound("没有找到这篇知识。")
    return article


def listed(session: Session, actor: Actor, article: Article) -> list[Revision]:
    """Return the revisions that the actor may see, newest first: approved ones, and drafts within rights."""
    drafts = _open_ones(session, actor, article)
    return [
        revision
        for revision in sorted(article.revisions, key=lambda item: item.number, reverse=True)
        if revision.state == RevisionState.APPROVED or revision.id in drafts
    ]


def _open_ones(session: Session, actor: Actor, article: Article) -> set[int]:
    return set(
        session.scalars(
            select(Revision.id)
            .join(Article, Article.id == Revision.article_id)
            .where(Article.id == article.id, draft_clause(session, actor))
        )
    )


def numbered(session: Session, actor: Actor, article: Article, number: int) -> Revision:
    """Return one of the revisions that the actor may see, with its texts loaded.

    Raises:
        NotFound: if there is none with this number.
    """
    found = next((item for item in listed(session, actor, article) if item.number == number), None)
    if found is None:
        raise NotFound("没有找到这个版本。")
    return session.get_one(
        Revision,
        found.id,
        options=[undefer(Revision.text), undefer(Revision.html), undefer(Revision.source)],
        populate_existing=True,
    )


def compared(session: Session, old: Revision | None, new: Revision, zone: ZoneInfo) -> VersionComparison:
    """Compare two revisions of an article; without an old one everything is new.

    Args:
        zone: The bank's zone, in which dates are written.
    """
    before = old.text if old is not None else ""
    body = compare(before, new.text)
    markup = None
    if old is not None and body.is_equal and old.html != new.html:
        markup = compare(_by_blocks(old.html), _by_blocks(new.html))
    names = _names(session, [item for item in (old, new) if item is not None])
    return VersionComparison(
        old=old,
        new=new,
        title=compare(old.title if old else "", new.title),
        summary=compare(old.summary if old else "", new.summary),
        wording=compare(_wording(old) if old else "", _wording(new)),
        body=body,
        notes=compare(old.internal_notes if old else "", new.internal_notes),
        markup=markup,
        fields=_fields(old, new, names, zone),
        files=_files(session, old, new),
    )


def _was_shown(article: Article) -> bool:
    return any(revision.shown_from is not None for revision in article.revisions)


def _by_blocks(html: str) -> str:
    return "\n".join(part for part in _BLOCK_END.split(html.replace("\n", " ")) if part)


def _wording(revision: Revision) -> str:
    return "\n\n".join(f"【{block.title}】\n{block.text}" for block in revision.wording)


def _names(session: Session, revisions: Sequence[Revision]) -> Mapping[tuple[str, int], str]:
    wanted: dict[type[Node] | type[Department] | type[Audience], set[int]] = {
        Node: {item.new_node_id or item.article.node_id for item in revisions},
        Department: {item.new_owner_department_id or item.article.owner_department_id for item in revisions},
        Audience: {number for item in revisions if (number := _audience(item)) is not None},
    }
    names = {}
    for model, ids in wanted.items():
        label = Node.title if model is Node else model.name  # type: ignore[union-attr]
        for number, name in session.execute(select(model.id, label).where(model.id.in_(ids))):
            names[model.__tablename__, number] = name
    return names


def _audience(revision: Revision) -> int | None:
    return revision.new_audience_id if revision.changes_audience else revision.article.audience_id


def _fields(
    old: Revision | None, new: Revision, names: Mapping[tuple[str, int], str], zone: ZoneInfo
) -> list[FieldChange]:
    def values(revision: Revision | None) -> dict[str, str]:
        if revision is None:
            return {}
        audience = _audience(revision)
        owner = revision.new_owner_department_id or revision.article.owner_department_id
        return {
            "node": names.get(("nodes", revision.new_node_id or revision.article.node_id), ""),
            "owner": names.get(("departments", owner), ""),
            "audience": names.get(("audiences", audience), "") if audience is not None else "",
            "document_number": revision.document_number,
            "tags": revision.tags,
            "effective_from": _minute(revision.effective_from, zone),
            "effective_to": _minute(revision.effective_to, zone),
            "format": revision.format,
            "replaces": str(revision.replaces_id or ""),
        }

    before, after = values(old), values(new)
    return [FieldChange(name, before.get(name, ""), after[name]) for name in after]


def _minute(instant: datetime | None, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M") if instant else ""


def _files(session: Session, old: Revision | None, new: Revision) -> list[FileChange]:
    ids = [item.id for item in (old, new) if item is not None]
    rows = session.scalars(
        select(Attachment).where(Attachment.revision_id.in_(ids)).order_by(Attachment.position, Attachment.id)
    ).all()
    before = {row.name: row for row in rows if old is not None and row.revision_id == old.id}
    after = {row.name: row for row in rows if row.revision_id == new.id}
    changes = []
    for name in dict.fromkeys([*after, *before]):
        left, right = before.get(name), after.get(name)
        if left is None or right is None:
            kind = "added" if left is None else "removed"
        else:
            kind = "same" if left.sha256 == right.sha256 else "changed"
        changes.append(FileChange(name, kind, left.id if left else None, right.id if right else None))
    return changes
