"""Settings from the environment: what is read, and what a bad value says."""

from pathlib import Path

import pytest

from config import env


@pytest.mark.parametrize(
    ("url", "host", "port", "name", "user"),
    [
        ("postgresql://ana:s%40crt@db.example.com:5433/fleet", "db.example.com", "5433", "fleet", "ana"),
        ("postgresql://ana@%2Ftmp%2FMy%20Sockets/fleet", "/tmp/My Sockets", "", "fleet", "ana"),
        ("postgresql:///fleet?host=/run/pg&user=ana", "/run/pg", "", "fleet", "ana"),
    ],
)
def test_database_url_becomes_a_django_entry(
    monkeypatch: pytest.MonkeyPatch, url: str, host: str, port: str, name: str, user: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    entry = env.database("DATABASE_URL")
    assert (entry["HOST"], entry["PORT"], entry["NAME"], entry["USER"]) == (host, port, name, user)


def test_password_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ana:s%40crt@db/fleet")
    assert env.database("DATABASE_URL")["PASSWORD"] == "s@crt"


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://u@h/d", "postgresql://h", "nonsense"])
def test_anything_but_postgresql_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(env.SettingError, match=r"DATABASE_URL .*postgresql://user.*README"):
        env.database("DATABASE_URL")


def test_missing_setting_says_its_name_and_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLOTILLA_SECRET_KEY", raising=False)
    with pytest.raises(env.SettingError, match=r"FLOTILLA_SECRET_KEY is not set.*50 or more"):
        env.text("FLOTILLA_SECRET_KEY", shape="50 or more random characters")


def test_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("from-file\n")
    monkeypatch.setenv("FLOTILLA_SECRET_KEY_FILE", str(secret))
    assert env.text("FLOTILLA_SECRET_KEY") == "from-file"


def test_unreadable_secret_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLOTILLA_SECRET_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(env.SettingError, match="FLOTILLA_SECRET_KEY_FILE"):
        env.text("FLOTILLA_SECRET_KEY")


@pytest.mark.parametrize(
    ("value", "expected"), [("yes", True), ("1", True), ("off", False), ("FALSE", False)]
)
def test_booleans(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("FLOTILLA_DEBUG", value)
    assert env.boolean("FLOTILLA_DEBUG", default=not expected) is expected


def test_a_boolean_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOTILLA_DEBUG", "maybe")
    with pytest.raises(env.SettingError, match="FLOTILLA_DEBUG is 'maybe'"):
        env.boolean("FLOTILLA_DEBUG", default=False)


@pytest.mark.parametrize("value", ["ten", "-1", "1.5"])
def test_a_number_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FLOTILLA_TICK_INTERVAL_S", value)
    with pytest.raises(env.SettingError, match="FLOTILLA_TICK_INTERVAL_S"):
        env.integer("FLOTILLA_TICK_INTERVAL_S", default=60)


@pytest.mark.parametrize(
    ("url", "port", "use_tls", "use_ssl"),
    [
        ("smtp://mail.example.com", 25, False, False),
        ("smtp+tls://ana:pw@mail.example.com:587", 587, True, False),
        ("smtps://mail.example.com", 465, False, True),
    ],
)
def test_smtp_addresses(
    monkeypatch: pytest.MonkeyPatch, url: str, port: int, use_tls: bool, use_ssl: bool
) -> None:
    monkeypatch.setenv("SMTP_URL", url)
    server = env.smtp("SMTP_URL")
    assert server is not None
    assert (server.port, server.use_tls, server.use_ssl) == (port, use_tls, use_ssl)


@pytest.mark.parametrize("url", ["http://mail", "smtp://mail:port", "mail.example.com"])
def test_bad_smtp_addresses_are_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SMTP_URL", url)
    with pytest.raises(env.SettingError, match="SMTP_URL"):
        env.smtp("SMTP_URL")


def test_base_url_loses_its_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOTILLA_BASE_URL", "https://flotilla.example.com/")
    assert env.base_url("FLOTILLA_BASE_URL", default="") == "https://flotilla.example.com"


def test_a_choice_is_one_of_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOTILLA_LOG_LEVEL", "warning")
    assert env.choice("FLOTILLA_LOG_LEVEL", ("INFO", "WARNING"), default="INFO") == "WARNING"
    monkeypatch.setenv("FLOTILLA_LOG_LEVEL", "loud")
    with pytest.raises(env.SettingError, match=r"FLOTILLA_LOG_LEVEL is 'LOUD'.*INFO, WARNING"):
        env.choice("FLOTILLA_LOG_LEVEL", ("INFO", "WARNING"), default="INFO")
