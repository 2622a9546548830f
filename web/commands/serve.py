"""``kb serve``: the web processes and the one follower of the index, started and ended together."""

import http.client
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence

import click

from kb.database import Database
from kb.sample import demo_accounts, is_loaded
from web.commands.opening import open_services, open_store
from web.listening import CAN_SHARE, handed_down, open_listeners
from web.processes import FOLLOWER, WEB, Processes
from web.settings import Settings
from web.supervisor import Child, end_with_supervisor, stop_on_signals, supervise
from web.wiring import Services, build_chores, build_follower

STARTING_SECONDS = 300.0
WEB_PATIENCE = 5
# Waitress stops accepting at 100 open connections; browsers keep theirs open.
MOST_CONNECTIONS = 800


@click.command()
@click.option(
    "--part",
    type=click.Choice(["all", "web", "follower"]),
    default="all",
    show_default=True,
    help="只运行网页服务，或只运行索引跟随进程；默认两者一起。",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="同时应答的网页进程数；默认为处理器核数（最多 8），也可用 KB_PROCESSES 设置。",
)
@click.option("--listener", type=int, multiple=True, hidden=True)
def serve(part: str, processes: int | None, listener: tuple[int, ...]) -> None:
    """启动知识库：网页服务和索引跟随进程；按 Ctrl-C 结束。"""
    if listener:
        end_with_supervisor()
        _answer_requests(open_services(), handed_down(listener))
    elif part == "follower":
        _follow(open_services())
    else:
        settings = Settings()
        wanted = processes or settings.processes
        if wanted > 1 and not CAN_SHARE:
            click.echo("此系统不支持多个网页进程共用一个端口，只启动一个网页进程。", err=True)
            wanted = 1
        if part == "web" and wanted == 1:
            end_with_supervisor()
            _answer_requests(open_services(), open_listeners(settings.host, settings.port))
        else:
            _serve(settings, wanted, has_follower=part == "all")


def _follow(services: Services) -> None:
    stop = threading.Event()
    stop_on_signals(stop)
    end_with_supervisor()
    with Processes(services.settings.processes_directory).entered(FOLLOWER) as entry:
        threading.Thread(target=build_chores(services).run, args=(stop,), name="chores", daemon=True).start()
        follower = build_follower(services.settings, services)
        entry.be_ready()
        follower.run(stop)


def _answer_requests(services: Services, listeners: Sequence[socket.socket]) -> None:
    # Imported here because no other command needs Flask, and each should start quickly.
    import waitress

    from web.app import create_app
    from web.recording import keep_notebook
    from web.warming import keep_open, warm_up

    app = create_app(services.settings, services)
    # That requests wait for a thread for a moment is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # On SystemExit waitress lets the running requests finish.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    notebook, stop = keep_notebook(app), threading.Event()
    try:
        with Processes(services.settings.processes_directory).entered(WEB) as entry:
            warm_up(app)
            threading.Thread(target=keep_open, args=(app, stop), name="index", daemon=True).start()
            entry.be_ready()
            waitress.serve(
                app,
                sockets=listeners,
                threads=services.settings.threads,
                connection_limit=MOST_CONNECTIONS,
                asyncore_use_poll=True,
                ident=None,
                channel_timeout=60,
            )
    finally:
        stop.set()
        notebook.close()


def _serve(settings: Settings, processes: int, *, has_follower: bool) -> None:
    """Run everything as children: this process only holds the sockets and starts again what died."""
    database = open_store().database
    listeners = open_listeners(settings.host, settings.port)
    stop = threading.Event()
    stop_on_signals(stop)
    port = int(listeners[0].getsockname()[1])
    if not CAN_SHARE:
        # The one web process will open it anew; here it was only found out whether that is possible.
        for listener in listeners:
            listener.close()
        listeners = []
    children = _children(listeners, processes, has_follower=has_follower)
    threading.Thread(target=_announce, args=(settings, port, database, stop), daemon=True).start()
    if not supervise(children, stop, lambda sentence: click.echo(sentence, err=True)):
        raise click.ClickException("知识库没有运行起来，请查看上面的信息。")
    click.echo("知识库已停止。", err=True)


def _children(listeners: Sequence[socket.socket], processes: int, *, has_follower: bool) -> list[Child]:
    command = [sys.executable, "-m", "web.cli", "serve"]
    descriptors = [listener.fileno() for listener in listeners]
    options = [option for descriptor in descriptors for option in ("--listener", str(descriptor))]
    children = [
        Child(
            "网页服务" if processes == 1 else f"网页进程 {number}",
            [*command, *(options or ["--part", "web", "--processes", "1"])],
            patience=WEB_PATIENCE,
            group="web",
            descriptors=descriptors,
        )
        for number in range(1, processes + 1)
    ]
    if has_follower:
        children.append(Child("索引跟随进程", [*command, "--part", "follower"]))
    return children


def _announce(settings: Settings, port: int, database: Database, stop: threading.Event) -> None:
    host = settings.host
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared only
    deadline = time.monotonic() + STARTING_SECONDS
    while not _answers(shown, port):
        if time.monotonic() > deadline or stop.wait(0.2):
            return
    lines = [f"知识库已启动：http://{shown}:{port}/　（按 Ctrl-C 结束）"]
    with database.read() as session:
        if is_loaded(session):
            lines += [
                f"演示账号 {account.username:<10} 密码 {account.password}　{account.name}"
                for account in demo_accounts()
            ]
    click.echo("\n".join(lines))


def _answers(host: str, port: int) -> bool:
    # Nobody accepts before the first process is ready: the question waits in the socket until then.
    connection = http.client.HTTPConnection(host, port, timeout=STARTING_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
