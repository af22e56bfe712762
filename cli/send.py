"""`sluice send`: post records to a running daemon, to see what becomes of them."""

import sys
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import click

TIMEOUT_SECONDS = 10.0


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--to", "url", default="http://127.0.0.1:4319/logs", show_default=True, help="A json_logs receiver, or any URL.")
@click.option("--type", "content_type", default="application/x-ndjson", show_default=True, help="Content-Type of the body.")
@click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="Another header; repeatable.")
def send(file: BinaryIO, url: str, content_type: str, headers: tuple[str, ...]) -> None:
    """Post FILE (default: standard input) and print the answer. Exit code 0: it was taken.

    \b
    echo '{"level":"error","message":"card 4000 0000 0000 0010"}' | sluice send
    """
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter("an http:// or https:// URL is needed", param_hint="--to")
    pairs = [header.partition("=") for header in headers]
    request = Request(url, file.read(), {"Content-Type": content_type, **{name: value for name, _, value in pairs}})  # noqa: S310
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  # the scheme was checked
            click.echo(f"{answer.status} {answer.read().decode('utf-8', 'replace')}".rstrip())
    except HTTPError as refused:
        click.echo(f"{refused.code} {refused.read().decode('utf-8', 'replace')}".rstrip(), err=True)
        sys.exit(1)
    except (URLError, OSError) as error:
        click.echo(f"no answer from {url}: {error}", err=True)
        sys.exit(1)
