"""What may stand in a setting: the annotations of the settings structs as shapes, which the decoder walks beside the tree."""

import types
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from config.values import KINDS
from pipeline.types import Secret


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value. `kind` is a name in `config.values.KINDS`; `meta` may hold its range."""

    kind: str
    meta: Meta


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    item: "Shape"
    make: Callable[[Sequence[Any]], Any]
    meta: Meta


@dataclass(frozen=True, slots=True)
class Table:
    """A map whose keys are the user's."""

    key: "Shape"
    value: "Shape"


@dataclass(frozen=True, slots=True)
class Fields:
    """A map whose keys are fields."""

    cls: type[Struct]


@dataclass(frozen=True, slots=True)
class Nothing:
    """Null."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of several shapes."""

    options: "tuple[Shape, ...]"


Shape: TypeAlias = Leaf | Choice | Items | Table | Fields | Nothing | OneOf


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a settings struct."""

    name: str
    """As it stands in the YAML."""
    attribute: str
    shape: Shape
    info: msgspec.structs.FieldInfo
    twin: str | None
    """The field that names a file with the secret, for a secret."""
    extra: Mapping[str, Any]
    """`env`, `credential` and `allow_yaml`, as `about` took them."""

    def default(self) -> Any:
        """Return the default of a field that is not required."""
        if self.info.default_factory is not msgspec.NODEFAULT:
            return self.info.default_factory()
        return self.info.default


@cache
def fields(cls: type[Struct]) -> Mapping[str, Field]:
    """Return the fields of a settings struct by their YAML names."""
    infos = msgspec.structs.fields(cls)
    names = {info.encode_name for info in infos}
    return {info.encode_name: _field(info, names) for info in infos}


@cache
def wants_environment(cls: type[Struct]) -> bool:
    """Return whether a variable may fill a field of the struct, at any depth."""
    return any(
        "env" in field.extra or (isinstance(field.shape, Fields) and wants_environment(field.shape.cls))
        for field in fields(cls).values()
    )


def constructible(cls: type[Struct]) -> bool:
    """Return whether all fields of the struct have defaults."""
    return not any(field.info.required for field in fields(cls).values())


def _field(info: msgspec.structs.FieldInfo, names: set[str]) -> Field:
    extra: dict[str, Any] = {}
    for meta in getattr(info.type, "__metadata__", ()):
        extra |= (meta.extra or {}) if isinstance(meta, Meta) else {}
    shape = shape_of(info.type)
    twin = None
    if holds_secret(shape):
        twin = f"{info.encode_name.removesuffix('s') if isinstance(shape, Items) else info.encode_name}_file"
    return Field(info.encode_name, info.name, shape, info, None if twin in names else twin, extra)


def holds_secret(shape: Shape) -> bool:
    """Return whether the shape is a secret or a list of secrets, null or not."""
    match shape:
        case Leaf():
            return shape.kind == "secret"
        case Items():
            return holds_secret(shape.item)
        case OneOf():
            return any(holds_secret(option) for option in shape.options)
    return False


def without_null(shape: Shape) -> Shape:
    """Return the shape without the option of null."""
    if not isinstance(shape, OneOf):
        return shape
    options = tuple(option for option in shape.options if not isinstance(option, Nothing))
    return options[0] if len(options) == 1 else OneOf(options)


def shape_of(annotation: Any) -> Shape:
    """Return the shape of an annotation. Raises TypeError for one that no setting can have."""
    metas: tuple[Meta, ...] = ()
    while get_origin(annotation) is Annotated:
        metas += tuple(meta for meta in annotation.__metadata__ if isinstance(meta, Meta))
        annotation = annotation.__origin__
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return OneOf(tuple(shape_of(argument) for argument in arguments))
    if origin is Literal:
        return Choice(arguments)
    if isinstance(origin or annotation, type):
        return _of_class(origin or annotation, arguments, metas)
    raise TypeError(f"no setting can have the type {annotation}")


def _of_class(cls: type, arguments: tuple[Any, ...], metas: tuple[Meta, ...]) -> Shape:
    if cls in _PLAIN:
        kinds = [meta.extra["kind"] for meta in metas if meta.extra and "kind" in meta.extra]
        return Leaf(kinds[0] if kinds else _PLAIN[cls], _limits(metas))
    if cls is types.NoneType:
        return Nothing()
    if issubclass(cls, Struct):
        return Fields(cls)
    if issubclass(cls, Mapping):
        return Table(shape_of(arguments[0]), shape_of(arguments[1]))
    if issubclass(cls, Sequence | AbstractSet):
        return Items(shape_of(arguments[0]), _MAKERS.get(cls, tuple), _limits(metas))
    raise TypeError(f"no setting can have the type {cls}")


def _limits(metas: Sequence[Meta]) -> Meta:
    found = {name: getattr(meta, name) for meta in metas for name in _LIMITS if getattr(meta, name) is not None}
    return Meta(**found)


_LIMITS: Final = ("ge", "gt", "le", "lt", "min_length", "max_length")
_PLAIN: Final[Mapping[type, str]] = {str: "text", int: "integer", float: "number", bool: "boolean", Secret: "secret"}
_MAKERS: Final[Mapping[Any, Callable[[Sequence[Any]], Any]]] = {
    list: list,
    set: set,
    frozenset: frozenset,
    AbstractSet: frozenset,
}


def expected(shape: Shape) -> str:
    """Return what a message calls the shape: `text or a list`."""
    names = list(dict.fromkeys(_names(shape)))
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _names(shape: Shape) -> list[str]:
    match shape:
        case Leaf():
            return [KINDS[shape.kind].expected]
        case Choice():
            return ["text"]
        case Items():
            return ["a list"]
        case OneOf():
            return [name for option in shape.options if not isinstance(option, Nothing) for name in _names(option)]
    return ["a map"]
