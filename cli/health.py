"""`sluice health`: ask a running daemon how it is; for images without curl."""

import sys
from http.client import HTTPConnection, HTTPException

import click

TIMEOUT_SECONDS = 2.0


@click.command()
@click.option("--live", "path", flag_value="/health/live", help="Only whether the process turns.")
@click.option("--ready", "path", flag_value="/health/ready", help="Whether it takes data (the default).")
@click.option("--endpoint", default="127.0.0.1:13133", show_default=True, help="Where its health extension listens.")
def health(path: str | None, endpoint: str) -> None:
    """Ask a running daemon how it is. Exit code 0 is healthy, 1 is not, or not there."""
    connection = HTTPConnection(endpoint, timeout=TIMEOUT_SECONDS)
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
