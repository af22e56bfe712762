"""`sluice send`: post records to a running daemon, to see what becomes of them."""

import sys
from http.client import HTTPException, HTTPResponse
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import click

TIMEOUT_SECONDS = 10.0


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "--to",
    "url",
    default="http://127.0.0.1:4319/logs",
    show_default=True,
    metavar="URL",
    help="Where its json_logs receiver listens, or any other.",
)
@click.option(
    "--type",
    "content_type",
    default="application/x-ndjson",
    show_default=True,
    metavar="TYPE",
    help="Content type of the records.",
)
@click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="Another header; repeatable.")
def send(file: BinaryIO, url: str, content_type: str, headers: tuple[str, ...]) -> None:
    """Post records to a running daemon and print its answer.

    Reads FILE, or standard input without one:

    \b
      echo '{"level":"error","message":"card 4000 0000 0000 0010"}' | sluice send

    \b
    Exit codes:
      0  taken
      1  refused, or no answer
      2  wrong usage
    """
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter("an http:// or https:// URL is needed", param_hint="--to")
    if not all(name and equals for name, equals, _ in (header.partition("=") for header in headers)):
        raise click.BadParameter("a header is written NAME=VALUE", param_hint="--header")
    request = Request(url, file.read(), {"Content-Type": content_type, **dict(header.split("=", 1) for header in headers)})  # noqa: S310
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=TIMEOUT_SECONDS) as answer:
            click.echo(_shown(answer))
    except HTTPError as refused:
        with refused:
            click.echo(_shown(refused), err=True)
        sys.exit(1)
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        click.echo(f"no answer from {url}: {reason}", err=True)
        sys.exit(1)


def _shown(answer: HTTPResponse | HTTPError) -> str:
    return f"{answer.status} {answer.read().decode('utf-8', 'replace')}".rstrip()
