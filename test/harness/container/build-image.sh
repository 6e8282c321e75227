#!/bin/sh
# Builds the root file system of a test container: build-image.sh RELEASE TARGET MIRROR
# It appears at TARGET only when complete. What this file says is part of the image's cache key.
set -eu
release=$1 target=$2 mirror=$3

[ ! -d "$target" ] || exit 0
mkdir -p "$(dirname "$target")"
rm -rf "${target%-*}"-*.building.* # of a build that was killed; the caller sees to it that none runs at the same time
work=$(mktemp -d "$target.building.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

root=$work/root
debootstrap --variant=minbase \
  --include=systemd,systemd-sysv,dbus,libnss-systemd,libsystemd0,gunicorn,curl,procps,iproute2 \
  "$release" "$root" "$mirror"

rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale" "$root/var/cache/apt" "$root/var/lib/apt/lists"

# Not the first boot: no presets, no wizard, no catalogue to build.
head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$root/etc/machine-id"
echo >> "$root/etc/machine-id"
rm -f "$root/etc/resolv.conf"

# What only slows the boot of a container that lives for a minute.
for unit in \
  getty.target console-getty.service getty-static.service getty@.service systemd-logind.service \
  systemd-networkd.service systemd-networkd-wait-online.service systemd-resolved.service \
  systemd-timesyncd.service systemd-firstboot.service systemd-hwdb-update.service ldconfig.service \
  systemd-journal-catalog-update.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
  systemd-update-done.service systemd-sysusers.service systemd-machine-id-commit.service \
  systemd-random-seed.service systemd-pcrphase.service systemd-pcrphase-sysinit.service \
  systemd-user-sessions.service systemd-ask-password-wall.path systemd-ask-password-console.path \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
  e2scrub_reap.service systemd-tmpfiles-clean.timer remote-fs.target; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
ln -sf /usr/lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
mkdir -p "$root/etc/systemd/journald.conf.d" "$root/opt/holdfast"
printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\nForwardToConsole=no\n' \
  > "$root/etc/systemd/journald.conf.d/test.conf"

chmod 755 "$root"
mv -T "$root" "$target"
