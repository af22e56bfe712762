"""The component API, importable from one place."""

from pipeline.batch import Batch, Context
from pipeline.component import (
    Component,
    Connector,
    Consume,
    DirectExporter,
    Exporter,
    Extension,
    Host,
    Processor,
    Receiver,
    Request,
)
from pipeline.errors import Busy, ConfigError, Held, Partial, Rejected, TooLarge, Unauthorized

__all__ = [
    "Batch",
    "Busy",
    "Component",
    "ConfigError",
    "Connector",
    "Consume",
    "Context",
    "DirectExporter",
    "Exporter",
    "Extension",
    "Held",
    "Host",
    "Partial",
    "Processor",
    "Receiver",
    "Rejected",
    "Request",
    "TooLarge",
    "Unauthorized",
]
