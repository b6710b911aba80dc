"""Entries against a simple model, and their bounds."""

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.stores.entries import OVERHEAD, Entries

ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["get", "put", "put", "wait"]),
        st.sampled_from("abcdef"),
        st.integers(min_value=0, max_value=150),
    ),
    max_size=80,
)


class Model:
    """The same, in the plainest way: no order of ends, everything looked through each time."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self.max_entries, self.max_bytes = max_entries, max_bytes
        self.kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def size(self) -> int:
        return sum(len(key) + len(value) + OVERHEAD for key, (value, _) in self.kept.items())

    def get(self, key: str, now: float) -> bytes | None:
        if key not in self.kept or self.kept[key][1] <= now:
            return None
        self.kept.move_to_end(key)
        return self.kept[key][0]

    def put(self, key: str, value: bytes, end: float, now: float) -> None:
        self.kept.pop(key, None)
        for name in [name for name, (_, over) in self.kept.items() if over <= now]:
            del self.kept[name]
        if end > now and len(key) + len(value) + OVERHEAD <= self.max_bytes:
            self.kept[key] = (value, end)
        while len(self.kept) > self.max_entries or self.size() > self.max_bytes:
            self.kept.popitem(last=False)


@given(ACTIONS)
def test_it_does_what_the_model_does(actions: list[tuple[str, str, int]]) -> None:
    entries, model, now = Entries(4, 1000), Model(4, 1000), 0.0
    for action, key, number in actions:
        if action == "wait":
            now += number / 8
        elif action == "get":
            assert entries.get(key, now) == model.get(key, now)
        else:
            entries.put(key, bytes(number), now + number / 8, now)
            model.put(key, bytes(number), now + number / 8, now)
            assert len(entries) == len(model.kept)
            assert entries.bytes == model.size()


def test_an_entry_too_large_for_the_bound_is_not_kept_and_costs_no_other_its_place() -> None:
    entries = Entries(10, 1000)
    entries.put("small", bytes(10), 60.0, 0.0)
    entries.put("large", bytes(1000), 60.0, 0.0)
    assert entries.get("large", 0.0) is None
    assert entries.get("small", 0.0) == bytes(10)


def test_an_entry_too_large_still_removes_what_it_replaces() -> None:
    entries = Entries(10, 1000)
    entries.put("key", b"old", 60.0, 0.0)
    entries.put("key", bytes(1000), 60.0, 0.0)
    assert entries.get("key", 0.0) is None
    assert entries.bytes == 0


def test_what_has_ended_goes_before_what_has_not() -> None:
    entries = Entries(2, 10_000)
    entries.put("lasting", b"1", 100.0, 0.0)
    entries.put("short", b"2", 1.0, 0.0)
    entries.put("next", b"3", 100.0, 1.0)
    assert entries.get("lasting", 1.0) == b"1"
    assert entries.get("next", 1.0) == b"3"


def test_replacing_one_entry_for_ever_takes_no_more_memory() -> None:
    entries = Entries(10, 10_000)
    for turn in range(1000):
        entries.put("key", b"value", 1e6 + turn, 0.0)
    assert len(entries._ends) <= 2 * len(entries) + 16
    assert entries.bytes == len("key") + len(b"value") + OVERHEAD


def test_a_get_finds_an_entry_ended_and_drops_it() -> None:
    entries = Entries(10, 10_000)
    entries.put("key", b"value", 5.0, 0.0)
    assert entries.get("key", 5.0) is None
    assert len(entries) == 0
    assert entries.bytes == 0
