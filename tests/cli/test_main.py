"""The command line as a whole."""

import subprocess
import sys

from click.testing import CliRunner

from cli import VERBS, main


def test_every_verb_says_of_itself_what_the_help_says() -> None:
    context = main.make_context("sluice", ["run"], resilient_parsing=True)
    for verb, line in VERBS.items():
        command = main.get_command(context, verb)
        assert command
        assert (command.help or "").replace("\n", " ").startswith(line)


def test_help_imports_no_verb_and_no_pipeline() -> None:
    code = (
        "import sys, cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: print([name for name in sys.modules if name.startswith(('pipeline', 'config', 'cli.'))])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.endswith("\n[]\n")


def test_version() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.exit_code == 0
    assert result.output.startswith("sluice ")


def test_unknown_verb_is_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["serve"]).exit_code == 2
