import { existsSync, rmSync } from "node:fs";
import { closeFd } from "../../linux/fd.js";
import type { Slot } from "../../model/event.js";
import { nameWorker } from "../../model/turn.js";
import type { NotifySockets } from "../../process/notify-sockets.js";
import { commonNotifyFdName, notifyFdName } from "./fd-names.js";
import type { Inheritance } from "./inheritance.js";
import type { KeptFds } from "./kept-fds.js";
import { commonNotifySocketIn } from "./own-sockets.js";

export interface NotifyPlaces {
  readonly notifySockets: NotifySockets;
  readonly keptFds: KeptFds;
  readonly runtimeDirectory: string;
  readonly warn: (message: string) => void;
}

/**
 * Each worker that is alive has its socket again: the inherited one as long as its file is there, for others know it by its path, else
 * a new one in its place. Those of a daemon that had one for all of them are heard on that until the last has ended.
 */
export function adoptNotifySockets(
  { notify, commonNotify }: Inheritance,
  alive: readonly Slot[],
  { notifySockets, keptFds, runtimeDirectory, warn }: NotifyPlaces,
): void {
  const living = new Set(alive.map(nameWorker));
  for (const { slot, fd } of notify) {
    if (living.has(nameWorker(slot)) && existsSync(notifySockets.pathOf(slot))) {
      notifySockets.adopt(slot, fd);
      continue;
    }
    closeFd(fd);
    keptFds.remove(notifyFdName(slot));
  }
  const without = alive.filter((slot) => !notifySockets.has(slot));
  for (const slot of commonNotify === undefined ? without : []) {
    const opened = notifySockets.open(slot);
    if (!opened.ok) warn(opened.failure.message);
  }
  notifySockets.sweep();
  const file = commonNotifySocketIn(runtimeDirectory);
  if (commonNotify === undefined) {
    rmSync(file, { force: true });
    return;
  }
  keptFds.store(commonNotify, commonNotifyFdName);
  notifySockets.adoptCommon({
    fd: commonNotify,
    workers: without,
    onUnused: () => {
      keptFds.remove(commonNotifyFdName);
      rmSync(file, { force: true });
    },
  });
}
