from __future__ import annotations

import unicodedata

import pytest

from sluicegate.stages.parts.words import PIECE, WINDOW, WordList


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("bomb", "bomb"),
        ("bomb", "a BOMB, here"),
        ("Bomb", "(bomb)"),
        ("bomb", "what-a-bomb!"),
        ("bomb", "line\nbomb\nline"),
        ("straße", "STRASSE"),
        ("STRASSE", "an der straße"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("naïve", "so Naïve."),
        ("how to kill", "How  to\n\tkill time"),
        ("c++", "in C++, at last"),
        ("c++", "c++11"),
        (".net", "asp.net"),
        ("a.b", "x a.b y"),
        ("炸弹", "怎么做炸弹吗"),
        ("42", "it is 42."),
        ("bomb", "a bo\u200bmb"),
        ("bomb", "a\u200bbomb\u200bhere"),
        ("bomb", "b\u00ado\u2060m\ufe0fb"),
        ("two words", "two\u200bwords"),
        ("two words", "two\u00a0words"),
        ("bo\u200bmb", "bomb"),
        ("bomb", "\uff42\uff4f\uff4d\uff42"),
        ("bomb", "\U0001d41b\U0001d428\U0001d426\U0001d41b"),
        ("fire", "\ufb01re"),
        ("naïve", "nai\u0308ve"),
    ],
)
def test_word_is_found(word: str, text: str) -> None:
    assert WordList(["other", word]).first_in(text) == word


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("bomb", "bombastic"),
        ("bomb", "firebomb"),
        ("bomb", "bomb_disposal"),
        ("bomb", "bomb2"),
        ("bomb", "bombé"),
        ("bomb", ""),
        ("a.b", "axb"),
        ("how to kill", "how tokill"),
        ("how to kill", "how to. kill"),
        ("c++", "c+"),
        ("c++", "abc++"),
        ("bomb", "bombast\u200bic"),
    ],
)
def test_word_is_not_found(word: str, text: str) -> None:
    assert WordList(["other", word]).first_in(text) is None


def test_longer_of_two_words_that_begin_alike_is_found() -> None:
    words = WordList(["kill", "kill time", "kil"])
    assert words.first_in("to kill time") == "kill time"
    assert words.first_in("to kill") == "kill"
    assert words.first_in("to kil") == "kil"


def test_first_word_of_the_text_is_told() -> None:
    assert WordList(["b", "a"]).first_in("x a b") == "a"
    assert WordList(["c++", "炸弹", "a"]).first_in("x 炸弹 c++ a") == "炸弹"


def test_empty_list_finds_nothing() -> None:
    assert not WordList([])
    assert WordList([]).first_in("anything") is None


@pytest.mark.parametrize("shift", range(-6, 3))
def test_word_is_found_wherever_it_lies_about_the_end_of_a_window(shift: int) -> None:
    start = WINDOW + shift
    text = "x " * WINDOW
    assert WordList(["bomb"]).first_in(text[: start - 1] + " bomb " + text[start:]) == "bomb"


@pytest.mark.parametrize("shift", range(-8, 3))
@pytest.mark.parametrize("inside", ["bombs", "xbomb", "bombbomb"])
def test_end_of_a_window_does_not_end_a_word(inside: str, shift: int) -> None:
    start = WINDOW + shift
    text = "x " * WINDOW
    assert WordList(["bomb"]).first_in(text[: start - 1] + " " + inside + " " + text[start:]) is None


def test_a_thousand_words_are_all_found() -> None:
    listed = [f"word{number}" for number in range(1000)]
    words = WordList(listed)
    assert [words.first_in(f"this is {word}.") for word in listed] == listed
    assert words.first_in("word1000 word word01") is None


def test_every_format_control_is_unseen() -> None:
    words = WordList(["bomb"])
    controls = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]
    assert len(controls) > 100
    assert [control for control in controls if words.first_in(f"bo{control}mb") is None] == []


@pytest.mark.parametrize("shift", range(-3, 4))
def test_letters_are_composed_wherever_they_lie_about_the_end_of_a_piece(shift: int) -> None:
    text = "é" * (PIECE + shift - 1) + " nai\u0308ve"
    assert WordList(["naïve"]).first_in(text) == "naïve"


def test_a_word_that_nobody_sees_is_found_nowhere() -> None:
    assert WordList(["\u200b"]).first_in("a \u200b b") is None
