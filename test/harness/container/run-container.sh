#!/bin/sh
# Runs systemd-nspawn in a cgroup of its own: run-container.sh NAME OPTION...
# Two containers in one cgroup confuse each other. SIGTERM, or the death of the caller or of this script, ends the container
# at once; its cgroup goes with it.
set -u
name=$1
shift

# On a hybrid host systemd-nspawn uses the v2 hierarchy and the named systemd hierarchy; else there is only v2.
if [ -e /sys/fs/cgroup/cgroup.procs ]; then
  hierarchies=/sys/fs/cgroup
else
  hierarchies="/sys/fs/cgroup/unified /sys/fs/cgroup/systemd"
fi

for hierarchy in $hierarchies; do mkdir "$hierarchy/$name" || exit 1; done

child=
trap 'kill -TERM ${child:-$$}' TERM INT HUP
(
  trap - TERM INT HUP
  for hierarchy in $hierarchies; do echo 0 > "$hierarchy/$name/cgroup.procs"; done
  SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec setpriv --pdeathsig TERM systemd-nspawn "$@"
) &
child=$!
status=0
wait "$child" || status=$?
while kill -0 "$child" 2> /dev/null; do wait "$child" || status=$?; done

for hierarchy in $hierarchies; do
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    find "$hierarchy/$name" -depth -type d -exec rmdir {} + 2> /dev/null && break
    sleep 0.1
  done
done
exit "$status"
