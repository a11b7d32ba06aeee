"""`paraph ra renew --ending`: each credential is told as it is done, refusals do not stop it, and the exit code says so."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from apps.cli import main
from apps.commands import ra_credentials
from core.approvals import ProofingTooOld
from ra.renewal import Renewal
from tests.support.registration_bench import RegistrationBench, other

ALL = ["ra", "renew", "--ending", "--within", "20"]


@pytest.fixture
def bench(tmp_path, monkeypatch):
    bench = RegistrationBench(tmp_path)
    bench.people = [bench.enrol(*other(number)) for number in range(2)]
    monkeypatch.setattr(ra_credentials, "renewals", lambda _settings: bench.renewals)
    monkeypatch.setattr(ra_credentials, "SystemClock", lambda: bench.clock)
    bench.clock.advance(days=80)
    return bench


def run(*arguments: str):
    return CliRunner().invoke(main, [*ALL, *arguments])


def test_each_renewal_is_one_line(bench):
    done = run()
    assert done.exit_code == 0
    assert all(f"{each.credential} is followed by c-" in done.stdout for each in bench.people)


def test_a_refusal_is_told_and_the_exit_code_says_so(bench):
    bench.sam_admin.approve_renewal(bench.people[0].credential)
    done = run()
    assert done.exit_code == 1
    assert "waits for `paraph ra activate`" in done.stderr
    assert f"{bench.people[1].credential} is followed by" in done.stdout


def test_json_has_one_object_a_line(bench, monkeypatch):
    class Mixed:
        def all_ending(self, _until):
            made, refused = bench.sam_admin.show(bench.people[0].credential), bench.people[1].credential
            yield Renewal(made, bench.people[0], None)
            yield Renewal(bench.sam_admin.show(refused), None, ProofingTooOld("2025-01-01"))

    monkeypatch.setattr(ra_credentials, "renewals", lambda _settings: Mixed())
    done = run("--json")
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["credential"], second["refused"]) == (
        bench.people[0].credential,
        "the person must be identified again: 2025-01-01",
    )
    assert (done.exit_code, done.stderr) == (1, "")


def test_the_span_is_the_settings_own_unless_another_is_said(bench):
    bench.clock.advance(days=-10)
    assert CliRunner().invoke(main, ALL[:3]).stdout == ""  # twenty days before the end, less a second: not in fourteen
    assert run("--json").stdout.count("followed_by") == 2
