"""Connecting to a real Redis in all the ways there are, and what is said where that fails."""

import pytest
import trio
import trustme

from sluicegate.adapters.stores.redis.address import read_address
from sluicegate.adapters.stores.redis.dial import dial
from sluicegate.adapters.stores.redis.link import LinkLost
from sluicegate.pipeline.errors import StoreUnavailable
from tests.adapters.stores.redis.running import multiplexer, running
from tests.servers import RedisServer, free_port

pytestmark = pytest.mark.redis
PASSWORD = "open s3same/@"
QUOTED = "open%20s3same%2F%40"


async def refused(url: str, timeout: float = 1.0) -> str:
    with pytest.raises(LinkLost) as lost:
        await dial(read_address(url), timeout, print, StoreUnavailable)
    return str(lost.value)


async def test_by_tcp_and_by_socket_the_same_redis_is_reached(shared_redis):
    async with running(multiplexer(f"{shared_redis.url}/3")) as one:
        await one.set("dialled", b"here")
    async with running(multiplexer(f"unix://{shared_redis.socket}?db=3")) as two:
        assert await two.get("dialled") == b"here"
    async with running(multiplexer(shared_redis.url)) as other_database:
        assert await other_database.get("dialled") is None


async def test_the_server_knows_what_the_connection_is_called_and_that_it_speaks_resp3(shared_redis):
    async with running(multiplexer(shared_redis.url)) as commands:
        told = await commands.client_info()
        assert (told["name"], told["resp"]) == ("sluicegate", "3")


async def test_a_password_lets_in_and_a_wrong_one_is_not_repeated(tmp_path):
    with RedisServer(tmp_path, requirepass=PASSWORD) as server:
        port = server.port
        async with running(multiplexer(f"redis://:{QUOTED}@127.0.0.1:{port}")) as commands:
            assert await commands.ping()
        async with running(multiplexer(f"redis://default:{QUOTED}@127.0.0.1:{port}")) as commands:
            assert await commands.ping()
        for wrong in ("redis://:n0t-it@127.0.0.1", "redis://nobody:n0t-it@127.0.0.1"):
            assert await refused(f"{wrong}:{port}") == "it does not take our user and password"
        assert await refused(server.url) == "it does not take our user and password"


async def test_tls_is_verified_unless_that_is_turned_off(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    port = free_port()
    files = {f"tls-{name}-file": str(tmp_path / f"{name}.pem") for name in ("cert", "key")}
    options = {**files, "tls-ca-cert-file": str(tmp_path / "ca.pem"), "tls-auth-clients": "optional"}
    with RedisServer(tmp_path, **{"tls-port": str(port)}, **options):
        ours = f"ssl_ca_certs={tmp_path}/ca.pem"
        async with running(multiplexer(f"rediss://localhost:{port}?{ours}")) as commands:
            await commands.set("big", bytes(3_000_000))
            assert await commands.get("big") == bytes(3_000_000)
        assert "certificate" in await refused(f"rediss://localhost:{port}")
        assert "certificate" in await refused(f"rediss://127.0.0.1:{port}?{ours}")
        async with running(multiplexer(f"rediss://127.0.0.1:{port}?ssl_cert_reqs=none")) as commands:
            assert await commands.ping()
        assert await refused(f"rediss://localhost:{port}?ssl_ca_certs={tmp_path}/none.pem") == (
            "the certificates of its TLS cannot be read: No such file or directory"
        )


async def test_where_nobody_listens_the_reason_is_told(deaf_address, tmp_path):
    assert await refused(f"redis://{deaf_address}") == "no connection: Connection refused"
    assert await refused(f"redis://{'x' * 70}.example") == "no connection: UnicodeError"
    assert await refused(f"unix://{tmp_path}/none.sock") == "no connection: No such file or directory"


async def answers(listener: trio.SocketListener, answer: bytes) -> None:
    async def handle(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        await stream.send_all(answer)
        await stream.receive_some(1000)
        await trio.sleep_forever()

    await trio.serve_listeners(handle, [listener])


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what answers there is no Redis"),
        (b"-ERR unknown command 'HELLO' with args\r\n", "it does not speak RESP3, as Redis does from version 6 on"),
        (b"-ERR max number of clients reached\r\n", "it has refused HELLO: ERR"),
        (b"-LOADING Redis is loading the dataset in memory\r\n", "it has refused HELLO: LOADING"),
        (b"+OK\r\n", "it is slower than 0.1 s"),
    ],
)
async def test_what_is_no_ready_redis_is_told_by_what_it_answers(answer, why):
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(answers, listener, answer)
        port = listener.socket.getsockname()[1]
        assert await refused(f"redis://127.0.0.1:{port}", timeout=0.1) == why
        nursery.cancel_scope.cancel()
