import pytest

from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.pipeline.topology import InvalidTopology, Placed, compile_topology
from sluicegate.testing import answering, judging, settling, waiting


async def linger(exchange):
    return None


def passing(name, lane=Lane.REQUEST):
    return judging(lambda _: None, name=name, lane=lane)


async def test_hops_are_joined_in_order_and_leave_for_the_reply_lane():
    stages = [passing("a"), passing("b"), passing("c", Lane.REPLY), passing("d", Lane.REPLY), passing("e", Lane.SETTLE)]
    topology = compile_topology(stages, max_in_flight=7)
    a, b, c, d = topology.hops
    assert [hop.name for hop in topology.hops] == ["a", "b", "c", "d"]
    assert (topology.front, topology.on_reply) == (a, c)
    assert [hop.after for hop in (a, b, c, d)] == [b, c, d, None]
    assert [hop.on_reply for hop in (a, b, c, d)] == [c, c, d, None]
    assert [hop.name for hop in topology.settle.hops] == ["hooks", "e"]


async def test_every_edge_points_forward():
    stages = [passing("a"), passing("b"), passing("c", Lane.REPLY), passing("d", Lane.REPLY)]
    hops = compile_topology(stages, max_in_flight=7).hops
    for place, hop in enumerate(hops):
        assert all(hops.index(onward) > place for onward in (hop.after, hop.on_reply) if onward is not None)


async def test_without_a_reply_lane_an_answer_goes_straight_out():
    topology = compile_topology([passing("a"), answering()], max_in_flight=7)
    assert topology.on_reply is None
    assert [hop.on_reply for hop in topology.hops] == [None, None]


@pytest.mark.parametrize(("limit", "room"), [(7, 4096), (2048, 4096), (3000, 6000)])
async def test_inboxes_hold_all_that_is_admitted_and_settling_ones_twice_that(limit, room):
    topology = compile_topology([passing("a"), passing("b"), passing("c", Lane.SETTLE)], max_in_flight=limit)
    assert [hop.capacity for hop in topology.hops] == [limit, limit]
    assert [hop.capacity for hop in topology.settle.hops] == [room, room]


async def test_stage_has_a_permit_for_all_that_is_admitted_unless_it_says_otherwise():
    stages = [waiting(linger), waiting(linger, permits=3)]
    assert [hop.free_permits for hop in compile_topology(stages, max_in_flight=7).hops] == [7, 3]


@pytest.mark.parametrize(
    ("before", "after"), [(Lane.REPLY, Lane.REQUEST), (Lane.SETTLE, Lane.REQUEST), (Lane.SETTLE, Lane.REPLY)]
)
async def test_lane_out_of_order_is_told_with_both_names(before, after):
    stages = [passing("first"), passing("early", before), passing("late", after)]
    with pytest.raises(InvalidTopology, match=f"'late' is in the {after.name} lane.*'early'.*{before.name} lane"):
        compile_topology(stages, max_in_flight=7)


async def test_pipeline_without_a_request_stage_is_none():
    with pytest.raises(InvalidTopology, match="at least one stage in the REQUEST lane"):
        compile_topology([settling(lambda _: None, name="x")], max_in_flight=7)


async def test_object_without_judge_and_attend_is_no_stage():
    with pytest.raises(InvalidTopology, match="'x' has neither judge nor attend"):
        compile_topology([Placed("x", Lane.REQUEST, object())], max_in_flight=7)


async def test_async_judge_is_refused_before_it_ruins_requests():
    class Confused:
        async def judge(self, exchange):
            return Verdict.PASS

    with pytest.raises(InvalidTopology, match="'x' has an async judge"):
        compile_topology([Placed("x", Lane.REQUEST, Confused())], max_in_flight=7)


@pytest.mark.parametrize("permits", [0, -1])
async def test_stage_nobody_may_wait_in_is_refused(permits):
    with pytest.raises(InvalidTopology, match=f"'linger' has {permits} permits"):
        compile_topology([waiting(linger, permits=permits)], max_in_flight=7)
