#!/usr/bin/env python3
# needs: yaml jsonschema
"""The files of deploy/: what systemd, hadolint and Compose's schema say of them, and whether what they name is true."""
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import jsonschema
import yaml

from server_checks import ADZE, ROOT, Checks, Server
from tiny_model import write_tiny_model

DEPLOY = ROOT / "deploy"
PEERS = Path(os.environ.get("ADZE_PEERS") or ROOT / "build" / "peers")
SCHEMA = PEERS / "npm" / "node_modules" / "dclint" / "schemas" / "compose.schema.json"
PROGRAM = "/usr/local/bin/adze"
CONFIG = "/etc/adze/server.json"
MOST_EXPOSURE = 20  # tenths, of systemd's scale from 0 to 100
FROM_BASE_IMAGE = {"libc6", "libgcc-s1"}


class DeployChecks(Checks):
    skipped = 0

    def skip(self, reason):
        self.skipped += 1
        print(f"skipped: {reason}")

    def runs(self, what, command, **options):
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
        self.true(what, done.returncode == 0, done.stdout)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        sys.exit(self.failed > 0)


def unit():
    """Settings of the service; of those that are given twice, the last."""
    lines = (DEPLOY / "adze.service").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def instructions():
    """(word, rest) of the Dockerfile, continued lines joined, the stage that runs only."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.M))
    last = text[text.rindex("\nFROM"):]
    return [tuple(line.split(None, 1)) for line in last.splitlines() if line.strip()]


def check_unit(checks, folder):
    if not shutil.which("systemd-analyze"):
        return checks.skip("needs systemd-analyze (Debian's systemd)")
    copy = folder / "adze.service"
    copy.write_text((DEPLOY / "adze.service").read_text().replace(PROGRAM, str(ADZE)))
    checks.runs("systemd-analyze verify", ["systemd-analyze", "verify", "--man=no", copy])
    checks.runs("systemd-analyze security", ["systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={MOST_EXPOSURE}", copy])


def check_image(checks):
    hadolint = PEERS / "venv" / "bin" / "hadolint"
    if hadolint.is_file():
        checks.runs("hadolint", [hadolint, "--failure-threshold", "style", DEPLOY / "Dockerfile"])
    else:
        checks.skip("needs hadolint (make peers)")
    text = (DEPLOY / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--)(\S.*) \S+$", text, re.M)
    missing = [source for line in copied for source in line.split() if not (ROOT / source).exists()]
    checks.equal("files that are copied and missing", missing, [])


def package_of(library):
    for path in (library, f"/usr{library}"):
        done = subprocess.run(["dpkg-query", "-S", path], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    return library


def check_libraries(checks):
    """Those of the image are those that the program names itself; their own come with them."""
    if not shutil.which("dpkg-query") or not shutil.which("objdump"):
        return checks.skip("needs dpkg-query and objdump")
    named = set(re.findall(r"NEEDED +(\S+)", subprocess.run(["objdump", "-p", ADZE], check=True, text=True, stdout=subprocess.PIPE).stdout))
    where = dict(re.findall(r"^\s*(\S+) => (/\S+)", subprocess.run(["ldd", ADZE], check=True, text=True, stdout=subprocess.PIPE).stdout, re.M))
    needed = {package_of(where[name]) for name in named if name in where} - FROM_BASE_IMAGE
    installed = next(rest for word, rest in instructions() if word == "RUN" and "apt-get install" in rest)
    listed = set(re.search(r"--no-install-recommends(.*?)&&", installed)[1].split()) - {"ca-certificates"}
    return checks.equal("libraries of the image", listed, needed)


def check_compose(checks):
    document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    if SCHEMA.is_file():
        faults = [error.message for error in jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).iter_errors(document)]
        checks.equal("Compose's schema", faults, [])
    else:
        checks.skip("needs dclint (make peers), which carries Compose's schema")
    service = document["services"]["adze"]
    checks.true("the Dockerfile", (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file())
    mounts = dict(volume.split(":")[:2] for volume in service["volumes"])
    checks.equal("the configuration", mounts.get("./server.json"), CONFIG)
    checks.equal("the models", mounts.get("./models"), str(Path(model_path()).parent))
    return service


def model_path():
    return json.loads((DEPLOY / "server.json").read_text())["models"][0]["path"]


def check_names(checks, service):
    command = shlex.split(unit()["ExecStart"])
    image = dict(instructions())
    checks.equal("the unit's command", command, [PROGRAM, "serve", "--config", CONFIG])
    checks.equal("the image's command", json.loads(image["ENTRYPOINT"]) + json.loads(image["CMD"])[:3], command)
    checks.true("the image's user", image["USER"] not in ("0", "root"))
    drain = json.loads((DEPLOY / "server.json").read_text())["drain_seconds"]
    for what, limit in (("TimeoutStopSec", unit()["TimeoutStopSec"]), ("stop_grace_period", service["stop_grace_period"].rstrip("s"))):
        checks.true(what, int(limit) > drain, f"{limit} is not longer than drain_seconds, {drain}")
    readme = (DEPLOY / "README.md").read_text()
    for name in (PROGRAM, CONFIG, model_path(), "/etc/systemd/system/adze.service"):
        checks.true(f"README: {name}", name in readme, "is not named")


def health_check(port):
    words = next(rest for word, rest in instructions() if word == "HEALTHCHECK")
    command = json.loads(words[words.index("["):])
    return subprocess.run([part.replace("8080", str(port)) for part in command], stderr=subprocess.DEVNULL).returncode


def check_running(checks, folder):
    """The configuration as it is, but for the model's place: health, reading again, and a stop in the midst of an answer."""
    config = folder / "server.json"
    config.write_text((DEPLOY / "server.json").read_text().replace(model_path(), str(write_tiny_model(folder / "chat.gguf"))))
    server = Server("--config", config)
    try:
        checks.equal("the image's health check", health_check(server.port), 0)
        server.process.send_signal(signal.SIGHUP)
        again = server.wait_for(lambda: any(isinstance(event, dict) and event["event"] == "read_again" for event in server.events), 10)
        checks.true("a reload", again and server.process.poll() is None, str(server.events))
        body = {"prompt": "the", "max_tokens": 4000, "ignore_eos": True, "stream": True}
        lines = []
        asking = threading.Thread(target=lambda: lines.extend(server.lines("/v1/completions", body)))
        asking.start()
        while "adze_requests_running{model=\"chat\"} 1" not in server.ask("GET", "/metrics")[2]:
            time.sleep(0.01)
        checks.equal("exit status after SIGTERM", server.stop(), 0)
        asking.join()
        checks.equal("the answer's end", lines[-1:], ["data: [DONE]"])
        checks.true("no health check", health_check(server.port) != 0)
    finally:
        if server.process.poll() is None:
            server.process.kill()


def main():
    checks = DeployChecks()
    with tempfile.TemporaryDirectory() as folder:
        check_unit(checks, Path(folder))
        check_image(checks)
        check_libraries(checks)
        check_names(checks, check_compose(checks))
        check_running(checks, Path(folder))
    checks.finish()


main()
