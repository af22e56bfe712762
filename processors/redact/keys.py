"""What names say about values, as data (redaction contract §2.7, §2.8, §5)."""

from typing import Final

SENSITIVE: Final = (
    "password", "passwd", "passphrase", "pwd", "secret", "token", "api key", "apikey", "access key", "private key",
    "signing key", "client secret", "credential", "credentials", "authorization", "proxy authorization", "cookie", "set cookie",
    "session id", "sessionid", "csrf", "xsrf", "ssn", "social security", "tax id", "passport", "national id", "cvv", "cvc",
    "pin", "otp", "card number", "credit card", "account number", "iban", "routing number", "dob", "date of birth", "x api key",
    "x auth token", "dd api key", "sentry dsn",
)  # fmt: skip
"""The value under a name that holds one of these runs of words is replaced unseen."""

PROTECTED: Final = ("password", "api key", "token", "secret", "ssn", "tax id")
"""Those that stay sensitive even without the others."""

EXCEPTIONS: Final = (
    "token.count",
    "**.token.count",
    "**.tokens",
    "gen.ai.usage.**",
    "token.type",
    "**.token.type",
    "password.policy**",
    "**.token.expires.**",
    "secret.name",
    "aws.secretsmanager.secret.arn",
)
"""Names, as words joined by dots, whose value is a count, a flag or the name of a secret."""

SAFE: Final = (
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "url.scheme",
    "server.port",
    "network.protocol.**",
    "telemetry.sdk.**",
    "service.name",
    "service.version",
    "service.namespace",
    "k8s.**.name",
    "k8s.**.uid",
    "container.id",
    "container.image.**",
    "cloud.**",
    "host.arch",
    "os.**",
    "process.runtime.**",
    "code.**",
    "thread.**",
    "trace_id",
    "span_id",
    "otel.**",
)
"""Attributes whose text is not scanned: instrumentation writes them, not people."""

SECRET_WORDS: Final = (
    "password", "passwd", "passphrase", "pwd", "secret", "client secret", "api key", "apikey", "access key", "access token",
    "refresh token", "id token", "auth token", "bearer token", "private key", "signing key", "encryption key", "credential",
    "credentials", "connection string", "otp", "pin", "cvv", "cvc",
)  # fmt: skip
"""`name=value` in text is a secret when the name ends in one of these."""

OPTION_WORDS: Final = (*SECRET_WORDS, "token", "pass")
"""`--name value` on a command line is a secret when the name ends in one of these."""
