"""How fast the network and the machine are: in estimates, in savings, in the configuration and on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.cost import estimate, price
from dockerlint.fixers.cost.bounded import Amount
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.cli import main
from dockerlint.lint.cli.cost_speed import speed
from dockerlint.lint.engine.findings import Applicability, Finding, Fix
from dockerlint.lint.settings.config import Config, merge
from dockerlint.lint.settings.config_files import from_file
from dockerlint.lint.settings.options import from_environment
from dockerlint.lint.storage.errors import ConfigError
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "FROM debian:bookworm-slim\nCOPY a.txt /a.txt\nRUN apt-get update && apt-get install -y git\n"
LAST = "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y git\nCOPY a.txt /a.txt\n"


def seconds(**speed: object) -> float:
    """Seconds of the RUN."""
    return estimate(parse(TEXT), **speed).steps[2].seconds.mid  # type: ignore[arg-type]


def test_a_faster_machine_does_all_but_downloads_faster() -> None:
    endless = Amount.exact(1e15)
    assert seconds(network=endless, machine=2.0) == pytest.approx(seconds(network=endless) / 2)
    downloads = seconds() - seconds(network=endless)
    assert seconds(machine=4.0) == pytest.approx(seconds(network=endless) / 4 + downloads)


def saved(**speed: object) -> float:
    doc = parse(TEXT)
    finding = Finding(Span(0, 4), "m", Fix("t", (Edit(Span(0, len(TEXT)), LAST),), Applicability.SAFE), code="X001")
    (found,) = price(doc, [finding], Facts(doc), **speed)  # type: ignore[arg-type]
    assert found is not None
    return found.rebuild_seconds


def test_savings_follow_the_network_and_the_machine() -> None:
    assert saved(network=Amount.exact(1e5)) > 2 * saved()
    assert saved(network=Amount.exact(1e15), machine=3.0) == pytest.approx(
        saved(network=Amount.exact(1e15)) / 3, rel=0.05
    )


@pytest.mark.parametrize("value", ["0", "-1", '"fast"', "true", "inf", "nan"])
def test_what_is_no_factor(value: str, tmp_path: Path) -> None:
    path = tmp_path / ".dlint.toml"
    path.write_text(f"machine = {value}\n")
    with pytest.raises(ConfigError, match="machine must be a number above 0"):
        from_file(path)


def test_the_configuration_says_how_fast() -> None:
    assert speed(Config()) == {"network": None, "machine": 1.0}
    config = merge(from_environment({"DLINT_MACHINE": "2.5", "DLINT_NETWORK": "8Mbit"}))
    assert speed(config) == {"network": Amount.exact(1e6), "machine": 2.5}
    with pytest.raises(ConfigError, match="a number above 0"):
        from_environment({"DLINT_MACHINE": "fast"})


def test_the_command_line_says_how_fast(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(TEXT)

    def run(*words: str) -> tuple[int, str, str]:
        status = main(["cost", "--no-config", *words, str(path)])
        return status, *capsys.readouterr()

    def cold(*words: str) -> float:
        status, out, err = run("--format", "json", "--network", "100Gbit", *words)
        assert (status, err) == (0, "")
        return float(json.loads(out)["steps"][2]["seconds"]["mid"])

    assert cold("--machine", "2") < 0.6 * cold()
    status, _, err = run("--machine", "0")
    assert status == 2
    assert "machine must be a number above 0" in err
