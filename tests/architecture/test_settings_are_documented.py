"""`config/paraph.toml` says something about every key, and holds every key."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from core.config import Settings, load
from core.sms_settings import Gateway

CONFIG = Path(__file__).resolve().parents[2] / "config" / "paraph.toml"


def keys_of(kind: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


def test_every_key_is_in_the_file_and_none_is_unknown():
    written = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    assert set(written) == keys_of(Settings)
    for field in msgspec.structs.fields(Settings):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            assert set(written[field.name]) == keys_of(field.type), field.name


@pytest.mark.parametrize("kind", get_args(Gateway))
def test_every_key_of_a_gateway_is_in_the_example_with_a_comment(kind):
    text = CONFIG.read_text(encoding="utf-8")
    described = set(re.findall(r"^# (\w+) = \S.* # \w", text, re.MULTILINE))
    assert keys_of(kind) <= described
    assert f'kind = "{kind.__struct_config__.tag}"' in text


def test_every_key_has_a_comment():
    bare = []
    for number, line in enumerate(CONFIG.read_text(encoding="utf-8").splitlines(), start=1):
        if re.match(r"\w+ = ", line) and "#" not in line:
            bare.append((number, line.split(" ", 1)[0]))
    plain_enough = {"listen", "workers", "public_origin", "max_file_bytes", "max_files", "country", "organization"}
    plain_enough |= {"organization_identifier", "root_name", "issuing_name", "policy_oid", "languages", "key", "module"}
    assert [each for each in bare if each[1] not in plain_enough] == []


def test_no_default_is_a_secret():
    words = ("secret", "password", "pin", "token", "key_file", "passphrase")
    written = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    names = [name for section in written.values() if isinstance(section, dict) for name in section]
    assert [name for name in names if name in words] == []


def test_the_file_can_be_used_as_it_is():
    assert load(CONFIG).service.name
