"""The latest knowledge as an Atom feed for feed readers, and the secret address that each person may make."""

import hashlib

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from kb.access import audience_scope
from kb.feed_tokens import drop_token, has_token, reader_of, renew_token
from kb.feeds import latest
from web.session import current_actor
from web.transactions import now, reading, services, writing

blueprint = Blueprint("feeds", __name__, url_prefix="/feeds")
ENTRIES = 50


@blueprint.get("")
def page() -> str:
    """Say what the feed is and whether this person has an address."""
    with reading() as session:
        return render_template("feeds/page.html", address="", exists=has_token(session, current_actor()))


@blueprint.post("")
def renew() -> str:
    """Make a new secret address and show it, this once."""
    with writing() as session:
        token = renew_token(session, current_actor(), now())
    address = url_for("feeds.atom", token=token, _external=True)
    return render_template("feeds/page.html", address=address, exists=True)


@blueprint.post("/end")
def end() -> BaseResponse:
    """End the secret address."""
    with writing() as session:
        drop_token(session, current_actor(), now())
    flash(_("订阅地址已停用。"))
    return redirect(url_for("feeds.page"), code=303)


@blueprint.get("/latest.atom")
def atom() -> BaseResponse:
    """Answer the articles that came into force last, within the rights of whose address it is."""
    moment = now()
    with reading() as session:
        actor = reader_of(session, request.args.get("token", ""))
        if actor is None:
            abort(404)
        items = latest(session, audience_scope(session, actor), moment, limit=ENTRIES)
    text = render_template(
        "feeds/latest.xml",
        items=items,
        updated=max((item.shown_from for item in items if item.shown_from), default=moment),
        title=services().settings.site_name,
    )
    answer = make_response(text)
    answer.mimetype = "application/atom+xml"
    answer.set_etag(hashlib.sha256(text.encode()).hexdigest()[:32])
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer.make_conditional(request)
