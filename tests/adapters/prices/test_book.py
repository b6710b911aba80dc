"""The table of prices, beside the package that it was made from: what that says a call costs, it says too."""

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version

import genai_prices
import msgspec
import pytest
from genai_prices import types as theirs
from genai_prices.data import providers

from sluicegate.adapters.prices.book import MAX_NAME, PATH, Book
from sluicegate.adapters.prices.compile import KINDS, SERVICES, compiled
from sluicegate.pipeline.reply import Usage

SEED = 20261125
NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
CURRENT = msgspec.json.decode(PATH.read_bytes())["source"] == f"genai-prices {version('genai-prices')}"
only_current = pytest.mark.skipif(not CURRENT, reason="the table is of another version of genai-prices")
NAMED = (theirs.ClauseEquals, theirs.ClauseStartsWith, theirs.ClauseEndsWith, theirs.ClauseContains)
UNCOUNTED = {"input_document_kpages", "input_annotated_document_kpages", "input_text_messages_kcount"}
"""What nobody here counts. A model with nothing else has no price here."""


@pytest.fixture(scope="module")
def book() -> Book:
    return Book.open()


def names_of(model: theirs.ModelInfo) -> list[str]:
    """Return texts that the model's clauses say to look for, as far as they find this one or one before it."""
    names, clauses = [model.id], [model.match]
    while clauses:
        clause = clauses.pop()
        clauses += getattr(clause, "or_", [])
        if isinstance(clause, NAMED):
            names.append(next(iter(vars(clause).values())))
    return [name for name in names if model.is_match(name)]


EVERY_NAME = [(one.id, name) for one in providers for model in one.models for name in names_of(model)]


def usages(chance: random.Random) -> tuple[Usage, genai_prices.Usage]:
    """Return the same usage twice: as we have it, and as they do."""
    read = chance.choice([chance.randrange(2000), chance.randrange(150_000, 1_200_000)])
    sound, images = chance.randrange(read // 4 + 1), chance.randrange(read // 4 + 1)
    sound_cached, images_cached = chance.randrange(sound + 1), chance.randrange(images + 1)
    text = read - sound - images
    text_cached, kept = chance.randrange(text // 2 + 1), chance.randrange(text // 2 + 1)
    hour = chance.randrange(kept + 1)
    wrote = chance.randrange(50_000)
    thought, said, drawn = (chance.randrange(wrote // 3 + 1) for _ in range(3))
    ours = Usage(
        input=read,
        output=wrote,
        cached=text_cached + sound_cached + images_cached,
        cache_write=kept,
        cache_write_1h=hour,
        reasoning=thought,
        audio_input=sound,
        audio_cached=sound_cached,
        audio_output=said,
        image_input=images,
        image_cached=images_cached,
        image_output=drawn,
        searches=chance.randrange(4),
        seconds=chance.randrange(8000) / 16,
        characters=chance.randrange(5000),
    )
    return ours, genai_prices.Usage(
        input_tokens=read,
        output_tokens=wrote,
        cache_read_tokens=ours.cached,
        cache_write_tokens=kept,
        cache_write_1h_tokens=hour,
        output_reasoning_tokens=thought,
        input_audio_tokens=sound,
        cache_audio_read_tokens=sound_cached,
        output_audio_tokens=said,
        input_image_tokens=images,
        cache_image_read_tokens=images_cached,
        output_image_tokens=drawn,
        web_searches=ours.searches,
        audio_seconds=ours.seconds,
        input_audio_seconds=ours.seconds,
        input_characters=ours.characters,
    )


def theirs_of(
    provider: str, name: str, usage: genai_prices.Usage, at: datetime, service: dict[str, str] | None = None
) -> theirs.PriceCalculation:
    context = service or {}
    return genai_prices.calc_price(usage, name, provider_id=provider, genai_request_timestamp=at, price_context=context)


def uncounted(found: theirs.PriceCalculation) -> bool:
    priced = {name for name, price in vars(found.model_price).items() if price is not None}
    return bool(priced) and priced <= UNCOUNTED


@only_current
def test_the_table_is_what_its_package_says():
    """To renew it: ``make prices``."""
    data = PATH.read_bytes()
    assert data == compiled(date.fromisoformat(msgspec.json.decode(data)["compiled"]))


def test_samples_of_a_table_of_any_version_are_mostly_what_the_package_says(book):
    chance = random.Random(SEED)
    sample = chance.sample(EVERY_NAME, 400)
    same = 0
    for provider, name in sample:
        ours, others = usages(chance)
        found = book.find(provider, name) if provider in book.providers else None
        expected = theirs_of(provider, name, others, NOW)
        if found is None:
            same += uncounted(expected)
        else:
            same += abs(found.at(NOW.timestamp()).cost(ours) - expected.total_price * 10**9) <= 1
    assert same > 0.8 * len(sample)


@only_current
@pytest.mark.parametrize("provider", [one.id for one in providers])
def test_every_model_costs_what_the_package_says_it_does(book, provider):
    """By each of its names, with usage of every kind, to a nano-dollar."""
    chance = random.Random(SEED)
    for name in dict.fromkeys(name for one, name in EVERY_NAME if one == provider):
        ours, others = usages(chance)
        expected = theirs_of(provider, name, others, NOW)
        found = book.find(provider, name)
        if found is None:
            assert uncounted(expected), name
            continue
        got = found.at(NOW.timestamp()).cost(ours)
        assert abs(Decimal(got) - expected.total_price * 10**9) <= 1, (name, SEED, ours, expected.model_price)


@only_current
@pytest.mark.parametrize(("tier", "when"), [(tier, when) for tier, whens in SERVICES.items() for when in whens])
def test_every_class_of_service_costs_what_the_package_says_it_does(book, tier, when):
    chance = random.Random(SEED)
    other = 0
    for one in providers:
        for name in (name for model in one.models if model.price_variants for name in names_of(model)[:1]):
            ours, others = usages(chance)
            expected = theirs_of(one.id, name, others, NOW, when)
            if uncounted(expected):
                continue
            price = book.find(one.id, name).at(NOW.timestamp())
            got = price.cost(msgspec.structs.replace(ours, tier=tier))
            known = any(variant.when == when for variant in expected.model.price_variants)
            if known:
                assert abs(Decimal(got) - expected.total_price * 10**9) <= 1, (name, SEED, ours, expected.model_price)
            other += known and got != price.cost(ours)
    assert other >= 5


@only_current
@pytest.mark.parametrize("hour", [0, 3, 9, 16, 20, 23])
@pytest.mark.parametrize("year", [2023, 2025, 2026])
def test_prices_are_those_of_the_day_and_the_hour(book, year, hour):
    chance = random.Random(SEED + year + hour)
    changing = [
        (one.id, name)
        for one in providers
        for model in one.models
        if isinstance(model.prices, list)
        for name in names_of(model)[:1]
    ]
    at = datetime(year, 6, 10, hour, 30, tzinfo=UTC)
    for provider, name in changing:
        ours, others = usages(chance)
        expected = theirs_of(provider, name, others, at)
        found = book.find(provider, name)
        if found is None:
            assert uncounted(expected), name
            continue
        got = found.at(at.timestamp()).cost(ours)
        assert abs(Decimal(got) - expected.total_price * 10**9) <= 1, (name, SEED, ours, expected.model_price)


def test_all_kinds_of_the_package_are_ours_or_known_not_to_be():
    """A new kind in its data is a decision to make."""
    ours = {name for name, _ in KINDS.values()}
    left = {"input_audio_hours", "storage_searches_kcount", "output_citation_mtok"}  # the first is `seconds` too
    left |= {"input_video_mtok", "output_video_mtok", *UNCOUNTED}
    used = set()
    for one in providers:
        for model in one.models:
            listed = model.prices if isinstance(model.prices, list) else [theirs.ConditionalPrice(prices=model.prices)]
            used |= {name for dated in listed for name, price in vars(dated.prices).items() if price is not None}
    assert used <= ours | left


def found_rates(book: Book, provider: str, name: str) -> object:
    found = book.find(provider, name)
    return found and found.at(NOW.timestamp()).rates


def test_a_name_with_a_date_that_nobody_knows_is_the_name_without_it(book):
    known = found_rates(book, "openai", "gpt-4o-mini")
    assert known is not None
    for name in ("gpt-4o-mini-2031-01-31", "gpt-4o-mini-20310131", "gpt-4o-mini@20310131", "GPT-4o-mini"):
        assert found_rates(book, "openai", name) == known


def test_a_name_with_a_date_that_is_known_is_its_own(book):
    assert found_rates(book, "openai", "gpt-4o-2024-05-13") != found_rates(book, "openai", "gpt-4o")


@pytest.mark.parametrize("name", ["", "no-such-model", "x" * (MAX_NAME + 1), "gpt-4o-mini\n", "gpt-4o-mini-2031-13-01"])
def test_a_name_that_is_not_known_has_no_price(book, name):
    assert book.find("openai", name) is None


def test_a_provider_that_offers_models_of_others_has_their_prices(book):
    own = found_rates(book, "anthropic", "claude-sonnet-4-5")
    assert own is not None
    assert found_rates(book, "azure", "claude-sonnet-4-5") == own


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://api.deepseek.com/v1", "deepseek"),
        ("https://mine.openai.azure.com/openai/v1", "azure"),
        ("https://llm.example.test/v1", ""),
        ("http://127.0.0.1:8080/api.openai.com", ""),
    ],
)
def test_a_url_tells_whose_prices_hold(book, url, name):
    assert book.provider_at(url) == name
