"""The wheel: what it holds, and that it runs where there is no checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from configparser import ConfigParser
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.parts.found import kernel

ROOT = Path(__file__).parents[2]
PACKAGES = ("cli", "config", "connectors", "exporters", "extensions", "pipeline", "processors", "receivers")
DATA = {"config/pipelines/default.yaml", *(f"extensions/intake/page.{kind}" for kind in ("css", "html", "js"))}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kernel("walk")  # where it could not be compiled before, it can't be now
    return built(tmp_path_factory)


def built(tmp_path_factory: pytest.TempPathFactory, **environ: str) -> Path:
    """Build the wheel from a copy of the checkout, as a packager without a network does."""
    sources, dist = tmp_path_factory.mktemp("sources") / "sluice", tmp_path_factory.mktemp("dist")
    shutil.copytree(
        ROOT, sources, ignore=shutil.ignore_patterns(".*", "__pycache__", "*.so", "node_modules", "build", "dist", "*.egg-info")
    )
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(dist), str(sources), **environ)
    (wheel,) = dist.iterdir()
    return wheel


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(wheel, tmp_path_factory)


def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a wheel into an environment of its own; return where its commands are."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=True)
    pip("--python", str(environment / "bin/python"), "install", "--no-deps", "--no-index", str(wheel))
    return environment / "bin"


def test_the_wheel_holds_the_packages_their_data_and_the_compiled_kernel_and_nothing_else(wheel: Path) -> None:
    modules = {path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py*")}
    modules = {name for name in modules if name.endswith((".py", ".pyi"))}
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    compiled = {f"pipeline/wire/kernel/{source.stem}{suffix}" for source in (ROOT / "pipeline/wire/kernel").glob("*.pyx")}
    markers = {f"{package}/py.typed" for package in PACKAGES}
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == modules | compiled | markers | DATA


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (points,) = (name for name in archive.namelist() if name.endswith(".dist-info/entry_points.txt"))
        parser = ConfigParser()
        parser.read_string(archive.read(points).decode())
        assert {section: dict(parser[section]) for section in parser.sections()} == {"console_scripts": {"sluice": "cli:main"}}
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in archive.namelist())


@pytest.mark.parametrize("verb", [["--help"], ["--version"], ["components"]])
def test_an_installed_wheel_runs_outside_of_the_checkout(bin_folder: Path, tmp_path: Path, verb: list[str]) -> None:
    assert sluice(bin_folder, tmp_path, *verb)


def test_an_installed_wheel_finds_its_default_pipeline_valid(bin_folder: Path, tmp_path: Path) -> None:
    (default,) = bin_folder.parent.rglob("site-packages/config/pipelines/default.yaml")
    sluice(bin_folder, tmp_path, "validate", "--config", str(default))


def test_a_wheel_brings_its_kernel_to_a_machine_without_a_compiler(wheel: Path, bin_folder: Path, tmp_path: Path) -> None:
    assert wheel.stem.endswith(f"-{sysconfig.get_platform().replace('-', '_')}")
    assert "Wire implementation: compiled kernel" in sluice(bin_folder, tmp_path, "components", PATH="/nonexistent")


def test_a_build_without_a_compiler_serves_in_plain_python_and_says_what_that_costs(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = installed(built(tmp_path_factory, CC="/nonexistent/cc"), tmp_path_factory)
    assert "Wire implementation: reference, in plain Python: about a hundred times slower" in sluice(
        folder, tmp_path, "components"
    )


def pip(*arguments: str, **environ: str) -> None:
    """Run pip; its output is in the failure."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", *arguments], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def sluice(bin_folder: Path, folder: Path, *arguments: str, **environ: str) -> str:
    """Run the installed command in a folder; only its dependencies come from the environment of the tests."""
    dependencies = sysconfig.get_path("purelib")  # by PYTHONPATH: its .pth files, thus the editable checkout, are not followed
    done = subprocess.run(
        [bin_folder / "sluice", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": dependencies, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
