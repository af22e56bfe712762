"""Lines that common software writes about nobody in particular."""

from collections.abc import Callable
from random import Random
from typing import Final

from faker import Faker


def _sized(random: Random, least: int, most: int) -> int:
    return int(least * (most / least) ** random.random())


def _nginx(random: Random, fake: Faker) -> str:
    process = random.randrange(1, 40_000)
    return random.choice(
        (
            f"[error] {process}#{process}: *{_sized(random, 1, 10**7)} open() \"/usr/share/nginx/html/{fake.uri_path()}\" failed (2: No such file or directory)",
            f"[notice] {process}#0: signal 17 (SIGCHLD) received from {process + 3}",
            f"[warn] {process}#{process}: *{_sized(random, 1, 10**7)} an upstream response is buffered to a temporary file /var/cache/nginx/proxy_temp/{process % 10}/{process % 100:02}/{process:010}",
            f"\"GET /{fake.uri_path()} HTTP/1.1\" {random.choice((200, 301, 404, 500))} {_sized(random, 10, 10**6)} \"-\" rt={random.random():.3f}",
        )
    )  # fmt: skip


def _linux(random: Random, fake: Faker) -> str:
    number = random.randrange(1, 65_000)
    return random.choice(
        (
            f"kernel: [{_sized(random, 1, 10**6)}.{number:06}] usb 1-{number % 9}: new high-speed USB device number {number % 99} using xhci_hcd",
            f"kernel: [{number}.{number:06}] Out of memory: Killed process {number} ({fake.word()}) total-vm:{number * 512}kB, anon-rss:{number * 64}kB, file-rss:0kB",
            f"systemd[1]: Started session-{number}.scope - Session {number} of User {fake.user_name()}.",
            f"sshd[{number}]: pam_unix(sshd:session): session opened for user {fake.user_name()}(uid={number}) by (uid=0)",
            f"CRON[{number}]: (root) CMD (test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily)",
            f"kernel: ACPI: BIOS IRQ0 pin2 override ignored. e820: [mem 0x{number:016x}-0x{number * 4096:016x}] usable",
        )
    )  # fmt: skip


def _postgres(random: Random, fake: Faker) -> str:
    number = random.randrange(1, 99_999)
    return random.choice(
        (
            f"LOG:  checkpoint complete: wrote {number} buffers ({number % 100}.{number % 10}%); 0 WAL file(s) added, 1 removed; write={number % 270}.{number % 1000:03} s, lsn={number:X}/{number * 77:08X}",
            f"ERROR:  duplicate key value violates unique constraint \"{fake.word()}_pkey\" at character {number % 400}",
            f"DETAIL:  Key (id)=({number}) already exists.",
            f"LOG:  duration: {number}.{number % 1000:03} ms  execute <unnamed>: SELECT * FROM {fake.word()} WHERE created_at > $1 AND id = ANY($2)",
            "FATAL:  password authentication failed for user \"" + fake.user_name() + "\"",
        )
    )  # fmt: skip


def _java(random: Random, fake: Faker) -> str:
    name, line = fake.word(), random.randrange(1, 2000)
    return random.choice(
        (
            f"java.lang.IllegalStateException: {fake.sentence()}\n\tat com.example.{name}.{name.title()}Service.run({name.title()}Service.java:{line})\n\t... {line % 60} more",
            f"[GC (Allocation Failure) [PSYoungGen: {line * 100}K->{line * 10}K({line * 300}K)] {line * 400}K->{line * 30}K({line * 900}K), 0.0{line:06} secs]",
            f"o.s.b.w.embedded.tomcat.TomcatWebServer  : Tomcat started on port(s): {8000 + line} (http) with context path ''",
            f"c.zaxxer.hikari.pool.HikariPool - HikariPool-{line % 9} - Pool stats (total={line % 50}, active={line % 7}, idle={line % 43}, waiting=0)",
            f"Caused by: java.lang.NullPointerException: Cannot invoke \"{name.title()}.getId()\" because \"{name}\" is null @{line:x}f3a{line:x}",
        )
    )  # fmt: skip


def _kafka(random: Random, fake: Faker) -> str:
    offset = _sized(random, 1, 10**12)
    return random.choice(
        (
            f"[GroupCoordinator {offset % 9}]: Preparing to rebalance group {fake.word()} in state PreparingRebalance with old generation {offset % 999} (__consumer_offsets-{offset % 50})",
            f"[Log partition={fake.word()}-{offset % 24}, dir=/var/lib/kafka/data] Rolled new log segment at offset {offset} in {offset % 30} ms.",
            f"[ProducerId={offset}] Resetting generation and member id due to: encountered UNKNOWN_MEMBER_ID from SYNC_GROUP response",
            f"Committed offset {offset:020} for partition {fake.word()}-{offset % 24}",
        )
    )  # fmt: skip


def _kubernetes(random: Random, fake: Faker) -> str:
    number, name = random.getrandbits(40), fake.word()
    return random.choice(
        (
            f"I{random.randrange(101, 1231):04} 10:{number % 60:02}:{number % 59:02}.{number % 10**6:06}       1 controller.go:{number % 900}] \"Reconciled\" deployment=\"prod/{name}\" generation={number % 90}",
            f"Successfully assigned prod/{name}-{number:010x}-{number % 10**5:05} to node-{number % 40}",
            f"Readiness probe failed: HTTP probe failed with statuscode: 503 (pod {name}-{number % 10**9:x}-abcde, restarts {number % 30})",
            f"Pulling image \"registry.example/{name}:1.{number % 30}.{number % 17}@sha256:{number:064x}\"",
            f"secret \"{name}-tls\" not found; key: ca.crt, token: null, namespace={name}",
        )
    )  # fmt: skip


def _caches(random: Random, fake: Faker) -> str:
    number = random.randrange(1, 10**6)
    return random.choice(
        (
            f"{number}:M 20 Nov 2026 10:00:{number % 60:02}.{number % 1000:03} * {number % 10**5} changes in 60 seconds. Saving...",
            f"{number}:C 20 Nov 2026 10:00:00.001 * RDB: {number % 512} MB of memory used by copy-on-write",
            f"celery.worker.strategy: Task {fake.word()}.tasks.{fake.word()}[{random.getrandbits(128):032x}] received",
            f"Query_time: {random.random():.6f}  Lock_time: 0.{number:06} Rows_sent: {number}  Rows_examined: {number * 7}",
            f"rabbit@{fake.word()}: memory high watermark set to {number} MiB ({number * 1_048_576} bytes) of {number * 2} MiB total",
            f"level=info ts=2026-11-20T10:00:00.{number:06}Z caller=compact.go:{number % 900} component=tsdb msg=\"write block\" mint={1_763_000_000_000 + number} maxt={1_763_600_000_000 + number} ulid=01HF{number:022}",
        )
    )  # fmt: skip


def _browser(random: Random, fake: Faker) -> str:
    line = random.randrange(1, 90_000)
    return random.choice(
        (
            f"Uncaught TypeError: Cannot read properties of undefined (reading '{fake.word()}')\n    at t.value (https://{fake.domain_name()}/static/js/main.{line:08x}.js:2:{line})",
            f"{fake.word()}.min.js:1:{line} net::ERR_BLOCKED_BY_CLIENT",
            f"webpack:///./src/{fake.word()}.tsx?{line:04x}:{line % 400}",
            f"[HMR] Updated modules: ./src/{fake.word()}.js in {line % 999} ms",
            f"viewport {line % 4000}x{line % 2000}, dpr=2.{line % 10}, session started, key pressed: Enter, token count: {line}",
        )
    )  # fmt: skip


KINDS: Final[dict[str, Callable[[Random, Faker], str]]] = {
    "line of nginx": _nginx,
    "line of Linux": _linux,
    "line of PostgreSQL": _postgres,
    "line of Java": _java,
    "line of Kafka": _kafka,
    "line of Kubernetes": _kubernetes,
    "line of Redis, Celery, MySQL, Prometheus": _caches,
    "line of a browser": _browser,
}
"""By kind."""
