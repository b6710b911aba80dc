"""What a worker process runs: ``python -m sluicegate.cli.worker FD``. Only a supervisor starts it, and no person.

FD is its end of the channel to the supervisor, which says all the rest.
"""

from __future__ import annotations

import signal
import socket
import sys

import trio

from sluicegate.adapters.http.admin_key import AdminKey
from sluicegate.adapters.http.lifetime import live
from sluicegate.adapters.http.orders import Orders
from sluicegate.adapters.stores.shared import SharedStore
from sluicegate.adapters.telemetry.log_writer import LogWriter
from sluicegate.adapters.telemetry.logs import configure
from sluicegate.adapters.telemetry.view import OwnView
from sluicegate.adapters.workers.bond import Bond
from sluicegate.adapters.workers.control import Channel, receive_first
from sluicegate.adapters.workers.post import Post
from sluicegate.assembly import build

from .front import front_of
from .garbage import keep_what_there_is
from .keeping import directory_of
from .last_lines import close_logs


def work(descriptor: int) -> None:
    """Serve as the supervisor at the other end of a socket says. Blocks until that is over."""
    # The supervisor alone says when to leave. Signals may reach all processes of a service at once.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    control = socket.socket(fileno=descriptor)
    first = receive_first(control)
    if first is None:
        return  # the supervisor has ended already
    post = Post.load(first[1])
    logs = configure(post.log_level, sys.stderr, lock=post.files.log_lock)
    trio.run(_work, post, control, logs)
    close_logs(logs)


async def _work(post: Post, control: socket.socket, logs: LogWriter) -> None:
    async with directory_of(post.config) as directory:
        # Limits are those of the host, so all workers count in one table. What else is in the store is each's own.
        stores = {"memory": SharedStore(post.files.counters)}
        gateway = build(
            post.config,
            access_log=logs.access,
            stores=stores,
            directory=directory,
            revocations=directory.identities.database,
        )
        orders = Orders()
        channel = Channel(trio.SocketStream(trio.socket.from_stdlib_socket(control)))
        bond = Bond(channel, orders, OwnView(gateway), post.config.server)
        front = front_of(gateway, post.config, AdminKey(post.admin_key), view=bond, reload=bond.reload)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bond.run)
            keep_what_there_is()
            await live(gateway, front, socket.socket(fileno=post.files.listener), orders, started=bond.serving)
            await bond.say_farewell()
            nursery.cancel_scope.cancel()


if __name__ == "__main__":
    work(int(sys.argv[1]))
