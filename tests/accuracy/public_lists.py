"""Near misses that others published: numbers that python-stdnum's manual shows as refused, and vectors of specifications."""

import doctest
import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterator
from random import Random
from typing import Final

import phonenumbers
import stdnum
from phonenumbers import PhoneNumberFormat

from tests.accuracy.samples import Sample, Style

_NUMBER: Final = re.compile(r"""\bvalidate\((?:u)?(['"])(?P<number>[^'"]{6,})\1\)""")

PUBLISHED: Final = {
    "RFC 9562, appendices A and B": (
        "C232AB00-9414-11EC-B3C8-9F6BDECED846", "5df41881-3aed-3515-88a7-2f4a814cf09e", "919108f7-52d1-4320-9bac-f847db4148a8",
        "2ed6657d-e927-568b-95e1-2665a8aea6a2", "1EC9414C-232A-6B00-B3C8-9F6BDECED846", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
    ),
    "W3C Trace Context, examples": (
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "0af7651916cd43dd8448eb211c80319c",
    ),
    "RFC 3339, section 5.8": (
        "1985-04-12T23:20:50.52Z", "1996-12-19T16:39:57-08:00", "1990-12-31T23:59:60Z", "1990-12-31T15:59:60-08:00",
        "1937-01-01T12:00:27.87+00:20",
    ),
    "RFC 4648, section 10": (
        "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy", "MZXW6YTBOI======", "CPNMUOJ1E8======", "666F6F626172",
    ),
    "FIPS 180-4 and RFC 1321, digests of the empty text and of abc": (
        "da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d",
        "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ),
    "semver.org, its list of valid versions": (
        "1.1.2-prerelease+meta", "1.0.0-alpha.beta.1", "1.0.0-alpha0.valid", "1.0.0-rc.1+build.123", "10.2.3-DEV-SNAPSHOT",
        "1.2.3-SNAPSHOT-123", "2.0.1-alpha.1227", "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
        "1.2.3----RC-SNAPSHOT.12.9.1--.12+788", "99999999999999999999999.999999999999999999.99999999999999999",
        "1.0.0-0A.is.legal", "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
    ),
    "semver.org, its list of invalid versions": (
        "1.2.3.DEV", "1.2-SNAPSHOT", "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788", "1.2-RC-SNAPSHOT", "-1.0.3-gamma+b7718",
        "+justmeta", "9.8.7+meta+meta", "9.8.7-whatever+meta+meta", "01.1.1", "1.2.3-0123.0123", "alpha.beta.1",
        "1.0.0-alpha_beta",
    ),
    "RFC 9110, examples of fields": (
        "Tue, 15 Nov 1994 12:45:26 GMT", "CERN-LineMode/2.15 libwww/2.17b3", "bytes 42-1233/1234", 'W/"xyzzy"',
        "text/html;level=3;q=0.7", "HTTP/2.0, SHTTP/1.3, IRC/6.9, RTA/x11", "1.0 fred, 1.1 p.example.com",
        "max-age=0, private, must-revalidate",
    ),
    "PEP 440, examples": ("1!2.0.post345.dev456", "1.0+ubuntu.1", "2012.10.dev1", "1.2.3.rc1", "== 3.1.*", "~= 2.2.post3"),
    "MDN, examples of user agents": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/51.0.2704.103 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X x.y; rv:42.0) Gecko/20100101 Firefox/42.0", "curl/7.64.1",
        "PostmanRuntime/7.26.5", "Opera/9.80 (Macintosh; Intel Mac OS X; U; en) Presto/2.2.15 Version/10.00",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    ),
    "IANA, private enterprise numbers and well-known OIDs": (
        "1.3.6.1.4.1.311.21.20", "1.2.840.113549.1.1.11", "2.5.29.17", "1.3.6.1.5.5.7.3.1", "2.16.840.1.101.3.4.2.1",
        "1.3.14.3.2.26",
    ),
}  # fmt: skip


def samples(seed: int, style: Style) -> Iterator[Sample]:
    """Yield each near miss in each of three frames."""
    random = Random(f"{seed} public lists")
    for source, texts in (
        *PUBLISHED.items(),
        ("python-stdnum, numbers that it refuses", refused()),
        ("libphonenumber, invalid examples", dead_numbers()),
    ):
        for text in texts:
            for frame in random.sample(style.frames, 3):
                yield Sample(source, frame.around(source, text).text)


def refused() -> Iterator[str]:
    """Yield the numbers that the examples of python-stdnum's manual refuse for their check digits or parts."""
    names = sorted(found.name for found in pkgutil.walk_packages(stdnum.__path__, "stdnum."))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # modules under their old names
        modules = [importlib.import_module(name) for name in names]
    judges = [module.is_valid for module in modules if hasattr(module, "is_valid")]
    parser = doctest.DocTestParser()
    for module in modules:
        for example in parser.get_examples(module.__doc__ or ""):
            found = _NUMBER.match(example.source)
            if found is not None and "Invalid" in (example.exc_msg or "") and not any(valid(found["number"]) for valid in judges):
                yield found["number"]  # a number of no kind: what one country refuses may be another's


def dead_numbers() -> Iterator[str]:
    """Yield numbers that no telephone has, as they are written in their country."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.invalid_example_number(region)
        if example is not None:
            yield phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
