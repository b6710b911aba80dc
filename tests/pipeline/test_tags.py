import msgspec
import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.tags import MAX_TAG, MAX_TAGS, TAGS, tags_in, tags_of

LONGEST = "x" * MAX_TAG


def request(metadata, *tags):
    made = Request("chat", tags=tags)
    made.fields = {"metadata": msgspec.Raw(msgspec.json.encode(metadata))}
    return made


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("a", ("a",)),
        (" a ,\tb,,a, c", ("a", "b", "c")),
        ("", ()),
        (LONGEST, (LONGEST,)),
        ("team=blue;x:~!", ("team=blue;x:~!",)),
        (",".join(map(str, range(MAX_TAGS))), tuple(map(str, range(MAX_TAGS)))),
    ],
)
def test_a_header_has_tags_with_commas_between_them(header, tags):
    assert tags_in({TAGS: header}) == tags


def test_no_header_is_no_tag():
    assert tags_in({"x-other": "a"}) == ()


@pytest.mark.parametrize("header", [LONGEST + "x", "two words", "a,\x01", "tür", ",".join(map(str, range(11)))])
def test_a_header_with_what_can_be_no_tag_is_refused(header):
    with pytest.raises(InvalidRequest) as caught:
        tags_in({TAGS: header})
    assert caught.value.param == TAGS
    assert header not in str(caught.value)


@pytest.mark.parametrize(
    ("metadata", "tags"),
    [
        ({"tags": "a, b"}, ("a", "b")),
        ({"tags": ["a", "b", "a"]}, ("a", "b")),
        ({"tags": ["fine", "two words", LONGEST + "x", "com,ma", ""]}, ("fine",)),
        ({"tags": [str(number) for number in range(20)]}, tuple(map(str, range(MAX_TAGS)))),
        ({"tags": 7}, ()),
        ({"tags": [7]}, ()),
        ({"other": "a"}, ()),
        (None, ()),
        ("a", ()),
        (["a"], ()),
    ],
)
def test_of_metadata_what_can_be_a_tag_is_one(metadata, tags):
    assert tags_of(request(metadata)) == tags


def test_tags_of_the_header_come_first():
    assert tags_of(request({"tags": "b,a,c"}, "a", "z")) == ("a", "z", "b", "c")


def test_a_request_without_metadata_has_those_of_its_header():
    assert tags_of(Request("chat", tags=("a",))) == ("a",)
