"""Orders to leave: one may be followed by one with less patience, and never by one with more."""

import pytest

from sluicegate.adapters.http.orders import Order, Orders
from sluicegate.pipeline.config.sections import ServerSettings

SETTINGS = ServerSettings(timeout=600.0, drain=30.0)


async def test_only_an_order_with_less_patience_changes_anything():
    orders = Orders()
    assert orders.give(Order.DRAIN)
    assert await orders.next() is Order.DRAIN
    assert not orders.give(Order.DRAIN)
    assert not orders.give(Order.YIELD)
    assert orders.give(Order.INTERRUPT)
    assert await orders.next() is Order.INTERRUPT


async def test_of_several_orders_the_last_one_holds():
    orders = Orders()
    for order in Order:
        orders.give(order)
    assert await orders.next() is Order.INTERRUPT


@pytest.mark.parametrize(
    ("order", "patience", "time"), [(Order.YIELD, 600.0, 605.2), (Order.DRAIN, 30.0, 35.2), (Order.INTERRUPT, 0.5, 1.7)]
)
def test_each_has_its_patience_and_its_end(order, patience, time):
    assert order.patience(SETTINGS) == patience
    assert order.time(SETTINGS) == pytest.approx(time)


def test_an_interrupt_is_no_more_patient_than_a_drain():
    assert Order.INTERRUPT.patience(ServerSettings(drain=0.1)) == 0.1
