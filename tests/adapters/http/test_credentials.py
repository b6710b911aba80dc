import pytest

from sluicegate.adapters.http.credentials import take_credential


@pytest.mark.parametrize(
    "header",
    [
        (b"authorization", b"Bearer key-1"),
        (b"authorization", b"bEARER   key-1 "),
        (b"x-api-key", b"key-1"),
        (b"api-key", b" key-1"),
        (b"x-goog-api-key", b"key-1"),
    ],
)
def test_a_key_is_taken_from_each_place_and_stays_in_none(header):
    headers, credential = take_credential([(b"accept", b"*/*"), header])
    assert credential == "key-1"
    assert headers == {"accept": "*/*"}


def test_the_first_place_wins_and_the_others_are_taken_out_too():
    raw = [(b"x-goog-api-key", b"d"), (b"api-key", b"c"), (b"x-api-key", b"b"), (b"authorization", b"Bearer a")]
    assert take_credential(raw) == ({}, "a")


def test_a_scheme_other_than_bearer_is_no_key_but_is_taken_out():
    assert take_credential([(b"authorization", b"Basic dTpw")]) == ({}, None)
    assert take_credential([(b"authorization", b"Basic dTpw"), (b"x-api-key", b"b")]) == ({}, "b")


def test_no_credential_is_none():
    assert take_credential([(b"authorization", b"Bearer "), (b"x-api-key", b"")]) == ({}, None)


def test_repeated_headers_are_joined():
    raw = [(b"accept", b"a"), (b"accept", b"b"), (b"cookie", b"c=1"), (b"cookie", b"d=2")]
    assert take_credential(raw)[0] == {"accept": "a, b", "cookie": "c=1; d=2"}
