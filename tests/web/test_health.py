"""What supervisors and load balancers ask."""

import shutil

from flask.testing import FlaskClient

from kb.clock import SystemClock
from kb.database import Database
from web.app import create_app
from web.settings import Settings
from web.wiring import build_services


def test_a_living_process_says_so(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


def test_a_node_with_database_and_index_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "database": "ok", "index": "ok"}


def test_a_node_without_an_index_is_not_ready(client: FlaskClient, settings: Settings) -> None:
    shutil.rmtree(settings.index_directory)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["index"] == "unavailable"


def test_the_application_starts_before_database_and_index_exist(tmp_path) -> None:
    settings = Settings(home=tmp_path / "fresh")
    services = build_services(settings)
    client = create_app(settings, services).test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json == {
        "status": "unavailable",
        "database": "unavailable",
        "index": "unavailable",
    }
    assert isinstance(services.clock, SystemClock)
    services.database.close()


def test_a_database_of_an_older_schema_is_not_ready(client: FlaskClient, database: Database) -> None:
    with database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["database"] == "unavailable"
