# Two stages: what builds stays behind. The result runs without root on a read-only root file system and writes only the
# journal's volume:  docker run --read-only -v journal:/var/lib/sluice -v ./sluice.yaml:/etc/sluice/sluice.yaml:ro sluice
# The default configuration listens on loopback: mount one that opens 0.0.0.0 and publish its ports, or run with --network host.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
# The compiler of the wire kernel; any version does.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python3 -m venv /opt/sluice \
    && /opt/sluice/bin/pip install --no-cache-dir --no-compile --require-hashes -r requirements/run.txt
COPY . .
RUN /opt/sluice/bin/pip install --no-cache-dir --no-compile --no-deps --no-build-isolation . \
    && /opt/sluice/bin/pip uninstall --yes cython setuptools pip \
    && /opt/sluice/bin/python -m compileall -q /opt/sluice/lib

FROM ${BASE}
RUN groupadd --gid 10001 sluice \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/sluice --shell /usr/sbin/nologin sluice \
    && install --directory --owner=sluice --group=sluice --mode=0750 /var/lib/sluice
COPY --from=build /opt/sluice /opt/sluice
COPY config/pipelines/default.yaml /etc/sluice/sluice.yaml
ENV PATH=/opt/sluice/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SLUICE_CONFIG=/etc/sluice/sluice.yaml \
    SLUICE_JOURNAL_DIR=/var/lib/sluice
USER 10001:10001
VOLUME /var/lib/sluice
EXPOSE 4317 4318 4319 8888 9464 13133
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["sluice", "health"]
ENTRYPOINT ["sluice"]
CMD ["run"]
