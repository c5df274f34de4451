"""The house rules of the design that a program can check: arrows, lengths, names, types, docstrings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("auditor", "detectors")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
EVERYTHING = sorted([*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "data").rglob("*.py")])

# What a detector must not reach: the application, its interface, its store; disk, network, clock, processes.
NOT_IN_DETECTORS = {
    *("auditor", "click", "rich", "duckdb", "sqlite3", "jinja2"),
    *("os", "pathlib", "io", "shutil", "tempfile", "glob", "fileinput", "pickle", "shelve", "mmap"),
    *("socket", "ssl", "http", "urllib", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "asyncio"),
    *("time", "datetime", "sched", "subprocess", "multiprocessing", "signal", "logging", "argparse"),
}
CALLS_NOT_IN_DETECTORS = {"open", "print", "input", "exec", "eval", "__import__"}
IN_REPORTS = ("auditor.report", "auditor.reports", "auditor.errors")
BANNED_WORDS = {"utils", "util", "helpers", "helper", "manager", "managers", "misc"}
LONGEST = 400


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, anywhere in it; `from a import b` gives "a" and "a.b"."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *filter(None, [node.module])))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def public_functions(node: ast.AST, owner: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from public_functions(child, f"{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not child.name.startswith("_"):
            yield owner + child.name, child
        elif isinstance(child, ast.If | ast.Try):
            yield from public_functions(child, owner)


@pytest.mark.parametrize("path", [p for p in SOURCES if "detectors" in p.parts], ids=short)
def test_detectors_reach_nothing_but_arrays(path):
    assert not [m for m in imports(path) if within(m, *NOT_IN_DETECTORS)]
    called = {
        n.func.id for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    assert not called & CALLS_NOT_IN_DETECTORS


@pytest.mark.parametrize("path", sorted((ROOT / "auditor/reports").rglob("*.py")), ids=short)
def test_reports_see_a_report_and_nothing_else(path):
    ours = [m for m in imports(path) if within(m, *PACKAGES) and m != "auditor"]
    assert not [m for m in ours if not within(m, *IN_REPORTS)]


@pytest.mark.parametrize("path", [p for p in SOURCES if "cli" not in p.parts], ids=short)
def test_nobody_imports_the_command_line(path):
    assert not [m for m in imports(path) if within(m, "auditor.cli", "click")]


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_nobody_imports_the_shipped_data_or_the_tests(path):
    assert not [m for m in imports(path) if within(m, "data", "tests", "auditor._data")]


@pytest.mark.parametrize("path", EVERYTHING, ids=short)
def test_files_are_short_and_named_after_a_thing(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
    assert not BANNED_WORDS & set(path.stem.lower().split("_"))


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_every_file_says_what_it_is(path):
    tree = tree_of(path)
    assert not tree.body or ast.get_docstring(tree)


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_every_public_function_is_documented_and_typed(path):
    lacking = []
    for name, function in public_functions(tree_of(path)):
        arguments = [
            *(function.args.posonlyargs + function.args.args + function.args.kwonlyargs),
            *filter(None, [function.args.vararg, function.args.kwarg]),
        ]
        untyped = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        if untyped or function.returns is None or not ast.get_docstring(function):
            lacking.append(name)
    assert not lacking


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_no_class_is_named_base_something(path):
    names = [n.name for n in ast.walk(tree_of(path)) if isinstance(n, ast.ClassDef)]
    assert not [n for n in names if n.startswith("Base")]
