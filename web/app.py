"""The application factory: one blueprint per noun, one place where everything is put together."""

from pathlib import Path

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from web import (
    admin,
    announcements,
    api,
    articles,
    attachments,
    audiences,
    audit,
    briefcase,
    comments,
    copies,
    departments,
    drafts,
    drawing,
    editor,
    errors,
    evidence,
    feedback,
    feeds,
    gaps,
    golden_queries,
    health,
    home,
    i18n,
    images,
    insights,
    lexicon,
    moderation,
    nodes,
    notifications,
    people,
    points,
    related,
    review_dates,
    reviews,
    search,
    security,
    session,
    static_files,
    tasks,
    to_do,
    transactions,
    versions,
    watching,
    webhooks,
)
from web.settings import Settings, secret_key
from web.wiring import Services, build_services

LARGEST_REQUEST = 8 * 1024 * 1024
# 200,000 Chinese characters are 1.8 MB in a form.
LARGEST_FIELD = 4 * 1024 * 1024

# Each is a module or a package with a blueprint, one a line.
NOUNS = (
    admin,
    announcements,
    api,
    articles,
    attachments,
    audiences,
    audit,
    briefcase,
    comments,
    copies,
    departments,
    drafts,
    editor,
    evidence,
    feedback,
    feeds,
    health,
    home,
    images,
    insights,
    gaps,
    golden_queries,
    lexicon,
    moderation,
    nodes,
    notifications,
    people,
    points,
    related,
    review_dates,
    reviews,
    search,
    tasks,
    versions,
    watching,
    to_do,
    webhooks,
)


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """Build the web application.

    Args:
        settings: Taken from the environment if not given.
        services: The parts to work with; built from the settings if not given.
    """
    settings = settings or (services.settings if services else Settings())
    app = Flask(__name__, static_folder=None)
    app.config.from_mapping(_configuration(settings))
    app.extensions[transactions.EXTENSION] = services or build_services(settings)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(lambda: {"site_name": settings.site_name})
    transactions.install(app)
    security.install(app, settings)
    static_files.install(app, Path(app.root_path) / "static")
    # Before anything reads the form: the check of its token does.
    app.before_request(editor.allow_large_files)
    # A program shows its token in a header, which no other site can make a browser send.
    CSRFProtect(app).exempt(api.blueprint)
    session.install(app)
    i18n.install(app, settings.zone)
    drawing.install(app)
    errors.install(app)
    admin.install(app)
    insights.install(app)
    editor.install(app)
    related.install(app)
    for noun in NOUNS:
        app.register_blueprint(noun.blueprint)
    return app


def _configuration(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": secret_key(settings),
        "MAX_CONTENT_LENGTH": LARGEST_REQUEST,
        "MAX_FORM_MEMORY_SIZE": LARGEST_FIELD,
        "TRUSTED_HOSTS": list(settings.trusted_hosts) or None,
        "SESSION_COOKIE_NAME": "__Host-kb" if settings.secure_cookies else "kb_session",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        # The token lives as long as the cookie that holds it; the login's own limits end both.
        "WTF_CSRF_TIME_LIMIT": None,
        "BABEL_TRANSLATION_DIRECTORIES": "translations",
    }
