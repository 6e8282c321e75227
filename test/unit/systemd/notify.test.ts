import assert from "node:assert/strict";
import { fstatSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { bindDatagram, receiveDatagram } from "../../../src/linux/datagram.js";
import { closeFd, isOpen } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";
import { awaitHeard } from "../../../src/systemd/barrier.js";
import { isStorableName, removeFd, storeFd } from "../../../src/systemd/fd-store.js";
import { notifyAssignment, openNotifier } from "../../../src/systemd/notify.js";
import { DEADLINE_MS, waitUntil } from "../../harness/container/wait-until.js";
import { runNode } from "../linux/run-node.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

/** Stands for systemd: a socket that this process's NOTIFY_SOCKET names. */
function becomeNotified(t: TestContext): { readonly socket: number; readonly path: string } {
  const path = join(temporaryDirectory(t), "notify");
  const socket = bindDatagram(path);
  process.env["NOTIFY_SOCKET"] = path;
  t.after(() => {
    delete process.env["NOTIFY_SOCKET"];
    closeFd(socket);
  });
  return { socket, path };
}

test("a message reaches the manager as it was said", (t) => {
  const { socket } = becomeNotified(t);
  const notifier = openNotifier(process.env);
  const state = `READY=1\n${notifyAssignment("STATUS", "génération 8")}`;
  assert.equal(notifier?.send(state), true);
  assert.equal(receiveDatagram(socket)?.bytes.toString(), state);
});

test("without a manager there is no notifier, and nothing is stored", () => {
  assert.equal(openNotifier({}), undefined);
  assert.equal(openNotifier({ NOTIFY_SOCKET: "" }), undefined);
  assert.equal(storeFd(0, "stdin"), false);
  assert.equal(removeFd("stdin"), false);
});

test("without the addon the same goes through libsystemd, told once", { timeout: 10_000 }, async (t) => {
  const { socket, path } = becomeNotified(t);
  const notify = import.meta.resolve("../../../src/systemd/notify.js");
  const { stdout, status } = await runNode(
    `import Module from "node:module";
     const load = Module._load;
     Module._load = (name, ...rest) => {
       if (name === "sd-notify") throw new Error("built for another Node\\nstack");
       return load(name, ...rest);
     };
     const { openNotifier } = await import("${notify}");
     const notifier = openNotifier(process.env, (why) => console.log(why));
     console.log(notifier.send("READY=1"), notifier.send("STATUS=up"));
     process.env.NOTIFY_SOCKET = "${path}.gone";
     console.log(notifier.send("STATUS=lost"));`,
  );
  assert.equal(status, 0);
  assert.deepEqual(stdout.split("\n"), [
    "sd-notify does not load (built for another Node); messages go through libsystemd",
    "true true",
    "false",
  ]);
  assert.equal(receiveDatagram(socket)?.bytes.toString(), "READY=1");
  assert.equal(receiveDatagram(socket)?.bytes.toString(), "STATUS=up");
});

test("a lost manager is no error", (t) => {
  const { path } = becomeNotified(t);
  process.env["NOTIFY_SOCKET"] = `${path}.gone`;
  const notifier = openNotifier(process.env);
  assert.doesNotThrow(() => notifier?.send("READY=1"));
  assert.equal(removeFd("http"), false);
});

test("a stored fd arrives under its name, and is removed by it", (t) => {
  const { socket } = becomeNotified(t);
  const memfd = createMemfd("state");
  assert.equal(storeFd(memfd, "state"), true);
  const stored = receiveDatagram(socket);
  assert.equal(stored?.bytes.toString(), "FDSTORE=1\nFDNAME=state\nFDPOLL=0");
  assert.equal(stored.sender?.pid, process.pid);
  const [copy = -1] = stored.fds;
  assert.equal(fstatSync(copy).ino, fstatSync(memfd).ino);
  assert.equal(removeFd("state"), true);
  const removed = receiveDatagram(socket);
  assert.equal(removed?.bytes.toString(), "FDSTOREREMOVE=1\nFDNAME=state");
  assert.deepEqual(removed.fds, []);
  for (const fd of [memfd, ...stored.fds]) closeFd(fd);
});

test("a name that systemd would refuse is not sent", (t) => {
  const { socket } = becomeNotified(t);
  for (const name of ["", "a:b", "a\nREADY=1", "ü", "x".repeat(256)]) {
    assert.equal(isStorableName(name), false);
    assert.equal(storeFd(socket, name), false);
    assert.equal(removeFd(name), false);
  }
  for (const name of ["http", "a b", "~", "x".repeat(255)]) assert.equal(isStorableName(name), true);
  assert.equal(receiveDatagram(socket), undefined);
});

test("no value can break out of its line or outgrow a message", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 5000, size: "max" }), (value) => {
      const line = notifyAssignment("STATUS", value);
      assert.ok(line.startsWith("STATUS="));
      assert.doesNotMatch(line, /[\n\0]/);
      assert.ok(Buffer.byteLength(line) < 4096 - 1000);
    }),
  );
  assert.equal(notifyAssignment("STATUS", "failed:\n\tno such file"), "STATUS=failed: no such file");
  assert.equal(notifyAssignment("EXTEND_TIMEOUT_USEC", 5_000_000), "EXTEND_TIMEOUT_USEC=5000000");
});

for (const [what, comes] of [
  ["until the manager has come to its last message", true],
  ["no longer than a second for a manager that does not come to it", false],
] as const) {
  test(`a process that is about to end waits ${what}`, { timeout: 10_000 }, async (t) => {
    const { socket, path } = becomeNotified(t);
    const barrier = import.meta.resolve("../../../src/systemd/barrier.js");
    const child = runNode(
      `process.env.NOTIFY_SOCKET = "${path}";
       const { awaitHeard } = await import("${barrier}");
       console.log(awaitHeard());`,
    );
    const { bytes, fds } = await waitUntil("the last message", DEADLINE_MS, () => receiveDatagram(socket));
    t.after(() => fds.filter(isOpen).forEach(closeFd));
    assert.equal(bytes.toString(), "BARRIER=1");
    assert.equal(fds.length, 1);
    if (comes) fds.forEach(closeFd);
    assert.equal((await child).stdout.trim(), String(comes));
  });
}

test("without a manager nobody is waited for", () => {
  assert.equal(awaitHeard(), false);
});
