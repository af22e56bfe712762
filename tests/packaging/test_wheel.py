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

ROOT = Path(__file__).parents[2]
PACKAGES = ("cli", "config", "connectors", "exporters", "extensions", "pipeline", "processors", "receivers")
DATA = {"config/pipelines/default.yaml", *(f"extensions/intake/page.{kind}" for kind in ("css", "html", "js"))}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the checkout, as a packager without a network does."""
    sources, dist = tmp_path_factory.mktemp("sources") / "sluice", tmp_path_factory.mktemp("dist")
    shutil.copytree(
        ROOT, sources, ignore=shutil.ignore_patterns(".*", "__pycache__", "*.so", "node_modules", "build", "dist", "*.egg-info")
    )
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(dist), str(sources))
    (built,) = dist.iterdir()
    return built


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=True)
    pip("--python", str(environment / "bin/python"), "install", "--no-deps", "--no-index", str(wheel))
    return environment / "bin"


def test_the_wheel_holds_the_packages_their_data_and_the_compiled_kernel_and_nothing_else(wheel: Path) -> None:
    modules = {path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py*")}
    modules = {name for name in modules if name.endswith((".py", ".pyi"))}
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    kernel = {f"pipeline/wire/kernel/{source.stem}{suffix}" for source in (ROOT / "pipeline/wire/kernel").glob("*.pyx")}
    markers = {f"{package}/py.typed" for package in PACKAGES}
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == modules | kernel | markers | DATA


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


def pip(*arguments: str) -> None:
    """Run pip; its output is in the failure."""
    done = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def sluice(bin_folder: Path, folder: Path, *arguments: str) -> str:
    """Run the installed command in a folder; only its dependencies come from the environment of the tests."""
    dependencies = sysconfig.get_path("purelib")  # by PYTHONPATH: its .pth files, thus the editable checkout, are not followed
    done = subprocess.run(
        [bin_folder / "sluice", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": dependencies},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
