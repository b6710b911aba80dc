"""The measure of what recording costs."""

from sluicegate.perf import recording


async def test_each_side_takes_time_and_records():
    for stream in (False, True):
        assert await recording.cost(None, stream=stream) > 0
        assert await recording.cost("mask", stream=stream) > 0


def test_the_request_is_one_of_two_kilobytes():
    asked = recording.request(stream=True)
    assert 1900 < len(asked.body) < 2200
    assert asked.stream
