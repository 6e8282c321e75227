#!/bin/sh
# Runs systemd-nspawn in a cgroup of its own: run-container.sh NAME IMAGE OPTION...
# Two containers in one cgroup confuse each other. What is written lies over the image, in memory, and is there after a reboot.
# SIGTERM, or the death of the caller or of this script, ends the container at once; all that it had goes with it.
set -u
if [ "${1-}" != --apart ]; then
  exec unshare --mount "$0" --apart "$@"
fi
name=$2 image=$3
shift 3

# On a hybrid host systemd-nspawn uses the v2 hierarchy and the named systemd hierarchy; else there is only v2.
if [ -e /sys/fs/cgroup/cgroup.procs ]; then
  hierarchies=/sys/fs/cgroup
else
  hierarchies="/sys/fs/cgroup/unified /sys/fs/cgroup/systemd"
fi

mount -t tmpfs -o mode=755 tmpfs /mnt || exit 1
mkdir /mnt/upper /mnt/work /mnt/root || exit 1
mount -t overlay -o "lowerdir=$image,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root || exit 1
for hierarchy in $hierarchies; do mkdir "$hierarchy/$name" || exit 1; done

child=
told=
trap 'told=1; kill -TERM ${child:-$$}' TERM INT HUP
# 133: a reboot, which systemd-nspawn leaves to whoever started it.
status=133
while [ "$status" = 133 ] && [ -z "$told" ]; do
  (
    trap - TERM INT HUP
    for hierarchy in $hierarchies; do echo 0 > "$hierarchy/$name/cgroup.procs"; done
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec setpriv --pdeathsig TERM systemd-nspawn --directory=/mnt/root "$@"
  ) &
  child=$!
  status=0
  wait "$child" || status=$?
  while kill -0 "$child" 2> /dev/null; do wait "$child" || status=$?; done
done

for hierarchy in $hierarchies; do
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    find "$hierarchy/$name" -depth -type d -exec rmdir {} + 2> /dev/null && break
    sleep 0.1
  done
done
exit "$status"
