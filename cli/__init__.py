"""The command line: one file a verb, imported when it is called."""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click

VERBS: Final[Mapping[str, str]] = {
    "run": "Serve a configuration until SIGTERM or SIGINT.",
    "validate": "Check a configuration and say everything that is wrong with it.",
    "components": "List the component types that this installation has.",
    "health": "Ask a running daemon how it is.",
    "send": "Post records to a running daemon and print its answer.",
    "queue": "Inspect, export and drop what waits for exporters.",
    "dlq": "List, show, replay and purge what could not be delivered.",
}
"""Each verb and its line in `sluice --help`, which imports none of them: the command is `cli.<verb>.<verb>`."""


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(f"cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from pipeline.version import VERSION

        click.echo(f"sluice {VERSION}")
        ctx.exit()


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "terminal_width": 80})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version.")
def main() -> None:
    """Telemetry in, clean telemetry out: receive, redact, sample, enrich, fan out."""
