"""The search page and the small forms on it: one address in, one page of checked results out."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

import kb.search as search_use_case
from kb.access import Actor, audience_scope
from kb.activity import record_search, repeat_search, was_just_asked
from kb.departments import all_departments
from kb.errors import Invalid
from kb.nodes import visible_nodes, visible_tree
from kb.ports import Scope
from kb.revisions import Status
from kb.search import PAGE_SIZE, SearchResult
from kb.successors import Successor, current_of
from web.freshness import is_known, list_tag, unchanged
from web.marking import around, marked
from web.recording import after_response
from web.search import results
from web.search.address import Address, read
from web.search.cards import Shelf, draw_cards
from web.search.suggestions import groups
from web.session import current_actor
from web.standing import standing
from web.transactions import now, reading, services, writing

blueprint = Blueprint("search", __name__)

FRAGMENT_HEADER = "X-KB-Fragment"
SAME_QUESTION = timedelta(minutes=30)


blueprint.add_app_template_filter(marked)
blueprint.add_app_template_global(around)


@blueprint.app_context_processor
def _search_box() -> dict[str, object]:
    return {
        "scope_labels": results.scope_labels,
        "chosen_scope": Scope.ALL,
        "search_text": "",
        "page_instant": now,
    }


@blueprint.get("/search")
def page() -> Response:
    """Show the results for an address: the whole page, or only its changing part for a script."""
    moment, zone = now(), services().zone
    actor = current_actor()
    address = read(request.args, moment, zone)
    fragment = FRAGMENT_HEADER in request.headers
    with reading() as session:
        # A briefcase changes without any of the numbers that a tag is made of.
        tag = list_tag(session, moment) if fragment and address.request.place is None else ""
        if tag and is_known(tag):
            _record_again(actor, address, moment)
            return unchanged(tag)
        address, result = _answer(session, actor, address, moment)
        if result is not None and address.request.text and address.request.page == 1:
            _record(actor, address, result, moment)
        context = _context(session, actor, address, result, moment)
        template = "search/region.html" if fragment else "search/page.html"
        response = make_response(render_template(template, **context))
    response.vary.add(FRAGMENT_HEADER)
    if tag and result is not None and not result.degraded:
        response.set_etag(tag)
    return response


@blueprint.get("/search/step")
def step() -> Response:
    """Go to the article at a rank of a result list, or to the list where it ends."""
    moment, zone = now(), services().zone
    address = read(request.args, moment, zone)
    rank = request.args.get("rank", 1, type=int)
    rank = min(max(rank, 1), search_use_case.DEEPEST_PAGE * PAGE_SIZE)
    wanted = replace(address, request=replace(address.request, page=(rank - 1) // PAGE_SIZE + 1))
    with reading() as session:
        wanted, result = _answer(session, current_actor(), wanted, moment)
        rows = result.rows if result is not None else ()
        place = (rank - 1) % PAGE_SIZE
        if place < len(rows):
            return _see(Shelf(wanted, moment, zone).url(rows[place], rank))
    flash(_("已经是结果列表的末尾。"))
    return _see(address.url(page=address.request.page))


@blueprint.post("/search/lock")
def lock() -> Response:
    """Keep the chosen time range for all following searches."""
    moment, zone = now(), services().zone
    address = read(request.form, moment, zone)
    try:
        with writing() as session:
            search_use_case.lock(session, current_actor(), address.request.time, moment, zone)
    except Invalid as error:
        flash(error.message)
    return _see(address.url())


@blueprint.post("/search/unlock")
def unlock() -> Response:
    """Forget the locked time range; the range in the form, if any, stays as an ordinary condition."""
    address = read(request.form, now(), services().zone)
    with writing() as session:
        search_use_case.unlock(session, current_actor())
    return _see(address.url())


@blueprint.get("/suggest")
def suggest() -> dict[str, object]:
    """Answer what is being typed, as JSON: ``{"q", "groups": [{"label", "items": […]}]}``."""
    moment = now()
    asked = read(request.args, moment, services().zone).request
    text = asked.text[: search_use_case.QUERY_LIMIT]
    with reading() as session:
        found = groups(session, current_actor(), services().engine, text, moment, asked.as_of)
    return {"q": text, "groups": found}


@blueprint.get("/opensearch.xml", endpoint="opensearch")
def description() -> Response:
    """Describe the search box to browsers, so that it can be used from the address bar."""
    response = make_response(render_template("search/opensearch.xml", site=services().settings.site_name))
    response.content_type = "application/opensearchdescription+xml; charset=utf-8"
    return response


def _answer(
    session: Session, actor: Actor, address: Address, moment: datetime
) -> tuple[Address, SearchResult | None]:
    found = services()
    try:
        result = search_use_case.search(session, actor, found.engine, address.request, moment, found.zone)
    except Invalid as error:
        return replace(address, problems=(*address.problems, error.message)), None
    # A lock decides about the time, whatever the address said, and shows in every link from here on.
    return replace(address, request=result.request), result


def _record(actor: Actor, address: Address, result: SearchResult, moment: datetime) -> None:
    text, conditions = address.request.text, _conditions(address)

    def write(session: Session) -> None:
        if not was_just_asked(session, actor, text, conditions, moment - SAME_QUESTION):
            record_search(session, actor, text, conditions, result.total, result.took_ms, moment)

    after_response(write, may_wait=True)


def _record_again(actor: Actor, address: Address, moment: datetime) -> None:
    """Note that a person came back to a list, as it was noted before."""
    text, conditions = address.request.text, _conditions(address)

    def write(session: Session) -> None:
        if not was_just_asked(session, actor, text, conditions, moment - SAME_QUESTION):
            repeat_search(session, actor, text, conditions, moment)

    if text and address.request.page == 1:
        after_response(write, may_wait=True)


def _conditions(address: Address) -> dict[str, str]:
    return {name: value for name, value in address.parameters().items() if name != "q"}


def _context(
    session: Session, actor: Actor, address: Address, result: SearchResult | None, moment: datetime
) -> Mapping[str, object]:
    zone = services().zone
    scope = audience_scope(session, actor)
    branches, nodes = visible_tree(session, scope), visible_nodes(session, scope)
    departments = {department.id: department for department in all_departments(session)}
    successors = _successors(session, actor, result, moment)
    return {
        **_hits(address, result, Shelf(address, moment, zone, nodes, successors)),
        "address": address,
        "result": result,
        "search_text": address.typed["q"],
        "search_moment": address.parameters().get("as_of"),
        "chosen_scope": address.request.place or address.request.scope,
        "branches": results.tree_rows(address, branches, result.nodes if result else {}),
        "nodes": nodes,
        "departments": departments,
        "department_counts": result.departments if result else {},
        "corrections": results.corrections(result),
        "went_beyond": results.went_beyond(result),
        "chips": results.chips(address, result, nodes, departments, moment, zone),
        "ways_out": results.ways_out(address, result, nodes, departments) if result else [],
        "lock_label": results.time_label(address.request.time, moment, zone),
        "presets": results.preset_labels(),
        "statuses": results.status_labels(),
        "sorts": results.sort_labels(),
        "fields": results.field_labels(),
    }


def _successors(
    session: Session, actor: Actor, result: SearchResult | None, moment: datetime
) -> Mapping[int, Successor]:
    rows = result.rows if result is not None else ()
    withdrawn = [
        row.article.id
        for row in rows
        if row.article.successor_id is not None
        and standing(row.revision, row.article, moment, services().zone).status is Status.WITHDRAWN
    ]
    return current_of(session, withdrawn, audience_scope(session, actor), moment) if withdrawn else {}


def _hits(address: Address, result: SearchResult | None, shelf: Shelf) -> dict[str, object]:
    asked = address.request
    first_rank = (asked.page - 1) * PAGE_SIZE + 1
    rows = result.rows if result else ()
    return {
        "first_rank": first_rank,
        "rows": rows,
        "cards": draw_cards(shelf, rows, first_rank),
        "numbers": results.page_numbers(asked.page, result.pages) if result else [],
    }


def _see(url: str) -> Response:
    return make_response(redirect(url, code=303))
