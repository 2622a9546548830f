"""What every answer carries: security headers, cache rules and the id of the request."""

import re
import uuid

from flask import Flask, Response, g, request

from web.settings import Settings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
# For the editor's page alone: what is being written carries its alignments in style attributes.
EDITOR_SECURITY_POLICY = CONTENT_SECURITY_POLICY.replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
TRANSPORT_SECURITY = "max-age=31536000; includeSubDomains"
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def install(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer, and give every request an id."""

    def name_request() -> None:
        sent = request.headers.get("X-Request-ID", "")
        g.request_id = sent if REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex

    def add_headers(answer: Response) -> Response:
        # A view may be stricter about its own content, such as a downloaded file in a sandbox.
        answer.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        for name, value in HEADERS.items():
            answer.headers[name] = value
        if settings.secure_cookies:
            answer.headers["Strict-Transport-Security"] = TRANSPORT_SECURITY
        answer.headers["X-Request-ID"] = request_id()
        # Knowledge must not stay behind in the cache of a shared desk.
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    app.before_request(name_request)
    app.after_request(add_headers)


def request_id() -> str:
    """Return the id of this request, which logs and error pages show."""
    return str(getattr(g, "request_id", ""))
