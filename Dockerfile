# Hairpin in a container: ports 53/udp, 53/tcp and 443, one volume, no root.
#
#   docker build -t hairpin .
#   docker run --rm -v hairpin:/var/lib/hairpin -v ./hairpin.toml:/etc/hairpin/hairpin.toml:ro \
#     hairpin init
#   docker run -d --name hairpin -p 53:53/udp -p 53:53/tcp -p 443:443 \
#     -v hairpin:/var/lib/hairpin -v ./hairpin.toml:/etc/hairpin/hairpin.toml:ro hairpin
#
# Low ports need no capability where the engine sets net.ipv4.ip_unprivileged_port_start=0 (Docker
# since 20.10 does). tools/prove-dockerfile runs these steps without an engine.
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY tools/packages tools/install-packages tools/
RUN tools/install-packages build
COPY . .
RUN cmake --preset release -DHAIRPIN_TESTS=OFF -DHAIRPIN_BENCH=OFF \
    && cmake --build --preset release --target hairpind hairpin \
    && strip -o /usr/bin/hairpind build/release/daemon/hairpind \
    && strip -o /usr/bin/hairpin build/release/cli/hairpin

FROM debian:bookworm-slim
COPY tools/packages tools/install-packages /usr/share/hairpin/
RUN /usr/share/hairpin/install-packages runtime \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/hairpin --shell /usr/sbin/nologin hairpin \
    && install -d -o hairpin -g hairpin -m 0700 /var/lib/hairpin
COPY --from=build /usr/bin/hairpind /usr/bin/hairpin /usr/bin/
COPY packaging/hairpin.toml /etc/hairpin/hairpin.toml
USER hairpin
VOLUME /var/lib/hairpin
EXPOSE 53/udp 53/tcp 443
# On loopback inside the container the API's certificate proves nothing, so it is not checked.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD curl --silent --fail --insecure --output /dev/null https://127.0.0.1/healthz
ENTRYPOINT ["/usr/bin/hairpind"]
CMD ["serve"]
