"""What must hold of a gateway once nothing is under way: nothing is lent out, and nothing is lost."""

import trio

from sluicegate.pipeline.gateway import Gateway


def permits(gateway: Gateway) -> dict[str, int]:
    return {hop.name: hop.free_permits for hop in (*gateway.topology.hops, *gateway.topology.settle.hops)}


async def assert_at_rest(gateway: Gateway, *, permits_before: dict[str, int], settled: int, lost: int = 0) -> None:
    await gateway.topology.settle.idle()
    await trio.testing.wait_all_tasks_blocked()
    lane = gateway.topology.settle
    assert gateway.in_flight == 0
    assert permits(gateway) == permits_before
    assert (lane.settled, lane.lost, lane.pending) == (settled, lost, 0)
    assert [gauge.depth for gauge in gateway.gauges()] == [0] * len(gateway.gauges())
    mailboxes = gateway._mailboxes._free
    assert mailboxes
    assert len({id(mailbox) for mailbox, _ in mailboxes}) == len(mailboxes)
    for mailbox, baton in mailboxes:
        found = mailbox.statistics()
        assert (found.current_buffer_used, found.tasks_waiting_send, found.tasks_waiting_receive) == (0, 0, 0)
        assert baton.statistics().open_send_channels == 1
