import pytest
import trio

from sluicegate.adapters.http.throttle import ATTEMPTS, MAX_ADDRESSES, WINDOW, Throttle, address_of


async def test_after_some_failures_an_address_waits_for_the_end_of_its_window(autojump_clock):
    throttle = Throttle()
    await trio.sleep(5)
    for _ in range(ATTEMPTS):
        assert throttle.wait("10.0.0.1") == 0
        throttle.failed("10.0.0.1")
        await trio.sleep(1)
    assert throttle.wait("10.0.0.1") == WINDOW - ATTEMPTS
    assert throttle.wait("10.0.0.2") == 0
    await trio.sleep(WINDOW - ATTEMPTS)
    assert throttle.wait("10.0.0.1") == 0
    throttle.failed("10.0.0.1")
    assert throttle.wait("10.0.0.1") == 0


async def test_many_addresses_take_bounded_room():
    throttle = Throttle()
    for number in range(MAX_ADDRESSES + 100):
        throttle.failed(f"address {number}")
    assert len(throttle._failures) == MAX_ADDRESSES


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("10.1.2.3", 5), "10.1.2.3"),
        (("::ffff:10.1.2.3", 5), "10.1.2.3"),
        (("2001:db8:1:2:3:4:5:6", 5), "2001:db8:1:2::"),
        (("fe80::1%eth0", 5), "fe80::"),
        (("/run/socket", None), "/run/socket"),
        (None, ""),
    ],
)
def test_who_has_a_whole_network_of_ipv6_counts_once(client, address):
    assert address_of({"client": client}) == address
