# Two stages: compilers, pip and caches stay in the first one.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv --without-pip /opt/aggregator
COPY pyproject.toml README.md LICENSE ./
COPY aggregator aggregator
# A library brings pip along for a command of its own that nobody runs here.
RUN pip --python /opt/aggregator/bin/python install --no-cache-dir '.[fulltext]' \
    && pip --python /opt/aggregator/bin/python uninstall --yes pip

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin aggregator \
    && install --directory --owner=aggregator --group=aggregator /data
COPY --from=build /opt/aggregator /opt/aggregator
COPY config/aggregator.toml /config/aggregator.toml
ENV PATH=/opt/aggregator/bin:$PATH \
    AGGREGATOR_CONFIG=/config/aggregator.toml \
    AGGREGATOR_SERVICE__BIND=0.0.0.0:8080 \
    AGGREGATOR_SERVICE__DATABASE=/data/aggregator.db
USER aggregator
WORKDIR /data
VOLUME /data
EXPOSE 8080
# http.client and not urllib: it never asks a proxy for our own address.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['AGGREGATOR_SERVICE__BIND'].rpartition(':')[2]), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["aggregator"]
CMD ["run"]
