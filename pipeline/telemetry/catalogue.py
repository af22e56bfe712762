"""Every metric that sluice exposes about itself: type, labels, meaning, and what to do when it moves (delivery contract §12).

The last text of an entry is for whoever is on call: the page docs/metrics.md, which `make docs` writes from this file, shows it.
"""

from pipeline.telemetry import metrics
from pipeline.telemetry.metrics import Counter, Gauge, Histogram, per_signal

# ---- receivers ----

RECEIVER_ACCEPTED = per_signal(
    "sluice_receiver_accepted_{}_total",
    ("receiver", "transport"),
    "Items acknowledged to their client.",
    "Flat while clients send: look at `sluice_receiver_requests_total` by `code`, and at `/health/ready`. Flat and no "
    "requests: try `sluice send` on the host; if that is accepted, the fault is between the clients and this address.",
)
RECEIVER_REFUSED = per_signal(
    "sluice_receiver_refused_{}_total",
    ("receiver", "transport", "reason"),
    "Items not taken that the client may send again.",
    "Nothing is lost while clients retry. `reason` says what is short. `queue_full`, `max_age`: an exporter has used up its "
    "budget: mend its destination, or raise `sending_queue.max_bytes`, or set `required: false` for one that may be skipped. "
    "`journal_full`: free the disk or raise `service.journal.max_bytes`. `journal_failed`: the disk or the brokers fail, see "
    "`sluice_journal_errors_total`. `ack_timeout`: with the memory journal a destination is slow, with Kafka the brokers are. "
    "`dead_letter`: the dead-letter store can't be written.",
)
RECEIVER_FAILED = per_signal(
    "sluice_receiver_failed_{}_total",
    ("receiver", "reason"),
    "Items rejected as bad data.",
    "These are lost unless their client mends them; its answer (400) says why. `unroutable`: no pipeline of "
    "`service.pipelines` takes this signal from this receiver. `processor_error`: a fault in sluice, see "
    "`sluice_processor_errors_total`.",
)
RECEIVER_REQUESTS = Counter(
    "sluice_receiver_requests_total",
    ("receiver", "code"),
    "Answers given, by HTTP status or gRPC code.",
    "401, UNAUTHENTICATED: a client has the wrong credential, or somebody is guessing. 413: raise the listener's "
    "`max_request_body_size`, or `service.limits.inflight`. 429, 503, UNAVAILABLE: pressure, see "
    "`sluice_receiver_refused_<items>_total`. 400: bad clients. 404: they post to a wrong path. 500, INTERNAL: a bug, read the "
    "log.",
)
RECEIVER_BYTES = Counter(
    "sluice_receiver_bytes_total",
    ("receiver", "form"),
    "Bytes received; `form` is `wire` (as sent) or `decoded` (decompressed).",
    "A step up without one in items: records grew, find the service with your log search before the bill does. `decoded` far "
    "above `wire` is good compression, not a fault.",
)
RECEIVER_SECONDS = Histogram(
    "sluice_receiver_request_seconds",
    ("receiver",),
    "Time from the request's head to its answer.",
    "It holds the journal's sync: compare `sluice_journal_commit_seconds` (slow disk) and `sluice_event_loop_lag_seconds` "
    "(CPU). With the memory journal it holds the delivery: compare `sluice_exporter_request_seconds`.",
)
RECEIVER_CONNECTIONS = Gauge(
    "sluice_receiver_connections",
    ("receiver",),
    "Open connections.",
    "Only grows: clients open one a request; let them keep connections alive. Idle ones cost little, and the listener's "
    "`keepalive` closes them. Near the limit of open files (`process_open_fds`, `process_max_fds`): raise `ulimit -n`.",
)
RECEIVER_KAFKA_LAG = Gauge(
    "sluice_kafka_receiver_lag",
    ("receiver", "topic", "partition"),
    "Messages of a partition that are not safe with sluice yet: from the first one that is not to the end of the partition.",
    "Grows on all partitions: the pipelines refuse (`sluice_receiver_refused_<items>_total`, by `reason`) or a node is too few: "
    "start another with the same `group_id`, up to one a partition. Grows on one: a message there is refused again and again, or "
    "its key is far busier than the others. Messages older than the topic's `retention.ms` are deleted, read or not.",
)

# ---- processors ----

PROCESSOR_INCOMING = Counter(
    "sluice_processor_incoming_items_total",
    ("processor", "signal"),
    "Items that came in.",
    "Flat while receivers accept: the processor stands in no pipeline of this signal; see `service.pipelines`.",
)
PROCESSOR_OUTGOING = Counter(
    "sluice_processor_outgoing_items_total",
    ("processor", "signal"),
    "Items that went on.",
    "Incoming less outgoing is what `sample` and `filter` took out on purpose. A share that changed with no change of the "
    "settings is a change in the traffic: see `sluice_sampling_decisions_total` and `sluice_processor_filtered_items_total`.",
)
PROCESSOR_FILTERED = Counter(
    "sluice_processor_filtered_items_total",
    ("processor", "signal", "rule"),
    "Items that a condition of `filter` dropped on purpose.",
    "`rule` is the condition. More than meant: make that condition narrower and reload; what it dropped is gone.",
)
PROCESSOR_SECONDS = Histogram(
    "sluice_processor_seconds",
    ("processor",),
    "Time spent on a batch.",
    "Grows with the size of requests. Up at the same size: if `kernel` of `sluice_build_info` is `reference`, install again "
    "with a C compiler (a hundred times faster); else look for a new condition or pattern in the configuration.",
)
PROCESSOR_ERRORS = Counter(
    "sluice_processor_errors_total",
    ("processor", "kind"),
    "Batches that a processor failed on; none went on unprocessed.",
    "A bug or hostile data. Behind the redactor a batch went to the dead letters and nothing is lost; before it, or in it, the "
    'client got an error. Keep the log lines "a processor failed on a batch" and report them.',
)

# ---- exporters ----

EXPORTER_SENT = per_signal(
    "sluice_exporter_sent_{}_total",
    ("exporter",),
    "Items that the destination confirmed.",
    "Flat with a queue (`sluice_queue_items`): the destination takes nothing: see `sluice_exporter_state` and "
    "`sluice_exporter_failed_attempts_total`. Flat without one: nothing came in for it.",
)
EXPORTER_FAILED_ATTEMPTS = Counter(
    "sluice_exporter_failed_attempts_total",
    ("exporter", "code"),
    "Attempts that failed; attempts, not items.",
    "By themselves they lose nothing. `dns`, `connect`, `reset`, `timeout`: the network or the destination; try its address "
    "with curl from this host. `tls`: certificates; `tls.ca_file`. 401, 403: the credential. 413: lower "
    "`sending_queue.batch.max_bytes`. 429: you send more than was bought; sample, or lower `sending_queue.num_consumers`. 5xx: "
    "their status page. `settings`: `sluice validate`. Anything else in letters: a bug, read the log.",
)
EXPORTER_REJECTED = Counter(
    "sluice_exporter_rejected_items_total",
    ("exporter", "signal"),
    "Items that the destination took out of a request (partial success).",
    "They are lost there. The log says what the destination said; most often timestamps too old or attributes over its limits.",
)
EXPORTER_SKIPPED = Counter(
    "sluice_exporter_skipped_items_total",
    ("exporter", "signal"),
    "Items that have no form at the destination, such as a span without an exception at Sentry.",
    "Expected. If it is all there is, the exporter stands in a pipeline of the wrong signal.",
)
EXPORTER_TRUNCATED = Counter(
    "sluice_exporter_truncated_items_total",
    ("exporter", "signal"),
    "Items shortened to what the destination takes in one.",
    "Search the destination for the longest records of the last minutes and talk to who writes them; the ends are lost there.",
)
EXPORTER_STACKS_UNPARSED = Counter(
    "sluice_exporter_stack_parse_failed_total",
    ("exporter", "language"),
    "Stack traces that went as text, because they have no form that is known.",
    "Nothing is lost: the issue shows text in place of frames, and groups less well. Report the form of the trace.",
)
EXPORTER_BYTES = Counter(
    "sluice_exporter_bytes_total",
    ("exporter", "form"),
    "Bytes that the destination confirmed; `form` is `raw` (before compression) or `wire`.",
    "`raw` is what most vendors charge. A step up: find the service in the destination, then `sample` or `filter` it.",
)
EXPORTER_SECONDS = Histogram(
    "sluice_exporter_request_seconds",
    ("exporter", "code"),
    "Time of an attempt.",
    "Near `timeout` (10 s unless set): the destination is slow. While its queue stays empty there is nothing to do; else raise "
    "`sending_queue.num_consumers`.",
)
EXPORTER_IN_FLIGHT = Gauge(
    "sluice_exporter_in_flight_requests",
    ("exporter",),
    "Requests under way.",
    "Always at `sending_queue.num_consumers` with a growing queue: raise that, if the destination answers without 429.",
)
EXPORTER_LAST_SUCCESS = Gauge(
    "sluice_exporter_last_success_timestamp_seconds",
    ("exporter",),
    "When the destination last confirmed a request; 0 before the first.",
    "Minutes ago with a queue: see `sluice_exporter_failed_attempts_total` for the reason. Minutes ago without one: nothing to "
    "send.",
)
EXPORTER_STATE = Gauge(
    "sluice_exporter_state",
    ("exporter", "state"),
    "1 for the state it is in: ok, backoff, paused, auth.",
    "`backoff`: the destination fails and is tried again. `paused`: it asked to wait (Retry-After). `auth`: it refuses the "
    "credential: replace it within 24 hours; until then the queue keeps all, after that the oldest goes to the dead letters.",
)
DROPPED = Counter(
    "sluice_dropped_items_total",
    ("component", "signal", "reason", "dlq"),
    "Items lost for good (`dlq` is `false`) or set aside in the dead-letter store (`dlq` is `true`).",
    "`queue_full`, `max_age`: the destination was away for longer than its budget: raise `sending_queue.max_bytes` or "
    "`max_age`, or set `on_full: block`. `rejected_4xx`: the destination finds the data bad, its status is in the log. "
    "`too_large`: one item over its limit. `retry_exhausted`: away for longer than `retry_on_failure.max_elapsed_time`. "
    "`auth_expired`: replace the credential. `corrupt`: check the disk. `operator`: somebody ran `sluice queue drop`. "
    "`shutdown`: the memory journal was not empty at a stop "
    "or when its exporter was removed. `processor_error`, `poison`: a bug, report it.",
)

# ---- queues, journal, dead letters, books ----

QUEUE_BYTES = Gauge(
    "sluice_queue_bytes",
    ("exporter",),
    "Bytes that the exporter has still before it, in all of its pipelines.",
    "Grows: the destination is slower than the load, or down. Time left is (capacity - bytes) / growth; then "
    "`sending_queue.on_full` decides: `block` refuses clients, `drop_oldest` loses, `dead_letter` sets aside.",
)
QUEUE_CAPACITY = Gauge(
    "sluice_queue_capacity_bytes",
    ("exporter",),
    "The exporter's budget in all of its pipelines.",
    "Moves only with the configuration: `sending_queue.max_bytes`.",
)
QUEUE_BATCHES = Gauge(
    "sluice_queue_batches",
    ("exporter",),
    "Batches that the exporter has not settled.",
    "As `sluice_queue_bytes`. Many batches of few bytes: clients send small requests; let them batch more.",
)
QUEUE_ITEMS = Gauge(
    "sluice_queue_items",
    ("exporter", "signal"),
    "Items that the exporter has not settled.",
    "As `sluice_queue_bytes`; this is what you would lose with the disk.",
)
QUEUE_OLDEST = Gauge(
    "sluice_queue_oldest_seconds",
    ("exporter",),
    "Age of the oldest batch that the exporter has not settled.",
    "How late the destination is. Old with few batches: one of them is refused again and again; after ten minutes of that it "
    "goes to the dead letters by itself.",
)
JOURNAL_BYTES = Gauge(
    "sluice_journal_bytes",
    (),
    "Bytes that the journal's files take on disk.",
    "Near `service.journal.max_bytes` clients are refused: find the fullest queue, mend its destination, or raise the limit if "
    "the disk has room. Files are reused, so it does not fall at once when queues empty.",
)
JOURNAL_DISK_USED = Gauge(
    "sluice_journal_disk_used_ratio",
    (),
    "Share of the journal's file system that is in use, by whomever; 1 is full.",
    "When it is full clients are refused. `du -sh` below `service.journal.dir` tells whose it is. If it is the journal's, mend "
    "the destination with the fullest queue, or lower `service.journal.max_bytes`; else clean up beside it.",
)
JOURNAL_COMMIT_SECONDS = Histogram(
    "sluice_journal_commit_seconds",
    (),
    "Time of a group commit, sync included.",
    "Every client waits for one. Above 50 ms the disk is slow or shared: move `service.journal.dir` to a better one. `fsync: "
    "os` does without the wait, and a power cut then loses what was acknowledged last.",
)
JOURNAL_COMMITS = Counter(
    "sluice_journal_commits_total",
    (),
    "Group commits.",
    "Follows the requests, and under load stays below them, since one sync covers all who wait. Flat under load: see "
    "`sluice_journal_errors_total`.",
)
JOURNAL_ERRORS = Counter(
    "sluice_journal_errors_total",
    ("op",),
    "Operations on the journal's directory that failed.",
    "`df` and `dmesg` on the host. Disk full: free space, it recovers by itself. A write or sync error: nothing is "
    "acknowledged any more; move `service.journal.dir` to a good disk and restart; what the old one holds can be read by a "
    "daemon started on it. `read`: a sector that stays bad is given up after about two minutes, its records are counted "
    "corrupt. `dead_letter`: the store beside it; the exporter concerned waits until it can be written. "
    "`dead_letter_damaged`, `webhooks_damaged`: a file was damaged; it was set aside under a name with `.damaged-`, and a fresh "
    "one begun. `kafka_append`, `kafka_read`, `kafka_dead_letter`: the brokers of the Kafka journal refuse or are away; it goes "
    "on when they answer.",
)
JOURNAL_CORRUPT = Counter(
    "sluice_journal_corrupt_total",
    (),
    "Damaged records found, skipped and reported.",
    "The disk or its controller changed what was written: `dmesg`, `smartctl -a`; move `service.journal.dir`. What was in them "
    "is lost.",
)
KAFKA_LAG = Gauge(
    "sluice_kafka_lag",
    ("exporter", "topic", "partition"),
    "Messages of a partition that this node has to deliver: from the oldest one that is not settled to the end.",
    "Grows on all partitions of an exporter: its destination is slow (`sluice_exporter_request_seconds`) or the export nodes are "
    "too few; add some, up to one a partition. Grows on one: a trace or a resource is far busier than the others, or a message "
    "is refused again and again. Messages that are older than the topic's `retention.ms` are deleted, delivered or not.",
)
KAFKA_PAUSED = Gauge(
    "sluice_kafka_paused",
    ("exporter", "topic", "partition"),
    "1 while a partition is not read on.",
    "All of an exporter: it holds as much as it may and waits for its destination, see `sluice_exporter_state`; nothing is lost "
    "while the topic keeps its messages. One alone: a message could neither be delivered nor go to the dead-letter topic; "
    '`sluice_journal_errors_total{op="kafka_dead_letter"}` counts the attempts, and it goes on by itself when one succeeds.',
)
KAFKA_RETENTION = Gauge(
    "sluice_kafka_retention_used_ratio",
    ("exporter", "topic"),
    "Age of the oldest message that this node has read and not delivered, as a share of the topic's `retention.ms`.",
    "At 1 Kafka deletes messages that were not delivered. Raise the topic's `retention.ms` at once, as far as the brokers' disks "
    "allow; then mend the destination, or add export nodes. 0 also where nothing is read: see `sluice_kafka_lag`.",
)
KAFKA_POISON = Counter(
    "sluice_kafka_poison_total",
    ("topic", "partition"),
    "Messages that are no batches and went to the dead-letter topic `<service.journal.topic>.dlq`.",
    "Somebody else writes to the topic, or another version of sluice does. The headers of the dead letter name the topic, "
    "partition and offset it came from, and what is wrong with it.",
)
DLQ_ITEMS = Gauge(
    "sluice_dlq_items",
    ("reason",),
    "Items in the dead-letter store.",
    "`reason` as in `sluice_dropped_items_total`. `sluice dlq list` shows them; mend the cause, then `sluice dlq replay`. "
    "They are kept for `service.dead_letters.max_age`, 14 days.",
)
DLQ_BYTES = Gauge(
    "sluice_dlq_bytes",
    (),
    "Bytes in the dead-letter store.",
    "At `service.dead_letters.max_bytes`, 1 GiB, the oldest are removed (`sluice_dlq_evicted_total`): mend what sends them "
    "there, then `sluice dlq replay` or `sluice dlq purge`.",
)
DLQ_EVICTED = Counter(
    "sluice_dlq_evicted_total",
    ("reason",),
    "Dead letters removed for room or age.",
    "They are lost. A few of 14 days are normal; many at once mean that the store is full: see `sluice_dlq_bytes`.",
)
DLQ_LOST = Counter(
    "sluice_dlq_lost_total",
    ("reason",),
    "Dead letters of refused input that the store could not take. The client was told of the refusal all the same.",
    "The disk is full or failing: see `sluice_journal_errors_total`. Nothing that was acknowledged is concerned.",
)
DLQ_REPLAYED = Counter(
    "sluice_dlq_replayed_items_total",
    ("reason",),
    "Items of dead letters that were sent again; `reason` is why they had been set aside.",
    "Moves while somebody runs `sluice dlq replay`; what is refused again counts as dropped once more.",
)
CONSERVATION = Gauge(
    "sluice_conservation_imbalance",
    ("pipeline", "signal", "exporter"),
    "Items on the left of the books less items on the right; 0 when nothing moves. `exporter` is empty for the way to the "
    "journal.",
    "May leave 0 while items move. At rest anything else is a bug in sluice: save `/metrics` and the log, and report it.",
)
END_TO_END = Histogram(
    "sluice_end_to_end_seconds",
    ("pipeline", "exporter"),
    "From received to confirmed, of the oldest item of each request.",
    "How late the destination sees things. Up with a queue: the destination. Up without one: "
    "`sending_queue.batch.flush_timeout`.",
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800, 7200),
)

# ---- admission, process ----

ADMISSION_INFLIGHT = Gauge(
    "sluice_admission_inflight_bytes",
    (),
    "Memory reserved by requests under way.",
    "Near its limit requests are refused. Slow syncs (`sluice_journal_commit_seconds`) hold it longer than large requests do.",
)
ADMISSION_LIMIT = Gauge(
    "sluice_admission_limit_bytes",
    (),
    "What requests under way may reserve in all.",
    "Moves only with the configuration: `service.limits.inflight`, a quarter of `service.limits.memory` unless set.",
)
ADMISSION_REFUSED = Counter(
    "sluice_admission_refused_total",
    ("reason",),
    "Requests refused before they were read.",
    "`inflight`: more at once than `service.limits.inflight`: more replicas, or more memory. `client`: one address alone sends "
    "so much at once, and the room that is left is for others: see who it is. `memory`: the process is above 90 % of "
    "`service.limits.memory`: a larger container limit. `too_large`: one request alone is over the budget: let the client "
    "send less.",
)
CONFIG_GENERATION = Gauge(
    "sluice_config_generation",
    (),
    "Number of the configuration that runs; a reload adds one.",
    "Differs between replicas of the same age: one of them refused a reload, see `sluice_config_last_reload_successful`.",
)
CONFIG_SUCCESSFUL = Gauge(
    "sluice_config_last_reload_successful",
    (),
    "1 when the last reload was taken, 0 when it was refused and the configuration before it runs on.",
    "Nothing is down yet, but a restart would not come up. `sluice validate --config FILE` says where the fault is; so does "
    "the log.",
)
CONFIG_LOADED = Gauge(
    "sluice_config_last_reload_timestamp_seconds",
    (),
    "When the configuration that runs was loaded.",
    "Older than your last change: the change did not reach this host, or was refused.",
)
RELOADS = Counter(
    "sluice_reloads_total",
    ("result",),
    "Reloads; `result` is `applied`, `unchanged` or `refused`.",
    "`refused`: `sluice validate --config FILE`. `applied` again and again: something rewrites the file; find it, or set "
    "`service.watch: false`.",
)
LOOP_LAG = Histogram(
    "sluice_event_loop_lag_seconds",
    (),
    "How late the event loop runs what is due.",
    "Above 0.1 s the process is short of CPU: raise its CPU limit (throttling shows here first), or add replicas.",
)
BUILD_INFO = Gauge(
    "sluice_build_info",
    ("version", "python", "kernel"),
    "1; the labels say what runs.",
    "`kernel` is `reference`: it runs on plain Python, about a hundred times slower; install again where there is a C compiler.",
)
LOG_MESSAGES = Counter(
    "sluice_log_messages_total",
    ("level",),
    "sluice's own log messages.",
    "`error` moves: read them; each names its component.",
)
SERIES_DROPPED = metrics.SERIES_DROPPED

# ---- redaction (redaction contract §9) ----

REDACTION_MATCHES = Counter(
    "sluice_redaction_matches_total",
    ("rule", "signal", "location", "action"),
    "Edits applied; with `action` `dry_run`, edits that would have been.",
    "A rule jumps up: a service began to log that datum; look at the records that carry its tag. A rule falls to nothing while "
    "traffic goes on: a format changed, or the rule was switched off; `dry_run` in the configuration lets all of it through.",
)
REDACTION_RECORDS = Counter(
    "sluice_redaction_records_total",
    ("signal", "outcome"),
    "Batches seen; `outcome` is `changed` or `clean`.",
    "Flat while receivers accept: a pipeline runs without `redact`; check `service.pipelines` now.",
)
REDACTION_BYTES = Counter(
    "sluice_redaction_bytes_total",
    ("direction",),
    "Payload bytes; `direction` is `in` or `out`.",
    "The two follow each other. `out` far below `in`: a rule removes more than it was meant to; see "
    "`sluice_redaction_matches_total`.",
)
REDACTION_FAILURES = Counter(
    "sluice_redaction_failures_total",
    ("reason",),
    "Batches refused because redaction failed.",
    "Nothing leaked: the batch was not forwarded, and its client got an error. `malformed`: a client sends what is no OTLP. "
    "`internal`: a bug; keep the log and report it.",
)
REDACTION_UNKNOWN_FIELDS = Counter(
    "sluice_redaction_unknown_fields_total",
    ("signal",),
    "Fields that the schema does not know.",
    "A client is newer than this sluice, and `unknown_fields` of `redact` says what becomes of what it does not know: upgrade "
    "sluice.",
)
REDACTION_TYPE_CHANGED = Counter(
    "sluice_redaction_type_changed_total",
    ("signal",),
    "Values that were no text and became one when they were replaced.",
    "Queries on numbers may break at the destination: name the key under `keys.safe`, if what it holds is harmless.",
)
REDACTION_OPAQUE_BYTES = Counter(
    "sluice_redaction_opaque_bytes_total",
    ("signal",),
    "Byte values passed on unseen: no text, too long, or by the settings.",
    "Nobody looked into them. Find who sends byte values, and tell them to send text.",
)
REDACTION_SECONDS = Counter(
    "sluice_redaction_seconds_total",
    (),
    "Time spent redacting.",
    "Its rate is the share of a core. Up with the same bytes: a costly pattern of your own under `patterns`.",
)

# ---- sampling, JSON logs, webhooks ----

SAMPLING_DECISIONS = Counter(
    "sluice_sampling_decisions_total",
    ("processor", "signal", "decision", "reason"),
    "Decisions; their sum is what came in.",
    "The kept share is not `probability`: `reason` tells why: `error` and `no_trace` are kept whatever the share, `upstream` "
    "was sampled more strictly before it came.",
)
SAMPLING_INCONSISTENT = Counter(
    "sluice_sampling_inconsistent_total",
    ("processor",),
    "Items whose threshold contradicts their trace id.",
    "Somebody upstream samples by other rules: look for a second sampler, and let one of them decide.",
)
JSON_RECORDS = Counter(
    "sluice_json_records_total",
    ("format",),
    "JSON log records by the format that was recognised.",
    "A service moved to `generic`: its logger's settings changed, and severity or time may come out wrong.",
)
JSON_BAD_TIMESTAMPS = Counter(
    "sluice_json_bad_timestamp_total",
    (),
    "Timestamps out of range, kept as attributes.",
    "A sender's clock is off, or it writes seconds where milliseconds are expected; its records bear the time of arrival.",
)
JSON_BAD_IDS = Counter(
    "sluice_json_bad_id_total",
    (),
    "Log objects whose trace ids are none, kept as attributes.",
    "Those logs do not join their traces: the service writes ids that are not 32 and 16 hexadecimal digits.",
)
JSON_DUPLICATE_KEYS = Counter(
    "sluice_json_duplicate_keys_total",
    (),
    "Objects with a member twice; the last one counted.",
    "A logger writes a field that the program also sets: rename one, the first value is lost.",
)
WEBHOOK_REQUESTS = Counter(
    "sluice_webhook_requests_total",
    ("endpoint", "code"),
    "Deliveries answered.",
    "5xx or 401 for long: the sender switches the webhook off. Mend it, then deliver again from the sender's page.",
)
WEBHOOK_VERIFIED = Counter(
    "sluice_webhook_verified_total",
    ("endpoint", "secret"),
    "Deliveries verified, by the index of the secret that matched.",
    "After a rotation: take the old secret out of `secrets` once its index no longer moves.",
)
WEBHOOK_REJECTED = Counter(
    "sluice_webhook_rejected_total",
    ("endpoint", "reason"),
    "Deliveries refused.",
    "`mismatch`: the secret differs from the sender's, or it is no sender of yours. `too_old`, `too_new`: a clock. "
    "`missing_header`, `bad_header`: the wrong `sender`. `too_large`: `max_body`. `replay_store_full`: more deliveries than "
    "the replay guard holds.",
)
WEBHOOK_DUPLICATES = Counter(
    "sluice_webhook_duplicates_total",
    ("endpoint",),
    "Deliveries seen before; answered 200 and not taken again.",
    "The sender repeats: it does not see our answers in time. Compare `sluice_webhook_seconds` with its time-out.",
)
WEBHOOK_SECONDS = Histogram(
    "sluice_webhook_seconds",
    ("endpoint",),
    "Time to answer a delivery.",
    "Senders give up after seconds and then switch the webhook off. As `sluice_receiver_request_seconds`.",
)

# ---- the prometheus exporter ----

PROMETHEUS_SERIES = Gauge(
    "sluice_prometheus_series",
    ("exporter",),
    "Series exposed.",
    "At 100,000 new ones are refused. Find the label with many values and take it out where it is made.",
)
PROMETHEUS_REFUSED = Counter(
    "sluice_prometheus_refused_points_total",
    ("exporter", "reason"),
    "Points left out of the exposition.",
    "`cardinality_limited`: too many series, of one metric or in all. Other reasons name what is wrong with the metric; the "
    "log has its name.",
)
