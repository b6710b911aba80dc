"""What may be said of a key, and what is said to those who say something else."""

import msgspec
import pytest

from sluicegate.adapters.identity.fields import allowance, read_fields, show_time
from sluicegate.pipeline.caller import Allowance, Budget
from sluicegate.pipeline.errors import InvalidRequest

NOW = 1_800_000_000.0


def read(**given):
    return read_fields("key", {"name": "ci", **given}, NOW, new=True)


def test_everything_is_read_as_the_configuration_writes_it():
    found = read(
        owner="Ann",
        user="user_1",
        team="blue",
        role="admin",
        enabled=False,
        allowed_models=["openai/*"],
        allowed_operations=["chat"],
        expires="30d",
        limits={"requests": ["10/s", "600/min"], "tokens": "100000/min", "cost": "$5/h", "concurrency": 3},
        budgets={"day": "$1", "total": "$2.50"},
        metadata={"cost_center": 7},
    )
    own = allowance(Allowance(), found)
    assert own == Allowance(
        requests=((10, 1.0), (600, 60.0)),
        tokens=((100_000, 60.0),),
        cost=((5_000_000_000, 3600.0),),
        concurrency=3,
        budgets=(Budget(1_000_000_000, "day"), Budget(2_500_000_000, "total")),
    )
    assert found == {
        "name": "ci",
        "owner": "Ann",
        "user": "user_1",
        "team": "blue",
        "role": "admin",
        "enabled": False,
        "models": ("openai/*",),
        "operations": ("chat",),
        "expires": NOW + 30 * 86_400,
        "metadata": {"cost_center": 7},
    }


@pytest.mark.parametrize(
    ("given", "param", "told"),
    [
        ({"name": ""}, "name", "name must not be empty"),
        ({"name": 5}, "name", "name must be text"),
        ({"name": None}, "name", "name must be text"),
        ({"name": " ci"}, "name", "name must be printable, without white space at its ends"),
        ({"name": "a\r\nset-cookie: x"}, "name", "name must be printable, without white space at its ends"),
        ({"name": "a\x00b"}, "name", "name must be printable, without white space at its ends"),
        ({"name": "a\u202eb"}, "name", "name must be printable, without white space at its ends"),
        ({"name": "n" * 129}, "name", "name is longer than 128 characters"),
        ({"owner": "\x1b[31mroot"}, "owner", "owner must be printable, without white space at its ends"),
        ({"enabled": "yes"}, "enabled", "enabled must be true or false"),
        ({"role": "root"}, "role", "role must be one of caller, admin"),
        ({"allowed_models": "openai/*"}, "allowed_models", "allowed_models must be a list"),
        ({"allowed_models": ["a", ""]}, "allowed_models[1]", "allowed_models[1] must not be empty"),
        ({"allowed_models": ["a"] * 101}, "allowed_models", "allowed_models has more than 100 entries"),
        ({"expires": 1_900_000_000}, "expires", None),
        ({"expires": "tomorrow"}, "expires", None),
        ({"expires": "2030-01-31T12:00:00"}, "expires", None),
        ({"expires": "2020-01-31T12:00:00Z"}, "expires", "expires is over already: revoke the key instead"),
        ({"expires": "999999999999999d"}, "expires", "expires is too far away; null means never"),
        ({"limits": []}, "limits", "limits must be an object"),
        ({"limits": {"request": "1/s"}}, "limits.request", None),
        ({"limits": {"requests": "fast"}}, "limits.requests", None),
        ({"limits": {"requests": []}}, "limits.requests", None),
        ({"limits": {"requests": "1/400d"}}, "limits.requests", None),
        ({"limits": {"cost": "5/h"}}, "limits.cost", None),
        ({"limits": {"concurrency": 0}}, "limits.concurrency", None),
        ({"limits": {"concurrency": True}}, "limits.concurrency", None),
        ({"limits": {"concurrency": 1.5}}, "limits.concurrency", None),
        ({"budgets": {"year": "$1"}}, "budgets.year", "budgets.year is not known; there are: day, month, total"),
        ({"budgets": {"day": 1}}, "budgets.day", "budgets.day must be money such as $2.50"),
        ({"budgets": {"day": "-$1"}}, "budgets.day", None),
        ({"metadata": "x"}, "metadata", "metadata must be an object"),
        ({"metadata": {"a": "x" * 2048}}, "metadata", "metadata has 2056 bytes as JSON, limit 2048"),
        ({"digest": "00"}, "digest", None),
        ({"id": "key_1"}, "id", None),
        ({"'; DROP TABLE x; --": 1}, "'; DROP TABLE x; --", None),
    ],
)
def test_what_is_wrong_is_told_by_the_name_of_its_field(given, param, told):
    with pytest.raises(InvalidRequest) as refusal:
        read(**given)
    assert (refusal.value.status, refusal.value.param) == (400, param)
    assert told is None or refusal.value.message == told
    assert len(refusal.value.message) < 400


def test_an_unknown_operation_is_refused_with_all_that_there_are():
    with pytest.raises(InvalidRequest, match=r"^allowed_operations\[0\] must be one of batches, .*chat, "):
        read(allowed_operations=["chats"])


def test_a_name_is_all_that_must_be_there():
    assert read_fields("team", {"name": "blue"}, NOW, new=True) == {"name": "blue"}
    with pytest.raises(InvalidRequest, match=r"^name is missing$"):
        read_fields("team", {}, NOW, new=True)
    assert read_fields("team", {}, NOW, new=False) == {}


def test_a_team_has_no_fields_of_a_key():
    with pytest.raises(InvalidRequest, match="'role' is no field of a team"):
        read_fields("team", {"name": "blue", "role": "admin"}, NOW, new=True)


def test_null_takes_back_what_was_said():
    nothing = dict.fromkeys(
        ("owner", "user", "team", "allowed_models", "allowed_operations", "expires", "limits", "budgets", "metadata")
    )
    found = read_fields("key", nothing, NOW, new=False)
    before = Allowance(requests=((1, 1.0),), concurrency=1, budgets=(Budget(1, "day"),))
    assert allowance(before, found) == Allowance()
    assert found == {
        "owner": "",
        "user": "",
        "team": "",
        "models": None,
        "operations": None,
        "expires": None,
        "metadata": {},
    }


def test_limits_are_told_all_together_and_budgets_apart_from_them():
    before = Allowance(requests=((1, 1.0),), concurrency=1, budgets=(Budget(1, "day"),))
    found = read_fields("key", {"limits": {"concurrency": 2}}, NOW, new=False)
    assert allowance(before, found) == Allowance(concurrency=2, budgets=(Budget(1, "day"),))


def test_deep_metadata_is_refused():
    deep = msgspec.json.decode(b'{"a":' * 500 + b"1" + b"}" * 500)
    with pytest.raises(InvalidRequest, match=r"^metadata "):
        read(metadata=deep)


@pytest.mark.parametrize("text", ["2030-01-31T12:00:00Z", "2030-01-31T13:00:00+01:00"])
def test_a_time_may_be_that_of_any_zone(text):
    assert show_time(read(expires=text)["expires"]) == "2030-01-31T12:00:00Z"
