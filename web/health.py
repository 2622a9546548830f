"""Tells a supervisor or load balancer whether the process lives and whether it can serve."""

from flask import Blueprint, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from kb.migrate import is_current
from web.processes import WEB, Processes
from web.transactions import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """Answer as long as the process does."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Answer 200 once the database has the wanted schema and an index can be opened, else 503.

    Under ``kb serve`` it also says how many web processes are ready; with another server nobody counts them.
    """
    parts = {"database": _database_is_ready(), "index": services().engine.cursor() >= 0}
    is_ready = all(parts.values())
    state: dict[str, object] = {name: "ok" if works else "unavailable" for name, works in parts.items()}
    running = Processes(services().settings.processes_directory).running()
    if serving := sum(process.part == WEB and process.is_ready for process in running):
        state["processes"] = serving
    return jsonify(status="ok" if is_ready else "unavailable", **state), 200 if is_ready else 503


def _database_is_ready() -> bool:
    try:
        return is_current(services().database)
    except SQLAlchemyError:
        return False
