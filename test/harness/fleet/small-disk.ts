import type { FleetHost } from "./host.js";

/** All that a roll writes to on a host, but for the units, the config, and what is gone at a boot. */
const FOLDERS = ["/home", "/srv", "/var/lib/holdfast", "/var/lib/holdfast-roll"];
const DISK = "/disk";

/** Puts what Holdfast, its releases and Ansible write on a disk of its own, so that this can be full and nothing else is. */
export async function giveSmallDisk({ container }: FleetHost): Promise<void> {
  const moves = FOLDERS.map(
    (folder) =>
      `mkdir -p ${folder} ${DISK}${folder}\ncp -a ${folder}/. ${DISK}${folder}\nmount --bind ${DISK}${folder} ${folder}`,
  );
  await container.sh(`mkdir ${DISK} && mount -t tmpfs -o size=64m tmpfs ${DISK}\n${moves.join("\n")}`);
}

export async function fillDisk({ container }: FleetHost): Promise<void> {
  await container.sh(`dd if=/dev/zero of=${DISK}/full bs=64k status=none 2>/dev/null || true`);
}

export async function freeDisk({ container }: FleetHost): Promise<void> {
  await container.sh(`rm -f ${DISK}/full`);
}
