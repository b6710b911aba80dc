import pytest

from sluicegate.adapters.http.sockets import CannotListen, is_loopback, listen, url_of


def test_port_0_takes_a_free_one_and_the_url_names_it():
    with listen("127.0.0.1", 0) as sock:
        assert url_of(sock) == f"http://127.0.0.1:{sock.getsockname()[1]}"
        assert url_of(sock, secure=True) == f"https://127.0.0.1:{sock.getsockname()[1]}"


def test_a_port_in_use_is_told_in_one_line():
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(CannotListen, match=rf"^cannot listen on 127.0.0.1:{port}: Address already in use$"):
            listen("127.0.0.1", port)


def test_what_is_no_address_is_told_by_name():
    with pytest.raises(CannotListen, match=r"cannot listen on no\.such\.host\.invalid"):
        listen("no.such.host.invalid", 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_only_this_machine_can_reach_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_others_can_reach_any_other_address(host):
    assert not is_loopback(host)
