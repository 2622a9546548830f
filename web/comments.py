"""The conversation under an article: reading a page of it, writing, answering, thanking, reporting."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb.access import Actor, audience_scope
from kb.articles import visible_article
from kb.attachments import stream
from kb.comment_images import image_of
from kb.comment_reactions import report, thank
from kb.comment_threads import discussion, own_comments, page_of
from kb.comments import MOST_IMAGES, NewComment, answer, post, readable, reply, withdraw
from kb.errors import Invalid, KnowledgeBaseError, TooMany
from kb.images import LARGEST_FILE
from kb.mentions import candidates
from kb.models import Article, Comment, CommentKind, CommentState, Revision
from kb.points import own_entries, own_total, team_of
from kb.quotes import Quote
from kb.revisions import revision_at
from web.addresses import LARGEST_ID
from web.sentences import sentence as _
from web.session import current_actor
from web.transactions import now, reading, services, writing

LAST_PAGE = 10_000
FRAGMENT = "comments"
HTTP_OF = {Invalid: 422, TooMany: 429}

blueprint = Blueprint("comments", __name__)


@dataclass(frozen=True)
class Typed:
    """What a person typed into the form that could not be kept, and why; ``parent`` is 0 for a new comment."""

    parent: int = 0
    values: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def conversation(
    session: Session, actor: Actor, article: Article, current: Revision, *, is_empty: bool = False
) -> dict[str, object]:
    """Return what the comment section of a page needs, from its first page of threads.

    Args:
        article: Already checked against the actor's scope.
        current: The revision in force.
        is_empty: Known to have no comments.
    """
    return {"talk": discussion(session, actor, article, current, is_empty=is_empty), "typed": Typed()}


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/comments")
def page(article_id: int) -> str:
    """Show a page of an article's comments; ``c`` names one, whose page is then shown."""
    with reading() as session:
        return _page(session, article_id, Typed())


@blueprint.get(f"/comments/<int(max={LARGEST_ID}):comment_id>")
def follow(comment_id: int) -> Response:
    """Go to where a comment stands: under its article, or among one's own if readers do not see it."""
    actor = current_actor()
    with reading() as session:
        comment = readable(session, actor, comment_id)
        number = page_of(session, actor, comment)
    if comment.state in (CommentState.WITHDRAWN, CommentState.REJECTED, CommentState.HIDDEN):
        return redirect(url_for("comments.mine"))
    if number == 1:
        target = url_for("articles.page", article_id=comment.article_id)
    else:
        target = url_for("comments.page", article_id=comment.article_id, page=number)
    return redirect(f"{target}#comment-{comment.id}")


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/comments")
def write(article_id: int) -> Response | str | tuple[str, int]:
    """Write a comment on the revision ``v``; what was typed survives a refusal."""
    form = request.form
    quote = Quote(form.get("quote", ""), form.get("prefix", ""), form.get("suffix", ""))
    near = form.get("near", type=int)
    try:
        with writing() as session:
            comment = post(
                session,
                current_actor(),
                article_id,
                form.get("v", 0, type=int),
                NewComment(
                    form.get("kind", ""), form.get("text", ""), quote if quote.text else None, near, _images()
                ),
                now(),
                services().zone,
            )
    except (Invalid, TooMany) as error:
        return _refused(article_id, 0, error)
    return _written(comment)


@blueprint.post(f"/comments/<int(max={LARGEST_ID}):comment_id>/reply")
def write_reply(comment_id: int) -> Response | str | tuple[str, int]:
    """Answer a comment; ``official`` speaks for the department and closes the comment's task."""
    say = answer if request.form.get("official") else reply
    try:
        with writing() as session:
            article_id = readable(session, current_actor(), comment_id).article_id
            text = request.form.get("text", "")
            zone, images = services().zone, _images()
            comment = say(session, current_actor(), comment_id, text, now(), zone, images=images)
    except (Invalid, TooMany) as error:
        return _refused(article_id, comment_id, error)
    return _written(comment)


@blueprint.post(f"/comments/<int(max={LARGEST_ID}):comment_id>/withdraw")
def take_back(comment_id: int) -> Response | str:
    """Withdraw one's own comment."""
    with writing() as session:
        comment = withdraw(session, current_actor(), comment_id, now())
    return _back(comment, _("评论已撤回"))


@blueprint.post(f"/comments/<int(max={LARGEST_ID}):comment_id>/thank")
def say_thanks(comment_id: int) -> Response | str:
    """Thank for a comment, or take the thanks back."""
    with writing() as session:
        stands = thank(session, current_actor(), comment_id, now())
        comment = readable(session, current_actor(), comment_id)
    return _back(comment, _("已感谢") if stands else _("已取消感谢"))


@blueprint.post(f"/comments/<int(max={LARGEST_ID}):comment_id>/report")
def complain(comment_id: int) -> Response | str:
    """Report a comment to the moderators."""
    with writing() as session:
        report(session, current_actor(), comment_id, request.form.get("reason", ""), now())
        comment = readable(session, current_actor(), comment_id)
    return _back(comment, _("已举报，审核人员会处理"))


@blueprint.get(f"/comments/images/<int(max={LARGEST_ID}):image_id>")
def picture(image_id: int) -> Response:
    """Send a picture of a comment; it was drawn anew when it was stored, so it holds nothing but pixels."""
    with reading() as session:
        image = image_of(session, current_actor(), image_id)
        data = b"".join(stream(session, image.sha256))
        sent = Response(data, mimetype=image.media_type)
    sent.headers["Content-Disposition"] = "inline"
    sent.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return sent


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/mentionable")
def mentionable(article_id: int) -> dict[str, object]:
    """Answer which readers of the article a name that is being typed may mean."""
    with reading() as session:
        article = visible_article(session, article_id, audience_scope(session, current_actor()))
        found = candidates(session, article, request.args.get("q", ""))
    return {"people": [{"name": one.name, "note": one.department, "words": one.words} for one in found]}


@blueprint.get("/comments/mine")
def mine() -> str:
    """Show one's own comments with what became of them, and one's own points."""
    actor = current_actor()
    with reading() as session:
        return render_template(
            "comments/mine.html",
            own=own_comments(session, actor, audience_scope(session, actor).clause()),
            entries=own_entries(session, actor),
            total=own_total(session, actor),
            leads_team=team_of(session, actor) != frozenset(),
        )


@blueprint.app_template_global()
def comment_kinds() -> dict[str, str]:
    """Return the kinds that a comment can have, in words, by kind."""
    return {
        CommentKind.QUESTION: _("提问"),
        CommentKind.ERROR: _("有误"),
        CommentKind.EXPIRED: _("过期"),
        CommentKind.UNCLEAR: _("看不懂"),
        CommentKind.SUGGESTION: _("建议"),
    }


@blueprint.app_template_filter()
def with_mentions(text: str, words: Sequence[str]) -> Markup:
    """Return a comment escaped, with the people it addresses set off."""
    if not words:
        return escape(text)
    pattern = re.compile("|".join(re.escape(name) for name in sorted(words, key=len, reverse=True)))
    parts, position = [], 0
    for match in pattern.finditer(text):
        parts += [
            escape(text[position : match.start()]),
            Markup('<b class="mention">{}</b>').format(match[0]),
        ]
        position = match.end()
    return Markup("").join([*parts, escape(text[position:])])


@blueprint.app_template_global()
def kind_tone(kind: str) -> str:
    """Return the tone of a kind's badge."""
    return {"error": "bad", "expired": "warn", "suggestion": "ok"}.get(kind, "info")


@blueprint.app_template_global()
def comment_states() -> dict[str, tuple[str, str]]:
    """Return the states of a comment in words with their tone, by state."""
    return {
        CommentState.PENDING: (_("待审核"), "warn"),
        CommentState.VISIBLE: (_("已公开"), "ok"),
        CommentState.REJECTED: (_("未通过"), "bad"),
        CommentState.HIDDEN: (_("已隐藏"), "bad"),
        CommentState.WITHDRAWN: (_("已撤回"), "info"),
    }


def _page(session: Session, article_id: int, typed: Typed) -> str:
    actor, moment = current_actor(), now()
    article = visible_article(session, article_id, audience_scope(session, actor))
    current = cast(Revision, revision_at(article.revisions, moment))
    number = min(max(request.values.get("page", 1, type=int), 1), LAST_PAGE)
    named = request.args.get("c", type=int)
    if named is not None:
        number = page_of(session, actor, readable(session, actor, named))
    asked = request.values.get("v", type=int)
    shown = (one for one in article.revisions if one.number == asked and one.shown_from is not None)
    template = "comments/section.html" if _wants_fragment() else "comments/page.html"
    return render_template(
        template,
        article=article,
        current=current,
        revision=next(shown, current),
        talk=discussion(session, actor, article, current, number),
        typed=typed,
        fresh=0,
    )


def _images() -> list[bytes]:
    files = [file.read(LARGEST_FILE + 1) for file in request.files.getlist("images")[: MOST_IMAGES + 1]]
    return [data for data in files if data]


def _wants_fragment() -> bool:
    return request.headers.get("X-KB-Fragment") == FRAGMENT


def _refused(article_id: int, parent: int, error: KnowledgeBaseError) -> tuple[str, int]:
    with reading() as session:
        text = _page(session, article_id, Typed(parent, request.form.to_dict(), _(error.message)))
    return text, next(status for kind, status in HTTP_OF.items() if isinstance(error, kind))


def _written(comment: Comment) -> Response | str:
    if comment.state == CommentState.VISIBLE:
        message = _("已发表")
    else:
        message = _("已提交，审核通过后公开；您可以在“我的评论”里查看进展。")
    if comment.is_masked:
        message = _("%(message)s 其中的卡号、证件号或手机号已自动隐去。", message=message)
    return _back(comment, message)


def _back(comment: Comment, message: str) -> Response | str:
    """Return to the conversation: as a fragment for a script, else to the page with the comment in view."""
    root = comment.parent_id or comment.id
    if _wants_fragment():
        with reading() as session:
            return _fragment_after(session, comment, root, message)
    flash(message)
    target = url_for("articles.page", article_id=comment.article_id)
    if request.form.get("from") == "mine":
        return redirect(url_for("comments.mine"), code=303)
    if request.form.get("from") == FRAGMENT:
        target = url_for("comments.page", article_id=comment.article_id, page=request.form.get("page"))
    return redirect(f"{target}#comment-{root}", code=303)


def _fragment_after(session: Session, comment: Comment, root: int, message: str) -> str:
    actor, moment = current_actor(), now()
    article = visible_article(session, comment.article_id, audience_scope(session, actor))
    current = cast(Revision, revision_at(article.revisions, moment))
    number = request.form.get("page", 1, type=int)
    # A new comment stands on top of the first page.
    talk = discussion(session, actor, article, current, 1 if root == comment.id else number)
    asked = request.form.get("v", type=int)
    revision = next((one for one in article.revisions if one.number == asked and one.shown_from), current)
    return render_template(
        "comments/section.html",
        article=article,
        current=current,
        revision=revision,
        talk=talk,
        typed=Typed(),
        fresh=comment.id,
        message=message,
    )
