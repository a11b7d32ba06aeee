"""A token that goes away while a zone runs, comes back, was never there, or is used by several processes."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pkcs11 import PKCS11Error

from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.entropy import SystemEntropy
from core.types import Dtbsr
from hsm.errors import (
    HsmMisused,
    HsmUnavailable,
    KeyNotFound,
    ModuleMissing,
    PinWrong,
    TokenMissing,
    TokenNotMade,
)
from hsm.keys import TokenMacKey, TokenSigningKey, generate_mac_key
from hsm.session import Token
from hsm.softhsm import create_token
from hsm.wrapping import TokenVault, generate_wrapping_key
from tests.support.clocks import FakeEntropy
from tests.support.tokens import MODULE, TEMPLATE, make_token, sam_token, zone_tokens

DTBSR = Dtbsr(HashAlgorithm.SHA256, bytes(32))
ES256 = SignatureAlgorithm.ECDSA_SHA256

ROOT = Path(__file__).parents[3]


def _lend(vault: TokenVault, key) -> bytes:
    with vault.unwrapped(key) as lent:
        return lent.sign(DTBSR, ES256)


@pytest.mark.parametrize("moved", [".", "tokens"])
@pytest.mark.parametrize("used", ["mac", "sign", "generate", "unwrap", "check"])
def test_a_token_that_goes_away_while_in_use_is_unavailable_and_comes_back_without_a_restart(tmp_path, moved, used):
    home = tmp_path / "t"
    token = sam_token(home)
    vault, seal, attest = TokenVault(token, "wrap"), TokenMacKey(token, "seal"), TokenSigningKey(token, "attest")
    key = vault.generate(KeyType.EC_P256)
    use = {
        "mac": lambda: seal.mac(b"x"),
        "sign": lambda: attest.sign(DTBSR, ES256),
        "generate": lambda: vault.generate(KeyType.EC_P256),
        "unwrap": lambda: _lend(vault, key),
        "check": token.check,
    }[used]
    use()
    (home / moved).resolve().rename(tmp_path / "away")
    for _ in range(2):
        with pytest.raises(HsmUnavailable):
            use()
    (tmp_path / "away").rename((home / moved).resolve())
    use()
    assert _lend(vault, key)


def test_a_key_lent_before_the_session_was_lost_signs_nothing_afterwards(tmp_path):
    """Handles are numbers: in the next session the same number may be another citizen's key."""
    token = sam_token(tmp_path / "t")
    vault, key = TokenVault(token, "wrap"), TokenVault(token, "wrap").generate(KeyType.EC_P256)
    with vault.unwrapped(key) as lent:
        assert lent.sign(DTBSR, ES256)
        token.lost(PKCS11Error("pulled out"))
        with vault.unwrapped(vault.generate(KeyType.EC_P256)) as other:
            assert other.sign(DTBSR, ES256)
            with pytest.raises(HsmUnavailable, match="is gone"):
                lent.sign(DTBSR, ES256)
        assert vault.generate(KeyType.EC_P256)
    assert _lend(vault, key)


def test_tokens_of_different_stores_and_of_one_store_work_in_turn(tmp_path):
    tokens = zone_tokens(tmp_path / "one")
    elsewhere = sam_token(tmp_path / "two")
    macs = [TokenMacKey(elsewhere, "seal"), tokens.sam.seal]
    first = [each.mac(b"x") for each in macs]
    assert first == [each.mac(b"x") for each in macs]
    assert first[0] != first[1]
    algorithm = SignatureAlgorithm.ECDSA_SHA384
    dtbsr = Dtbsr(HashAlgorithm.SHA384, bytes(48))
    assert tokens.issuing.sign(dtbsr, algorithm) != tokens.root.sign(dtbsr, algorithm)


@pytest.mark.parametrize(
    ("missing", "error"),
    [("pin", PinWrong), ("softhsm2.conf", HsmUnavailable), (".", TokenMissing), ("tokens", HsmUnavailable)],
)
def test_what_is_missing_is_named(tmp_path, missing, error):
    token = make_token(tmp_path / "t", "t")
    (tmp_path / "t" / missing).resolve().rename(tmp_path / "away")
    with pytest.raises(error):
        token.check()


def test_an_unknown_label_and_a_missing_or_foreign_module_are_named(tmp_path):
    make_token(tmp_path / "t", "t").close()
    with pytest.raises(TokenMissing):
        Token(tmp_path / "t", MODULE, "other").check()
    (tmp_path / "not-a-library.so").write_text("text")
    for name in ("missing.so", "not-a-library.so"):
        with pytest.raises(ModuleMissing):
            Token(tmp_path / "t", tmp_path / name, "t").check()


def test_a_wrapping_key_needs_the_officer(tmp_path):
    token = make_token(tmp_path / "t", "t")
    officer = tmp_path / "t" / "so-pin"
    right = officer.read_text()
    for wrong in (None, "a wrong pin", (tmp_path / "t" / "pin").read_text()):
        officer.unlink(missing_ok=True)
        if wrong is not None:
            officer.write_text(wrong)
        with pytest.raises(PinWrong):
            generate_wrapping_key(token, "wrap")
    with pytest.raises(KeyNotFound):
        TokenVault(token, "wrap").generate(KeyType.EC_P256)
    officer.write_text(right)
    generate_wrapping_key(token, "wrap")
    officer.unlink()  # from now on it may be kept elsewhere
    assert TokenVault(token, "wrap").generate(KeyType.EC_P256)


def test_a_token_is_not_made_over_another_nor_without_a_module(tmp_path):
    make_token(tmp_path / "t", "t")
    with pytest.raises(TokenNotMade, match="already"):
        create_token(tmp_path / "t", TEMPLATE, MODULE, "t", SystemEntropy())
    with pytest.raises(TokenNotMade, match="softhsm2-util"):
        create_token(tmp_path / "u", TEMPLATE, tmp_path / "missing.so", "t", SystemEntropy())


def test_the_first_pins_which_stood_on_a_command_line_open_nothing(tmp_path):
    entropy = FakeEntropy()
    create_token(tmp_path / "t", TEMPLATE, MODULE, "t", entropy)
    again = FakeEntropy()
    pins = [base64.b32encode(again.token_bytes(20)).decode().lower() for _ in range(4)]
    token = Token(tmp_path / "t", MODULE, "t")
    assert [(tmp_path / "t" / name).read_text() for name in ("pin", "so-pin")] == pins[2:]
    token.check()
    for first in pins[:2]:
        (tmp_path / "t" / "pin").write_text(first)
        token.close()
        with pytest.raises(PinWrong):
            token.check()


_CLOSE_AND_FORK = """
    import os, sys
    from pathlib import Path
    from hsm.session import Token
    token = Token(Path(sys.argv[1]), Path(sys.argv[2]), "t")
    token.check()
    token.close()
    child = os.fork()
    token.check()
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_child_may_open_what_the_parent_has_closed(tmp_path):
    """In a process of its own: other tests' tokens in this one are users of the library too."""
    make_token(tmp_path / "t", "t")
    subprocess.run(_script(_CLOSE_AND_FORK, tmp_path / "t"), cwd=ROOT, check=True, timeout=120)


def test_a_second_token_in_a_forked_child_is_refused_too(tmp_path):
    """The library is what does not survive a fork, whoever asks it."""
    token = make_token(tmp_path / "t", "t")
    token.check()
    child = os.fork()
    if child == 0:  # pragma: no cover  # runs in the child
        try:
            Token(tmp_path / "t", MODULE, "t").check()
        except HsmMisused:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    token.check()


_OPEN_OFTEN = """
    import sys
    from pathlib import Path
    from hsm.keys import TokenMacKey
    from hsm.session import Token
    for _ in range(15):
        token = Token(Path(sys.argv[1]), Path(sys.argv[2]), "t")
        print(TokenMacKey(token, "seal").mac(b"x").hex())
        token.close()
"""


def test_processes_that_open_the_token_at_once_all_succeed(tmp_path):
    token = make_token(tmp_path / "t", "t")
    generate_mac_key(token, "seal")
    mac = TokenMacKey(token, "seal").mac(b"x").hex()
    command = _script(_OPEN_OFTEN, tmp_path / "t")
    openers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for opener in openers:
        out, _ = opener.communicate(timeout=120)
        assert opener.returncode == 0
        assert out.split() == [mac] * 15


def _script(text: str, store: Path) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(text), str(store), str(MODULE)]
