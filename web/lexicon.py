"""The lexicon in the browser: what a change does is shown before it is saved, and is in use in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb import lexicon as use_case
from kb.access import Permission, may, require
from kb.activity import folded_query, titles_at
from kb.errors import Invalid, NotFound, SearchUnavailable
from kb.golden_queries import Move, check, golden_queries, moves
from kb.lexicon import Kind, NewEntry
from kb.models import LexiconEntry
from kb.ports import EngineQuery, SearchEngine
from kb.synonym_proposals import dismiss, proposals
from web.addresses import LARGEST_ID
from web.session import current_actor
from web.transactions import now, reading, services, writing

TOP = 5
QUERY_LIMIT = 64

blueprint = Blueprint("lexicon", __name__)


@dataclass(frozen=True)
class Side:
    """How a text is cut and what it finds, with one state of the lexicon: pairs of article id and title."""

    tokens: Sequence[str]
    top: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class Effect:
    """What a change does to a tried query and to the golden queries; ``breaks`` counts those that fail then."""

    query: str
    before: Side
    after: Side
    moves: Sequence[Move]

    @property
    def breaks(self) -> int:
        """How many golden queries would no longer hold."""
        return sum(move.breaks for move in self.moves)


@blueprint.get("/lexicon")
def page() -> str:
    """Show the entries of a kind, and with a ``text`` what adding it would do."""
    actor = current_actor()
    require(actor, Permission.LEXICON_WRITE)
    typed = {name: request.args.get(name, "") for name in ("text", "article", "query")}
    if not typed["text"]:
        return _page(typed, {}, None, None)
    return _previewed(typed)


def _previewed(typed: dict[str, str], problem: str = "") -> str:
    with reading() as session:
        try:
            entry = use_case.checked_entry(session, _kind(), typed["text"], _article(typed))
        except Invalid as error:
            return _page(typed, {name: _(line) for name, line in error.errors.items()}, None, None)
        effect = _effect(session, entry, None, typed["query"])
    return _page(typed, {"saving": problem} if problem else {}, effect, entry)


def _page(
    typed: dict[str, str], errors: dict[str, str], effect: Effect | None, entry: NewEntry | None
) -> str:
    moment, kind = now(), _kind()
    with reading() as session:
        rows = use_case.entries(session, Kind(kind))
        numbers = [row.article_id for row in rows if row.article_id is not None]
        return render_template(
            "lexicon/page.html",
            kind=kind,
            kinds=_kinds(),
            rows=rows,
            titles=titles_at(session, numbers, moment),
            typed=typed,
            errors=errors,
            effect=effect,
            entry=entry,
            version=use_case.version_of(session),
            proposals=proposals(session, moment) if kind == Kind.SYNONYM else [],
        )


@blueprint.post("/lexicon")
def add() -> Response | tuple[str, int]:
    """Keep an entry; one that breaks golden queries only if that is accepted by name."""
    actor = current_actor()
    require(actor, Permission.LEXICON_WRITE)
    typed = {name: request.form.get(name, "") for name in ("text", "article", "query")}
    with reading() as session:
        try:
            entry = use_case.checked_entry(session, _kind(), typed["text"], _article(typed))
        except Invalid as error:
            return _page(typed, {name: _(line) for name, line in error.errors.items()}, None, None), 422
        breaks = _effect(session, entry, None, "").breaks
    if breaks and request.form.get("accept") != "1":
        return _previewed(typed, _("%(n)s 条黄金查询将不再达到要求，请确认后再保存。", n=breaks)), 422
    with writing() as session:
        use_case.add_entry(session, actor, entry, now())
    flash(_("已保存，几秒内生效"))
    return redirect(url_for("lexicon.page", kind=entry.kind.value), code=303)


@blueprint.post(f"/lexicon/<int(max={LARGEST_ID}):entry_id>/remove")
def remove(entry_id: int) -> Response | tuple[str, int]:
    """Take an entry out; if that breaks golden queries, only if it is accepted by name."""
    actor = current_actor()
    require(actor, Permission.LEXICON_WRITE)
    with reading() as session:
        row = session.get(LexiconEntry, entry_id)
        if row is None:
            raise NotFound("没有找到这个词条。")
        effect = _effect(session, None, entry_id, row.text if row.kind != Kind.SYNONYM else "")
        kind = row.kind
    if effect.breaks and request.form.get("accept") != "1":
        return render_template("lexicon/remove.html", row=row, effect=effect), 422
    with writing() as session:
        use_case.remove_entry(session, actor, entry_id, now())
    flash(_("已删除，几秒内生效"))
    return redirect(url_for("lexicon.page", kind=kind), code=303)


@blueprint.post("/lexicon/dismiss")
def turn_down() -> Response:
    """Judge that a proposed pair is no pair of synonyms."""
    form = request.form
    with writing() as session:
        dismiss(session, current_actor(), form.get("asked", ""), form.get("instead", ""), now())
    flash(_("不再建议这一对"))
    return redirect(url_for("lexicon.page", kind=Kind.SYNONYM.value), code=303)


def _effect(session: Session, entry: NewEntry | None, without: int | None, query: str) -> Effect:
    """Return what a change would do, on the index that answers now."""
    moment, engine = now(), services().engine
    tried = (query or (entry.text.split()[0] if entry else ""))[:QUERY_LIMIT]
    pins = {text: list(numbers) for text, numbers in use_case.all_pins(session).items()}
    later = {text: list(numbers) for text, numbers in pins.items()}
    if entry is not None and entry.kind is Kind.PIN:
        later.setdefault(entry.text, []).append(entry.article_id or 0)
    gone = session.get(LexiconEntry, without) if without is not None else None
    if gone is not None and gone.kind == Kind.PIN:
        later[gone.text] = [number for number in later[gone.text] if number != gone.article_id]
    golden = golden_queries(session)
    try:
        old = engine.trial(use_case.overlay_of(session))
        new = engine.trial(use_case.overlay_of(session, added=entry, without=without))
        return Effect(
            tried,
            _side(session, old, tried, pins.get(folded_query(tried), [])),
            _side(session, new, tried, later.get(folded_query(tried), [])),
            moves(check(old, golden, moment, pins), check(new, golden, moment, later)),
        )
    except SearchUnavailable:
        return Effect(tried, Side((), ()), Side((), ()), ())


def _side(session: Session, engine: SearchEngine, text: str, pinned: Sequence[int]) -> Side:
    if not text:
        return Side((), ())
    answer = engine.search(EngineQuery(text, now(), None, limit=TOP))
    titles = titles_at(session, pinned, now()) | {hit.article_id: hit.title for hit in answer.hits}
    order = dict.fromkeys([*pinned, *(hit.article_id for hit in answer.hits)])
    return Side(engine.tokens(text), [(number, titles.get(number, "")) for number in order][:TOP])


def _kind() -> str:
    asked = request.values.get("kind", Kind.SYNONYM.value)
    return asked if asked in set(Kind) else Kind.SYNONYM.value


def _kinds() -> dict[str, str]:
    return {
        Kind.SYNONYM.value: _("同义词"),
        Kind.WORD.value: _("用户词"),
        Kind.STOPWORD.value: _("停用词"),
        Kind.SENSITIVE.value: _("敏感词"),
        Kind.PIN.value: _("置顶知识"),
    }


def _article(typed: dict[str, str]) -> int | None:
    number = typed["article"].strip()
    return int(number) if number.isdecimal() and len(number) < 10 else None


@blueprint.app_template_global()
def sees_lexicon() -> bool:
    """Return whether the person may change the lexicon."""
    return bool(may(current_actor(), Permission.LEXICON_WRITE))
