#!/bin/sh
# The real servers and clients of the tests, by the machine's own package clients. A test whose part is missing is skipped by name.
set -eu
cd "$(dirname "$0")/../.."
export DEBIAN_FRONTEND=noninteractive
missing=""
command -v promtool >/dev/null || missing="$missing prometheus"
command -v curl >/dev/null || missing="$missing curl"
command -v openssl >/dev/null || missing="$missing openssl"
command -v npm >/dev/null || missing="$missing nodejs npm"
command -v debootstrap >/dev/null || missing="$missing debootstrap"
command -v buildah >/dev/null || missing="$missing buildah"
command -v ip >/dev/null || missing="$missing iproute2"
command -v qemu-aarch64 >/dev/null || missing="$missing qemu-user"
command -v aarch64-linux-gnu-gcc >/dev/null || missing="$missing gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
command -v java >/dev/null || missing="$missing default-jre-headless"
command -v mvn >/dev/null || missing="$missing maven"
if [ -n "$missing" ]; then
    apt-get update -qq
    apt-get install -qq --no-install-recommends -y $missing >/dev/null
fi
npm ci --silent --no-audit --no-fund --prefix tests/interop/pino
# A broker's jars; the pom beside them says which ones they are.
if ! cmp -s tests/parts/kafka/pom.xml .parts/kafka/pom.xml; then
    rm -rf .parts/kafka
    mvn -q -f tests/parts/kafka/pom.xml dependency:copy-dependencies "-DoutputDirectory=$PWD/.parts/kafka"
    cp tests/parts/kafka/pom.xml .parts/kafka/
fi
