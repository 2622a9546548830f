"""Typed settings from the environment (prefix ``KB_``) and the private folder they point to."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from kb.database import sqlite_url

SECRET_BYTES = 32
# Every web process has memory of its own; more than these only if the operator asks for them.
MOST_BY_ITSELF = 8


class Settings(BaseSettings):
    """Everything an operator can set; every field is the environment variable ``KB_<NAME>``.

    ``threads`` is for each of the ``processes`` that answer requests, of which there are as many as processor
    cores if nothing is said. ``activity_days`` is how long searches and views are kept (0: for ever); ``session_idle_minutes`` and
    ``session_hours`` end a login; ``demo`` lists the demo accounts on the login page and must stay off
    where real people work; ``webhook_hosts`` are the only hosts that
    webhooks may lead to.
    """

    model_config = SettingsConfigDict(env_prefix="KB_", frozen=True, extra="forbid")

    home: Path = Path("var")
    database_url: str = ""
    site_name: str = "行内知识库"
    bank_zone: str = "Asia/Shanghai"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    threads: int = Field(default=8, ge=1, le=256)
    processes: int = Field(default_factory=lambda: min(usable_cores(), MOST_BY_ITSELF), ge=1, le=64)
    secure_cookies: bool = False
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    session_idle_minutes: int = Field(default=60, ge=5, le=24 * 60)
    session_hours: int = Field(default=12, ge=1, le=24 * 7)
    activity_days: int = Field(default=400, ge=0, le=3650)
    demo: bool = False
    webhook_hosts: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("trusted_hosts", "webhook_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("bank_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        ZoneInfo(value)
        return value

    @model_validator(mode="before")
    @classmethod
    def _place_database(cls, values: dict[str, object]) -> dict[str, object]:
        home = Path(str(values.get("home") or "var")).expanduser().resolve()
        url = values.get("database_url") or sqlite_url(home / "kb.sqlite3")
        return {**values, "home": home, "database_url": url}

    @property
    def zone(self) -> ZoneInfo:
        """The bank's time zone."""
        return ZoneInfo(self.bank_zone)

    @property
    def index_directory(self) -> Path:
        """Where this node keeps its search index."""
        return self.home / "index"

    @property
    def processes_directory(self) -> Path:
        """Where the processes that serve from this home enter themselves."""
        return self.home / "processes"

    @property
    def session_idle(self) -> timedelta:
        """How long a login survives without a request."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def session_length(self) -> timedelta:
        """How long a login survives at most."""
        return timedelta(hours=self.session_hours)

    def at(self, **changes: object) -> Self:
        """Return a validated copy with some fields changed."""
        return type(self)(**{**self.model_dump(exclude={"database_url"}), **changes})


def usable_cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def prepare_home(settings: Settings) -> None:
    """Create the private folder and the secret key if they are not there yet; safe to repeat."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret_key(settings)


def secret_key(settings: Settings) -> bytes:
    """Return the key that signs cookies, making it on first use, readable by the owner alone."""
    path = settings.home / "secret.key"
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _read_key(path)
    except FileNotFoundError:
        pass
    # Two processes may start at once: only one link succeeds, and both then read that key.
    draft = settings.home / f"secret.{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(SECRET_BYTES))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) < SECRET_BYTES:
        raise ValueError(f"{path} holds no usable key; remove it to have a new one made")
    return key
