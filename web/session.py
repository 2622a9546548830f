"""Who is asking: login and logout, the cookie that carries a login's token, and how pages are liked."""

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)  # fmt: skip
from flask_babel import gettext as _
from flask_login import LoginManager, UserMixin, current_user, login_user
from werkzeug.wrappers import Response as BaseResponse

from kb.access import Actor
from kb.errors import Invalid
from kb.logins import (
    check_password,
    is_stale,
    log_in,
    log_out,
    mark_seen,
    session_person,
    session_state,
)
from kb.models import Person
from kb.people import CHOICES, set_preferences
from kb.sample import DemoAccount, demo_accounts
from web.recording import after_response
from web.transactions import now, reading, services, writing

# Who was signed in with a request before, by token, with what the database said of them then.
SIGNED_IN = "kb_signed_in"
MOST_SIGNED_IN = 5_000
LOCALE_COOKIE = "kb_locale"
LOCALE_COOKIE_SECONDS = 365 * 24 * 3600

# Everything else needs a login; keep this list short.
PUBLIC_ENDPOINTS = frozenset(
    {
        "static",
        "health.alive",
        "health.ready",
        "session.log_in",
        "session.choose_locale",
        "search.opensearch",
        "feeds.atom",
    }
)

# These ask for a token of their own instead of a login.
TOKEN_BLUEPRINTS = frozenset({"api"})
API_PATH = "/api/"

blueprint = Blueprint("session", __name__)


class SignedIn(UserMixin):  # type: ignore[misc]
    """The person behind a request, and the token of their login.

    ``person`` is detached from its database session: its columns, department and roles are loaded.
    """

    def __init__(self, person: Person, token: str) -> None:
        self.person = person
        self.actor = Actor.of(person)
        self.token = token

    def get_id(self) -> str:
        """Return what the cookie keeps: the login's secret token, never the person's id."""
        return self.token


def current_actor() -> Actor:
    """Return the person asking, for use-cases; only on pages that need a login."""
    found: Actor = current_user.actor
    return found


def install(app: Flask) -> None:
    """Make every endpoint need a login, apart from the short list above."""
    manager = LoginManager()
    manager.session_protection = None
    manager.user_loader(_load)
    manager.init_app(app)
    app.extensions[SIGNED_IN] = {}
    app.register_blueprint(blueprint)
    app.before_request(_require_login)


def _load(token: str) -> SignedIn | None:
    # The page for a failure of the server must not ask a broken database who is reading.
    if g.get("is_failing"):
        return None
    at, idle = now(), services().settings.session_idle
    known: dict[str, tuple[object, SignedIn]] = current_app.extensions[SIGNED_IN]
    with reading() as db:
        state = session_state(db, token, at, idle)
        if state is None:
            known.pop(token, None)
            return None
        last_seen_at, person = state
        before = known.get(token)
        if before is not None and before[0] == person:
            signed_in = before[1]
        else:
            found = session_person(db, token, at, idle)
            if found is None:
                return None
            signed_in = SignedIn(found[0], token)
            if len(known) >= MOST_SIGNED_IN:
                known.clear()
            known[token] = (person, signed_in)
    if is_stale(last_seen_at, at):
        after_response(lambda db: mark_seen(db, token, at), may_wait=True)
    return signed_in


def _require_login() -> BaseResponse | None:
    if request.blueprint in TOKEN_BLUEPRINTS:
        return None
    if request.endpoint is None or request.endpoint in PUBLIC_ENDPOINTS or current_user.is_authenticated:
        return None
    if wants_json():
        answer: Response = jsonify(status=401, title=_("请先登录"), login=url_for("session.log_in"))
        answer.status_code = 401
        return answer
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("session.log_in", next=target))


def wants_json() -> bool:
    """Return whether a script asks rather than a person's navigation."""
    if request.path.startswith(API_PATH):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json" and not request.accept_mimetypes.accept_html


def safe_target(target: str | None) -> str:
    """Return where to go next if it is a path of this site, else the home page."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return url_for("home.page")
    # Browsers drop control characters and read backslashes as slashes, which would lead off the site.
    if any(ord(character) < 0x21 for character in target) or "\\" in target:
        return url_for("home.page")
    parts = urlsplit(target)
    return url_for("home.page") if parts.scheme or parts.netloc else target


@blueprint.route("/login", methods=["GET", "POST"], endpoint="log_in")
def log_in_page() -> BaseResponse | str | tuple[str, int]:
    """Show the login form, or log in."""
    target = request.values.get("next", "")
    if request.method == "GET":
        return redirect(safe_target(target)) if current_user.is_authenticated else _login_form(target)
    username, password = request.form.get("username", ""), request.form.get("password", "")
    if not username.strip() or not password:
        return _login_form(target, username, _("请填写用户名和密码。")), 422
    with reading() as db:
        check = check_password(db, username, password)
    with writing() as db:
        length = services().settings.session_length
        attempt = log_in(db, check, now(), request.remote_addr or "", length)
    if attempt.minutes_locked:
        problem = _("连续输错密码，账号已锁定，请 %(minutes)s 分钟后再试。", minutes=attempt.minutes_locked)
        return _login_form(target, username, problem), 429
    if attempt.token is None:
        return _login_form(target, username, _("用户名或密码不正确。")), 401
    return _begin(attempt.token, target)


def _begin(token: str, target: str) -> BaseResponse:
    former = session.get("_user_id")
    if former:
        with writing() as db:
            log_out(db, former, now())
    # Nothing from before the login survives it, so nobody can plant a session.
    session.clear()
    signed_in = _load(token)
    if signed_in is None:
        return redirect(url_for("session.log_in"))
    login_user(signed_in)
    return redirect(safe_target(target), code=303)


def _login_form(target: str, username: str = "", problem: str = "") -> str:
    return render_template(
        "session/login.html", target=target, username=username, problem=problem, accounts=_accounts_to_try()
    )


def _accounts_to_try() -> list[DemoAccount]:
    return list(demo_accounts()) if services().settings.demo else []


@blueprint.post("/logout", endpoint="log_out")
def log_out_now() -> BaseResponse:
    """End the login on the server and forget the cookie."""
    with writing() as db:
        log_out(db, current_user.token, now())
    session.clear()
    return redirect(url_for("session.log_in"), code=303)


@blueprint.post("/preferences")
def preferences() -> BaseResponse | tuple[str, int]:
    """Keep theme, language, font size and single keys, sent as a form or as JSON."""
    sent = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    if not isinstance(sent, dict):
        raise Invalid("没有这个选项。")
    chosen = {field: _choice(sent[field]) for field in CHOICES if field in sent}
    with writing() as db:
        set_preferences(db, current_user.person.id, chosen)
    if request.is_json or wants_json():
        return current_app.response_class(status=204)
    return redirect(safe_target(request.form.get("next")), code=303)


@blueprint.post("/locale")
def choose_locale() -> BaseResponse:
    """Keep the language of somebody who has not logged in yet."""
    answer = redirect(safe_target(request.form.get("next")), code=303)
    locale = request.form.get("locale", "")
    if locale in CHOICES["locale"]:
        secure = services().settings.secure_cookies
        answer.set_cookie(
            LOCALE_COOKIE, locale, max_age=LOCALE_COOKIE_SECONDS, secure=secure, httponly=True, samesite="Lax"
        )
    return answer


def _choice(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
