"""Secrets that can be guessed, and those that cannot."""

import random

import pytest

from sluicegate.pipeline.config.weak_secrets import weakness

WEAK = {
    "short-0123456789-abcdefghijklmn": "has 31 bytes, and needs at least 32",
    "a" * 40: "repeats itself",
    "0123456789abcdef" * 2: "repeats itself",
    "abcabcabcdefdefdefabcabcabcdefdefdefaaa": "repeats itself",
    "abcdefghijklmnopqrstuvwxyz0123456789": "follows the alphabet",
    "your-256-bit-secret-your-256-bit-secret!": "is made of well-known words",
    "your-secret-key-change-in-production": "is made of well-known words",
    "change-me-please-this-is-not-a-secret-key": "is made of well-known words",
    "QwertyUiopAsdfghjklZxcvbnm1234567": "is made of well-known words",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA": "is a key of another kind",
}


@pytest.mark.parametrize("secret", WEAK)
def test_what_can_be_guessed_is_refused(secret):
    assert weakness(secret).startswith(WEAK[secret])


def test_random_secrets_are_good():
    seed = 20_261
    dice = random.Random(seed)
    for _ in range(2000):
        for alphabet, size in (
            ("0123456789abcdef", 64),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 43),
        ):
            secret = "".join(dice.choices(alphabet, k=size))
            assert weakness(secret) == "", (seed, secret)
