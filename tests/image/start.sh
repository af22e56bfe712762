#!/bin/sh
# start.sh ROOT USER ENV HEALTHCHECK ENTRYPOINT CMD: starts a built image as a cluster would, without root and on a read-only root
# file system, until it is healthy; SIGTERM must then end it with exit code 0. try.sh calls it in namespaces of its own.
set -eu
root=$1
inside="chroot --userspec=$2 $root env -i $3"
healthcheck=$4 entrypoint=$5 cmd=$6

ip link set lo up
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o "$(stat -c 'uid=%u,gid=%g,mode=%a' "$root/var/lib/sluice")" journal "$root/var/lib/sluice"
mount -o remount,bind,ro "$root"
if $inside touch /tmp/written 2>/dev/null; then echo "the root file system can be written" >&2; exit 1; fi

$inside $entrypoint --help
$inside $entrypoint $cmd &
daemon=$!
for _ in $(seq 100); do
    if $inside $healthcheck >/dev/null 2>&1; then break; fi
    sleep 0.2
done
$inside $healthcheck
kill -TERM $daemon
wait $daemon
echo "the image starts, is healthy and stops"
