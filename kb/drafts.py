"""Drafts: opening the one working revision of an article, saving into it, listing, discarding."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kb import audit, autosaves
from kb.access import Actor, audience_scope
from kb.articles import (
    TYPED_BODY_LIMIT,
    RevisionText,
    create_article,
    next_number,
    open_revision,
    write_text,
)
from kb.draft_rights import draft_clause, locked_draft, require_write, visible_draft
from kb.errors import Conflict, Invalid, NotFound
from kb.models import (
    Article,
    Attachment,
    Person,
    Revision,
    RevisionContributor,
    RevisionState,
)
from kb.placement import Placement, apply_placement, place_for_new
from kb.revision_text import size_errors, text_hash, text_of
from kb.sealing import reseal

WRITABLE = (RevisionState.DRAFT, RevisionState.RETURNED)


class DraftConflict(Conflict):
    """Somebody saved the draft since it was loaded; nothing was stored and neither text is lost.

    Args:
        revision: The draft as it is stored now.
        typed: What this person wanted to save.
        saved_by: The name of whoever saved last.
    """

    def __init__(self, revision: Revision, typed: RevisionText | None, saved_by: str) -> None:
        super().__init__(
            f"{saved_by or '另一位同事'}刚刚保存了这份草稿，您的内容还没有保存；请对照后再决定。"
        )
        self.stored = text_of(revision)
        self.stored_version = revision.lock_version
        self.saved_at = revision.saved_at
        self.saved_by = saved_by
        self.typed = typed


def open_draft(
    session: Session,
    actor: Actor,
    article: Article | None,
    at: datetime,
    *,
    placement: Placement | None = None,
    text: RevisionText | None = None,
    restored_from: Revision | None = None,
) -> Revision:
    """Return the working revision of an article, making one from its newest approved revision if needed.

    Args:
        article: The article to be revised, or ``None`` for a new one.
        placement: Where a new article shall stand; needed for one.
        text: What to begin with instead of the newest text.
        restored_from: An older revision whose text and files to take back.

    Raises:
        Conflict: if there is a draft already and something particular was to be begun with.
        Forbidden: if the actor may not write there.
        Invalid: if a new article has no usable place.
        NotFound: if the actor may not read the article.
    """
    if article is None:
        return _new_article(session, actor, at, placement, text or RevisionText("", ""))
    if not audience_scope(session, actor).admits(article.access_key):
        raise NotFound("没有找到这篇知识。")
    require_write(session, actor, article)
    session.execute(select(Article.id).where(Article.id == article.id).with_for_update())
    existing = open_revision(session, article.id)
    if existing is not None:
        if text is not None or restored_from is not None:
            raise Conflict("这篇知识已经有一份正在编辑或审核的草稿，请先处理它。")
        return visible_draft(session, actor, existing.id)
    newest = newest_approved(session, article.id)
    begin = restored_from or newest
    if begin is not None and text is None:
        text = _carried_over(text_of(begin), at, restored_from)
    draft = _write_first(session, actor, article, text or RevisionText("", ""), at)
    draft.based_on_id = newest.id if newest is not None else None
    draft.restored_from_id = restored_from.id if restored_from is not None else None
    if begin is not None:
        _copy_files(session, begin, draft)
    reseal(session, draft)
    _record(session, actor, "draft.open", draft, at)
    return draft


def newest_approved(session: Session, article_id: int) -> Revision | None:
    """Return the approved revision of an article with the highest number, whether shown yet or not."""
    return session.scalar(
        select(Revision)
        .where(Revision.article_id == article_id, Revision.state == RevisionState.APPROVED)
        .order_by(Revision.number.desc())
        .limit(1)
    )


def save_draft(
    session: Session,
    actor: Actor,
    revision_id: int,
    expected_version: int,
    text: RevisionText,
    at: datetime,
    *,
    placement: Placement | None = None,
) -> Revision:
    """Save what a person typed into a draft, unless somebody saved it since they loaded it.

    Saving an unchanged text changes nothing. What was kept beside it for this person is dropped.

    Args:
        expected_version: The ``lock_version`` that the person had before them.
        placement: Where the article shall stand once approved; ``None`` leaves that as it is.

    Raises:
        Conflict: if the draft is in review; ``DraftConflict`` if somebody else saved it.
        Invalid: with every broken rule by field.
        NotFound: if the actor may not see the draft.
    """
    draft = writable_draft(session, actor, revision_id, expected_version, text)
    errors = size_errors(text, TYPED_BODY_LIMIT)
    if errors:
        raise Invalid("内容未能保存，请按提示修改。", errors)
    before = draft.content_hash
    if text_hash(text) != draft.text_hash:
        write_text(session, draft, text, limit=TYPED_BODY_LIMIT)
    moved = placement is not None and apply_placement(session, actor, draft, placement)
    autosaves.drop(session, actor, revision_id)
    reseal(session, draft)
    if moved or draft.content_hash != before:
        changed(session, actor, draft, "draft.save", at)
    return draft


def writable_draft(
    session: Session,
    actor: Actor,
    revision_id: int,
    expected_version: int,
    typed: RevisionText | None = None,
) -> Revision:
    """Return a draft, held for writing, if the actor may write in it and nobody saved it meanwhile.

    Raises:
        Conflict, Forbidden, NotFound: as ``save_draft`` says.
    """
    draft = locked_draft(session, actor, revision_id)
    require_write(session, actor, draft.article)
    if draft.state not in WRITABLE:
        raise Conflict("这份草稿已提交审核，不能再修改；需要修改时请先撤回。")
    if draft.lock_version != expected_version:
        saver = session.get(Person, draft.saved_by_id) if draft.saved_by_id is not None else None
        raise DraftConflict(draft, typed, saver.name if saver else "")
    return draft


def changed(session: Session, actor: Actor, draft: Revision, action: str, at: datetime) -> None:
    """Note that a person changed a draft: its version, its contributor, its seal and the audit log."""
    draft.lock_version += 1
    draft.saved_at, draft.saved_by_id = at, actor.person_id
    contribute(session, actor, draft, at)
    reseal(session, draft)
    _record(session, actor, action, draft, at)


def contribute(session: Session, actor: Actor, draft: Revision, at: datetime) -> None:
    """Remember that a person wrote in a draft, which keeps them from ever approving it."""
    known = session.scalar(
        select(RevisionContributor.id).where(
            RevisionContributor.revision_id == draft.id, RevisionContributor.person_id == actor.person_id
        )
    )
    if known is None:
        session.add(RevisionContributor(revision_id=draft.id, person_id=actor.person_id, first_at=at))
        session.flush()


def discard(session: Session, actor: Actor, revision_id: int, expected_version: int, at: datetime) -> None:
    """Delete a draft that was never approved; it disappears everywhere, the audit log keeps its seal.

    Raises:
        Conflict, Forbidden, NotFound: as ``save_draft`` says.
    """
    draft = writable_draft(session, actor, revision_id, expected_version)
    _record(session, actor, "draft.discard", draft, at)
    draft.state, draft.decided_at = RevisionState.DISCARDED, at
    # The number is given back, so that the versions readers see have no gap.
    draft.number = -draft.id
    draft.lock_version += 1
    session.flush()


def restore(session: Session, actor: Actor, article_id: int, number: int, at: datetime) -> Revision:
    """Begin a draft with the text and files of an older approved revision.

    Raises:
        Conflict: if there is a draft already.
        Forbidden: if the actor may not write there.
        NotFound: if there is no such revision, or the actor may not know of it.
    """
    old = session.scalar(
        select(Revision)
        .join(Article, Article.id == Revision.article_id)
        .where(
            Revision.article_id == article_id,
            Revision.number == number,
            Revision.state == RevisionState.APPROVED,
            audience_scope(session, actor).clause(),
        )
    )
    if old is None:
        raise NotFound("没有找到这个版本。")
    return open_draft(session, actor, old.article, at, restored_from=old)


def drafts_for(
    session: Session, actor: Actor, states: tuple[RevisionState, ...] = WRITABLE, *, mine: bool = False
) -> list[Revision]:
    """Return the open revisions that the actor may see, newest first, in a fixed number of queries.

    Args:
        states: Which ones.
        mine: Only those that the actor wrote in or submitted.
    """
    statement = (
        select(Revision)
        .join(Article, Article.id == Revision.article_id)
        .where(Revision.state.in_(states), draft_clause(session, actor))
        .options(selectinload(Revision.article), selectinload(Revision.contributors))
        .order_by(Revision.saved_at.desc(), Revision.id.desc())
    )
    found = list(session.scalars(statement).unique())
    if not mine:
        return found
    me = actor.person_id
    return [
        draft
        for draft in found
        if draft.submitted_by_id == me or any(row.person_id == me for row in draft.contributors)
    ]


def _new_article(
    session: Session, actor: Actor, at: datetime, placement: Placement | None, text: RevisionText
) -> Revision:
    if placement is None:
        raise Invalid("请选择分类。", {"node": "请选择分类。"})
    errors = size_errors(text, TYPED_BODY_LIMIT)
    if errors:
        raise Invalid("内容未能保存，请按提示修改。", errors)
    node, owner = place_for_new(session, actor, placement)
    article = create_article(session, node, owner, at, audience_id=placement.audience_id)
    draft = _write_first(session, actor, article, text, at)
    if placement.replaces_id is not None:
        apply_placement(session, actor, draft, placement)
    reseal(session, draft)
    _record(session, actor, "draft.open", draft, at)
    return draft


def _write_first(
    session: Session, actor: Actor, article: Article, text: RevisionText, at: datetime
) -> Revision:
    draft = Revision(
        article_id=article.id,
        number=next_number(session, article.id),
        state=RevisionState.DRAFT,
        author_id=actor.person_id,
        created_at=at,
        saved_at=at,
        saved_by_id=actor.person_id,
    )
    write_text(session, draft, text, limit=max(TYPED_BODY_LIMIT, len(text.source)))
    session.refresh(draft, ["article"])
    contribute(session, actor, draft, at)
    return draft


def _carried_over(text: RevisionText, at: datetime, restored_from: Revision | None) -> RevisionText:
    """Return the text of a revision as the beginning of the next one, without what concerned only it."""
    values = {**text.__dict__, "change_summary": ""}
    if restored_from is not None:
        values["change_summary"] = f"恢复第 {restored_from.number} 版的内容"
    if text.effective_from is not None and text.effective_from <= at:
        values["effective_from"] = None
    if text.effective_to is not None and text.effective_to <= at:
        values["effective_to"] = None
    return RevisionText(**values)


def _copy_files(session: Session, source: Revision, target: Revision) -> None:
    files = session.scalars(
        select(Attachment)
        .where(Attachment.revision_id == source.id)
        .order_by(Attachment.position, Attachment.id)
    )
    session.add_all(
        [
            Attachment(
                revision_id=target.id, position=position, name=file.name, sha256=file.sha256, size=file.size
            )
            for position, file in enumerate(files)
        ]
    )
    session.flush()


def _record(session: Session, actor: Actor, action: str, draft: Revision, at: datetime) -> None:
    audit.record(
        session,
        actor,
        action,
        f"article:{draft.article_id}",
        at,
        revision_hash=draft.content_hash,
        detail={"revision": draft.id, "number": draft.number, "version": draft.lock_version},
    )
