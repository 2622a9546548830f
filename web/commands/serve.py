"""``kb serve``: the web server and the one follower of the index, started and ended together."""

import http.client
import signal
import socket
import sys
import threading
import time

import click

from kb.sample import demo_accounts, is_loaded
from web.commands.opening import open_services
from web.settings import Settings
from web.supervisor import Child, end_with_supervisor, stop_on_signals, supervise
from web.wiring import Services, build_chores, build_follower

STARTING_SECONDS = 60.0
WEB_PATIENCE = 5


@click.command()
@click.option(
    "--part",
    type=click.Choice(["all", "web", "follower"]),
    default="all",
    show_default=True,
    help="只运行网页服务，或只运行索引跟随进程；默认两者一起。",
)
def serve(part: str) -> None:
    """启动知识库：网页服务和索引跟随进程；按 Ctrl-C 结束。"""
    services = open_services()
    if part == "web":
        end_with_supervisor()
        _serve_web(services)
    elif part == "follower":
        stop = threading.Event()
        stop_on_signals(stop)
        end_with_supervisor()
        threading.Thread(target=build_chores(services).run, args=(stop,), name="chores", daemon=True).start()
        build_follower(services.settings, services).run(stop)
    else:
        _serve_all(services)


def _serve_web(services: Services) -> None:
    # Imported here because no other command needs Flask, and each should start quickly.
    import waitress

    from web.app import create_app
    from web.recording import keep_notebook

    settings = services.settings
    app = create_app(settings, services)
    # On SystemExit waitress lets the running requests finish.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    notebook = keep_notebook(app)
    try:
        waitress.serve(
            app,
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            ident=None,
            channel_timeout=60,
        )
    finally:
        notebook.close()


def _serve_all(services: Services) -> None:
    settings = services.settings
    _check_port(settings)
    stop = threading.Event()
    stop_on_signals(stop)
    command = [sys.executable, "-m", "web.cli", "serve", "--part"]
    children = [
        Child("网页服务", [*command, "web"], patience=WEB_PATIENCE),
        Child("索引跟随进程", [*command, "follower"]),
    ]
    threading.Thread(target=_announce, args=(services, stop), daemon=True).start()
    if not supervise(children, stop, lambda sentence: click.echo(sentence, err=True)):
        raise click.ClickException("知识库没有运行起来，请查看上面的信息。")
    click.echo("知识库已停止。", err=True)


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise click.ClickException(
                f"{settings.host}:{settings.port} 不能使用（{error.strerror}），请用 KB_PORT 换一个端口。"
            ) from error


def _announce(services: Services, stop: threading.Event) -> None:
    settings = services.settings
    shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared only
    deadline = time.monotonic() + STARTING_SECONDS
    while not _answers(shown, settings.port):
        if time.monotonic() > deadline or stop.wait(0.2):
            return
    lines = [f"知识库已启动：http://{shown}:{settings.port}/　（按 Ctrl-C 结束）"]
    with services.database.read() as session:
        if is_loaded(session):
            lines += [
                f"演示账号 {account.username:<10} 密码 {account.password}　{account.name}"
                for account in demo_accounts()
            ]
    click.echo("\n".join(lines))


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
