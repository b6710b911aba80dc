"""Stages and providers come in by entry points, and nothing is imported before its name is asked for."""

import sys

import msgspec
import pytest

from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.registry import NoSettings, Registry, UnknownComponent, provider, stage
from sluicegate.pipeline.stage import Lane, Verdict


class ShoutSettings(msgspec.Struct, kw_only=True, frozen=True):
    loud: bool = False


@stage("shout", summary="Refuse capitals.", settings=ShoutSettings)
class Shout:
    def __init__(self, settings, resources):
        self.settings = settings

    def judge(self, exchange):
        return Verdict.PASS


@stage("audit", summary="Write down what ended.", lane=Lane.SETTLE)
class Audit:
    def __init__(self, settings, resources):
        pass


@provider("echo", summary="Answers with the question.")
class Echo:
    def __init__(self, name, settings):
        self.name = name


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a package that offers a stage and a provider, and entries that are wrong in four ways."""
    info = tmp_path / "thirdparty-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thirdparty\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[sluicegate.stages]\n"
        "quiet = thirdparty_stages:Quiet\n"
        "unmarked = thirdparty_stages:Unmarked\n"
        "gone = thirdparty_missing:Gone\n"
        "swapped = thirdparty_stages:Whisper\n"
        "[sluicegate.providers]\n"
        "whisper = thirdparty_stages:Whisper\n"
        "swapped = thirdparty_stages:Quiet\n"
    )
    (tmp_path / "thirdparty_stages.py").write_text(
        "from sluicegate.pipeline.registry import provider, stage\n"
        "@stage('quiet', summary='Say nothing.')\n"
        "class Quiet:\n"
        "    pass\n"
        "@provider('whisper', summary='Answers softly.')\n"
        "class Whisper:\n"
        "    pass\n"
        "class Unmarked:\n"
        "    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry()
    sys.modules.pop("thirdparty_stages", None)


def test_mark_says_all_there_is_to_know_of_a_stage():
    spec = Shout.spec
    assert (spec.name, spec.lane, spec.summary) == ("shout", Lane.REQUEST, "Refuse capitals.")
    assert (spec.settings, spec.component) == (ShoutSettings, Shout)
    assert spec.component(spec.settings(loud=True), None).settings.loud


def test_stage_without_settings_takes_none():
    assert (Audit.spec.lane, Audit.spec.settings) == (Lane.SETTLE, NoSettings)
    with pytest.raises(msgspec.ValidationError, match="Expected"):
        msgspec.convert(3, Audit.spec.settings)


def test_mark_says_all_there_is_to_know_of_a_provider():
    spec = Echo.spec
    assert (spec.name, spec.summary, spec.settings) == ("echo", "Answers with the question.", HttpProviderSettings)
    assert spec.component("mine", None).name == "mine"


def test_what_is_added_by_hand_is_found_and_listed():
    registry = Registry()
    for component in (Shout, Audit, Echo):
        registry.add(component)
    assert registry.stage("shout") is Shout.spec
    assert registry.provider("echo") is Echo.spec
    assert {"audit", "shout"} <= set(registry.stage_names())
    assert "echo" in registry.provider_names()
    assert registry.stage_names() == sorted(registry.stage_names())


def test_registries_do_not_share_what_is_added():
    Registry().add(Shout)
    assert "shout" not in Registry().stage_names()


@pytest.mark.parametrize("component", [type("Plain", (), {}), type("Odd", (), {"spec": "shout"})])
def test_class_without_a_mark_cannot_be_added(component):
    with pytest.raises(UnknownComponent, match="is not marked with @stage or @provider"):
        Registry().add(component)


def test_installed_package_is_listed_without_being_imported(installed):
    assert {"quiet", "unmarked", "gone"} <= set(installed.stage_names())
    assert "whisper" in installed.provider_names()
    assert "thirdparty_stages" not in sys.modules


def test_installed_stage_is_imported_when_its_name_is_asked_for(installed):
    assert installed.stage("quiet").summary == "Say nothing."
    assert installed.provider("whisper").summary == "Answers softly."
    assert installed.stage("quiet") is installed.stage("quiet")


def test_what_is_added_by_hand_goes_before_an_installed_one(installed):
    @stage("quiet", summary="Mine.")
    class Mine:
        pass

    installed.add(Mine)
    assert installed.stage("quiet") is Mine.spec
    assert installed.stage_names().count("quiet") == 1


@pytest.mark.parametrize("kind", ["stage", "provider"])
def test_entry_point_of_the_other_kind_is_none(installed, kind):
    with pytest.raises(UnknownComponent, match=f"'swapped' is not marked with @{kind}$"):
        getattr(installed, kind)("swapped")


def test_entry_point_without_a_mark_is_none(installed):
    with pytest.raises(UnknownComponent, match=r"Unmarked.* is not marked"):
        installed.stage("unmarked")


def test_entry_point_whose_module_is_missing_says_which(installed):
    with pytest.raises(ModuleNotFoundError, match="thirdparty_missing"):
        installed.stage("gone")


@pytest.mark.parametrize(("kind", "told"), [("stage", "stage 'nobody'"), ("provider", "provider type 'nobody'")])
def test_unknown_name_is_told(kind, told):
    with pytest.raises(UnknownComponent, match=f"there is no {told}"):
        getattr(Registry(), kind)("nobody")


def test_stages_of_the_default_pipeline_come_in_by_the_same_door():
    registry = Registry()
    names = ["validate", "auth", "limit", "filter", "cache", "route", "call", "meter"]
    assert set(names) <= set(registry.stage_names())
    for name in names:
        assert registry.stage(name).name == name
        assert registry.stage(name).summary
    assert [registry.stage(name).lane for name in names] == [Lane.REQUEST] * 7 + [Lane.SETTLE]


def test_providers_that_ship_come_in_by_the_same_door():
    registry = Registry()
    for name in ("openai", "simulator"):
        assert registry.provider(name).name == name
