"""Articles for programs: what is shown, now or at another instant, all versions, withdrawing, revising."""

from flask import request

from kb.access import audience_scope
from kb.articles import visible_article
from kb.draft_fields import as_values, read_instant
from kb.drafts import open_draft, restore
from kb.errors import Invalid, NotFound
from kb.models import Article, Revision
from kb.revisions import revision_at, status_at
from kb.tokens import TokenScope
from kb.withdrawal import cancel_scheduled, withdraw
from web.addresses import LARGEST_ID
from web.api.blueprint import Answer, Call, blueprint, reads, writes
from web.api.drafts import made
from web.transactions import services

ONE = f"/articles/<int(max={LARGEST_ID}):article_id>"


@blueprint.get(ONE)
@reads
def show_article(call: Call, article_id: int) -> Answer:
    """Show the revision that speaks for an article now, or at ``as_of``, and how it stands then."""
    article = visible_article(call.session, article_id, audience_scope(call.session, call.actor))
    try:
        instant = read_instant(request.args.get("as_of"), services().zone) or call.at
    except ValueError as error:
        raise Invalid(str(error), {"as_of": str(error)}) from None
    revision = revision_at(article.revisions, instant)
    if revision is None or (request.args.get("as_of") and not _had_begun(revision, instant)):
        raise NotFound("这篇知识在那时还没有发布。")
    return Answer(_article(call, article, revision) | {"status": status_at(revision, article, instant)})


@blueprint.get(f"{ONE}/revisions")
@reads
def list_revisions(call: Call, article_id: int) -> Answer:
    """List the approved revisions of an article, newest first."""
    article = visible_article(call.session, article_id, audience_scope(call.session, call.actor))
    approved = [revision for revision in article.revisions if revision.approved_at is not None]
    listed = [
        as_values(call.session, revision, services().zone) | {"status": status_at(revision, article, call.at)}
        for revision in reversed(approved)
    ]
    return Answer({"article_id": article.id, "revisions": listed})


@blueprint.post(f"{ONE}/draft")
@writes(TokenScope.WRITE)
def revise(call: Call, article_id: int) -> Answer:
    """Open the article's draft, beginning one from the newest version or from version ``restore``."""
    number = call.sent.get("restore")
    if number is not None:
        if isinstance(number, bool) or not isinstance(number, int):
            raise Invalid("版本号应当是整数。", {"restore": "版本号应当是整数。"})
        return made(call, restore(call.session, call.actor, article_id, number, call.at))
    article = call.session.get(Article, article_id)
    if article is None:
        raise NotFound("没有找到这篇知识。")
    return made(call, open_draft(call.session, call.actor, article, call.at))


@blueprint.post(f"{ONE}/withdraw")
@writes(TokenScope.WITHDRAW)
def withdraw_article(call: Call, article_id: int) -> Answer:
    """Withdraw an article with a ``reason`` and perhaps a ``successor_id``."""
    successor = call.sent.get("successor_id")
    if successor is not None and (isinstance(successor, bool) or not isinstance(successor, int)):
        raise Invalid("替代知识应当是编号（整数）。", {"successor_id": "应当是编号（整数）。"})
    reason = str(call.sent.get("reason") or "")
    article = withdraw(call.session, call.actor, article_id, reason, call.at, successor_id=successor)
    return Answer({"article_id": article.id, "withdrawn_at": call.at.isoformat(), "reason": reason})


@blueprint.post(f"/revisions/<int(max={LARGEST_ID}):revision_id>/cancel")
@writes(TokenScope.WITHDRAW)
def cancel(call: Call, revision_id: int) -> Answer:
    """Take back an approved revision before it starts, with a ``reason``."""
    reason = str(call.sent.get("reason") or "")
    revision = cancel_scheduled(call.session, call.actor, revision_id, reason, call.at)
    return Answer(as_values(call.session, revision, services().zone))


def _article(call: Call, article: Article, revision: Revision) -> dict[str, object]:
    return {
        "article_id": article.id,
        "successor_id": article.successor_id,
        "withdrawn_at": article.withdrawn_at.isoformat() if article.withdrawn_at else None,
        "revision": as_values(call.session, revision, services().zone),
    }


def _had_begun(revision: Revision, instant: object) -> bool:
    return revision.shown_from is not None and revision.shown_from <= instant  # type: ignore[operator]
