"""The reading page of an article, its preview beside the results, and its wording for one-key copy."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, abort, render_template, request
from sqlalchemy.orm import Session

from kb.access import GRANTABLE, Actor, AudienceScope, Permission, audience_scope, may_on
from kb.activity import last_search_id, record_opened, record_view, view_counts
from kb.around import around
from kb.articles import visible_article
from kb.attachments import of_revision
from kb.copies import text_of
from kb.errors import NotFound
from kb.models import Article, Revision
from kb.nodes import breadcrumb, visible_nodes
from kb.people import names_of
from kb.related import Likeness
from kb.revisions import Status, revision_at, shown_at
from kb.shown import Block, shown_article, wording_of
from kb.successors import current_of
from web.addresses import LARGEST_ID
from web.announcements import asking_of
from web.comments import conversation
from web.feedback import own_feedback
from web.marking import mark_html, opening, shifted_levels
from web.recording import after_response
from web.related import known_related
from web.search import Address
from web.search.address import read
from web.search.marker import marker_for
from web.session import current_actor
from web.standing import Standing, standing
from web.transactions import now, reading, services

blueprint = Blueprint("articles", __name__)

PREVIEW_CHARACTERS = 3_000
# From here on the browser is told to lay out only what is near the window.
LONG_CHARACTERS = 150_000


@dataclass(frozen=True)
class Heading:
    """A line of the table of contents: ``depth`` from 1, anchor and text."""

    depth: int
    anchor: str
    text: str


@dataclass(frozen=True)
class Reading:
    """An article opened at one revision; ``current`` is the one that speaks for it at this moment.

    ``as_of`` is the other moment that was asked for, if any.
    """

    article: Article
    revision: Revision
    current: Revision
    standing: Standing
    is_asked_version: bool
    as_of: datetime | None = None

    @property
    def is_current(self) -> bool:
        """Whether this is the revision in force, opened as such and not as it stood at another moment."""
        return self.standing.status is Status.CURRENT and self.as_of is None

    @property
    def shown_revisions(self) -> list[Revision]:
        """Approved revisions that are or were or will be shown, newest first."""
        shown = [revision for revision in self.article.revisions if revision.shown_from is not None]
        return sorted(shown, key=lambda revision: revision.number, reverse=True)


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>")
@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>-<slug>")
def page(article_id: int, slug: str = "") -> str:
    """Show the revision that is in force, or the one that speaks for the article otherwise."""
    return _show(article_id, None)


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/v/<int(max={LARGEST_ID}):number>")
def version(article_id: int, number: int) -> str:
    """Show one revision, for good under this address."""
    return _show(article_id, number)


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/preview")
def preview(article_id: int) -> str:
    """Return what the pane beside the results shows, as a fragment."""
    moment = now()
    number = request.args.get("v", type=int)
    address = read(request.args, moment, services().zone)
    with reading() as session:
        scope = audience_scope(session, current_actor())
        found = _open(session, article_id, number, scope, moment, address.request.as_of)
        marker = marker_for(services().engine, address.request.text)
        html, is_cut = opening(found.revision.html, PREVIEW_CHARACTERS)
        nodes = visible_nodes(session, scope)
        return render_template(
            "articles/preview.html",
            reading=found,
            address=address,
            marker=marker,
            body=mark_html(html, marker, top=3),
            is_cut=is_cut,
            trail=breadcrumb(nodes, found.article.node),
            names=_names(session, [found.revision]),
            files=of_revision(session, found.revision.id),
        )


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/wording")
def wording(article_id: int) -> dict[str, object]:
    """Answer the wording as plain text, and whether the asked revision is still the one in force.

    ``v`` is the revision that the person has before them, ``block`` one of its blocks from 1.
    """
    moment = now()
    number, block = request.args.get("v", type=int), request.args.get("block", type=int)
    with reading() as session:
        article = shown_article(session, article_id, audience_scope(session, current_actor()))
        current = revision_at(article.revisions, moment)
        revision = current if number is None else article.numbered(number)
        if current is None or revision is None:
            abort(404)
        stands = standing(revision, article, moment, services().zone)
        is_current = stands.status is Status.CURRENT
        blocks = wording_of(session, revision.id)
        offer = None
        if not is_current and standing(current, article, moment, services().zone).status is Status.CURRENT:
            offer = _offer(blocks, wording_of(session, current.id), block, current.number)
    return {
        # What may not be said any more is not handed out at all.
        "text": (text_of(blocks, block) or "") if is_current else "",
        "number": revision.number,
        "current_number": current.number,
        "is_current": is_current,
        "standing": stands.label,
        "offer": offer,
    }


def _offer(
    asked: Sequence[Block], current: Sequence[Block], block: int | None, number: int
) -> dict[str, object] | None:
    """Return the wording to use instead: the block of the same title, or else all that is in force."""
    title = asked[block - 1].title if block is not None and 0 < block <= len(asked) else ""
    titles = [item.title for item in current]
    place = titles.index(title) + 1 if title in titles else None
    text = text_of(current, place)
    return {"text": text, "number": number, "block": place} if text else None


def _show(article_id: int, number: int | None) -> str:
    moment = now()
    actor = current_actor()
    address = read(request.args, moment, services().zone)
    with reading() as session:
        scope = audience_scope(session, actor)
        found = _open(session, article_id, number, scope, moment, address.request.as_of)
        marker = marker_for(services().engine, address.request.text)
        body = mark_html(found.revision.html, marker)
        nodes = visible_nodes(session, scope)
        revisions = found.shown_revisions
        _record(actor, found, address, moment)
        more = around(session, actor, article_id, found.revision.id)
        asks = found.is_current and more.announcements
        is_over = found.article.withdrawn_at is not None
        return render_template(
            "articles/page.html",
            reading=found,
            address=address,
            search_text=address.request.text,
            search_moment=address.parameters().get("as_of"),
            chosen_scope=address.request.place or address.request.scope,
            rank=_rank(),
            marker=marker,
            body=body,
            is_long=len(found.revision.html) > LONG_CHARACTERS,
            contents=_contents(found.revision),
            successor=current_of(session, [article_id], scope, moment).get(article_id) if is_over else None,
            trail=breadcrumb(nodes, found.article.node),
            asking=asking_of(session, actor, scope, article_id, moment) if asks else None,
            revisions=[(revision, _standing(revision, found.article, moment)) for revision in revisions],
            names=_names(session, revisions),
            files=of_revision(session, found.revision.id) if more.files else [],
            related=known_related(session, _likeness(found, scope), moment),
            views=view_counts(session, [article_id]).get(article_id, 0),
            printed_at=moment,
            may_edit=may_edit(session, actor, found.article),
            **conversation(session, actor, found.article, found.current, is_empty=not more.comments),
            **own_feedback(session, actor, found.revision, is_silent=not more.words),
        )


def _open(
    session: Session,
    article_id: int,
    number: int | None,
    scope: AudienceScope,
    moment: datetime,
    as_of: datetime | None = None,
) -> Reading:
    article = visible_article(session, article_id, scope)
    current = revision_at(article.revisions, moment)
    if current is None:
        abort(404)
    revision: Revision | None = current
    if number is not None:
        shown = (item for item in article.revisions if item.shown_from is not None)
        revision = next((item for item in shown if item.number == number), None)
    elif as_of is not None:
        revision = shown_at(article.revisions, as_of)
        if revision is None:
            raise NotFound("这篇知识在您选择的时点没有展示。")
    if revision is None:
        abort(404)
    if as_of is not None and shown_at([revision], as_of) is None:
        as_of = None
    return Reading(
        article, revision, current, _standing(revision, article, moment), number is not None, as_of
    )


def may_edit(session: Session, actor: Actor, article: Article) -> bool:
    """Return whether a person may write this article; asks nothing for those who may write nowhere."""
    if not actor.roles & GRANTABLE[Permission.ARTICLE_WRITE]:
        return False
    return bool(may_on(session, actor, Permission.ARTICLE_WRITE, article.node, article.owner_department_id))


def _standing(revision: Revision, article: Article, moment: datetime) -> Standing:
    return standing(revision, article, moment, services().zone)


def _rank() -> int | None:
    rank = request.args.get("rank", type=int)
    return rank if rank is not None and 0 < rank < 1_000_000 else None


def _record(actor: Actor, found: Reading, address: Address, moment: datetime) -> None:
    text, rank = address.request.text, _rank()
    article, revision = found.article, found.revision

    def write(session: Session) -> None:
        record_view(session, actor, article, revision, moment)
        search_id = last_search_id(session, actor, text, moment - timedelta(hours=1)) if rank else None
        if search_id is not None and rank is not None:
            record_opened(session, actor, search_id, article.id, rank, moment)

    after_response(write, may_wait=True)


def _contents(revision: Revision) -> list[Heading]:
    headings = json.loads(revision.headings)
    levels = shifted_levels([heading["level"] for heading in headings], top=1)
    return [
        Heading(level, heading["anchor"], heading["text"])
        for level, heading in zip(levels, headings, strict=True)
        if level <= 3
    ]


def _names(session: Session, revisions: Sequence[Revision]) -> dict[int, str]:
    ids = {person for revision in revisions for person in (revision.author_id, revision.approver_id)}
    return names_of(session, [number for number in ids if number is not None])


def _likeness(found: Reading, scope: AudienceScope) -> Likeness:
    then = found.revision if found.as_of else found.current
    return Likeness(found.article.id, then.title, scope, found.as_of)
