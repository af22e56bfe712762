"""Component types are found by the name of their file, or by an entry point."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import registry
from pipeline.component import KINDS, Processor
from tests.third_party import install


def test_every_file_of_a_kind_is_a_type_with_a_class_and_settings() -> None:
    for kind in KINDS:
        for name in registry.names(kind):
            cls = registry.find(kind, name)
            assert registry.config_type(cls).__name__ == "Config"
            assert registry.summary(cls).endswith(".")


def test_names_imports_nothing_and_find_imports_one() -> None:
    code = (
        "import sys; from pipeline import registry; registry.names('processor'); registry.find('processor', 'sample');"
        "print([name for name in sys.modules if name.startswith(('processors.', 'receivers.', 'exporters.'))])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "['processors.sample']\n"


@pytest.mark.parametrize("name", ["", "nothing", "_private", "__init__", "../sample", "sample.py", "a.b", "os"])
def test_what_is_no_type(name: str) -> None:
    with pytest.raises(LookupError):
        registry.find("processor", name)


class TestThirdParties:
    @pytest.fixture(autouse=True)
    def _installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        install(tmp_path, monkeypatch)

    def test_entry_points_are_types(self) -> None:
        assert {"acme", "acme_class", "sample"} <= set(registry.names("processor"))
        assert issubclass(registry.find("processor", "acme"), Processor)
        assert registry.find("processor", "acme_class") is registry.find("processor", "acme")

    def test_a_module_with_two_classes_is_none(self) -> None:
        with pytest.raises(ImportError, match="must hold exactly one processor class, it holds 2"):
            registry.find("processor", "acme_two")
