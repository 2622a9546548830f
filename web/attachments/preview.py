"""The page that shows a file in place: pages as pictures, sheets as tables, anything else as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import render_template, request, url_for
from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope
from kb.attachments import parts_of, readable_attachment, revision_of, text_of
from kb.models import FilePart, Revision, RevisionState
from kb.revisions import revision_at, shown_at
from kb.search import QUERY_LIMIT
from kb.successors import current_of
from kb.viewing import FileKey, Outline, Shape
from web.articles import Reading
from web.attachments.blueprint import ONE, blueprint, key_of, loader
from web.attachments.labels import heading, stretches
from web.attachments.tables import window
from web.search import Address
from web.search.address import read
from web.search.marker import TextMarker, marker_for
from web.search.results import page_numbers
from web.session import current_actor
from web.standing import standing
from web.transactions import now, reading, services

PARTS_PER_PAGE = 200
PICTURES_PER_PAGE = 10


@dataclass(frozen=True)
class Asked:
    """What the address asks for beside the search: a place in the file, a sheet, a page of the preview."""

    number: int | None
    label: str
    sheet: int
    page: int
    wants_text: bool


@dataclass(frozen=True)
class Shown:
    """The part of a file on this page: in which way, which of how many parts, and what its template needs.

    ``target`` is the page, row or part of the text that a hit named, if it is there.
    """

    way: str
    page: int
    pages: int
    target: int | None
    needs: Mapping[str, object]


@blueprint.get(f"{ONE}/preview")
def preview(attachment_id: int) -> str:
    """Show a file in place, with the searched words marked where it is shown as text or table.

    ``n`` and ``label`` name the page, slide or sheet row of a hit; they decide about the part shown.
    ``sheet`` chooses a sheet, ``page`` a part of a long file, and ``view=text`` the extracted text.
    """
    moment, actor = now(), current_actor()
    address = read(request.args, moment, services().zone)
    asked = _asked(address)
    with reading() as session:
        key = key_of(readable_attachment(session, actor, attachment_id))
    shape = services().viewer.shape(key.suffix)
    # Outside of any transaction: a file that nobody looked at yet is drawn now, which may take seconds.
    outline = services().viewer.outline(key, loader(key)) if shape and not asked.wants_text else None
    marker = marker_for(services().engine, address.request.text[:QUERY_LIMIT])
    with reading() as session:
        attachment = readable_attachment(session, actor, attachment_id)
        revision = revision_of(session, attachment)
        parts = parts_of(session, attachment)
        shown = _shown(shape, key, outline, parts, asked, marker)
        return render_template(
            "attachments/preview.html",
            attachment=attachment,
            text=text_of(session, attachment),
            revision=revision,
            article=revision.article,
            back=_back(revision, address),
            shape=shape,
            outline=outline,
            address=address,
            search_text=address.request.text,
            search_moment=address.parameters().get("as_of"),
            marker=marker,
            asked=asked,
            way=shown.way,
            page=shown.page,
            pages=shown.pages,
            target=shown.target,
            numbers=page_numbers(shown.page, shown.pages),
            **_banner(session, actor, revision, moment, address),
            **shown.needs,
        )


def _asked(address: Address) -> Asked:
    return Asked(
        number=request.args.get("n", type=int),
        label=request.args.get("label", ""),
        sheet=request.args.get("sheet", 0, type=int),
        page=address.request.page,
        wants_text=request.args.get("view") == "text",
    )


def _shown(
    shape: Shape,
    key: FileKey,
    outline: Outline | None,
    parts: Sequence[FilePart],
    asked: Asked,
    marker: TextMarker,
) -> Shown:
    """Return the part of the file that is asked for, drawn if it can be."""
    if outline is not None and outline.status == "ok":
        if shape is Shape.PAGES:
            return _pictures(outline, parts, asked)
        tables = _tables(key, outline, parts, asked, marker)
        if tables is not None:
            return tables
    return _texts(parts, asked)


def _pictures(outline: Outline, parts: Sequence[FilePart], asked: Asked) -> Shown:
    count = len(outline.sizes)
    pages = max(1, -(-count // PICTURES_PER_PAGE))
    target = asked.number if asked.number is not None and 0 < asked.number <= count else None
    page = (target - 1) // PICTURES_PER_PAGE + 1 if target else min(asked.page, pages)
    first = (page - 1) * PICTURES_PER_PAGE
    numbers = range(first + 1, min(first + PICTURES_PER_PAGE, count) + 1)
    texts = {number: [part.text for part in parts if part.number == number] for number in numbers}
    pictures = [(number, *outline.sizes[number - 1], texts[number]) for number in numbers]
    return Shown("pages", page, pages, target, {"count": count, "pictures": pictures})


def _tables(
    key: FileKey, outline: Outline, parts: Sequence[FilePart], asked: Asked, marker: TextMarker
) -> Shown | None:
    names = list(outline.sheets)
    number = asked.sheet if 0 < asked.sheet <= len(names) else 1
    if asked.number is not None and asked.label in names:
        number = names.index(asked.label) + 1
    sheet = services().viewer.sheet(key, number, loader(key))
    if sheet is None:
        return None
    found = window(sheet, asked.page, asked.number, marker)
    is_there = any(row.number == asked.number for row in found.rows)
    # Extraction reads further down than the table goes, and does not skip what is hidden.
    elsewhere = [
        part for part in parts if not is_there and (part.number, part.label) == (asked.number, asked.label)
    ]
    needs = {"sheet_number": number, "found": found, "elsewhere": elsewhere[:1]}
    return Shown("sheets", found.page, found.pages, asked.number if is_there else None, needs)


def _texts(parts: Sequence[FilePart], asked: Asked) -> Shown:
    places = (i for i, part in enumerate(parts) if (part.number, part.label) == (asked.number, asked.label))
    place = next(places, None)
    pages = max(1, -(-len(parts) // PARTS_PER_PAGE))
    page = min(pages, place // PARTS_PER_PAGE + 1 if place is not None else asked.page)
    first = (page - 1) * PARTS_PER_PAGE
    shown = stretches(list(enumerate(parts))[first : first + PARTS_PER_PAGE])
    return Shown("text", page, pages, place, {"stretches": shown, "stretch_heading": heading})


def _back(revision: Revision, address: Address) -> str:
    """Return where the reader came from: the article, the review, or the draft."""
    text = address.request.text or None
    if revision.state == RevisionState.IN_REVIEW:
        return url_for("reviews.one", revision_id=revision.id)
    if revision.shown_from is None:
        return url_for("editor.edit", article_id=revision.article_id)
    if address.request.as_of is not None:
        as_of = address.parameters().get("as_of")
        return url_for("articles.page", article_id=revision.article_id, q=text, as_of=as_of)
    number = revision.number
    return url_for("articles.version", article_id=revision.article_id, number=number, q=text)


def _banner(
    session: Session, actor: Actor, revision: Revision, moment: datetime, address: Address
) -> dict[str, object]:
    """Return what the banner needs to say that this is a draft's file, or not of what is in force now."""
    article = revision.article
    current = revision_at(article.revisions, moment)
    if revision.shown_from is None or current is None:
        return {"reading": None}
    scope = audience_scope(session, actor)
    as_of = address.request.as_of
    if as_of is not None and shown_at(article.revisions, as_of) is not revision:
        as_of = None
    stands = standing(revision, article, moment, services().zone)
    return {
        "reading": Reading(article, revision, current, stands, True, as_of),
        "successor": current_of(session, [article.id], scope, moment).get(article.id),
        "revisions": [],
    }
