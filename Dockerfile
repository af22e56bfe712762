# Two stages: what builds stays behind. The result runs without root on a read-only root file system; only the journal's
# volume is written:  docker run --read-only -v journal:/var/lib/sluice -v ./sluice.yaml:/etc/sluice/sluice.yaml:ro sluice
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/sluice \
    && /opt/sluice/bin/pip install --no-cache-dir --no-compile --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY cli cli
COPY config config
COPY connectors connectors
COPY exporters exporters
COPY extensions extensions
COPY pipeline pipeline
COPY processors processors
COPY receivers receivers
RUN /opt/sluice/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/sluice/bin/python -m compileall -q /opt/sluice/lib

FROM python:3.13-slim-bookworm
COPY --from=build /opt/sluice /opt/sluice
COPY config/pipelines/default.yaml /etc/sluice/sluice.yaml
RUN useradd --system --uid 10001 --home-dir /var/lib/sluice --create-home sluice
ENV PATH=/opt/sluice/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SLUICE_JOURNAL_DIR=/var/lib/sluice
USER 10001
VOLUME /var/lib/sluice
EXPOSE 4317 4318 4319 8888 9464 13133
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["sluice", "health"]
ENTRYPOINT ["sluice"]
CMD ["run", "--config", "/etc/sluice/sluice.yaml"]
