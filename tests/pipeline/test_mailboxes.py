import pytest
import trio

from sluicegate.pipeline.hop import give
from sluicegate.pipeline.mailboxes import Mailboxes
from sluicegate.testing import exchange_of


async def test_mailbox_is_lent_again_without_the_baton_nobody_read(autojump_clock):
    mailboxes, first, second = Mailboxes(10), exchange_of(), exchange_of()
    mailboxes.lend(first)
    mailbox = first.mailbox
    give(first, None)
    mailboxes.take_back(first)
    assert (first.mailbox, first.baton) == (None, None)
    mailboxes.lend(second)
    assert second.mailbox is mailbox
    with pytest.raises(trio.WouldBlock):
        second.baton.receive_nowait()


async def test_two_exchanges_never_share_a_mailbox(autojump_clock):
    mailboxes, first, second = Mailboxes(10), exchange_of(), exchange_of()
    mailboxes.lend(first)
    mailboxes.lend(second)
    give(first, None)
    with pytest.raises(trio.WouldBlock):
        second.baton.receive_nowait()


async def test_mailbox_taken_back_twice_is_in_the_pool_once(autojump_clock):
    mailboxes, exchange = Mailboxes(10), exchange_of()
    mailboxes.lend(exchange)
    mailboxes.take_back(exchange)
    mailboxes.take_back(exchange)
    assert len(mailboxes._free) == 1


async def test_pool_keeps_no_more_than_its_bound(autojump_clock):
    mailboxes, exchanges = Mailboxes(2), [exchange_of() for _ in range(5)]
    for exchange in exchanges:
        mailboxes.lend(exchange)
    for exchange in exchanges:
        mailboxes.take_back(exchange)
    assert len(mailboxes._free) == 2
