"""Tells a supervisor or load balancer whether the process lives and whether it can serve."""

from flask import Blueprint, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from kb.migrate import is_current
from web.transactions import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """Answer as long as the process does."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Answer 200 once the database has the wanted schema and an index can be opened, else 503."""
    parts = {"database": _database_is_ready(), "index": services().engine.cursor() >= 0}
    is_ready = all(parts.values())
    state = {name: "ok" if works else "unavailable" for name, works in parts.items()}
    return jsonify(status="ok" if is_ready else "unavailable", **state), 200 if is_ready else 503


def _database_is_ready() -> bool:
    try:
        return is_current(services().database)
    except SQLAlchemyError:
        return False
