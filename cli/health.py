"""`sluice health`: ask a running daemon how it is; for images without curl."""

import sys
from http.client import HTTPConnection, HTTPException, InvalidURL

import click

TIMEOUT_SECONDS = 2.0


@click.command()
@click.option("--live", "path", flag_value="/health/live", help="Whether the process turns at all.")
@click.option("--ready", "path", flag_value="/health/ready", help="Whether it takes data (the default).")
@click.option(
    "--endpoint", default="127.0.0.1:13133", show_default=True, metavar="HOST:PORT", help="Where its health extension listens."
)
def health(path: str | None, endpoint: str) -> None:
    """Ask a running daemon how it is.

    \b
    Exit codes:
      0  it says yes
      1  it says no, or nothing
      2  wrong usage
    """
    try:
        connection = HTTPConnection(endpoint, timeout=TIMEOUT_SECONDS)
    except InvalidURL:
        raise click.BadParameter("the port has to be a number", param_hint="--endpoint") from None
    try:
        connection.request("GET", path or "/health/ready")
        answer = connection.getresponse()
        click.echo(answer.read().decode("utf-8", "replace").rstrip())
    except (OSError, HTTPException) as error:
        click.echo(f"no answer from {endpoint}: {error}", err=True)
        sys.exit(1)
    finally:
        connection.close()
    sys.exit(0 if answer.status == 200 else 1)
