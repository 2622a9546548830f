"""The sockets a site listens on: opened once, and shared by all web processes that answer behind one port."""

import os
import socket
from collections.abc import Sequence

import click

BACKLOG = 1024
# Descriptors can be handed down to a child everywhere but on Windows.
CAN_SHARE = os.name == "posix"


def open_listeners(host: str, port: int) -> list[socket.socket]:
    """Return a listening socket for every address of a host.

    Connections wait in it until a process takes them, also while none is ready yet.

    Args:
        host: A name or an address.
        port: The port; 0 lets the system choose one.

    Raises:
        click.ClickException: with advice, if the port cannot be used.
    """
    opened: list[socket.socket] = []
    try:
        for address in _addresses(host, port):
            opened.append(_listening(*address))
    except OSError as error:
        _close(opened)
        raise click.ClickException(
            f"{host}:{port} 不能使用（{error.strerror}），请用 KB_PORT 换一个端口。"
        ) from error
    return opened


def handed_down(descriptors: Sequence[int]) -> list[socket.socket]:
    """Return the listening sockets that the supervisor left open for this process.

    Raises:
        click.ClickException: if a number is no open socket.
    """
    try:
        return [socket.socket(fileno=descriptor) for descriptor in descriptors]
    except OSError as error:
        raise click.ClickException(f"不能使用主进程的套接字（{error.strerror}）。") from error


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _kind, _protocol, _name, address in found))


def _listening(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


def _close(opened: Sequence[socket.socket]) -> None:
    for each in opened:
        each.close()
