"""The bars: what each figure has to hold, and who says so."""

from typing import Final, Literal, NamedTuple


class Bar(NamedTuple):
    """A bound of one figure."""

    case: str
    figure: str
    unit: str
    sense: Literal["<=", ">="]
    bound: float

    def held(self, value: float) -> bool:
        """Return whether a value is within the bound."""
        return value <= self.bound if self.sense == "<=" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.sense} {self.bound:g}"


BARS: Final = (
    # redaction contract §11, design "Numbers to hold"
    Bar("redact", "logs 5 %, rate", "MB/s", ">=", 500),
    Bar("redact", "traces 5 %, rate", "MB/s", ">=", 500),
    Bar("redact", "logs 5 %, to protobuf", "ratio", "<=", 0.6),
    Bar("redact", "logs 50 %, to protobuf", "ratio", "<=", 0.6),
    Bar("redact", "traces 5 %, to protobuf", "ratio", "<=", 0.6),
    Bar("redact", "traces 50 %, to protobuf", "ratio", "<=", 0.6),
    Bar("redact", "logs 0 %, to protobuf", "ratio", "<=", 0.45),
    Bar("redact", "traces 0 %, to protobuf", "ratio", "<=", 0.45),
    Bar("redact", "logs 0 %, same object", "share", ">=", 1),
    Bar("redact", "traces 0 %, same object", "share", ">=", 1),
    Bar("redact", "logs 5 %, planted values left", "values", "<=", 0),
    Bar("redact", "logs 50 %, planted values left", "values", "<=", 0),
    Bar("redact", "traces 5 %, planted values left", "values", "<=", 0),
    Bar("redact", "traces 50 %, planted values left", "values", "<=", 0),
    Bar("adversarial", "the worst of all", "ns/byte", "<=", 50),  # redaction contract §10
    Bar("gil", "worst stall of another thread during a call", "ms", "<=", 1),  # redaction contract §11
    Bar("leaks", "redacted, RSS grown since the first tenth", "MiB", "<=", 1),
    Bar("leaks", "refused, RSS grown since the first tenth", "MiB", "<=", 1),
    # design "Numbers to hold"
    Bar("pipeline", "disk journal, 100 a request, CPU", "us/record", "<=", 4.5),
    Bar("pipeline", "disk journal, 1000 a request, CPU", "us/record", "<=", 3),
    Bar("pipeline", "memory journal, 100 a request, CPU", "us/record", "<=", 3.5),
    Bar("pipeline", "disk journal, 100 a request, anonymous memory", "MiB", "<=", 150),
    Bar("pipeline", "disk journal, 1000 a request, anonymous memory", "MiB", "<=", 150),
    Bar("pipeline", "memory journal, 100 a request, anonymous memory", "MiB", "<=", 150),
    Bar("datadog_json", "from OTLP to gzip", "us/record", "<=", 4),
    Bar("json_in", "JSON line to OTLP record", "us/record", "<=", 4),
    Bar("scrape", "100,000 series", "ms", "<=", 150),
    Bar("scrape", "longest wait of another request", "ms", "<=", 20),
    Bar("scrape", "RSS", "MiB", "<=", 200),
    Bar("idle", "HTTP, RSS", "MiB", "<=", 60),
    Bar("idle", "HTTP, CPU", "%", "<=", 0.5),
    Bar("idle", "HTTP and gRPC, RSS", "MiB", "<=", 60),
    Bar("idle", "HTTP and gRPC, CPU", "%", "<=", 0.5),
    Bar("start", "empty journal", "s", "<=", 0.6),
    Bar("start", "full journal", "s", "<=", 1),
    Bar("journal", "100 records a batch, CPU", "us/record", "<=", 0.5),
    Bar("outage", "all fits, lag of the healthy, longest", "s", "<=", 2),
    Bar("outage", "all fits, RSS beyond inflight", "MiB", "<=", 64),
    Bar("outage", "all fits, requests refused for now", "requests", "<=", 0),
    Bar("outage", "all fits, requests out of order when it was back", "requests", "<=", 0),
    Bar("outage", "an eighth fits, requests refused after it was back", "requests", "<=", 0),
    Bar("stalled", "disk journal, anonymous memory beyond inflight", "MiB", "<=", 64),
    Bar("stalled", "memory journal, anonymous memory beyond inflight", "MiB", "<=", 64),
)


def bar_of(case: str, figure: str) -> Bar | None:
    """Return the bar of a figure, None when nothing was promised."""
    return next((bar for bar in BARS if (bar.case, bar.figure) == (case, figure)), None)
