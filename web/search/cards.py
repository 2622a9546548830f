"""Draws the results of a page, one card each: the one piece of a page that is drawn twenty times."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from flask import url_for
from markupsafe import Markup, escape

from kb.clock import local_day
from kb.found import FoundRevision
from kb.models import Node
from kb.ports import EngineHit, FileHit
from kb.revisions import shown_at
from kb.search import ResultRow
from kb.successors import Successor
from web.addresses import address_of, query_of
from web.drawing import draw_tag, drawer
from web.i18n import relative, thousands
from web.marking import around, marked
from web.search.address import Address
from web.sentences import sentence as _
from web.standing import Standing, standing


@dataclass(frozen=True)
class Shelf:
    """What all cards of a page have in common: the search, the moment, and the names around.

    ``moment`` is the present one; ``nodes`` are those the reader may know of.
    """

    address: Address
    moment: datetime
    zone: ZoneInfo
    nodes: Mapping[int, Node] = field(default_factory=dict)
    successors: Mapping[int, Successor] = field(default_factory=dict)

    @cached_property
    def pieces(self) -> Mapping[str, Markup]:
        """What is the same on every card in the language of the page."""
        found: Mapping[str, Markup] = drawer("hit_pieces")()
        return found

    @cached_property
    def icon(self) -> Callable[[str], Markup]:
        """Draws an icon."""
        return drawer("draw_icon")

    @cached_property
    def query(self) -> str:
        """The query of the search, to which a rank is added."""
        return query_of(self.address.parameters()) or "?"

    @cached_property
    def as_of(self) -> str | None:
        """The other moment that was asked for, as it stands in addresses."""
        return self.address.parameters().get("as_of")

    @cached_property
    def preview_query(self) -> tuple[str, str]:
        """What stands before and after the rank in the query of a preview, escaped."""
        text = self.address.request.text
        before = query_of({"q": text})[1:] + "&" if text else ""
        after = "&" + query_of({"as_of": self.as_of})[1:] if self.as_of else ""
        return escape(before + "rank="), escape(after)

    def url(self, row: ResultRow, rank: int) -> str:
        """Return the address of a hit: the article, or the very revision where another one is in force."""
        query = f"{self.query}rank={rank}" if self.query == "?" else f"{self.query}&rank={rank}"
        if shown_at([row.revision], self.address.request.as_of or self.moment) is not None:
            return address_of("articles.page", row.article.id) + query
        number = row.revision.number
        return url_for("articles.version", article_id=row.article.id, number=number) + query

    def day(self, value: datetime | None) -> str:
        """Write the calendar day of an instant in the bank's zone."""
        return local_day(value, self.zone).isoformat() if value else ""


def draw_cards(shelf: Shelf, rows: Sequence[ResultRow], first_rank: int) -> Markup:
    """Return the items of the list of results.

    Args:
        shelf: What they have in common.
        rows: The hits, checked against rights.
        first_rank: The rank of the first of them.
    """
    cards = [_card(shelf, row, index, first_rank + index - 1) for index, row in enumerate(rows, start=1)]
    # Every piece is our own markup or was escaped where it was put in.
    return Markup("".join(cards))  # noqa: S704


def _card(shelf: Shelf, row: ResultRow, index: int, rank: int) -> str:
    hit, revision, article = row.hit, row.revision, row.article
    stands = standing(revision, article, shelf.address.request.as_of or shelf.moment, shelf.zone)
    url = escape(shelf.url(row, rank))
    before, after = shelf.preview_query
    preview = f"{address_of('articles.preview', article.id)}?v={revision.number}&amp;{before}{rank}{after}"
    ended = " hit-ended" if stands.tone == "bad" else ""
    return (
        f'<li class="kb-card hit{ended}" id="hit-{index}" data-preview="{preview}">\n'
        f'<article aria-labelledby="hit-title-{index}">\n'
        f'<h2 class="hit-title" id="hit-title-{index}">\n<span class="rank" aria-hidden="true">{rank}</span>\n'
        f'<a href="{url}" class="hit-link" lang="zh-CN">{marked(hit.title, hit.title_marks)}</a>\n'
        f"{_tags(shelf, row, stands)}\n</h2>\n"
        f"{_instead(shelf, article.id)}{_snippet(hit, revision)}{_file(shelf, hit.file)}"
        f'<div class="hit-foot">\n{_meta(shelf, row, stands)}{_actions(shelf, row, url)}</div>\n'
        "</article>\n</li>\n"
    )


def _tags(shelf: Shelf, row: ResultRow, stands: Standing) -> str:
    hit, due = row.hit, row.article.review_due_at
    tags = [draw_tag(stands.label, stands.tone)]
    if stands.status == "current" and due is not None and due <= shelf.moment:
        tags.append(draw_tag(_("待复核"), "warn"))
    if row.revision.has_wording:
        tags.append(shelf.pieces["wording"])
    # The last reason is said by the line of the file itself.
    tags += [draw_tag(reason, "why") for reason in (hit.why[:-1] if hit.file else hit.why)]
    return "\n".join(tags)


def _instead(shelf: Shelf, article_id: int) -> str:
    successor = shelf.successors.get(article_id)
    if successor is None:
        return ""
    url = address_of("articles.page", successor.article_id)
    return (
        f'<p class="hit-successor">{shelf.icon("arrow-return-left")} {escape(_("已被替代，请使用："))}'
        f'<a href="{escape(url)}" lang="zh-CN">{escape(successor.title)}</a></p>\n'
    )


def _snippet(hit: EngineHit, revision: FoundRevision) -> str:
    if hit.snippet:
        kind = ""
        if hit.snippet.kind == "wording":
            kind = f'<span class="snippet-kind">{escape(_("口径"))}</span>'
        elif hit.snippet.kind == "notes":
            kind = f'<span class="snippet-kind snippet-notes">{escape(_("内部备注"))}</span>'
        return f'<p class="snippet" lang="zh-CN">{kind}{marked(hit.snippet.text, hit.snippet.marks)}</p>\n'
    return f'<p class="snippet" lang="zh-CN">{escape(revision.summary)}</p>\n' if revision.summary else ""


def _file(shelf: Shelf, file: FileHit | None) -> str:
    if file is None:
        return ""
    url = url_for(
        "attachments.preview",
        attachment_id=file.attachment_id,
        q=shelf.address.request.text or None,
        n=file.number,
        label=file.label or None,
        as_of=shelf.as_of,
    ) + (f"#page-{file.number}" if file.kind == "page" else "#target")
    where = drawer("file_place")(file.kind, file.number, file.label)
    text, marks = around(file.text, file.marks)
    place = f" › {escape(where)}" if where else ""
    return (
        f'<p class="hit-file" lang="zh-CN">{shelf.icon(drawer("file_icon")(file.name))} <span><a href="{escape(url)}">'
        f"{escape(file.name)}</a>{place}{escape(_('：'))}{marked(text, marks)}</span></p>\n"
    )


def _meta(shelf: Shelf, row: ResultRow, stands: Standing) -> str:
    revision, article, pieces = row.revision, row.article, shelf.pieces
    trail = [shelf.nodes.get(int(part)) for part in article.node_path.split("/") if part]
    path = " / ".join(node.title for node in trail if node is not None)
    if stands.tone == "bad" and revision.shown_to:
        since = _("%(day)s 失效", day=shelf.day(revision.shown_to))
    else:
        since = _("%(day)s 起生效", day=shelf.day(revision.shown_from))
    parts = [
        f'<span>{pieces["folder"]} <span lang="zh-CN">{escape(path)}</span></span>',
        f'<span lang="zh-CN">{escape(article.department)}</span>',
    ]
    if revision.document_number:
        parts.append(f'<span lang="zh-CN">{escape(revision.document_number)}</span>')
    parts.append(f"<span>{escape(since)}</span>")
    if shelf.day(revision.approved_at) != shelf.day(revision.shown_from):
        parts.append(f"<span>{escape(_('%(day)s 更新', day=relative(revision.approved_at)))}</span>")
    parts.append(f"{pieces['views']}{thousands(row.views)}</span>")
    return '<div class="meta">\n' + "\n".join(parts) + "\n</div>\n"


def _actions(shelf: Shelf, row: ResultRow, url: str) -> str:
    pieces, article = shelf.pieces, row.article
    copy = ""
    if row.revision.has_wording:
        address = escape(address_of("articles.wording", article.id, v=row.revision.number))
        copy = f'<button type="button" class="button" data-copy="{address}" data-key="c">{pieces["copy"]}</button>\n'
    return (
        f'<div class="actions">\n{copy}'
        f'<a class="button" href="{pieces["ask"]}{article.id}" {pieces["keep"]}</a>\n'
        f'<button type="button" class="button" data-copy-link="{url.split("?")[0]}" {pieces["link"]}</button>\n'
        f"{pieces['preview']}\n</div>\n"
    )
