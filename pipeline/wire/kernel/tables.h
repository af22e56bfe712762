/* Written by pipeline.wire.kernel.generate from the opentelemetry-proto descriptors. */
#ifndef OTLP_TABLES_H
#define OTLP_TABLES_H

#include <stdint.h>

/* One field of a message; all zero where the message has no field of that number. */
typedef struct {
    uint8_t wires;    /* bit n: it may come with wire type n */
    uint8_t kind;     /* an OtlpKind */
    uint8_t message;  /* the OtlpType of a message */
    uint8_t id_bytes; /* length of a trace or span id, 0 for every other field */
    uint8_t repeated;
    uint8_t rival;    /* member of a oneof: whichever comes last on the wire wins */
    uint8_t absent;   /* belongs to profiles: readers treat it as absent */
} OtlpField;

enum OtlpKind {
    OTLP_KIND_none,
    OTLP_KIND_bool,
    OTLP_KIND_bytes,
    OTLP_KIND_double,
    OTLP_KIND_enum,
    OTLP_KIND_fixed32,
    OTLP_KIND_fixed64,
    OTLP_KIND_int32,
    OTLP_KIND_int64,
    OTLP_KIND_message,
    OTLP_KIND_sfixed64,
    OTLP_KIND_sint32,
    OTLP_KIND_string,
    OTLP_KIND_uint32,
    OTLP_KIND_uint64,
};

/* One more than the highest field number. */
#define OTLP_NUMBERS 17

typedef struct {
    uint8_t item;  /* what batches count: a log record, span or data point */
    uint8_t shell; /* items stand in it, at any depth */
    uint8_t value; /* a value or an attribute, or what they are made of */
    uint8_t nests; /* one of the two through which values nest */
    uint8_t ids;   /* it has a trace or span id */
    uint8_t attributes; /* number of its field of that name, 0 where it has none */
    OtlpField fields[OTLP_NUMBERS];
    const char *name;
    const char *names[OTLP_NUMBERS];
} OtlpMessage;

enum OtlpType {
    OTLP_LogsData,
    OTLP_ResourceLogs,
    OTLP_Resource,
    OTLP_KeyValue,
    OTLP_AnyValue,
    OTLP_ArrayValue,
    OTLP_KeyValueList,
    OTLP_EntityRef,
    OTLP_ScopeLogs,
    OTLP_InstrumentationScope,
    OTLP_LogRecord,
    OTLP_TracesData,
    OTLP_ResourceSpans,
    OTLP_ScopeSpans,
    OTLP_Span,
    OTLP_Span_Event,
    OTLP_Span_Link,
    OTLP_Status,
    OTLP_MetricsData,
    OTLP_ResourceMetrics,
    OTLP_ScopeMetrics,
    OTLP_Metric,
    OTLP_Gauge,
    OTLP_NumberDataPoint,
    OTLP_Exemplar,
    OTLP_Sum,
    OTLP_Histogram,
    OTLP_HistogramDataPoint,
    OTLP_ExponentialHistogram,
    OTLP_ExponentialHistogramDataPoint,
    OTLP_ExponentialHistogramDataPoint_Buckets,
    OTLP_Summary,
    OTLP_SummaryDataPoint,
    OTLP_SummaryDataPoint_ValueAtQuantile,
};

enum {
    OTLP_LogsData_resource_logs = 1,
    OTLP_ResourceLogs_resource = 1,
    OTLP_ResourceLogs_scope_logs = 2,
    OTLP_ResourceLogs_schema_url = 3,
    OTLP_Resource_attributes = 1,
    OTLP_Resource_dropped_attributes_count = 2,
    OTLP_Resource_entity_refs = 3,
    OTLP_KeyValue_key = 1,
    OTLP_KeyValue_value = 2,
    OTLP_KeyValue_key_strindex = 3,
    OTLP_AnyValue_string_value = 1,
    OTLP_AnyValue_bool_value = 2,
    OTLP_AnyValue_int_value = 3,
    OTLP_AnyValue_double_value = 4,
    OTLP_AnyValue_array_value = 5,
    OTLP_AnyValue_kvlist_value = 6,
    OTLP_AnyValue_bytes_value = 7,
    OTLP_AnyValue_string_value_strindex = 8,
    OTLP_ArrayValue_values = 1,
    OTLP_KeyValueList_values = 1,
    OTLP_EntityRef_schema_url = 1,
    OTLP_EntityRef_type = 2,
    OTLP_EntityRef_id_keys = 3,
    OTLP_EntityRef_description_keys = 4,
    OTLP_ScopeLogs_scope = 1,
    OTLP_ScopeLogs_log_records = 2,
    OTLP_ScopeLogs_schema_url = 3,
    OTLP_InstrumentationScope_name = 1,
    OTLP_InstrumentationScope_version = 2,
    OTLP_InstrumentationScope_attributes = 3,
    OTLP_InstrumentationScope_dropped_attributes_count = 4,
    OTLP_LogRecord_time_unix_nano = 1,
    OTLP_LogRecord_severity_number = 2,
    OTLP_LogRecord_severity_text = 3,
    OTLP_LogRecord_body = 5,
    OTLP_LogRecord_attributes = 6,
    OTLP_LogRecord_dropped_attributes_count = 7,
    OTLP_LogRecord_flags = 8,
    OTLP_LogRecord_trace_id = 9,
    OTLP_LogRecord_span_id = 10,
    OTLP_LogRecord_observed_time_unix_nano = 11,
    OTLP_LogRecord_event_name = 12,
    OTLP_TracesData_resource_spans = 1,
    OTLP_ResourceSpans_resource = 1,
    OTLP_ResourceSpans_scope_spans = 2,
    OTLP_ResourceSpans_schema_url = 3,
    OTLP_ScopeSpans_scope = 1,
    OTLP_ScopeSpans_spans = 2,
    OTLP_ScopeSpans_schema_url = 3,
    OTLP_Span_trace_id = 1,
    OTLP_Span_span_id = 2,
    OTLP_Span_trace_state = 3,
    OTLP_Span_parent_span_id = 4,
    OTLP_Span_name = 5,
    OTLP_Span_kind = 6,
    OTLP_Span_start_time_unix_nano = 7,
    OTLP_Span_end_time_unix_nano = 8,
    OTLP_Span_attributes = 9,
    OTLP_Span_dropped_attributes_count = 10,
    OTLP_Span_events = 11,
    OTLP_Span_dropped_events_count = 12,
    OTLP_Span_links = 13,
    OTLP_Span_dropped_links_count = 14,
    OTLP_Span_status = 15,
    OTLP_Span_flags = 16,
    OTLP_Span_Event_time_unix_nano = 1,
    OTLP_Span_Event_name = 2,
    OTLP_Span_Event_attributes = 3,
    OTLP_Span_Event_dropped_attributes_count = 4,
    OTLP_Span_Link_trace_id = 1,
    OTLP_Span_Link_span_id = 2,
    OTLP_Span_Link_trace_state = 3,
    OTLP_Span_Link_attributes = 4,
    OTLP_Span_Link_dropped_attributes_count = 5,
    OTLP_Span_Link_flags = 6,
    OTLP_Status_message = 2,
    OTLP_Status_code = 3,
    OTLP_MetricsData_resource_metrics = 1,
    OTLP_ResourceMetrics_resource = 1,
    OTLP_ResourceMetrics_scope_metrics = 2,
    OTLP_ResourceMetrics_schema_url = 3,
    OTLP_ScopeMetrics_scope = 1,
    OTLP_ScopeMetrics_metrics = 2,
    OTLP_ScopeMetrics_schema_url = 3,
    OTLP_Metric_name = 1,
    OTLP_Metric_description = 2,
    OTLP_Metric_unit = 3,
    OTLP_Metric_gauge = 5,
    OTLP_Metric_sum = 7,
    OTLP_Metric_histogram = 9,
    OTLP_Metric_exponential_histogram = 10,
    OTLP_Metric_summary = 11,
    OTLP_Metric_metadata = 12,
    OTLP_Gauge_data_points = 1,
    OTLP_NumberDataPoint_start_time_unix_nano = 2,
    OTLP_NumberDataPoint_time_unix_nano = 3,
    OTLP_NumberDataPoint_as_double = 4,
    OTLP_NumberDataPoint_exemplars = 5,
    OTLP_NumberDataPoint_as_int = 6,
    OTLP_NumberDataPoint_attributes = 7,
    OTLP_NumberDataPoint_flags = 8,
    OTLP_Exemplar_time_unix_nano = 2,
    OTLP_Exemplar_as_double = 3,
    OTLP_Exemplar_span_id = 4,
    OTLP_Exemplar_trace_id = 5,
    OTLP_Exemplar_as_int = 6,
    OTLP_Exemplar_filtered_attributes = 7,
    OTLP_Sum_data_points = 1,
    OTLP_Sum_aggregation_temporality = 2,
    OTLP_Sum_is_monotonic = 3,
    OTLP_Histogram_data_points = 1,
    OTLP_Histogram_aggregation_temporality = 2,
    OTLP_HistogramDataPoint_start_time_unix_nano = 2,
    OTLP_HistogramDataPoint_time_unix_nano = 3,
    OTLP_HistogramDataPoint_count = 4,
    OTLP_HistogramDataPoint_sum = 5,
    OTLP_HistogramDataPoint_bucket_counts = 6,
    OTLP_HistogramDataPoint_explicit_bounds = 7,
    OTLP_HistogramDataPoint_exemplars = 8,
    OTLP_HistogramDataPoint_attributes = 9,
    OTLP_HistogramDataPoint_flags = 10,
    OTLP_HistogramDataPoint_min = 11,
    OTLP_HistogramDataPoint_max = 12,
    OTLP_ExponentialHistogram_data_points = 1,
    OTLP_ExponentialHistogram_aggregation_temporality = 2,
    OTLP_ExponentialHistogramDataPoint_attributes = 1,
    OTLP_ExponentialHistogramDataPoint_start_time_unix_nano = 2,
    OTLP_ExponentialHistogramDataPoint_time_unix_nano = 3,
    OTLP_ExponentialHistogramDataPoint_count = 4,
    OTLP_ExponentialHistogramDataPoint_sum = 5,
    OTLP_ExponentialHistogramDataPoint_scale = 6,
    OTLP_ExponentialHistogramDataPoint_zero_count = 7,
    OTLP_ExponentialHistogramDataPoint_positive = 8,
    OTLP_ExponentialHistogramDataPoint_negative = 9,
    OTLP_ExponentialHistogramDataPoint_flags = 10,
    OTLP_ExponentialHistogramDataPoint_exemplars = 11,
    OTLP_ExponentialHistogramDataPoint_min = 12,
    OTLP_ExponentialHistogramDataPoint_max = 13,
    OTLP_ExponentialHistogramDataPoint_zero_threshold = 14,
    OTLP_ExponentialHistogramDataPoint_Buckets_offset = 1,
    OTLP_ExponentialHistogramDataPoint_Buckets_bucket_counts = 2,
    OTLP_Summary_data_points = 1,
    OTLP_SummaryDataPoint_start_time_unix_nano = 2,
    OTLP_SummaryDataPoint_time_unix_nano = 3,
    OTLP_SummaryDataPoint_count = 4,
    OTLP_SummaryDataPoint_sum = 5,
    OTLP_SummaryDataPoint_quantile_values = 6,
    OTLP_SummaryDataPoint_attributes = 7,
    OTLP_SummaryDataPoint_flags = 8,
    OTLP_SummaryDataPoint_ValueAtQuantile_quantile = 1,
    OTLP_SummaryDataPoint_ValueAtQuantile_value = 2,
};

static const OtlpMessage OTLP_MESSAGES[] = {
    [OTLP_LogsData] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 1, 0, 1, 0, 0}, /* resource_logs */
    }, "LogsData", {[1] = "resource_logs"}},
    [OTLP_ResourceLogs] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 2, 0, 0, 0, 0}, /* resource */
        [2] = {4, OTLP_KIND_message, 8, 0, 1, 0, 0}, /* scope_logs */
        [3] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* schema_url */
    }, "ResourceLogs", {[1] = "resource", [2] = "scope_logs", [3] = "schema_url"}},
    [OTLP_Resource] = {0, 0, 0, 0, 0, 1, {
        [1] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* attributes */
        [2] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* dropped_attributes_count */
        [3] = {4, OTLP_KIND_message, 7, 0, 1, 0, 0}, /* entity_refs */
    }, "Resource", {[1] = "attributes", [2] = "dropped_attributes_count", [3] = "entity_refs"}},
    [OTLP_KeyValue] = {0, 0, 1, 0, 0, 0, {
        [1] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* key */
        [2] = {4, OTLP_KIND_message, 4, 0, 0, 0, 0}, /* value */
        [3] = {1, OTLP_KIND_int32, 0, 0, 0, 0, 1}, /* key_strindex */
    }, "KeyValue", {[1] = "key", [2] = "value", [3] = "key_strindex"}},
    [OTLP_AnyValue] = {0, 0, 1, 0, 0, 0, {
        [1] = {4, OTLP_KIND_string, 0, 0, 0, 1, 0}, /* string_value */
        [2] = {1, OTLP_KIND_bool, 0, 0, 0, 1, 0}, /* bool_value */
        [3] = {1, OTLP_KIND_int64, 0, 0, 0, 1, 0}, /* int_value */
        [4] = {2, OTLP_KIND_double, 0, 0, 0, 1, 0}, /* double_value */
        [5] = {4, OTLP_KIND_message, 5, 0, 0, 1, 0}, /* array_value */
        [6] = {4, OTLP_KIND_message, 6, 0, 0, 1, 0}, /* kvlist_value */
        [7] = {4, OTLP_KIND_bytes, 0, 0, 0, 1, 0}, /* bytes_value */
        [8] = {1, OTLP_KIND_int32, 0, 0, 0, 1, 1}, /* string_value_strindex */
    }, "AnyValue", {[1] = "string_value", [2] = "bool_value", [3] = "int_value", [4] = "double_value", [5] = "array_value", [6] = "kvlist_value", [7] = "bytes_value", [8] = "string_value_strindex"}},
    [OTLP_ArrayValue] = {0, 0, 1, 1, 0, 0, {
        [1] = {4, OTLP_KIND_message, 4, 0, 1, 0, 0}, /* values */
    }, "ArrayValue", {[1] = "values"}},
    [OTLP_KeyValueList] = {0, 0, 1, 1, 0, 0, {
        [1] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* values */
    }, "KeyValueList", {[1] = "values"}},
    [OTLP_EntityRef] = {0, 0, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* schema_url */
        [2] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* type */
        [3] = {4, OTLP_KIND_string, 0, 0, 1, 0, 0}, /* id_keys */
        [4] = {4, OTLP_KIND_string, 0, 0, 1, 0, 0}, /* description_keys */
    }, "EntityRef", {[1] = "schema_url", [2] = "type", [3] = "id_keys", [4] = "description_keys"}},
    [OTLP_ScopeLogs] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 9, 0, 0, 0, 0}, /* scope */
        [2] = {4, OTLP_KIND_message, 10, 0, 1, 0, 0}, /* log_records */
        [3] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* schema_url */
    }, "ScopeLogs", {[1] = "scope", [2] = "log_records", [3] = "schema_url"}},
    [OTLP_InstrumentationScope] = {0, 0, 0, 0, 0, 3, {
        [1] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* name */
        [2] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* version */
        [3] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* attributes */
        [4] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* dropped_attributes_count */
    }, "InstrumentationScope", {[1] = "name", [2] = "version", [3] = "attributes", [4] = "dropped_attributes_count"}},
    [OTLP_LogRecord] = {1, 0, 0, 0, 1, 6, {
        [1] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* time_unix_nano */
        [2] = {1, OTLP_KIND_enum, 0, 0, 0, 0, 0}, /* severity_number */
        [3] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* severity_text */
        [5] = {4, OTLP_KIND_message, 4, 0, 0, 0, 0}, /* body */
        [6] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* attributes */
        [7] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* dropped_attributes_count */
        [8] = {32, OTLP_KIND_fixed32, 0, 0, 0, 0, 0}, /* flags */
        [9] = {4, OTLP_KIND_bytes, 0, 16, 0, 0, 0}, /* trace_id */
        [10] = {4, OTLP_KIND_bytes, 0, 8, 0, 0, 0}, /* span_id */
        [11] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* observed_time_unix_nano */
        [12] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* event_name */
    }, "LogRecord", {[1] = "time_unix_nano", [2] = "severity_number", [3] = "severity_text", [5] = "body", [6] = "attributes", [7] = "dropped_attributes_count", [8] = "flags", [9] = "trace_id", [10] = "span_id", [11] = "observed_time_unix_nano", [12] = "event_name"}},
    [OTLP_TracesData] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 12, 0, 1, 0, 0}, /* resource_spans */
    }, "TracesData", {[1] = "resource_spans"}},
    [OTLP_ResourceSpans] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 2, 0, 0, 0, 0}, /* resource */
        [2] = {4, OTLP_KIND_message, 13, 0, 1, 0, 0}, /* scope_spans */
        [3] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* schema_url */
    }, "ResourceSpans", {[1] = "resource", [2] = "scope_spans", [3] = "schema_url"}},
    [OTLP_ScopeSpans] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 9, 0, 0, 0, 0}, /* scope */
        [2] = {4, OTLP_KIND_message, 14, 0, 1, 0, 0}, /* spans */
        [3] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* schema_url */
    }, "ScopeSpans", {[1] = "scope", [2] = "spans", [3] = "schema_url"}},
    [OTLP_Span] = {1, 0, 0, 0, 1, 9, {
        [1] = {4, OTLP_KIND_bytes, 0, 16, 0, 0, 0}, /* trace_id */
        [2] = {4, OTLP_KIND_bytes, 0, 8, 0, 0, 0}, /* span_id */
        [3] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* trace_state */
        [4] = {4, OTLP_KIND_bytes, 0, 8, 0, 0, 0}, /* parent_span_id */
        [5] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* name */
        [6] = {1, OTLP_KIND_enum, 0, 0, 0, 0, 0}, /* kind */
        [7] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* start_time_unix_nano */
        [8] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* end_time_unix_nano */
        [9] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* attributes */
        [10] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* dropped_attributes_count */
        [11] = {4, OTLP_KIND_message, 15, 0, 1, 0, 0}, /* events */
        [12] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* dropped_events_count */
        [13] = {4, OTLP_KIND_message, 16, 0, 1, 0, 0}, /* links */
        [14] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* dropped_links_count */
        [15] = {4, OTLP_KIND_message, 17, 0, 0, 0, 0}, /* status */
        [16] = {32, OTLP_KIND_fixed32, 0, 0, 0, 0, 0}, /* flags */
    }, "Span", {[1] = "trace_id", [2] = "span_id", [3] = "trace_state", [4] = "parent_span_id", [5] = "name", [6] = "kind", [7] = "start_time_unix_nano", [8] = "end_time_unix_nano", [9] = "attributes", [10] = "dropped_attributes_count", [11] = "events", [12] = "dropped_events_count", [13] = "links", [14] = "dropped_links_count", [15] = "status", [16] = "flags"}},
    [OTLP_Span_Event] = {0, 0, 0, 0, 0, 3, {
        [1] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* time_unix_nano */
        [2] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* name */
        [3] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* attributes */
        [4] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* dropped_attributes_count */
    }, "Span.Event", {[1] = "time_unix_nano", [2] = "name", [3] = "attributes", [4] = "dropped_attributes_count"}},
    [OTLP_Span_Link] = {0, 0, 0, 0, 1, 4, {
        [1] = {4, OTLP_KIND_bytes, 0, 16, 0, 0, 0}, /* trace_id */
        [2] = {4, OTLP_KIND_bytes, 0, 8, 0, 0, 0}, /* span_id */
        [3] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* trace_state */
        [4] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* attributes */
        [5] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* dropped_attributes_count */
        [6] = {32, OTLP_KIND_fixed32, 0, 0, 0, 0, 0}, /* flags */
    }, "Span.Link", {[1] = "trace_id", [2] = "span_id", [3] = "trace_state", [4] = "attributes", [5] = "dropped_attributes_count", [6] = "flags"}},
    [OTLP_Status] = {0, 0, 0, 0, 0, 0, {
        [2] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* message */
        [3] = {1, OTLP_KIND_enum, 0, 0, 0, 0, 0}, /* code */
    }, "Status", {[2] = "message", [3] = "code"}},
    [OTLP_MetricsData] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 19, 0, 1, 0, 0}, /* resource_metrics */
    }, "MetricsData", {[1] = "resource_metrics"}},
    [OTLP_ResourceMetrics] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 2, 0, 0, 0, 0}, /* resource */
        [2] = {4, OTLP_KIND_message, 20, 0, 1, 0, 0}, /* scope_metrics */
        [3] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* schema_url */
    }, "ResourceMetrics", {[1] = "resource", [2] = "scope_metrics", [3] = "schema_url"}},
    [OTLP_ScopeMetrics] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 9, 0, 0, 0, 0}, /* scope */
        [2] = {4, OTLP_KIND_message, 21, 0, 1, 0, 0}, /* metrics */
        [3] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* schema_url */
    }, "ScopeMetrics", {[1] = "scope", [2] = "metrics", [3] = "schema_url"}},
    [OTLP_Metric] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* name */
        [2] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* description */
        [3] = {4, OTLP_KIND_string, 0, 0, 0, 0, 0}, /* unit */
        [5] = {4, OTLP_KIND_message, 22, 0, 0, 1, 0}, /* gauge */
        [7] = {4, OTLP_KIND_message, 25, 0, 0, 1, 0}, /* sum */
        [9] = {4, OTLP_KIND_message, 26, 0, 0, 1, 0}, /* histogram */
        [10] = {4, OTLP_KIND_message, 28, 0, 0, 1, 0}, /* exponential_histogram */
        [11] = {4, OTLP_KIND_message, 31, 0, 0, 1, 0}, /* summary */
        [12] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* metadata */
    }, "Metric", {[1] = "name", [2] = "description", [3] = "unit", [5] = "gauge", [7] = "sum", [9] = "histogram", [10] = "exponential_histogram", [11] = "summary", [12] = "metadata"}},
    [OTLP_Gauge] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 23, 0, 1, 0, 0}, /* data_points */
    }, "Gauge", {[1] = "data_points"}},
    [OTLP_NumberDataPoint] = {1, 0, 0, 0, 0, 7, {
        [2] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* start_time_unix_nano */
        [3] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* time_unix_nano */
        [4] = {2, OTLP_KIND_double, 0, 0, 0, 1, 0}, /* as_double */
        [5] = {4, OTLP_KIND_message, 24, 0, 1, 0, 0}, /* exemplars */
        [6] = {2, OTLP_KIND_sfixed64, 0, 0, 0, 1, 0}, /* as_int */
        [7] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* attributes */
        [8] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* flags */
    }, "NumberDataPoint", {[2] = "start_time_unix_nano", [3] = "time_unix_nano", [4] = "as_double", [5] = "exemplars", [6] = "as_int", [7] = "attributes", [8] = "flags"}},
    [OTLP_Exemplar] = {0, 0, 0, 0, 1, 0, {
        [2] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* time_unix_nano */
        [3] = {2, OTLP_KIND_double, 0, 0, 0, 1, 0}, /* as_double */
        [4] = {4, OTLP_KIND_bytes, 0, 8, 0, 0, 0}, /* span_id */
        [5] = {4, OTLP_KIND_bytes, 0, 16, 0, 0, 0}, /* trace_id */
        [6] = {2, OTLP_KIND_sfixed64, 0, 0, 0, 1, 0}, /* as_int */
        [7] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* filtered_attributes */
    }, "Exemplar", {[2] = "time_unix_nano", [3] = "as_double", [4] = "span_id", [5] = "trace_id", [6] = "as_int", [7] = "filtered_attributes"}},
    [OTLP_Sum] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 23, 0, 1, 0, 0}, /* data_points */
        [2] = {1, OTLP_KIND_enum, 0, 0, 0, 0, 0}, /* aggregation_temporality */
        [3] = {1, OTLP_KIND_bool, 0, 0, 0, 0, 0}, /* is_monotonic */
    }, "Sum", {[1] = "data_points", [2] = "aggregation_temporality", [3] = "is_monotonic"}},
    [OTLP_Histogram] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 27, 0, 1, 0, 0}, /* data_points */
        [2] = {1, OTLP_KIND_enum, 0, 0, 0, 0, 0}, /* aggregation_temporality */
    }, "Histogram", {[1] = "data_points", [2] = "aggregation_temporality"}},
    [OTLP_HistogramDataPoint] = {1, 0, 0, 0, 0, 9, {
        [2] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* start_time_unix_nano */
        [3] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* time_unix_nano */
        [4] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* count */
        [5] = {2, OTLP_KIND_double, 0, 0, 0, 0, 0}, /* sum */
        [6] = {6, OTLP_KIND_fixed64, 0, 0, 1, 0, 0}, /* bucket_counts */
        [7] = {6, OTLP_KIND_double, 0, 0, 1, 0, 0}, /* explicit_bounds */
        [8] = {4, OTLP_KIND_message, 24, 0, 1, 0, 0}, /* exemplars */
        [9] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* attributes */
        [10] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* flags */
        [11] = {2, OTLP_KIND_double, 0, 0, 0, 0, 0}, /* min */
        [12] = {2, OTLP_KIND_double, 0, 0, 0, 0, 0}, /* max */
    }, "HistogramDataPoint", {[2] = "start_time_unix_nano", [3] = "time_unix_nano", [4] = "count", [5] = "sum", [6] = "bucket_counts", [7] = "explicit_bounds", [8] = "exemplars", [9] = "attributes", [10] = "flags", [11] = "min", [12] = "max"}},
    [OTLP_ExponentialHistogram] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 29, 0, 1, 0, 0}, /* data_points */
        [2] = {1, OTLP_KIND_enum, 0, 0, 0, 0, 0}, /* aggregation_temporality */
    }, "ExponentialHistogram", {[1] = "data_points", [2] = "aggregation_temporality"}},
    [OTLP_ExponentialHistogramDataPoint] = {1, 0, 0, 0, 0, 1, {
        [1] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* attributes */
        [2] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* start_time_unix_nano */
        [3] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* time_unix_nano */
        [4] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* count */
        [5] = {2, OTLP_KIND_double, 0, 0, 0, 0, 0}, /* sum */
        [6] = {1, OTLP_KIND_sint32, 0, 0, 0, 0, 0}, /* scale */
        [7] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* zero_count */
        [8] = {4, OTLP_KIND_message, 30, 0, 0, 0, 0}, /* positive */
        [9] = {4, OTLP_KIND_message, 30, 0, 0, 0, 0}, /* negative */
        [10] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* flags */
        [11] = {4, OTLP_KIND_message, 24, 0, 1, 0, 0}, /* exemplars */
        [12] = {2, OTLP_KIND_double, 0, 0, 0, 0, 0}, /* min */
        [13] = {2, OTLP_KIND_double, 0, 0, 0, 0, 0}, /* max */
        [14] = {2, OTLP_KIND_double, 0, 0, 0, 0, 0}, /* zero_threshold */
    }, "ExponentialHistogramDataPoint", {[1] = "attributes", [2] = "start_time_unix_nano", [3] = "time_unix_nano", [4] = "count", [5] = "sum", [6] = "scale", [7] = "zero_count", [8] = "positive", [9] = "negative", [10] = "flags", [11] = "exemplars", [12] = "min", [13] = "max", [14] = "zero_threshold"}},
    [OTLP_ExponentialHistogramDataPoint_Buckets] = {0, 0, 0, 0, 0, 0, {
        [1] = {1, OTLP_KIND_sint32, 0, 0, 0, 0, 0}, /* offset */
        [2] = {5, OTLP_KIND_uint64, 0, 0, 1, 0, 0}, /* bucket_counts */
    }, "ExponentialHistogramDataPoint.Buckets", {[1] = "offset", [2] = "bucket_counts"}},
    [OTLP_Summary] = {0, 1, 0, 0, 0, 0, {
        [1] = {4, OTLP_KIND_message, 32, 0, 1, 0, 0}, /* data_points */
    }, "Summary", {[1] = "data_points"}},
    [OTLP_SummaryDataPoint] = {1, 0, 0, 0, 0, 7, {
        [2] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* start_time_unix_nano */
        [3] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* time_unix_nano */
        [4] = {2, OTLP_KIND_fixed64, 0, 0, 0, 0, 0}, /* count */
        [5] = {2, OTLP_KIND_double, 0, 0, 0, 0, 0}, /* sum */
        [6] = {4, OTLP_KIND_message, 33, 0, 1, 0, 0}, /* quantile_values */
        [7] = {4, OTLP_KIND_message, 3, 0, 1, 0, 0}, /* attributes */
        [8] = {1, OTLP_KIND_uint32, 0, 0, 0, 0, 0}, /* flags */
    }, "SummaryDataPoint", {[2] = "start_time_unix_nano", [3] = "time_unix_nano", [4] = "count", [5] = "sum", [6] = "quantile_values", [7] = "attributes", [8] = "flags"}},
    [OTLP_SummaryDataPoint_ValueAtQuantile] = {0, 0, 0, 0, 0, 0, {
        [1] = {2, OTLP_KIND_double, 0, 0, 0, 0, 0}, /* quantile */
        [2] = {2, OTLP_KIND_double, 0, 0, 0, 0, 0}, /* value */
    }, "SummaryDataPoint.ValueAtQuantile", {[1] = "quantile", [2] = "value"}},
};

#endif
