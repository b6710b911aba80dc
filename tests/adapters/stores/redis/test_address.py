"""What URLs say, and what messages about them do not."""

import re

import pytest

from sluicegate.adapters.stores.redis.address import Address, Tls, read_address

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://", Address()),
        ("redis://cache.example", Address("cache.example")),
        ("redis://cache.example:6380/3", Address("cache.example", 6380, database=3)),
        ("redis://cache.example?db=4", Address("cache.example", database=4)),
        ("redis://:p%40ss@cache.example", Address("cache.example", password="p@ss")),
        ("redis://me:pass@[::1]:7000", Address("::1", 7000, username="me", password="pass")),
        ("unix:///run/redis.sock?db=2", Address(path="/run/redis.sock", database=2)),
        ("unix://me:pass@/run/redis.sock", Address(path="/run/redis.sock", username="me", password="pass")),
        ("rediss://cache.example", Address("cache.example", tls=Tls())),
        (
            "rediss://h?ssl_cert_reqs=none&ssl_ca_certs=/ca.pem&ssl_certfile=/c.pem&ssl_keyfile=/k.pem",
            Address("h", tls=Tls(False, "/ca.pem", "/c.pem", "/k.pem")),
        ),
    ],
)
def test_a_url_says_where_a_redis_is(url, address):
    assert read_address(url) == address


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"http://:{SECRET}@host", "begins with none of redis://, rediss://, unix://"),
        (f"redis://:{SECRET}/more@host", "have to be encoded"),
        (f"redis://host/{SECRET}", "a path that is no number of a database"),
        ("redis://host/-1", "a path that is no number of a database"),
        (f"redis://host?db={SECRET}", "a database that is no number"),
        (f"redis://host?{SECRET}=x", "an option that has no effect here"),
        ("redis://host?socket_timeout=3", "an option that has no effect here"),
        ("redis://host?ssl_cert_reqs=none", "options of TLS"),
        ("rediss://host?ssl_cert_reqs=some", "ssl_cert_reqs is one of"),
        ("unix://", "names no socket"),
    ],
)
def test_what_says_no_address_is_refused_and_not_quoted(url, says):
    with pytest.raises(ValueError, match=re.escape(says)) as refused:
        read_address(url)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_no_text_of_an_address_has_its_password():
    address = read_address(f"redis://someone:{SECRET}@host")
    for text in (str(address), repr(address)):
        assert SECRET not in text
        assert "someone" not in text
    assert str(address) == "host:6379"
    assert str(read_address("unix:///run/redis.sock")) == "/run/redis.sock"
