"""Settings from the environment, the private home, and the key in it."""

import stat
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from pydantic import ValidationError

from web.settings import Settings, prepare_home, secret_key


def _key(home: str) -> bytes:
    return secret_key(Settings(home=Path(home)))


def test_the_database_lies_in_the_home_unless_told_otherwise(tmp_path: Path) -> None:
    assert Settings(home=tmp_path).database_url == f"sqlite:///{tmp_path / 'kb.sqlite3'}"
    assert Settings(home=tmp_path, database_url="postgresql+psycopg://db/kb").database_url.startswith(
        "postgresql"
    )


def test_settings_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "KB_HOME": str(tmp_path / "elsewhere"),
        "KB_PORT": "8123",
        "KB_SECURE_COOKIES": "true",
        "KB_SESSION_IDLE_MINUTES": "30",
        "KB_TRUSTED_HOSTS": "kb.bank, kb-b.bank",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.home == tmp_path / "elsewhere"
    assert settings.database_url.endswith("elsewhere/kb.sqlite3")
    assert (settings.port, settings.secure_cookies) == (8123, True)
    assert settings.session_idle == timedelta(minutes=30)
    assert settings.trusted_hosts == ("kb.bank", "kb-b.bank")


@pytest.mark.parametrize(
    ("name", "value"),
    [("KB_PORT", "eighty"), ("KB_BANK_ZONE", "Mars/Olympus"), ("KB_SESSION_HOURS", "0"), ("KB_THREADS", "0")],
)
def test_a_setting_that_cannot_work_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises((ValidationError, KeyError)):
        Settings()


def test_a_relative_home_does_not_follow_a_later_change_of_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(home=Path("here"))
    monkeypatch.chdir("/")
    assert settings.home == tmp_path / "here"


def test_home_and_key_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "private")
    prepare_home(settings)
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
    assert stat.S_IMODE((settings.home / "secret.key").stat().st_mode) == 0o600


def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert secret_key(settings) == secret_key(settings)
    assert len(secret_key(settings)) == 32


def test_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    with get_context("spawn").Pool(4) as pool:
        keys = pool.map(_key, [str(tmp_path)] * 8)
    assert len(set(keys)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_an_empty_key_is_never_used(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_bytes(b"")
    with pytest.raises(ValueError, match="no usable key"):
        secret_key(Settings(home=tmp_path))
