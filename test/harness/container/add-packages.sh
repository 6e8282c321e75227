#!/bin/sh
# Adds Debian packages to the root file system of a test container: add-packages.sh TARGET BASE MASKED PACKAGE...
# MASKED: units, with blanks between them, that no boot of a container starts.
# It appears at TARGET only when complete. What this file says is part of the image's cache key.
set -eu
target=$1 base=$2 masked=$3
shift 3

[ ! -d "$target" ] || exit 0
rm -rf "${target%-*}"-*.building.* # of a build that was killed; the caller sees to it that none runs at the same time
work=$(mktemp -d "$target.building.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

root=$work/root
cp -a "$base" "$root"
# Nothing may be started: there is no systemd in there now.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp /etc/resolv.conf "$root/etc/resolv.conf"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
# A mirror may lag behind; what is not released yet has indexes that expire within a week.
chroot "$root" apt-get -o Acquire::Check-Valid-Until=false update -qq
chroot "$root" apt-get install -y -qq --no-install-recommends "$@"
rm -rf "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf" "$root/var/cache/apt" "$root/var/lib/apt/lists"
for unit in $masked; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done

chmod 755 "$root"
mv -T "$root" "$target"
