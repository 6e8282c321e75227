#!/bin/sh
# Adds to the root file system of a test container what tests of packages need: extend-image.sh RELEASE TARGET BASE
# It appears at TARGET only when complete. What this file says is part of the image's cache key.
set -eu
release=$1 target=$2 base=$3

[ ! -d "$target" ] || exit 0
rm -rf "${target%-*}"-*.building.* # of a build that was killed; the caller sees to it that none runs at the same time
work=$(mktemp -d "$target.building.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

root=$work/root
cp -a "$base" "$root"
packages="rpm man-db bash-completion needrestart unattended-upgrades dnf createrepo-c debhelper"
# Debian 12 has only Node 18; there the tests install a package of their own.
[ "$release" = bookworm ] || packages="$packages nodejs"

# Nothing may be started: there is no systemd in there now.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp /etc/resolv.conf "$root/etc/resolv.conf"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
chroot "$root" apt-get update -qq
# shellcheck disable=SC2086 # several packages
chroot "$root" apt-get install -y -qq --no-install-recommends $packages
rm -rf "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf" "$root/var/cache/apt" "$root/var/lib/apt/lists"
# What upgrades by itself is asked for by the tests; the timers only slow the boot.
for unit in man-db.timer dpkg-db-backup.timer dnf-makecache.timer unattended-upgrades.service; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done

chmod 755 "$root"
mv -T "$root" "$target"
