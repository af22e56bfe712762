"""Literals by which secrets are found: what has the scan look at a place, and what the matcher there goes by, in one list.

All are in lower case and stand in any case. Where one begins another, the longer one comes first: the first that stands counts.
The compiled matchers point into these bytes, which live as long as this module.
"""

from typing import Final

SCHEMES: Final = (b"bearer", b"basic", b"token", b"digest", b"negotiate", b"apikey", b"dpop", b"aws4-hmac-sha256")
"""Of an authorization; a space follows."""

PARAMETERS: Final = (
    b"token=", b"access_token=", b"id_token=", b"refresh_token=", b"api_key=", b"apikey=", b"key=", b"code=", b"sig=",
    b"signature=", b"secret=", b"password=", b"session=", b"x-amz-signature=", b"x-amz-credential=", b"x-amz-security-token=",
    b"x-goog-signature=",
)  # fmt: skip
"""Of a URL, behind `?` or `&`."""

SESSIONS: Final = (
    b"session_id=", b"sessionid=", b"sessid=", b"phpsessid=", b"jsessionid=", b"connect.sid=", b"csrftoken=", b"xsrf-token=",
    b"asp.net_sessionid=",
)  # fmt: skip
"""Names of sessions."""

KEY_WORDS: Final = (
    b"password", b"passwd", b"passphrase", b"pwd", b"secret", b"key", b"token", b"credentials", b"credential", b"string", b"otp",
    b"pin", b"cvv", b"cvc",
)  # fmt: skip
"""Last words of a secret's name."""

COMMANDS: Final = (
    b"mysql ", b"mysqldump ", b"mysqladmin ", b"mariadb ", b"psql ", b"sshpass ", b"mongo ", b"mongosh ",
)  # fmt: skip
"""Clients that take a password behind `-p`."""

DSN_WORDS: Final = (b"password", b"pwd")
"""Settings of a connection string."""
