"""Options that several verbs share."""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def config_options(command: F) -> F:
    """Give a verb `sources`, where its configuration comes from, and `overrides`, its `--set` arguments."""
    command = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="PATH=VALUE",
        help="Change one setting, such as processors.sample.probability=5%. Repeatable.",
    )(command)
    return click.option(
        "-c",
        "--config",
        "sources",
        multiple=True,
        metavar="SOURCE",
        callback=_sources,
        help="A file, a directory of *.yaml, - for standard input, env:NAME, or yaml:TEXT. Repeatable, later ones win. "
        "Default: the file that SLUICE_CONFIG names.",
    )(command)


def _sources(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    named = os.environ.get("SLUICE_CONFIG")
    if not given and not named:
        raise click.MissingParameter("Give a file, or name one in SLUICE_CONFIG.", ctx, parameter)
    return given or (named or "",)


def confirm(question: str) -> None:
    """Ask before something is done that can't be undone. Ends the verb unless a person says yes."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Say --yes: there is nobody to ask.")
    click.confirm(question, abort=True)
