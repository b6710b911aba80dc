"""Which price a target has: what the configuration says of it under any of its names, or what the table knows."""

import subprocess
import sys

import pytest

from sluicegate.adapters.prices.book import Book
from sluicegate.adapters.prices.known import BY_TYPE, FREE_TYPES, MAX_NAMES, KnownPrices
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.pricing import Price, Rates
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.reply import Usage

NOW = 1_795_600_000.0
M = 10**9
TEXT = """
providers:
  openai: { type: openai, api_key: k, model_mapping: { fast: gpt-4o-mini, own: mine } }
  mine: { type: openai, api_key: k, base_url: "http://127.0.0.1:8080/v1" }
  deep: { type: openai, api_key: k, base_url: "https://api.deepseek.com/v1" }
  anthropic: { type: anthropic, api_key: k }
  azure: { type: azure, api_key: k, base_url: "https://x.openai.azure.com", model_mapping: { gpt-4o-mini: prod-chat } }
  gemini: { type: gemini, api_key: k }
  vertex: { type: vertex, api_key: k }
  bedrock: { type: bedrock, api_key: k }
  openrouter: { type: openrouter, api_key: k }
  custom: { type: custom, base_url: "http://127.0.0.1:8080/v1" }
  fireworks: { type: custom, base_url: "https://api.fireworks.ai/inference/v1" }
  sim: { type: simulator }
  llama: { type: ollama }
models:
  public: { targets: [custom/tiny, openai/gpt-4o] }
  other: { targets: [openai/fast] }
"""


def known(prices: str = "") -> KnownPrices:
    return KnownPrices(load(TEXT + prices, {}, Registry()).config)


def of(prices: KnownPrices, target: str) -> Price | None:
    provider, _, model = target.partition("/")
    return prices.of(prices._config.providers[provider].type, provider, model, NOW)


def rates(prices: KnownPrices, target: str) -> Rates | None:
    price = of(prices, target)
    return price.rates if price is not None else None


def listed(provider: str, model: str) -> Rates:
    found = Book.open().find(provider, model)
    assert found is not None
    return found.at(NOW).rates


@pytest.mark.parametrize(
    ("target", "provider", "model"),
    [
        ("openai/gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("openai/gpt-4o-mini-2024-07-18", "openai", "gpt-4o-mini"),
        ("mine/gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("deep/deepseek-chat", "deepseek", "deepseek-chat"),
        ("anthropic/claude-sonnet-4-5-20250929", "anthropic", "claude-sonnet-4-5"),
        ("azure/gpt-4o", "azure", "gpt-4o"),
        ("azure/prod-chat", "azure", "gpt-4o-mini"),
        ("gemini/gemini-2.5-flash", "google", "gemini-2.5-flash"),
        ("gemini/models/gemini-2.5-flash", "google", "gemini-2.5-flash"),
        ("vertex/google/gemini-2.5-flash", "google", "gemini-2.5-flash"),
        ("vertex/publishers/google/models/gemini-2.5-flash", "google", "gemini-2.5-flash"),
        ("vertex/claude-sonnet-4-5@20250929", "google", "claude-sonnet-4-5"),
        ("vertex/anthropic/claude-sonnet-4-5", "google", "claude-sonnet-4-5"),
        ("bedrock/amazon.nova-lite-v1:0", "aws", "amazon.nova-lite-v1:0"),
        ("bedrock/us.amazon.nova-lite-v1:0", "aws", "amazon.nova-lite-v1:0"),
        ("openrouter/openai/gpt-4o-mini", "openrouter", "openai/gpt-4o-mini"),
        ("openrouter/openai/gpt-4o-mini:nitro", "openrouter", "openai/gpt-4o-mini"),
        ("fireworks/accounts/fireworks/models/gpt-oss-120b", "fireworks", "accounts/fireworks/models/gpt-oss-120b"),
    ],
)
def test_a_target_has_the_price_that_the_table_knows(target, provider, model):
    assert rates(known(), target) == listed(provider, model)


@pytest.mark.parametrize(
    "target",
    [
        "openai/no-such-model",
        "mine/llama-3.1-8b",
        "custom/gpt-4o",
        "azure/prod-other",
        "vertex/gemma-3",
        "bedrock/arn:aws:bedrock:us-east-1:123:application-inference-profile/abc",
        "openrouter/no/such-model:nitro",
    ],
)
def test_what_nobody_knows_has_no_price(target):
    assert of(known(), target) is None


@pytest.mark.parametrize("target", ["sim/echo", "llama/qwen3", "sim/gpt-4o", "gemini/gemma-3"])
def test_what_runs_at_home_or_is_given_away_is_free(target):
    price = of(known(), target)
    assert price is not None
    assert price.covers(Usage(input=1000, images=1))
    assert price.cost(Usage(input=1000, images=1)) == 0


def test_every_type_of_provider_is_priced_or_free_or_told_by_its_url():
    types = set(Registry().provider_names())
    assert types - BY_TYPE.keys() - FREE_TYPES == {"custom", "mapped"}
    assert set(BY_TYPE.values()) <= Book.open().providers


def test_a_price_of_the_configuration_takes_the_place_of_all_that_is_known():
    prices = known("prices: { openai/gpt-4o-mini: { output: $7/M } }\n")
    assert rates(prices, "openai/gpt-4o-mini") == Rates(output=7 * M)
    assert rates(prices, "openai/gpt-4o") == listed("openai", "gpt-4o")


EVERY_KIND = """
prices:
  custom/tiny:
    { input: $1/M, cached: $2/M, cache_write: $3/M, cache_write_1h: $4/M, output: $5/M, reasoning: $6/M,
      audio_input: $7/M, audio_cached: $8/M, audio_output: $9/M, image_input: $10/M, image_cached: $11/M,
      image_output: $12/M, characters: $13/M, images: $0.04, searches: $10/k, requests: $0.01, seconds: $0.36/h }
"""


def test_every_kind_of_the_configuration_is_one_of_the_price():
    assert rates(known(EVERY_KIND), "custom/tiny") == Rates(
        input=M,
        cached=2 * M,
        cache_write=3 * M,
        cache_write_1h=4 * M,
        output=5 * M,
        reasoning=6 * M,
        audio_input=7 * M,
        audio_cached=8 * M,
        audio_output=9 * M,
        image_input=10 * M,
        image_cached=11 * M,
        image_output=12 * M,
        characters=13 * M,
        images=4 * 10**13,
        searches=10**13,
        requests=10**13,
        seconds=10**11,
    )


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("public", "custom/tiny"),
        ("public", "openai/gpt-4o"),
        ("other", "openai/gpt-4o-mini"),
        ("openai/fast", "openai/gpt-4o-mini"),
        ("openai/own", "openai/mine"),
        ("custom/*", "custom/any/thing"),
        ('"*/gpt-4o*"', "openai/gpt-4o-mini"),
        ('"pub*"', "custom/tiny"),
        ('"*"', "bedrock/x"),
        ("sim/*", "sim/echo"),
    ],
)
def test_a_price_is_found_under_any_name_of_the_target(name, target):
    price = of(known(f"prices: {{ {name}: {{ input: $7/M }} }}\n"), target)
    assert price is not None
    assert (price.rates, price.configured) == (Rates(input=7 * M), True)


@pytest.mark.parametrize(
    ("name", "target"), [("custom/*", "mine/tiny"), ("public", "sim/echo"), ("custom/ti", "custom/tiny")]
)
def test_a_price_of_another_is_none_of_a_target(name, target):
    price = of(known(f"prices: {{ {name}: {{ input: $7/M }} }}\n"), target)
    assert price is None or not price.configured


def test_a_whole_name_goes_before_a_pattern_and_the_first_pattern_before_the_next():
    text = 'prices: { "custom/*": { input: $1/M }, "*": { input: $2/M }, custom/tiny: { input: $3/M } }\n'
    prices = known(text)
    assert [rates(prices, name) for name in ("custom/tiny", "custom/other", "mine/other")] == [
        Rates(input=3 * M),
        Rates(input=M),
        Rates(input=2 * M),
    ]


def test_a_price_without_any_kind_is_free():
    price = of(known('prices: { "custom/*": {} }\n'), "custom/tiny")
    assert price is not None
    assert (price.covers(Usage(input=5)), price.cost(Usage(input=5))) == (True, 0)


def test_names_that_were_looked_up_are_kept_within_a_bound():
    prices = known()
    for number in range(MAX_NAMES + 10):
        assert of(prices, f"openai/made-up-{number}") is None
    assert len(prices._found) <= MAX_NAMES
    assert rates(prices, "openai/gpt-4o-mini") == listed("openai", "gpt-4o-mini")


def refuse_to_open() -> Book:
    raise AssertionError("the table was opened")


def test_the_table_is_not_opened_where_all_is_free():
    config = load("providers: { sim: { type: simulator }, llama: { type: ollama } }\n", {}, Registry()).config
    prices = KnownPrices(config, refuse_to_open)
    assert prices.of("simulator", "sim", "echo", NOW) is not None


def test_importing_the_package_imports_no_prices():
    program = "import sys, sluicegate; print([name for name in sys.modules if 'sluicegate.adapters.prices' in name])"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert run.stdout == "[]\n"
