# syntax=docker/dockerfile:1
# The gateway's image: its one program on a base without a shell, run by a user that is not root.
#
#   docker build -t cardea:0.1.0 .

FROM docker.io/library/rust:1.95-slim-trixie AS build
WORKDIR /build
COPY . .
# Without what only a debugger reads: a quarter of the size.
ENV CARGO_PROFILE_RELEASE_DEBUG=false CARGO_PROFILE_RELEASE_STRIP=symbols
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin cardea && install -D target/release/cardea /image/usr/bin/cardea
# A volume that is mounted here without an fsGroup takes over the owner of this folder.
RUN install -d -m 700 -o 65532 -g 65532 /image/var/lib/cardea

FROM gcr.io/distroless/cc-debian13:nonroot
COPY --from=build /image/ /
USER 65532:65532
ENV CARDEA_DATA=/var/lib/cardea
WORKDIR /var/lib/cardea
# Not loopback, as nobody else is in here: HTTPS, and health and metrics.
ENV CARDEA_LISTEN=0.0.0.0:8443 CARDEA_MANAGEMENT_LISTEN=0.0.0.0:8444
EXPOSE 8443 8444
ENTRYPOINT ["/usr/bin/cardea"]
CMD ["serve"]
