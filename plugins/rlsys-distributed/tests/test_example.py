"""The example of a program that learns from a server, as its first lines say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from live_server import LIMIT, LiveServer

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.slow
def test_two_programs_share_the_model_that_is_named_after_the_environment(tmp_path):
    settings = yaml.safe_load((EXAMPLES / "lunar_lander.yaml").read_text(encoding="utf-8"))
    server = LiveServer(tmp_path / "home", **settings)
    words = [sys.executable, EXAMPLES / "lunar_lander.py", "--id", "CartPole-v1", "--quick"]
    programs = [
        subprocess.Popen(
            [*words, "--server", server.address, "--name", f"cart-{number}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    said = [program.communicate(timeout=LIMIT)[0] for program in programs]
    server.stop()
    assert [program.returncode for program in programs] == [0, 0]
    for text in said:
        assert re.match(r"20 episodes, version [1-9]", text)
        assert "acknowledged=20" in text
    assert (tmp_path / "home" / "CartPole-v1" / "manifest.json").exists()
