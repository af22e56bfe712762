"""Every metric that sluice exposes about itself: type, labels, meaning, and what to do when it moves (delivery contract §12).

The metrics page of the docs is generated from this file.
"""

from pipeline.telemetry.metrics import Counter, Gauge, Histogram, per_signal

# ---- receivers ----

RECEIVER_ACCEPTED = per_signal(
    "sluice_receiver_accepted_{}_total", ("receiver", "transport"), "Items acknowledged to their client."
)
RECEIVER_REFUSED = per_signal(
    "sluice_receiver_refused_{}_total",
    ("receiver", "transport", "reason"),
    "Items not taken that the client may send again.",
    "Pressure: see sluice_queue_bytes and sluice_admission_inflight_bytes.",
)
RECEIVER_FAILED = per_signal(
    "sluice_receiver_failed_{}_total",
    ("receiver", "reason"),
    "Items rejected as bad data.",
    "Look at the client: its answer says why.",
)
RECEIVER_REQUESTS = Counter("sluice_receiver_requests_total", ("receiver", "code"), "Answers given.")
RECEIVER_BYTES = Counter("sluice_receiver_bytes_total", ("receiver", "form"), "Bytes received; form is wire or decoded.")
RECEIVER_SECONDS = Histogram("sluice_receiver_request_seconds", ("receiver",), "Time from the request's head to its answer.")
RECEIVER_CONNECTIONS = Gauge("sluice_receiver_connections", ("receiver",), "Open connections.")

# ---- processors ----

PROCESSOR_INCOMING = Counter("sluice_processor_incoming_items_total", ("processor", "signal"), "Items that came in.")
PROCESSOR_OUTGOING = Counter("sluice_processor_outgoing_items_total", ("processor", "signal"), "Items that went on.")
PROCESSOR_FILTERED = Counter(
    "sluice_processor_filtered_items_total", ("processor", "signal", "rule"), "Items dropped on purpose."
)
PROCESSOR_SECONDS = Histogram("sluice_processor_seconds", ("processor",), "Time spent on a batch.")
PROCESSOR_ERRORS = Counter(
    "sluice_processor_errors_total",
    ("processor", "kind"),
    "Batches that a processor failed on; none went on unprocessed.",
    "A bug or hostile data: read the log.",
)

# ---- exporters ----

EXPORTER_SENT = per_signal("sluice_exporter_sent_{}_total", ("exporter",), "Items that the destination confirmed.")
EXPORTER_FAILED_ATTEMPTS = Counter(
    "sluice_exporter_failed_attempts_total", ("exporter", "code"), "Attempts that failed; attempts, not items."
)
EXPORTER_REJECTED = Counter(
    "sluice_exporter_rejected_items_total",
    ("exporter", "signal"),
    "Items that the destination took out of a request (partial success).",
)
EXPORTER_SKIPPED = Counter(
    "sluice_exporter_skipped_items_total",
    ("exporter", "signal"),
    "Items that have no form at the destination, such as a span without an exception at Sentry.",
)
EXPORTER_TRUNCATED = Counter(
    "sluice_exporter_truncated_items_total",
    ("exporter", "signal"),
    "Items shortened to what the destination takes in one.",
    "Look at who logs them.",
)
EXPORTER_STACKS_UNPARSED = Counter(
    "sluice_exporter_stack_parse_failed_total",
    ("exporter", "language"),
    "Stack traces that went as text, because they have no form that is known.",
)
EXPORTER_BYTES = Counter("sluice_exporter_bytes_total", ("exporter", "form"), "Bytes sent; form is raw or wire.")
EXPORTER_SECONDS = Histogram("sluice_exporter_request_seconds", ("exporter", "code"), "Time of an attempt.")
EXPORTER_IN_FLIGHT = Gauge("sluice_exporter_in_flight_requests", ("exporter",), "Requests under way.")
EXPORTER_LAST_SUCCESS = Gauge(
    "sluice_exporter_last_success_timestamp_seconds", ("exporter",), "When the destination last confirmed a request."
)
EXPORTER_STATE = Gauge(
    "sluice_exporter_state",
    ("exporter", "state"),
    "1 for the state it is in: ok, backoff, paused, auth.",
    "auth: replace the credential.",
)
DROPPED = Counter(
    "sluice_dropped_items_total",
    ("component", "signal", "reason", "dlq"),
    "Items lost for good (dlq=false) or set aside in the dead-letter store (dlq=true).",
    "The reason names the cause; dlq=true can be replayed.",
)

# ---- queues, journal, dead letters, books ----

QUEUE_BYTES = Gauge(
    "sluice_queue_bytes",
    ("exporter",),
    "What its cursors still have before them.",
    "Grows: the destination is slower than the load, or down.",
)
QUEUE_CAPACITY = Gauge("sluice_queue_capacity_bytes", ("exporter",), "Its budget.")
QUEUE_BATCHES = Gauge("sluice_queue_batches", ("exporter",), "Batches it has not settled.")
QUEUE_ITEMS = Gauge("sluice_queue_items", ("exporter", "signal"), "Items it has not settled.")
QUEUE_OLDEST = Gauge("sluice_queue_oldest_seconds", ("exporter",), "Age of its oldest batch.")
JOURNAL_BYTES = Gauge("sluice_journal_bytes", (), "Bytes held by the journal.")
JOURNAL_COMMIT_SECONDS = Histogram("sluice_journal_commit_seconds", (), "Time of a group commit, sync included.")
JOURNAL_COMMITS = Counter("sluice_journal_commits_total", (), "Group commits.")
JOURNAL_ERRORS = Counter(
    "sluice_journal_errors_total",
    ("op",),
    "Operations that failed.",
    "Disk full or failing: clients get Busy until it is mended.",
)
JOURNAL_CORRUPT = Counter("sluice_journal_corrupt_total", (), "Damaged records found, skipped and reported.", "Check the disk.")
DLQ_ITEMS = Gauge("sluice_dlq_items", ("reason",), "Items in the dead-letter store.")
DLQ_BYTES = Gauge("sluice_dlq_bytes", (), "Bytes in the dead-letter store.")
DLQ_EVICTED = Counter(
    "sluice_dlq_evicted_total",
    ("reason",),
    "Dead letters removed for room or age.",
    "Replay or purge them in time, or raise service.dead_letters.",
)
DLQ_LOST = Counter(
    "sluice_dlq_lost_total",
    ("reason",),
    "Dead letters of refused input that the store could not take; the client was told of the refusal.",
    "The disk is full or failing: see sluice_journal_errors_total.",
)
DLQ_REPLAYED = Counter("sluice_dlq_replayed_items_total", ("reason",), "Items of dead letters that were sent again.")
CONSERVATION = Gauge(
    "sluice_conservation_imbalance",
    ("pipeline", "signal", "exporter"),
    "Items on the left of the books less items on the right; 0 when nothing moves.",
    "Anything else at rest is a bug: report it.",
)
END_TO_END = Histogram(
    "sluice_end_to_end_seconds",
    ("pipeline", "exporter"),
    "From received to confirmed.",
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800, 7200),
)

# ---- admission, process ----

ADMISSION_INFLIGHT = Gauge("sluice_admission_inflight_bytes", (), "Memory reserved by requests under way.")
ADMISSION_LIMIT = Gauge("sluice_admission_limit_bytes", (), "Its bound.")
ADMISSION_REFUSED = Counter(
    "sluice_admission_refused_total",
    ("reason",),
    "Requests refused before they were read.",
    "More replicas, or a larger service.limits.memory.",
)
CONFIG_GENERATION = Gauge("sluice_config_generation", (), "Number of the configuration that runs; a reload adds one.")
CONFIG_SUCCESSFUL = Gauge(
    "sluice_config_last_reload_successful",
    (),
    "1 when the last reload was taken, 0 when it was refused and the configuration before it runs on.",
    "`sluice validate` the file; the log and /-/config say what is wrong.",
)
CONFIG_LOADED = Gauge(
    "sluice_config_last_reload_timestamp_seconds", (), "When the configuration that runs was loaded, seconds since the epoch."
)
RELOADS = Counter(
    "sluice_reloads_total",
    ("result",),
    "Reloads; result is applied, unchanged or refused.",
    "refused: the new configuration has a fault, and the old one runs on.",
)
LOOP_LAG = Histogram("sluice_event_loop_lag_seconds", (), "How late the event loop runs what is due.")
BUILD_INFO = Gauge("sluice_build_info", ("version", "python", "kernel"), "1; the labels say what runs.")
LOG_MESSAGES = Counter("sluice_log_messages_total", ("level",), "sluice's own log messages.")

# ---- redaction (redaction contract §9) ----

REDACTION_MATCHES = Counter("sluice_redaction_matches_total", ("rule", "signal", "location", "action"), "Edits applied.")
REDACTION_RECORDS = Counter("sluice_redaction_records_total", ("signal", "outcome"), "Batches seen; outcome is changed or clean.")
REDACTION_BYTES = Counter("sluice_redaction_bytes_total", ("direction",), "Payload bytes; direction is in or out.")
REDACTION_FAILURES = Counter(
    "sluice_redaction_failures_total",
    ("reason",),
    "Batches refused because redaction failed.",
    "Nothing leaked: the batch was not forwarded.",
)
REDACTION_UNKNOWN_FIELDS = Counter("sluice_redaction_unknown_fields_total", ("signal",), "Fields that the schema does not know.")
REDACTION_TYPE_CHANGED = Counter(
    "sluice_redaction_type_changed_total", ("signal",), "Values that were no text and became one when they were replaced."
)
REDACTION_OPAQUE_BYTES = Counter(
    "sluice_redaction_opaque_bytes_total", ("signal",), "Byte values passed on unseen: no text, too long, or by the settings."
)
REDACTION_SECONDS = Counter("sluice_redaction_seconds_total", (), "Time spent redacting.")

# ---- sampling, JSON logs, webhooks ----

SAMPLING_DECISIONS = Counter(
    "sluice_sampling_decisions_total", ("processor", "signal", "decision", "reason"), "Decisions; the sum is the input."
)
SAMPLING_INCONSISTENT = Counter(
    "sluice_sampling_inconsistent_total", ("processor",), "Items whose threshold contradicts their trace id."
)
JSON_RECORDS = Counter("sluice_json_records_total", ("format",), "JSON log records by the format that was recognised.")
JSON_BAD_TIMESTAMPS = Counter("sluice_json_bad_timestamp_total", (), "Timestamps out of range, kept as attributes.")
JSON_BAD_IDS = Counter("sluice_json_bad_id_total", (), "Log objects whose trace ids are none, kept as attributes.")
JSON_DUPLICATE_KEYS = Counter("sluice_json_duplicate_keys_total", (), "Objects with a member twice; the last one counted.")
WEBHOOK_REQUESTS = Counter("sluice_webhook_requests_total", ("endpoint", "code"), "Deliveries answered.")
WEBHOOK_VERIFIED = Counter(
    "sluice_webhook_verified_total", ("endpoint", "secret"), "Deliveries verified, by the index of the secret that matched."
)
WEBHOOK_REJECTED = Counter("sluice_webhook_rejected_total", ("endpoint", "reason"), "Deliveries refused.")
WEBHOOK_DUPLICATES = Counter("sluice_webhook_duplicates_total", ("endpoint",), "Deliveries seen before.")
WEBHOOK_SECONDS = Histogram("sluice_webhook_seconds", ("endpoint",), "Time to answer a delivery.")

# ---- the prometheus exporter ----

PROMETHEUS_SERIES = Gauge("sluice_prometheus_series", ("exporter",), "Series exposed.")
PROMETHEUS_REFUSED = Counter(
    "sluice_prometheus_refused_points_total", ("exporter", "reason"), "Points left out of the exposition."
)
