import assert from "node:assert/strict";
import { test } from "node:test";
import { createPerformer } from "../../../../src/daemon/perform/perform.js";
import { Snapshots } from "../../../../src/daemon/perform/snapshots.js";
import { Watcher } from "../../../../src/linux/epoll.js";
import { pidOfPidfd, startTimeOf } from "../../../../src/linux/pidfd.js";
import { type FdKeeper, HeldListeners } from "../../../../src/listeners/held-listeners.js";
import { NotifySockets } from "../../../../src/process/notify-sockets.js";
import { WorkerChannels } from "../../../../src/process/worker-channels.js";
import { WorkerProcesses } from "../../../../src/process/worker-processes.js";
import { DEADLINE_MS, waitUntil } from "../../../harness/container/wait-until.js";
import { countFds } from "../../../harness/process/open-fds.js";
import { temporaryDirectory } from "../../linux/temporary-directory.js";
import { prepared, specify } from "../../model/sample.js";
import { Story } from "../../model/story.js";

const nothing = (): void => {};
const nobody = (): undefined => undefined;

/** Keeps fds as long as there is room. */
class Keeper implements FdKeeper {
  readonly kept: string[] = [];
  #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  store(_: number, name: string): void {
    if (this.#room === 0) throw new Error("too many open files");
    this.#room -= 1;
    this.kept.push(name);
  }

  remove(name: string): void {
    const at = this.kept.indexOf(name);
    if (at >= 0) this.kept.splice(at, 1);
  }
}

for (const [room, what] of ["its notify socket", "its channel", "its pidfd"].entries()) {
  test(`nothing is left of a worker's start when ${what} cannot be kept`, async (t) => {
    using watcher = new Watcher();
    const directory = temporaryDirectory(t);
    const keeper = new Keeper(room);
    let pid: number | undefined;
    const channels = new WorkerChannels({
      watcher,
      storeChannel: (_, fd) => keeper.store(fd, "channel"),
      removeChannel: () => keeper.remove("channel"),
      ownerOf: nobody,
      onMessage: nothing,
      onLost: nothing,
    });
    const workers = new WorkerProcesses({
      watcher,
      storePidfd: (_, pidfd) => {
        pid = pidOfPidfd(pidfd);
        keeper.store(pidfd, "pidfd");
      },
      removePidfd: () => keeper.remove("pidfd"),
      signalUnseen: nothing,
      onExit: nothing,
    });
    const notifySockets = new NotifySockets({
      directory: `${directory}/notify`,
      watcher,
      storeSocket: (_, fd) => keeper.store(fd, "notify socket"),
      removeSocket: () => keeper.remove("notify socket"),
      ownerOf: nobody,
      onMessage: nothing,
      onConnect: nothing,
      onDropped: nothing,
    });
    const { state } = new Story()
      .begin()
      .send(prepared(1, specify({ workers: 1, command: ["sleep", "60"] }), []));
    const perform = createPerformer({
      name: "web",
      configFile: `${directory}/web.toml`,
      places: { directoryOf: () => directory, stateDirectory: directory },
      listeners: new HeldListeners({
        unit: "holdfast@web.service",
        keeper,
        watcher,
        warn: nothing,
        takeFromWorkers: nobody,
        onDown: nothing,
      }),
      workers,
      channels,
      notifySockets,
      snapshots: new Snapshots({ stateDirectory: directory }),
      countWorkers: async () => {},
      current: () => state,
      isOver: () => false,
      announce: nothing,
      record: nothing,
      exit: nothing,
      onConfig: nothing,
    });
    const before = countFds();
    assert.throws(() => {
      const answer = perform({ type: "spawn", generation: 1, index: 0 }, state);
      const [event] = answer instanceof Promise ? [] : answer;
      assert.ok(event?.type === "spawn-failed");
      throw new Error(event.failure.message);
    }, /too many open files/);
    await waitUntil("the end of what waited at its gate", DEADLINE_MS, async () => {
      return pid === undefined || startTimeOf(pid) === undefined;
    });
    assert.deepEqual([countFds(), keeper.kept], [before, []]);
  });
}
