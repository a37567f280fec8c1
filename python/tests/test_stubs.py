"""The stubs describe the compiled module, and the package is typed."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import execlave
from execlave import _native

PACKAGE = Path(execlave.__file__).parent


def described() -> dict[str, set[str]]:
    """Classes of the stub with their members, and functions with none."""
    tree = ast.parse((PACKAGE / "_native.pyi").read_text())
    found: dict[str, set[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found[node.name] = {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = set()
        elif isinstance(node, ast.AnnAssign):
            found[ast.unparse(node.target)] = set()
    return found


def test_the_stub_names_what_is_there_and_nothing_else() -> None:
    stub = described()
    assert set(stub) == {name for name in vars(_native) if not name.startswith("_")}
    for name, members in stub.items():
        native = getattr(_native, name)
        if inspect.isclass(native):
            public = {member for member in vars(native) if not member.startswith("_")}
            assert members - {"__new__"} == public, name


def test_the_stub_has_the_arguments_of_what_is_there(tmp_path: Path) -> None:
    """As `stubtest` of mypy sees the compiled module."""
    stubtest = Path(sys.executable).with_name("stubtest")
    done = subprocess.run(
        [stubtest, "execlave._native"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
    for name in execlave.__all__:
        assert getattr(execlave, name).__doc__ or name == "__version__"
