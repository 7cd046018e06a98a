# syntax=docker/dockerfile:1
# The gateway's image: its one program, on a base without a shell, run by a user that is not root. Bases are
# pinned by digest, for all platforms, so that a newer base is a reviewed change of this file.
#
#   docker build -t cardea .
#   docker run -p 8443:8443 -v cardea:/var/lib/cardea cardea

FROM docker.io/library/rust:1.95-slim-trixie@sha256:e14e87345b4d5964ddcc3491d27ee046a0f23820f340c3c1e24da6880141f7c0 AS build
WORKDIR /build
COPY . .
# Without debug information and symbols the program has a fifth of the size.
ENV CARGO_PROFILE_RELEASE_DEBUG=false CARGO_PROFILE_RELEASE_STRIP=symbols
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin cardea && install -D target/release/cardea /image/usr/bin/cardea
RUN install -d -m 700 /image/var/lib/cardea

FROM gcr.io/distroless/cc-debian13:nonroot@sha256:54df941ed0d06a1bd95ef5e0ce391fd8d9f94b64782dc9a60062727849ee3f97
COPY --from=build /image/usr/bin/cardea /usr/bin/cardea
# A new volume that is mounted at this folder takes over the folder's owner.
COPY --from=build --chown=65532:65532 /image/var/lib/ /var/lib/
USER 65532:65532
WORKDIR /var/lib/cardea
# The default addresses are loopback, which nothing outside of the container can reach.
ENV CARDEA_DATA=/var/lib/cardea CARDEA_LISTEN=0.0.0.0:8443 CARDEA_MANAGEMENT_LISTEN=0.0.0.0:8444
EXPOSE 8443 8444
ENTRYPOINT ["/usr/bin/cardea"]
CMD ["serve"]
