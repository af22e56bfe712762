#!/bin/sh
# Builds the Dockerfile where no registry can be reached, on a bare Debian in place of its base image, and starts the result
# (start.sh). Needs root, debootstrap, buildah, iproute2 (make parts) and 2 GB of memory: all of it lies in a tmpfs that only
# this process sees, so nothing is left behind however it ends.
set -eu
[ "${1-}" = private ] || exec unshare --mount sh "$0" private
cd "$(dirname "$0")/../.."
work=$PWD/.cache/image
mkdir -p "$work"
mount -t tmpfs image "$work"
buildah() { command buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$@"; }
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }; }

debian=$(buildah from scratch)
quietly debootstrap --variant=minbase --include=python3,python3-dev,python3-venv,ca-certificates bookworm "$(buildah mount "$debian")"
quietly buildah commit --rm "$debian" bare

# pip in the build asks the index that this machine's pip asks: its settings are mounted, they become no part of the image.
python3 -m pip config list | sed -nE "s/^[a-z:]+\.((extra-)?index-url|trusted-host|proxy|cert)='(.*)'$/\1 = \3/p" |
    awk 'BEGIN { print "[global]" } !seen[$1]++' >"$work/pip.conf"
quietly buildah bud --isolation chroot --format docker --build-arg BASE=localhost/bare --tag sluice \
    --volume "$work/pip.conf:/etc/pip.conf:ro" --volume /etc/ssl/certs:/etc/ssl/certs:ro .

words() { buildah inspect --type image --format "{{range .Docker.Config.$1}}{{.}} {{end}}" sluice; }
user=$(buildah inspect --type image --format '{{.Docker.Config.User}}' sluice)
health=$(words Healthcheck.Test)
root=$(buildah mount "$(buildah from sluice)")
unshare --mount --net --pid --fork --kill-child \
    sh tests/image/start.sh "$root" "$user" "$(words Env)" "${health#CMD }" "$(words Entrypoint)" "$(words Cmd)"
