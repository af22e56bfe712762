"""Order, overlap, idempotence, JSON and URL encoding inside a text (redaction contract §3, §6), and linear cost (§10)."""

import itertools
import json
import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.types import Secret
from pipeline.wire import Redactor
from processors.redact import Action, Config, Keys, Pattern, compile_rules
from processors.redact.detectors import DETECTORS
from tests.adversarial import ADVERSARIAL
from tests.redaction import AN, JWT, NEAR_MISSES, POSITIVES

HMAC = Action(type="hmac", key=Secret("sluice-test-key-0123456789abcdef"))
ACTIONS: Mapping[str, Action] = {
    "tag": Action(type="tag"),
    "mask": Action(type="mask"),
    "keep_last": Action(type="keep_last"),
    "drop": Action(type="drop"),
    "hmac": HMAC,
    "none": Action(type="none"),
}
REDACTORS = {name: Redactor(compile_rules(Config(action=action, keys=Keys(action=action)))) for name, action in ACTIONS.items()}
scrub = Redactor(compile_rules(Config())).scrub


# ---- order and overlap ----


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("https://jo@example.com:pass@host.example/", "https://[url_cred]@host.example/"),
        (f"Bearer {JWT}", "Bearer [jwt]"),
        (f"Authorization: {JWT}x", "Authorization: [jwt]"),
        ("id 123e4567-123-45-6789-a456", "id 123e4567-123-45-6789-a456"),
        ("123456400000000000" + "0010789", "123456400000000000" + "0010789"),
        ("password=jo@example.com", "password=[kv_secret]"),
        ("password=[email", "password=[kv_secret]"),
        ("password=[email]x", "password=[kv_secret]"),
        ("a jo@example.com, b jo@example.org", "a [email], b [email]"),
        ("?token=ghp_" + AN + AN + "&x=1", "?token=[github]&x=1"),
    ],
)
def test_overlaps(text: str, redacted: str) -> None:
    assert scrub(text) == redacted


SEPARATORS = (" ", ",", ";", "\n", "|", '"', "/", "_", "-", ".", "@", ":", "=", "", "é", "\\n", "%20")


@pytest.mark.parametrize("separator", SEPARATORS)
def test_no_pair_leaves_half_of_a_value_that_was_found_alone(separator: str) -> None:
    samples = [positive for positive in POSITIVES if not positive.before and not positive.after][::3]
    for one, other in itertools.product(samples, samples):
        text = f"{one.text}{separator}{other.text}"
        once = scrub(text)
        assert scrub(once) == once
        if separator in (" ", ",", ";", "\n", "|"):
            assert one.text not in once, text
            assert other.text not in once, text


# ---- idempotence and tokens ----


@pytest.mark.parametrize("name", ACTIONS)
def test_redaction_is_idempotent(name: str) -> None:
    redactor = REDACTORS[name]
    for text in (*(positive.text for positive in POSITIVES), *NEAR_MISSES):
        for form in (text, json.dumps({"a": text, "password": text, text: 1}), f"x={text} {text}&%20", repr({"token": text})):
            once = redactor.scrub(form)
            assert redactor.scrub(once) == once


pieces = st.lists(
    st.one_of(
        st.sampled_from([positive.text for positive in POSITIVES]),
        st.sampled_from(NEAR_MISSES),
        st.sampled_from(
            [*SEPARATORS, "[email]", "***REDACTED***", "****0010", "password=", "{", "}", "[", "]", '{"token":"', "'"]
        ),
        st.text(max_size=4),
    ),
    max_size=6,
).map("".join)


@given(pieces, st.sampled_from(sorted(ACTIONS)))
def test_redaction_is_idempotent_on_anything(text: str, name: str) -> None:
    redactor = REDACTORS[name]
    once = redactor.scrub(text)
    assert redactor.scrub(once) == once
    if name == "none":
        assert once == text


def test_tokens_are_never_matched() -> None:
    tags = [f"[{detector.id}]" for detector in DETECTORS] + [
        f"[{detector.id}#k1.{'0123456789abcdef' * 2}]" for detector in DETECTORS
    ]
    for token in (*tags, "***REDACTED***"):
        for text in (
            token,
            f"password={token}",
            f"Cookie: a={token}; b={token}",
            f"https://{token}@host/",
            f"x {token}: y",
            token * 3,
        ):
            assert scrub(text) == text


@pytest.mark.parametrize("mask", ["a@b.example", "4000000000000010", "x y;z", 'a"b', "é"])
def test_any_mask_is_left_alone_once_it_stands(mask: str) -> None:
    redactor = Redactor(compile_rules(Config(action="mask", mask=mask)))
    for positive in POSITIVES:
        once = redactor.scrub(json.dumps({"a": positive.text}))
        assert json.loads(once)
        assert redactor.scrub(once) == once


def test_a_text_that_never_settles_is_masked_as_a_whole() -> None:
    config = Config(detectors="none", patterns=(Pattern(id="peel", regex="(x)x*$", group=1),))
    assert Redactor(compile_rules(config)).scrub("x" * 50) == "***REDACTED***"


# ---- JSON in a string ----


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ('{"password":"x"}', '{"password":"***REDACTED***"}'),
        (
            ' {"a": 1, "user": {"apiKey" : [1, {"b": 2}], "n": null}} ',
            ' {"a": 1, "user": {"apiKey" : "***REDACTED***", "n": null}} ',
        ),
        ('{"token": null, "pin": 1234, "otp": true}', '{"token": null, "pin": "***REDACTED***", "otp": "***REDACTED***"}'),
        ('{"token_count": 12, "gen_ai.usage.output_tokens": 5}', '{"token_count": 12, "gen_ai.usage.output_tokens": 5}'),
        ('{"encryption_key": "abcdef"}', '{"encryption_key": "[kv_secret]"}'),
        ('{"card": 400000000000' + "0010}", '{"card": "[card]"}'),
        ('["jo\\u0040example.com", "line\\njo@example.com"]', '["[email]", "line\\n[email]"]'),
        ('{"jo@example.com": 1, "al@example.com": 2, "[email]": 3}', '{"[email]_2": 1, "[email]_3": 2, "[email]": 3}'),
        (
            "{'user': 'jo@example.com', 'password': 'x\\'y', 'n': None,}",
            "{'user': '[email]', 'password': '***REDACTED***', 'n': None,}",
        ),
        ('{"a":1}\n{"secret":"x"}', '{"a":1}\n{"secret":"***REDACTED***"}'),
        ('{"body":"{\\"password\\":\\"x\\"}"}', '{"body":"{\\"password\\":\\"***REDACTED***\\"}"}'),
        ('{"password":"hunter2"', '{"password":"[kv_secret]"'),
        ('{"password":"hunter2", oops}', '{"password":"[kv_secret]", oops}'),
        ("[203.0.113.9]", "[[ipv4]]"),
        ("{token: abc}", "{token: ***REDACTED***}"),
    ],
)
def test_json(text: str, redacted: str) -> None:
    assert scrub(text) == redacted
    assert scrub(redacted) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ('{"a":1,"password":"x"}', '{"a":1}'),
        ('{"password":"x","a":1}', '{"a":1}'),
        ('{"password":"x"}', "{}"),
        ('{"a":1,"password":"x","token":"y"}', '{"a":1}'),
        ('{"password":"x","a":1,"token":"y","b":2}', '{"a":1,"b":2}'),
        ('["a","jo@example.com"]', '["a"]'),
        ('{"a":{"b":["jo@example.com"]}}', '{"a":{"b":[]}}'),
        ('{"jo@example.com":1,"a":2}', '{"a":2}'),
        ("mail jo@example.com", "mail ***REDACTED***"),
    ],
)
def test_drop_in_json(text: str, redacted: str) -> None:
    assert REDACTORS["drop"].scrub(text) == redacted


documents = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.sampled_from([positive.text for positive in POSITIVES]), st.text(max_size=8)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "password", "jo@example.com", "user.apiKey", "é"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(documents.filter(lambda document: isinstance(document, dict | list)), st.booleans(), st.sampled_from(sorted(ACTIONS)))
def test_json_stays_json(document: object, ascii_only: bool, name: str) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only)
    once = REDACTORS[name].scrub(text)
    json.loads(once)
    assert REDACTORS[name].scrub(once) == once


def test_deep_json_is_scanned_as_text() -> None:
    deep = '{"a":' * 40 + '{"password":"hunter2"}' + "}" * 40
    assert "hunter2" not in scrub(deep)


# ---- URL encoding ----


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("q=jo%40example.com&x=%20", "q=[email]&x=%20"),
        ("card=4000+0000+" + "0000+0010&x=%20", "card=[card]&x=%20"),
        ("d=%7B%22password%22%3A%22hunter2%22%7D", "d=%7B%22password%22%3A%22[kv_secret]%22%7D"),
        ("tel=%2B12025550143", "tel=[phone]"),
        ("password=hunter%202more&x=1", "password=[kv_secret]&x=1"),
        ("x=%20 plain", "x=%20 plain"),
    ],
)
def test_url_encoded(text: str, redacted: str) -> None:
    assert scrub(text) == redacted


# ---- linear cost ----


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_cost_grows_with_the_text_and_not_faster(name: str) -> None:
    def cost(size: int) -> float:
        text = ADVERSARIAL[name](size)
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            scrub(text)
            best = min(best, time.process_time() - started)
        return best

    small = cost(16_384)
    assert cost(65_536) <= 4 * 2.0 * small + 0.02
