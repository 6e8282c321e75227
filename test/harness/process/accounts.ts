import { existsSync, readdirSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { pidOfPidfd } from "../../../src/linux/pidfd.js";
import { inspectSocket } from "../../../src/linux/socket.js";
import { isLive } from "../../../src/model/find.js";
import type { State } from "../../../src/model/state.js";
import { releasesDirectory } from "../../../src/release/places.js";
import { HarnessError } from "../harness-error.js";
import type { StoredFd } from "./fd-store.js";
import type { Rig } from "./rig.js";

/** What there should be and what there is, as texts that can be compared. */
interface Accounts {
  readonly fds: readonly string[];
  readonly workers: readonly number[];
  /** Of the live workers; they may be there or not, for a channel that was lost with the store does not come back. */
  readonly channels: readonly string[];
  readonly snapshots: readonly string[];
}

/**
 * Waits until every fd in the store, every process of the service and every directory of a snapshot is accounted for in
 * the state, and the other way round. Throws with both sides when they stay apart.
 */
export async function balance(rig: Rig): Promise<void> {
  let [wanted, found]: (Accounts | undefined)[] = [];
  try {
    await rig.manager.waitFor("the books balanced", () => {
      wanted = accountsOf(rig.state());
      const snapshots = listReleases(rig.stateDirectory);
      const channels = new Set(wanted.channels);
      const fds = rig.manager.store.entries.map(describe).filter((name) => !channels.has(name));
      found = { fds: fds.sort(), workers: rig.workers().sort(), channels: wanted.channels, snapshots };
      return isDeepStrictEqual(wanted, found);
    });
  } catch (error) {
    const sides = `state: ${JSON.stringify(wanted, null, 1)}\nthere is: ${JSON.stringify(found, null, 1)}`;
    throw new HarnessError("unbalanced", `the state and the world differ\n${sides}`, { cause: error });
  }
}

/** Both what is whole and what is left of something. */
function listReleases(stateDirectory: string): string[] {
  const directory = releasesDirectory(stateDirectory);
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

function accountsOf({ generations, listeners, snapshots }: State): Accounts {
  const live = generations.flatMap(({ id, workers }) =>
    workers.flatMap(({ index, run }) =>
      isLive(run) ? [{ name: `${id}.${index}`, pid: run.process.pid }] : [],
    ),
  );
  const fds = [
    "holdfast.control",
    "holdfast.state",
    ...listeners.map(({ name, address, inode }) => `${name} ${address} ${inode}`),
    ...live.map(({ name, pid }) => `holdfast.worker.${name} ${pid}`),
    ...live.map(({ name }) => `holdfast.notify.${name}`),
  ];
  const channels = live.map(({ name }) => `holdfast.channel.${name}`);
  // What is to be removed is waited for; what could not be removed before is left to the next daemon.
  const kept = snapshots.flatMap(({ id }) => [String(id), `${id}.manifest`]).sort();
  return { fds: fds.sort(), workers: live.map(({ pid }) => pid).sort(), channels, snapshots: kept };
}

function describe({ name, fd }: StoredFd): string {
  if (name.startsWith("holdfast.worker.")) return `${name} ${pidOfPidfd(fd)}`;
  if (name.startsWith("holdfast.")) return name;
  const facts = inspectSocket(fd);
  return `${name} ${facts?.address} ${facts?.id}`;
}
