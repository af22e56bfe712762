"""What every component promises, whatever its kind: it documents itself, refuses what it does not know, opens nothing early."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from textwrap import dedent
from typing import Any, Final, get_args, get_type_hints

import pytest
from msgspec import Meta, Struct
from msgspec.structs import fields

from config.load import load
from pipeline import registry
from pipeline.component import Kind
from pipeline.types import SIGNALS, Secret
from tests.contracts.settings import ALL, MINIMAL, SECRET, built, configured, settings_of, whole

YAML_LINE: Final = re.compile(r"| {4}(\w+:| .*)")
CREDENTIALS: Final = {"DD_API_KEY": "0" * 32, "SENTRY_DSN": "https://" + "0" * 32 + "@127.0.0.1/1", "STRIPE_WH_SECRET": "0" * 32}
OPENING: Final = {"open", "socket.__new__", "socket.bind", "socket.connect", "sqlite3.connect", "subprocess.Popen"}
STARTING: Final = {"_thread.start_new_thread", "_thread.start_joinable_thread", "os.fork", "os.posix_spawn"}

every_component = pytest.mark.parametrize(("kind", "name"), ALL)


def docstring(kind: Kind, name: str) -> str:
    return sys.modules[registry.find(kind, name).__module__].__doc__ or ""


def example(kind: Kind, name: str) -> str:
    """Return the block of the docstring that begins with the component's section."""
    lines = iter(docstring(kind, name).splitlines())
    section = next(line for line in lines if line == f"    {kind}s:")
    return dedent("\n".join([section, *takewhile(YAML_LINE.fullmatch, lines)]))


def test_the_table_of_settings_names_only_what_there_is() -> None:
    assert sorted(MINIMAL) == sorted(ALL)


@every_component
def test_its_page_begins_with_one_line_that_says_what_it_is_for(kind: Kind, name: str) -> None:
    summary, separator, rest = docstring(kind, name).partition("\n\n")
    assert separator
    assert rest.strip()
    assert re.fullmatch(r"[A-Z][^\n]{10,78}\.", summary), summary


@every_component
def test_its_example_is_valid_as_it_stands(kind: Kind, name: str) -> None:
    text = example(kind, name)
    loaded = load(whole(kind, name, text), environ=CREDENTIALS)
    assert [message for message in loaded.messages if message.severity == "error"] == []
    assert loaded.spec is not None
    assert any(component.kind == kind and component.type == name for component in loaded.spec.components.values())


@every_component
def test_every_setting_is_described(kind: Kind, name: str) -> None:
    for struct in structs(registry.config_type(registry.find(kind, name))):
        hints = get_type_hints(struct, include_extras=True)
        for field in fields(struct):
            description = next(filter(None, descriptions(hints[field.name])), "")
            assert re.fullmatch(r"\S.*\.", description), f"{struct.__name__}.{field.name}: {description!r}"


@every_component
def test_unknown_settings_are_refused(kind: Kind, name: str) -> None:
    for struct in structs(registry.config_type(registry.find(kind, name))):
        assert struct.__struct_config__.forbid_unknown_fields, struct.__name__
        assert struct.__struct_config__.frozen, struct.__name__
    settings = settings_of(kind, name).removesuffix("}")
    written = f"{settings}{', ' if len(settings) > 1 else ''}no_such_setting: 1}}"
    loaded = load(whole(kind, name, f"{kind}s:\n  {name}: {written}\n"), environ=dict.fromkeys(("LISTEN", "PEER", "SECRET"), "x"))
    assert loaded.spec is None
    assert [m.path for m in loaded.messages if m.code == "E101"] == [f"{kind}s.{name}.no_such_setting"]


@every_component
def test_its_signals_are_declared(kind: Kind, name: str) -> None:
    signals = registry.find(kind, name).signals
    assert isinstance(signals, frozenset)
    assert signals <= set(SIGNALS)
    assert bool(signals) == (kind != "extension")


@every_component
def test_construction_opens_nothing(kind: Kind, name: str) -> None:
    spec = configured(kind, name)
    spec.cls(spec.config)  # whatever it imports is imported now
    with watching() as seen:
        component = spec.cls(spec.config)
    assert seen == []
    assert not hasattr(component, "host")


@every_component
def test_no_secret_shows(kind: Kind, name: str) -> None:
    spec, component = configured(kind, name), built(kind, name)
    shown = "".join(f"{thing!r} {thing}" for thing in (spec, spec.config, component, vars(component)))
    assert SECRET not in shown
    if "SECRET" in settings_of(kind, name):
        assert SECRET in "".join(secret.reveal() for secret in secrets(spec.config))


# ---- looking at settings ----


def structs(struct: type[Struct]) -> Iterator[type[Struct]]:
    """Yield a settings struct and all that it holds."""
    yield struct
    for hint in get_type_hints(struct).values():
        yield from inner_structs(hint)


def inner_structs(hint: Any) -> Iterator[type[Struct]]:
    if isinstance(hint, type) and issubclass(hint, Struct):
        yield from structs(hint)
    for argument in get_args(hint):
        yield from inner_structs(argument)


def descriptions(hint: Any) -> Iterator[str]:
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, Meta) and meta.description:
            yield meta.description


def secrets(value: Any) -> Iterator[Secret]:
    """Yield the secrets in settings."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Struct):
        yield from (secret for field in fields(value) for secret in secrets(getattr(value, field.name)))
    elif isinstance(value, dict | tuple | list):
        yield from (secret for each in (value.values() if isinstance(value, dict) else value) for secret in secrets(each))


# ---- looking at what the process does ----

_watchers: list[list[str]] = []


def _audit(event: str, _: Any) -> None:
    if _watchers and event in OPENING | STARTING:
        _watchers[-1].append(event)


sys.addaudithook(_audit)  # for as long as the process lives: there is no way to take one out


@contextmanager
def watching() -> Iterator[list[str]]:
    """Give the list of what is opened and started while the block runs."""
    seen: list[str] = []
    _watchers.append(seen)
    try:
        yield seen
    finally:
        _watchers.remove(seen)
