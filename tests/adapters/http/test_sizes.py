import pytest

from sluicegate.adapters.http.sizes import size_text

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (5, "5 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (10 * MIB, "10 MiB"),
        (3 << 30, "3 GiB"),
        (3 << 39, "1.5 TiB"),
    ],
)
def test_sizes_are_told_in_the_largest_unit(size, text):
    assert size_text(size) == text
