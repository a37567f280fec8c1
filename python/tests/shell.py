"""A terminal in a folder where nothing was before, for the commands that the documentation prints."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from examples import ADDRESS, KEY
from support import ROOT, Server, binary, free_port

from execlave import Execlave

BUILT_BEFORE = re.compile(r"^(cargo build --release -p execlave-cli|pip install \./python)$", re.M)


class Shell:
    """A terminal in a fresh folder that has what a clone and a build have."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self.key = ""
        release = folder / "target" / "release"
        release.mkdir(parents=True)
        (release / "execlave").symlink_to(binary().resolve())
        for name in ("python", "examples", "Makefile", "scripts"):
            (folder / name).symlink_to(ROOT / name)
        self._serving: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the machine's but the path, with the built command on it."""
        path = f"{self.folder / 'target' / 'release'}:{os.environ['PATH']}"
        return {
            "PATH": path,
            "HOME": str(self.folder),
            "EXECLAVE_LISTEN": self.url.removeprefix("http://"),
            "EXECLAVE_BASE_URL": self.url,
            "EXECLAVE_API_KEY": self.key,
            # The package that was built, for every interpreter that is started here.
            "PYTHONPATH": sysconfig.get_paths()["platlib"],
        }

    def text(self, printed: str) -> str:
        """What is typed: with this server's key and address."""
        return KEY.sub(self.key, printed).replace(ADDRESS, self.url)

    def run(self, printed: str, **more: str) -> str:
        """Run a block, stopping at the first command that fails; returns what it printed."""
        script = "set -euo pipefail\n" + BUILT_BEFORE.sub(":", self.text(printed))
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, printed: str, **more: str) -> None:
        """Run a block whose last command goes on; takes the key that it prints, and shows it to nobody again."""
        script = "set -euo pipefail\n" + BUILT_BEFORE.sub(":", self.text(printed))
        # The shell becomes the server, so that it ends with it.
        serve = "target/release/execlave serve"
        assert script.rstrip().splitlines()[-1].startswith(serve)
        with (self.folder / "log").open("w") as log:
            self._serving = subprocess.Popen(
                ["bash", "-c", script.replace(serve, f"exec {serve}")],
                cwd=self.folder,
                env=self.environment | more,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._serving.stdout is not None
        first = ""
        while "Sign in" not in first or not (self.key or "API key" in first):
            line = self._serving.stdout.readline()
            assert line, (self.folder / "log").read_text()
            first += line
        assert "Dashboard" in first
        if not self.key:
            (self.key,) = re.findall(r"exe_prod_[\w-]+", first)

    def client(self) -> Execlave:
        return Execlave(self.key, self.url)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API with the key that was printed."""
        server = Server.__new__(Server)
        server.url, server.key = self.url, self.key
        return server.call(method, path, body)

    def end(self) -> None:
        if self._serving is not None:
            self._serving.terminate()
            self._serving.communicate(timeout=30)
            assert self._serving.returncode == 0
            self._serving = None
