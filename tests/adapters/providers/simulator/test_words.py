"""The simulator's words: as many as are wanted, in sentences."""

import pytest

from sluicegate.adapters.providers.simulator.words import TEXT, echo, sentences


@pytest.mark.parametrize("count", [0, 1, 4, 60, TEXT * 2 + 5])
def test_as_many_words_as_wanted_end_with_a_full_stop(count):
    words = sentences(1, count)
    assert len(words) == count
    assert all(word.startswith(" ") and word.strip() for word in words)
    assert not words or words[-1].endswith(".")


def test_what_is_cut_off_last_does_not_change_the_text_itself():
    before = sentences(1, 40)
    for count in range(1, 40):
        sentences(1, count)
    assert sentences(1, 40) == before


def test_answers_begin_in_many_places():
    assert len({tuple(sentences(seed, 5)) for seed in range(100)}) > 80


@pytest.mark.parametrize(("text", "said"), [("a b", "a b"), ("a  b\n", "a b"), ("a b c", "a b ..."), ("", "")])
def test_echo_is_one_line_of_the_beginning(text, said):
    assert echo(text, limit=2) == said
