import assert from "node:assert/strict";
import { test } from "node:test";
import { Watcher } from "../../../src/linux/epoll.js";
import { NotifySockets } from "../../../src/process/notify-sockets.js";
import { countFds } from "../../harness/process/open-fds.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

test("a notify socket in the place of another one leaves nothing of that", (t) => {
  using watcher = new Watcher();
  const said: string[] = [];
  const sockets = new NotifySockets({
    directory: `${temporaryDirectory(t)}/notify`,
    watcher,
    storeSocket: () => said.push("kept"),
    removeSocket: () => said.push("removed"),
    ownerOf: () => undefined,
    onMessage() {},
    onConnect() {},
    onDropped() {},
  });
  const slot = { generation: 1, index: 0 };
  assert.ok(sockets.open(slot).ok);
  const before = countFds();
  assert.ok(sockets.open(slot).ok);
  assert.deepEqual([countFds(), said], [before, ["kept", "removed", "kept"]]);
  sockets.release();
});
