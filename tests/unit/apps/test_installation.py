"""Which installation a command works on."""

from pathlib import Path

import pytest

from apps.installation import DEFAULT_CONFIG, Installation, from_arguments, from_environment
from core.config import BadSettings


def test_settings_on_the_command_line_lie_over_the_file():
    settings = Installation(DEFAULT_CONFIG, Path("/tmp/x"), ("sam.workers=5", "service.name=Semn")).settings()
    assert (settings.sam.workers, settings.service.name, settings.state_dir) == (5, "Semn", Path("/tmp/x"))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("sam.wrkers=5", "wrkers"),
        ("nothing", "nothing"),
        ("sam.workers", "sam.workers"),
        ("sam.workers=many", "workers"),
        (".workers=1", ".workers"),
        ("service.public_origin=http://example.com", "service.public_origin"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(given, named):
    with pytest.raises(BadSettings) as refused:
        Installation(DEFAULT_CONFIG, Path("/tmp/x"), (given,)).settings()
    assert named in refused.value.detail


def test_the_options_name_the_same_installation_to_another_process():
    one = Installation(DEFAULT_CONFIG, Path("/tmp/x"), ("sam.workers=5", "service.name=A = B"))
    other = from_arguments(one.arguments())
    assert other.settings() == one.settings()


def test_a_folder_too_deep_for_a_socket_is_refused_with_the_reason():
    with pytest.raises(BadSettings, match="too long for a unix socket"):
        Installation(DEFAULT_CONFIG, Path("/tmp") / ("deep" * 30)).settings()


def test_the_environment_may_name_the_settings_file():
    assert from_environment({"PARAPH_CONFIG": "/etc/paraph.toml"}) == Path("/etc/paraph.toml")
    assert from_environment({}) == DEFAULT_CONFIG
