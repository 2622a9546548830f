"""The list of announcements, one of them to read, and its confirmation."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session, selectinload
from werkzeug.wrappers import Response

from kb.access import Actor, AudienceScope, Permission, audience_scope, may
from kb.acknowledgements import acknowledge, confirmed_versions, last_read, pending
from kb.announcement_versions import Chain, Version, chain_of, is_material
from kb.announcements import find, latest_text, listed, may_announce, may_manage, texts_of
from kb.diffs import Comparison, compare
from kb.errors import Conflict
from kb.models import Announcement, Article, Audience, Department, Person, Revision
from kb.rosters import may_call_the_roll
from kb.versions import VersionComparison, compared
from web.addresses import LARGEST_ID
from web.announcements.asking import asking, deadline
from web.i18n import role_labels
from web.marking import mark_html
from web.session import current_actor, safe_target
from web.transactions import now, reading, services, writing

PAGE_SIZE = 30
LAST_PAGE = 10_000
NUMBER = f"<int(max={LARGEST_ID}):announcement_id>"

blueprint = Blueprint("announcements", __name__, url_prefix="/announcements")
blueprint.add_app_template_filter(deadline)


@blueprint.app_context_processor
def _tools() -> dict[str, object]:
    return {"may_announce": _may_announce, "is_wording_only": _is_wording_only}


def _may_announce(article: Article) -> bool:
    """Return whether the reader may make an article required reading."""
    actor = current_actor()
    if not may(actor, Permission.ANNOUNCEMENT_WRITE):
        return False
    with reading() as session:
        return may_announce(session, actor, article)


def _is_wording_only(revision: Revision) -> bool:
    """Return whether an author said that a revision changes nothing that readers must know."""
    with reading() as session:
        return not is_material(session, revision.id)


@dataclass(frozen=True)
class Confirmation:
    """How the reader stands with an announcement; ``before`` is the version they read earlier."""

    is_asked: bool
    is_wanted: bool
    is_overdue: bool
    confirmed: Version | None
    before: Version | None


@dataclass(frozen=True)
class Changes:
    """What is different: between two versions of the article, or two texts of the announcement."""

    versions: VersionComparison | None
    text: Comparison | None


@blueprint.get("")
def page() -> str:
    """List what has to be confirmed first, then every announcement that the person may see."""
    shown = request.args.get("show", "")
    number = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    actor, moment = current_actor(), now()
    with reading() as session:
        scope = audience_scope(session, actor)
        wanted = [asking(item, moment) for item in pending(session, actor, scope, moment)]
        rows, total = listed(
            session,
            actor,
            scope,
            withdrawn=shown == "withdrawn",
            offset=(number - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )
    return render_template(
        "announcements/page.html",
        wanted=wanted,
        rows=rows,
        total=total,
        shown=shown,
        page=number,
        pages=max(1, -(-total // PAGE_SIZE)),
        writes=bool(may(actor, Permission.ANNOUNCEMENT_WRITE)),
    )


@blueprint.get(f"/{NUMBER}")
def detail(announcement_id: int) -> str:
    """Show one announcement with what changed since this reader last read it."""
    return show(announcement_id)


@blueprint.post(f"/{NUMBER}/acknowledge")
def confirm(announcement_id: int) -> Response | tuple[str, int]:
    """Confirm having read the version that the form was made for."""
    version = request.form.get("version", 0, type=int)
    seen = request.form.get("hash", "")
    actor = current_actor()
    try:
        with writing() as session:
            scope = audience_scope(session, actor)
            acknowledge(session, actor, scope, announcement_id, version, seen, now())
    except Conflict as error:
        return show(announcement_id, problem=_(error.message)), 409
    flash(_("已记录您的确认。"))
    target = request.form.get("next") or url_for("announcements.detail", announcement_id=announcement_id)
    return redirect(safe_target(target), code=303)


def show(announcement_id: int, problem: str = "", reason_error: str = "") -> str:
    """Return the page of an announcement, with a sentence on what went wrong if something did."""
    actor, moment = current_actor(), now()
    with reading() as session:
        scope = audience_scope(session, actor)
        announcement = find(session, actor, scope, announcement_id)
        chain = chain_of(session, announcement, moment)
        confirmation = _confirmation(session, actor, scope, chain, moment)
        manages = may_manage(actor, announcement)
        return render_template(
            "announcements/detail.html",
            announcement=announcement,
            chain=chain,
            text=latest_text(session, announcement),
            texts=texts_of(session, announcement) if manages else [],
            article=_announced(session, chain),
            confirmation=confirmation,
            changes=_changes(session, chain, confirmation),
            names=_names(session, announcement),
            addressees=addressees(session, announcement),
            manages=manages,
            calls_the_roll=announcement.is_required and may_call_the_roll(session, actor, announcement),
            problem=problem,
            reason_error=reason_error,
        )


def addressees(session: Session, announcement: Announcement) -> list[str]:
    """Return the names of the conditions that a reader meets; empty for everybody."""
    names = []
    if announcement.audience_id is not None:
        names.append(session.get_one(Audience, announcement.audience_id).name)
    if announcement.department_id is not None:
        name = session.get_one(Department, announcement.department_id).name
        names.append(_("%(name)s及下级", name=name))
    if announcement.role is not None:
        names.append(role_labels()[announcement.role])
    return names


def _confirmation(
    session: Session, actor: Actor, scope: AudienceScope, chain: Chain, moment: datetime
) -> Confirmation:
    announcement = chain.announcement
    mine = confirmed_versions(session, [announcement.id], actor.person_id)
    versions = mine.get((announcement.id, actor.person_id), set())
    waiting = pending(session, actor, scope, moment)
    item = next((item for item in waiting if item.announcement.id == announcement.id), None)
    return Confirmation(
        is_asked=item is not None or bool(versions),
        is_wanted=item is not None,
        is_overdue=item is not None and item.is_overdue(moment),
        confirmed=chain.last_confirmed(versions),
        before=last_read(session, actor, chain),
    )


def _changes(session: Session, chain: Chain, confirmation: Confirmation) -> Changes | None:
    """Return what became different since the reader last read, if they have to read again."""
    before, current = confirmation.before, chain.current
    if before is None or current is None:
        return None
    if chain.announcement.article_id is not None:
        old, new = session.get_one(Revision, before.id), session.get_one(Revision, current.id)
        return Changes(compared(session, old, new, services().zone), None)
    texts = {item.id: item for item in texts_of(session, chain.announcement)}
    old_text, new_text = texts[before.id], texts[current.id]
    sides = [f"{item.title}\n\n{item.source}" for item in (old_text, new_text)]
    return Changes(None, compare(*sides))


def _announced(session: Session, chain: Chain) -> dict[str, object] | None:
    if chain.announcement.article_id is None or not chain.versions:
        return None
    revision = session.get_one(Revision, chain.versions[-1].id, options=[selectinload(Revision.wording)])
    return {"revision": revision, "body": mark_html(revision.html, top=2)}


def _names(session: Session, announcement: Announcement) -> dict[str, str]:
    return {
        "author": session.get_one(Person, announcement.author_id).name,
        "department": session.get_one(Department, announcement.owner_department_id).name,
    }
