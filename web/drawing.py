"""The pieces that every page draws dozens of times, drawn once and kept: icons, sentences, the table of keys."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from flask import Flask, current_app, render_template, request, url_for
from flask import json as flask_json
from markupsafe import Markup, escape

from web.addresses import NUMBER, address_of
from web.script_strings import page_strings
from web.sentences import MOST_SENTENCES, language
from web.sentences import sentence as plain
from web.static_files import static_address

Drawn = TypeVar("Drawn")
Drawer = Callable[..., Markup]


def install(app: Flask) -> None:
    """Give templates the quick pieces; what they draw is the same in every request of a language."""
    environment = app.jinja_env
    sentence, icon = _sentences(), _icons()
    environment.globals["_"] = sentence
    environment.globals["url_for"] = _addresses(app)
    environment.globals["draw_icon"] = icon
    environment.globals["hit_pieces"] = _by_language(_hit_pieces(icon, sentence))
    environment.globals["draw_tag"] = draw_tag
    environment.globals["keys_help"] = _by_language(_keys)
    environment.globals["script_strings"] = _by_language(_strings)


def drawer(name: str) -> Callable[..., Any]:
    """Return one of the quick pieces of the app that answers, for what is drawn without a template."""
    return cast(Callable[..., Any], current_app.jinja_env.globals[name])


def _addresses(app: Flask) -> Callable[..., str]:
    kept: dict[tuple[str, str], str] = {}
    shapes: dict[str, frozenset[str]] = {}

    def address(endpoint: str, **values: Any) -> str:
        """Return an address as Flask's own function does, which is asked once where nothing varies."""
        if not values:
            key = (request.script_root, endpoint)
            found = kept.get(key)
            if found is None:
                found = kept[key] = url_for(endpoint)
            return found
        number = values.get("article_id")
        if isinstance(number, int) and 0 < number < NUMBER and not endpoint.startswith("."):
            variable = shapes.get(endpoint)
            if variable is None:
                rules = app.url_map.iter_rules(endpoint)
                variable = shapes[endpoint] = frozenset().union(*(rule.arguments for rule in rules))
            if variable.isdisjoint(values.keys() - {"article_id"}) and not any(
                name.startswith("_") or not isinstance(value, str | int | None)
                for name, value in values.items()
            ):
                del values["article_id"]
                return address_of(endpoint, number, **values)
        return url_for(endpoint, **values)

    return address


def draw_tag(label: str, tone: str = "info") -> Markup:
    """Return a small label in one of the tones."""
    return Markup(f'<span class="tag tag-{escape(tone)}">{escape(label)}</span>')  # noqa: S704 - escaped


def _sentences() -> Drawer:
    kept: dict[tuple[str, str], Markup] = {}

    def sentence(message: str, /, **values: object) -> Markup:
        """Return a message in the page's language with its values escaped, as Jinja's own does."""
        key = (language(), message)
        found = kept.get(key)
        if found is None:
            if len(kept) >= MOST_SENTENCES:
                kept.clear()
            found = kept[key] = Markup(plain(message))  # noqa: S704 - our own catalogue, as in Jinja
        # Values, and a doubled percent sign, are for the % of Markup, which escapes what it takes in.
        return found % values if values or "%" in found else found

    return sentence


def _icons() -> Drawer:
    kept: dict[tuple[str, str], Markup] = {}

    def icon(name: str, label: str = "") -> Markup:
        """Return an icon of the shipped set, spoken as ``label`` or hidden from speech."""
        key = (request.script_root, name)
        found = kept.get(key)
        if found is None:
            address = f"{static_address('vendor/icons.svg')}#{name}"
            found = Markup('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>').format(address)
            kept[key] = found
        if label:
            spoken = Markup('role="img" aria-label="{}"').format(label)
            return Markup(found.replace('aria-hidden="true"', spoken, 1))  # noqa: S704 - escaped above
        return found

    return icon


def _by_language(draw: Callable[[], Drawn]) -> Callable[[], Drawn]:
    kept: dict[tuple[str, str], Drawn] = {}

    def drawn() -> Drawn:
        """Return the piece in the page's language, drawn the first time it is wanted."""
        key = (request.script_root, language())
        found = kept.get(key)
        if found is None:
            found = kept[key] = draw()
        return found

    return drawn


def _strings() -> Markup:
    # The same characters are escaped as by Jinja's tojson, so that the text cannot end its element.
    text = flask_json.dumps(page_strings())
    for character, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027")):
        text = text.replace(character, code)
    return Markup(text)  # noqa: S704 - escaped just now


def _keys() -> Markup:
    return Markup(render_template("layout/keys.html"))  # noqa: S704 - a template, which escapes


def _hit_pieces(icon: Drawer, _: Drawer) -> Callable[[], Mapping[str, Markup]]:
    """Return what draws the pieces that every card of a list of results has in common."""

    def word(name: str, text: str) -> Markup:
        return Markup('{}<span class="action-word">{}</span>').format(icon(name), _(text))

    def draw() -> Mapping[str, Markup]:
        views = _("阅读次数")
        return {
            "wording": draw_tag(_("对外口径")),
            "folder": icon("folder2-open"),
            "views": Markup('<span title="{}">{} <span class="visually-hidden">{}</span>').format(
                views, icon("eye"), views
            ),
            "copy": Markup("{} {}").format(icon("clipboard-check"), _("复制口径")),
            "ask": Markup("{}?article=").format(url_for("briefcase.ask")),
            "keep": Markup('data-keep data-key="f" title="{}">{}').format(
                _("加入公文包（F）"), word("bookmark-plus", "加入公文包")
            ),
            "link": Markup('data-key="l" title="{}">{}').format(
                _("复制链接（L）"), word("link-45deg", "复制链接")
            ),
            "preview": Markup(
                '<button type="button" class="button" data-show-preview title="{}">{}</button>'
            ).format(_("预览（空格）"), word("layout-sidebar-reverse", "预览")),
        }

    return draw
