"""A ceremony that is cut short at any act: the founding starts clean, a rotation is finished, nothing stays half."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from apps.ca import open_installed
from apps.ceremony.journal import Journal, read
from apps.ceremony.transcript import transcript
from apps.init import AlreadyInitialised, initialise, is_initialised
from apps.rotation import issue_root_list, root_of, rotate_issuing
from apps.sam import open_sam
from ca import crl
from ca.acts import UseRoot
from ca.admin_protocol import ProposalClosed
from ca.draft import Issuer
from ca.publication import ROOT_CRL
from tests.support.deciding import decide
from tests.support.instance import make_instance

pytestmark = pytest.mark.slow


class PowerCut(BaseException):
    """The machine is gone."""


@pytest.fixture
def cut(monkeypatch):
    """Cut the power at the act with this number, counted from now on; 0 cuts it no more."""
    left = {"acts": 0}
    honest = Journal.act

    def act(self, what, *facts):
        honest(self, what, *facts)
        left["acts"] -= 1
        if left["acts"] == 0:
            raise PowerCut(what)

    monkeypatch.setattr(Journal, "act", act)
    return left


def silent(_words: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def empty():
    made = make_instance(start=False, initialised=False)
    yield made
    made.remove()


def test_a_founding_that_is_cut_short_starts_clean(empty, cut):
    settings = empty.settings
    for act in (1, 4, 9):
        cut["acts"] = act
        with pytest.raises(PowerCut):
            initialise(settings, silent)
        assert not is_initialised(settings)
        assert empty.paraph("health", check=False).returncode != 0
    pins = {path.read_bytes() for path in settings.state_dir.glob("*/pin")}
    cut["acts"] = 0
    path = initialise(settings, silent)
    text = path.read_text(encoding="utf-8")
    assert "An earlier attempt was cut short" in text
    assert text == transcript(path.with_suffix(".jsonl"))
    assert not pins & {each.read_bytes() for each in settings.state_dir.glob("*/pin")}
    assert len(list(path.parent.iterdir())) == 2
    open_installed(settings).inspect()
    open_sam(settings).inspect()
    with pytest.raises(AlreadyInitialised):
        initialise(settings, silent)


def test_what_no_ceremony_left_is_never_destroyed(tmp_path, empty):
    (tmp_path / "precious").write_text("data")
    with pytest.raises(AlreadyInitialised, match="not empty"):
        initialise(replace(empty.settings, state_dir=tmp_path), silent)
    assert (tmp_path / "precious").read_text() == "data"


def test_a_rotation_that_is_cut_short_is_finished_by_the_same_proposal(empty, cut):
    """Needs the installation that the first test made."""
    settings = empty.settings
    opened = open_installed(settings)
    with opened.parts.database.reading() as connection:
        act = opened.rotation.next(connection)
    proposal = decide(settings, opened.control, act)
    for number in (1, 3, 4, 5):  # decided; key made; certified by the root; responder certified
        cut["acts"] = number
        with pytest.raises(PowerCut):
            rotate_issuing(settings, proposal, silent)
        with opened.parts.database.reading() as connection:
            assert opened.parts.successions.issuing(connection).number == 1
    cut["acts"] = 0
    done = rotate_issuing(settings, proposal, silent)
    assert done.generation.number == 2
    _head, acts = read(done.transcript.with_suffix(".jsonl"))
    serials = {value for each in acts for fact, value in each.facts if fact == "Serial"}
    assert len(serials) == 2  # one certificate of the root, one of the responder, however often it was taken up
    assert len(list((settings.zone_dir("root")).glob("issuing-g*.crt"))) == 1
    with pytest.raises(ProposalClosed):
        rotate_issuing(settings, proposal, silent)


def test_the_roots_list_is_issued_by_two_people_on_real_tokens(empty, cut):
    settings = empty.settings
    proposal = decide(settings, open_installed(settings).control, UseRoot("issue-root-list"))
    cut["acts"] = 2
    with pytest.raises(PowerCut):
        issue_root_list(settings, proposal)
    cut["acts"] = 0
    with pytest.raises(ProposalClosed):  # it was issued; only the transcript lacked its end
        issue_root_list(settings, proposal)
    opened = open_installed(settings)
    done = issue_root_list(settings, decide(settings, opened.control, UseRoot("issue-root-list")))
    assert done.published.number == 3
    found = crl.read((settings.published() / ROOT_CRL).read_bytes(), Issuer.of(root_of(settings)))
    assert crl.number_of(found) == 3
