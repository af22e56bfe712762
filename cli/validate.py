"""`sluice validate`: everything that is wrong with a configuration, each fault at its place."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cli.options import config_options

if TYPE_CHECKING:
    from config.messages import Message
    from pipeline.spec import DaemonSpec


@click.command()
@config_options
@click.option("--environment", is_flag=True, help="Also check this machine: journal directory, ports, host names.")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="For people, for programs, or as annotations of a GitHub workflow.",
)
@click.option("-v", "--verbose", is_flag=True, help="Also say which values later sources override.")
def validate(sources: Sequence[str], overrides: Sequence[str], environment: bool, strict: bool, form: str, verbose: bool) -> None:
    """Check a configuration and say everything that is wrong with it.

    \b
    Exit codes:
      0  valid, maybe with warnings
      1  invalid
      2  wrong usage
    """
    from config.load import load

    loaded = load(sources, overrides=overrides, environ=os.environ)
    messages = loaded.messages
    if environment and loaded.spec:
        from config.environment import check

        messages = check(loaded)
    messages = [_strict(message) if strict else message for message in messages if verbose or message.code != "I002"]
    _print(messages, form)
    failed = any(message.severity == "error" for message in messages)
    if not failed and form == "text" and loaded.spec:
        _print_pipelines(loaded.spec)
    sys.exit(1 if failed else 0)


def _strict(message: "Message") -> "Message":
    return message._replace(severity="error") if message.severity == "warning" else message


def _print_pipelines(spec: "DaemonSpec") -> None:
    pipelines, components = _count(len(spec.pipelines), "pipeline"), _count(len(spec.components), "component")
    click.echo(f"valid: {pipelines}, {components}, hash {spec.hash[:12]}")
    width = max(len(pipeline.id) for pipeline in spec.pipelines)
    for pipeline in spec.pipelines:
        ways = filter(None, (pipeline.receivers, pipeline.processors, pipeline.exporters))
        click.echo(f"  {pipeline.id:<{width}}  {' -> '.join(map(', '.join, ways))}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def _print(messages: Sequence["Message"], form: str) -> None:
    from config.render import render_github, render_json, render_text

    if form == "json":
        click.echo(render_json(messages))
    elif messages and form == "github":
        click.echo(render_github(messages))
    elif messages:
        click.echo(render_text(messages, color=sys.stdout.isatty()) + "\n")
