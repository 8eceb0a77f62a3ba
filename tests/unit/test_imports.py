"""Imports go one way: physics and numerics know nothing of decks and files, and nothing that works knows how it is shown."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "solver"
MODULES = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
           for path in PACKAGE.rglob("*.py")}  # fmt: skip
SHOWS = {"figures", "cli", "reproduction"}


def imports(module):
    """Modules of this package that a module imports when it is imported itself, not later inside a function."""
    path, found = MODULES[module], set()
    home = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]

    def visit(node):
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.Import):
                found.update(alias.name for alias in inner.names)
            elif isinstance(inner, ast.ImportFrom):
                above = home[: len(home) - inner.level + 1] if inner.level else []
                base = ".".join([*above, *filter(None, [inner.module])])
                found.update(f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in inner.names)
            elif not isinstance(inner, ast.FunctionDef):
                visit(inner)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found & set(MODULES)


def part(module):
    """solver.figures.draw → figures, solver.model → model."""
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize(
    ("inside", "allowed"),
    [
        ("physics", {"constants", "particles"}),
        ("transport", {"constants", "errors"}),
        ("deck", {"constants", "errors", "particles", "units"}),
        ("measurements", {"constants", "errors", "particles", "physics", "units"}),
    ],
)
def test_what_works_alone_imports_little(inside, allowed):
    modules = [module for module in MODULES if part(module) == inside]
    assert modules
    assert {part(other) for module in modules for other in imports(module)} - {inside} <= allowed


def test_nothing_imports_what_shows_it():
    over = {(module, other) for module in MODULES for other in imports(module) if part(other) in SHOWS - {part(module)}}
    assert {(module, other) for module, other in over if part(module) not in SHOWS} == {
        ("solver.ensemble.plots", "solver.figures.draw")
    }


def test_no_module_imports_itself_by_way_of_others():
    known, on_the_way = set(), []

    def follow(module):
        assert module not in on_the_way, " → ".join([*on_the_way, module])
        if module not in known:
            known.add(module)
            on_the_way.append(module)
            for other in imports(module):
                follow(other)
            on_the_way.pop()

    for module in MODULES:
        follow(module)
