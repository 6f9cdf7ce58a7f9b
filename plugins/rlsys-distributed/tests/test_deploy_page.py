"""What the page about running the server shows is read by the server as it stands there."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import yaml

from rlsys_distributed.commands.serve import serve
from rlsys_distributed.server.settings import ServerConfig

PAGE = Path(__file__).parents[3] / "docs" / "plugins" / "distributed-deploy.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
CONFIG, SERVICE, PODS = (text for kind, text in BLOCKS if kind == "yaml")


def options(words):
    """Return the options of a command line of `serve`."""
    assert words[:2] == ["distributed", "serve"]
    context = serve.make_context("serve", list(words[2:]))
    return context.params


def test_the_configuration_is_one():
    config = ServerConfig.model_validate(yaml.safe_load(CONFIG))
    assert config.tls is not None
    assert config.token_file is not None


def test_the_unit_starts_the_server_and_waits_for_it_to_save():
    (text,) = (text for kind, text in BLOCKS if kind == "ini")
    unit = configparser.ConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text)
    words = shlex.split(unit["Service"]["ExecStart"])
    assert words[0].endswith("/rlsys")
    found = options(words[1:])
    assert str(found["file"]) == "/etc/rlsys/server.yaml"
    # ProtectSystem=strict: what it may write to is below its StateDirectory.
    assert str(found["out"]).startswith(f"/var/lib/{unit['Service']['StateDirectory']}/")
    assert int(unit["Service"]["TimeoutStopSec"]) > 60


def test_the_container_starts_the_server():
    (text,) = (text for kind, text in BLOCKS if kind == "dockerfile")
    entry = yaml.safe_load(re.search(r"^ENTRYPOINT (.*)$", text, re.MULTILINE)[1])
    more = yaml.safe_load(re.search(r"^CMD (.*)$", text, re.MULTILINE)[1])
    assert entry[0] == "rlsys"
    assert str(options([*entry[1:], *more])["out"]) == "/data"


def test_the_manifest_gives_every_pod_a_name_a_volume_and_a_probe():
    service, pods = yaml.safe_load(SERVICE), yaml.safe_load(PODS)
    assert service["spec"]["clusterIP"] == "None"
    assert pods["spec"]["serviceName"] == service["metadata"]["name"]
    assert pods["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > 60
    (container,) = pods["spec"]["template"]["spec"]["containers"]
    assert {p["containerPort"] for p in container["ports"]} == {50051, 9464}
    assert container["readinessProbe"]["grpc"]["port"] == 50051
    claims = {claim["metadata"]["name"] for claim in pods["spec"]["volumeClaimTemplates"]}
    assert claims <= {mount["name"] for mount in container["volumeMounts"]}
