"""Comments on articles: writing, answering and withdrawing them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kb import audit
from kb.access import Actor, audience_scope
from kb.articles import visible_article
from kb.attachments import store_blob
from kb.comment_limits import limit_rate, sent_before
from kb.comment_release import release, retract
from kb.errors import Forbidden, Invalid, NotFound
from kb.images import reencoded
from kb.lexicon import sensitive_words
from kb.masking import mask_personal_data
from kb.mentions import mentioned
from kb.models import (
    Article,
    Comment,
    CommentImage,
    CommentKind,
    CommentMention,
    CommentState,
    ModerationMode,
    Revision,
    Task,
    TaskState,
)
from kb.moderation_rules import mode_at
from kb.quotes import CONTEXT_LIMIT, QUOTE_LIMIT, Quote, find_quote
from kb.task_moves import UNFINISHED
from kb.tasks import close_answered, works_for

TEXT_BYTES = 4096
MOST_IMAGES = 3
ROOT_KINDS = tuple(kind for kind in CommentKind if kind is not CommentKind.REPLY)


@dataclass(frozen=True)
class NewComment:
    """What a reader typed: the kind, the words, and the passage they are about, if any.

    ``near`` is where the reader's page believes the quote to begin; ``images`` are files as they were sent.
    """

    kind: str
    text: str
    quote: Quote | None = None
    near: int | None = None
    images: Sequence[bytes] = ()


def post(
    session: Session,
    actor: Actor,
    article_id: int,
    number: int,
    new: NewComment,
    at: datetime,
    zone: ZoneInfo,
) -> Comment:
    """Write a comment on a revision; a rule of its node decides whether it waits for a moderator.

    Args:
        number: The revision that the reader has before them.
        zone: The bank's zone, for the clock of the task that a visible comment becomes.

    Raises:
        NotFound: if the actor may not read the article or it has no such revision.
        Invalid: with the reason by field.
        TooMany: if the actor writes faster than people do.
    """
    article = visible_article(session, article_id, audience_scope(session, actor))
    revision = next((one for one in article.revisions if one.number == number and one.shown_from), None)
    if revision is None:
        raise NotFound("没有找到这个版本。")
    if new.kind not in ROOT_KINDS:
        raise Invalid("请选择评论的类型。", {"kind": "请选择评论的类型。"})
    text = checked_text(new.text)
    comment = Comment(article_id=article.id, revision_id=revision.id, kind=new.kind, text=text)
    if new.quote is not None and new.quote.text.strip():
        _pin(session, comment, revision, new.quote, new.near)
    _attach(session, comment, new.images, at)
    return _add(session, actor, article, revision, comment, new.text, at, zone)


def reply(
    session: Session,
    actor: Actor,
    comment_id: int,
    text: str,
    at: datetime,
    zone: ZoneInfo,
    *,
    is_official: bool = False,
    images: Sequence[bytes] = (),
) -> Comment:
    """Answer a visible comment; an answer to an answer joins the same conversation.

    Args:
        is_official: Speak for the department that owns the article or handles the comment's task.

    Raises:
        Forbidden: if the actor may not speak for the department.
    """
    parent = readable(session, actor, comment_id)
    root = parent if parent.parent_id is None else readable(session, actor, parent.parent_id)
    if root.state != CommentState.VISIBLE:
        raise Forbidden("这条评论还没有公开，暂时不能回复。")
    article = session.get_one(Article, root.article_id)
    if is_official and not may_answer_officially(session, actor, article, root):
        raise Forbidden("只有责任部门的撰写或审核人员可以作官方回复。")
    revision = session.get_one(Revision, root.revision_id)
    comment = Comment(
        article_id=root.article_id,
        revision_id=root.revision_id,
        parent_id=root.id,
        kind=CommentKind.REPLY,
        is_official=is_official,
        text=checked_text(text),
    )
    _attach(session, comment, images, at)
    return _add(session, actor, article, revision, comment, text, at, zone)


def answer(
    session: Session,
    actor: Actor,
    comment_id: int,
    text: str,
    at: datetime,
    zone: ZoneInfo,
    images: Sequence[bytes] = (),
) -> Comment:
    """Answer a comment officially and close its task, unless the answer itself has to wait."""
    comment = reply(session, actor, comment_id, text, at, zone, is_official=True, images=images)
    task = session.scalar(select(Task).where(Task.comment_id == comment.parent_id))
    if task is not None and task.state in UNFINISHED and comment.state == CommentState.VISIBLE:
        close_answered(session, actor, task, at)
    return comment


def may_answer_officially(session: Session, actor: Actor, article: Article, root: Comment) -> bool:
    """Return whether the actor works for the department that owns the article or handles the task."""
    if works_for(actor, article.owner_department_id):
        return True
    handling = session.scalar(select(Task.department_id).where(Task.comment_id == root.id))
    return handling is not None and works_for(actor, handling)


def withdraw(session: Session, actor: Actor, comment_id: int, at: datetime) -> Comment:
    """Take one's own comment back."""
    comment = readable(session, actor, comment_id)
    if comment.author_id != actor.person_id:
        raise Forbidden("只能撤回自己的评论。")
    if comment.state not in (CommentState.PENDING, CommentState.VISIBLE):
        raise Invalid("这条评论已经不能撤回。")
    state = session.scalar(select(Task.state).where(Task.comment_id == comment.id))
    if state not in (None, TaskState.OPEN):
        raise Invalid("责任部门已经处理，不能再撤回。")
    before, comment.state = comment.state, CommentState.WITHDRAWN
    retract(session, comment, actor, at)
    audit.record(session, actor, "comment.withdraw", subject_of(comment), at, detail={"from": before})
    return comment


def readable(session: Session, actor: Actor, comment_id: int) -> Comment:
    """Return a comment that the actor may see: visible or their own, on an article they may read.

    Raises:
        NotFound: if there is none.
    """
    scope = audience_scope(session, actor)
    comment = session.scalar(
        select(Comment)
        .join(Article, Article.id == Comment.article_id)
        .where(Comment.id == comment_id, scope.clause())
        .options(selectinload(Comment.parent))
    )
    if comment is None:
        raise NotFound("没有找到这条评论。")
    is_public = comment.state == CommentState.VISIBLE and (
        comment.parent is None or comment.parent.state == CommentState.VISIBLE
    )
    if not is_public and comment.author_id != actor.person_id:
        raise NotFound("没有找到这条评论。")
    return comment


def checked_text(typed: str) -> str:
    """Return typed words as they may be stored, with personal numbers masked.

    Raises:
        Invalid: if there are none or too many.
    """
    text = typed.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text:
        raise Invalid("请填写评论内容。", {"text": "请填写评论内容。"})
    if len(text.encode()) > TEXT_BYTES:
        raise Invalid(
            "评论太长：最多 4 KB，约 1,300 个汉字。", {"text": "最多 4 KB，约 1,300 个汉字；内容没有被截断。"}
        )
    return mask_personal_data(text)


def subject_of(comment: Comment) -> str:
    """Return how the audit log names a comment."""
    return f"comment:{comment.id}"


def _pin(session: Session, comment: Comment, revision: Revision, quote: Quote, near: int | None) -> None:
    if len(quote.text) > QUOTE_LIMIT:
        raise Invalid("所选文字太长，最多 500 个字。", {"quote": "所选文字太长，最多 500 个字。"})
    text = session.scalars(select(Revision.text).where(Revision.id == revision.id)).one()
    place = find_quote(quote, text, [block.text for block in revision.wording], near)
    if place is None:
        raise Invalid(
            "在这个版本里没有找到所选的文字，请重新选择，或去掉引用后再发表。",
            {"quote": "没有找到所选的文字。"},
        )
    comment.quote = quote.text.strip()
    comment.quote_prefix = quote.prefix[-CONTEXT_LIMIT:]
    comment.quote_suffix = quote.suffix[:CONTEXT_LIMIT]
    comment.quote_offset, comment.quote_block = place.start, place.block


def _attach(session: Session, comment: Comment, files: Sequence[bytes], at: datetime) -> None:
    if len(files) > MOST_IMAGES:
        raise Invalid("一条评论最多 3 张图片。", {"images": "一条评论最多 3 张图片。"})
    for position, data in enumerate(files):
        clean, media_type, width, height = reencoded(data)
        sha256 = store_blob(session, clean, at)
        comment.images.append(
            CommentImage(position=position, sha256=sha256, media_type=media_type, width=width, height=height)
        )


def _add(
    session: Session,
    actor: Actor,
    article: Article,
    revision: Revision,
    comment: Comment,
    typed: str,
    at: datetime,
    zone: ZoneInfo,
) -> Comment:
    sent_twice = sent_before(session, actor, comment, at)
    if sent_twice is not None:
        return sent_twice
    limit_rate(session, actor, at)
    words = sensitive_words(session)
    comment.author_id = actor.person_id
    comment.created_at = at
    comment.is_masked = comment.text != typed.replace("\r\n", "\n").replace("\x00", "").strip()
    comment.is_sensitive = words.are_in(comment.text)
    comment.state = _first_state(session, article, comment)
    session.add(comment)
    session.flush()
    for mention in mentioned(session, article, comment.text):
        session.add(CommentMention(comment_id=comment.id, person_id=mention.person_id, words=mention.words))
    detail = {
        "kind": comment.kind,
        "state": comment.state,
        "official": comment.is_official,
        "images": [image.sha256 for image in comment.images],
        "text_sha256": hashlib.sha256(comment.text.encode()).hexdigest(),
    }
    subject = subject_of(comment)
    audit.record(
        session, actor, "comment.post", subject, at, revision_hash=revision.content_hash, detail=detail
    )
    if comment.state == CommentState.VISIBLE:
        release(session, comment, actor, at, zone)
    return comment


def _first_state(session: Session, article: Article, comment: Comment) -> CommentState:
    # Words on the list always wait for a second pair of eyes, wherever they are written and by whom.
    if comment.is_sensitive:
        return CommentState.PENDING
    if comment.is_official or mode_at(session, article.node) is ModerationMode.POST:
        return CommentState.VISIBLE
    return CommentState.PENDING
