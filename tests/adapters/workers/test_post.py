"""What a worker is given arrives as it was checked."""

from pathlib import Path

import pytest

from sluicegate.adapters.workers.post import Files, Post
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.registry import Registry

ROOT = Path(__file__).parent.parent.parent.parent
ENVIRON = {"OPENAI_API_KEY": "sk-secret", "GATEWAY_API_KEYS": '[{"key": "0123456789abcdef", "name": "a"}]'}


def post(config):
    return Post(
        config=config, files=Files(listener=3, log_lock=4, counters=5), admin_key="the-admin-key", log_level="info"
    )


def test_the_shipped_configuration_arrives_with_its_types_and_its_secrets():
    sent = post(load(ROOT / "config.yaml", ENVIRON, Registry()).config)
    arrived = Post.load(sent.dump())
    assert arrived == sent
    assert arrived.files == (3, 4, 5)
    assert isinstance(arrived.config.providers["openai"].api_key, Secret)


def test_it_shows_no_secret():
    shown = repr(post(load(ROOT / "config.yaml", ENVIRON, Registry()).config))
    assert "secret" not in shown
    assert "admin-key" not in shown


def test_settings_that_cannot_be_handed_over_are_told():
    with pytest.raises(TypeError, match="the configuration cannot be handed to a worker: "):
        post(GatewayConfig(stages=(("odd", lambda: None),))).dump()
