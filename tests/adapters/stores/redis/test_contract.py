"""What we use of redis-py and hiredis beside their documented commands: a new version that changes it fails here."""

import hiredis
import pytest
import redis
from redis.commands.core import AsyncCoreCommands
from redis.connection import DefaultParser, SSLConnection, UnixDomainSocketConnection, parse_url
from redis.exceptions import AuthenticationError, NoScriptError, OutOfMemoryError, ReadOnlyError, ResponseError

from sluicegate.adapters.stores.redis.link import NOTHING, new_reader


def test_the_versions_are_those_that_this_was_written_for():
    assert redis.__version__.partition(".")[0] == "8"
    assert hiredis.__version__.partition(".")[0] == "3"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ERR no", ResponseError),
        ("OOM command not allowed when used memory > 'maxmemory'.", OutOfMemoryError),
        ("NOSCRIPT No matching script.", NoScriptError),
        ("READONLY You can't write against a read only replica.", ReadOnlyError),
        ("WRONGPASS invalid username-password pair or user is disabled.", AuthenticationError),
        ("NOAUTH Authentication required.", AuthenticationError),
    ],
)
def test_errors_are_known_by_their_first_word(text, kind):
    reader = new_reader()
    reader.feed(f"-{text}\r\n".encode())
    assert type(reader.gets()) is kind
    assert type(DefaultParser.parse_error(text)) is kind


def test_a_reader_tells_replies_pushes_and_what_is_not_complete_apart():
    reader = new_reader()
    reader.feed(b"_\r\n>1\r\n+push\r\n*1\r\n:1\r\n$3\r\nab")
    assert reader.gets() is None
    assert type(push := reader.gets()) is hiredis.PushNotification
    assert push == [b"push"]
    assert reader.gets() == [1]
    assert reader.gets() is NOTHING


def test_commands_are_packed_as_they_are():
    assert hiredis.pack_command(("SET", "k", b"\x00\r\n", 5)) == (
        b"*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n\x00\r\n\r\n$1\r\n5\r\n"
    )


def test_a_client_has_a_table_of_callbacks_for_resp3_and_connects_to_nothing():
    callbacks = redis.Redis(host="does.not.exist.invalid", protocol=3).response_callbacks
    assert callbacks["SET"](b"OK") is True
    assert callbacks.get("GET") is None
    assert callbacks["PING"](b"PONG") is True


def test_urls_are_read_into_the_names_that_we_know():
    assert parse_url("rediss://a:b@c:1/2?ssl_cert_reqs=none") == {
        "username": "a",
        "password": "b",
        "host": "c",
        "port": 1,
        "db": 2,
        "connection_class": SSLConnection,
        "ssl_cert_reqs": "none",
    }
    assert parse_url("unix:///s") == {"path": "/s", "connection_class": UnixDomainSocketConnection}


def test_commands_are_methods_that_hand_over_to_execute_command():
    sent = []

    class Listening(AsyncCoreCommands):
        _is_async_client = True

        def execute_command(self, *args, **options):
            sent.append((args, options))

    one = Listening()
    one.get("k")
    one.set("k", b"v", px=5)
    one.delete("k")
    one.evalsha("sha", 1, "k", "a")
    one.eval("text", 1, "k", "a")
    assert sent == [
        (("GET", "k"), {"keys": ["k"]}),
        (("SET", "k", b"v", "PX", 5), {}),
        (("DEL", "k"), {}),
        (("EVALSHA", "sha", 1, "k", "a"), {}),
        (("EVAL", "text", 1, "k", "a"), {}),
    ]
