import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bindDatagram, receiveDatagram, sendDatagramWithFds } from "../../../src/linux/datagram.js";
import { Watcher } from "../../../src/linux/epoll.js";
import { closeFd } from "../../../src/linux/fd.js";
import { openPidfd } from "../../../src/linux/pidfd.js";
import { runNode } from "./run-node.js";
import { temporaryDirectory } from "./temporary-directory.js";

const limit = { timeout: 10_000 };

test("the end of a process is noticed", limit, async () => {
  using watcher = new Watcher();
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const pidfd = openPidfd(child.pid ?? 0);
  assert.ok(pidfd !== undefined);
  const gone = new Promise<void>((resolve) => {
    watcher.watch(pidfd, () => {
      watcher.unwatch(pidfd);
      resolve();
    });
  });
  child.kill("SIGKILL");
  await gone;
  closeFd(pidfd);
});

test("every datagram is noticed, in order", limit, async (t) => {
  using watcher = new Watcher();
  const path = join(temporaryDirectory(t), "notify");
  const socket = bindDatagram(path);
  const received: string[] = [];
  const all = new Promise<void>((resolve) => {
    // One a call: what is left makes the next call.
    watcher.watch(socket, () => {
      received.push(receiveDatagram(socket)?.bytes.toString() ?? "");
      if (received.length === 3) resolve();
    });
  });
  for (const text of ["a", "b", "c"]) sendDatagramWithFds(path, Buffer.from(text), []);
  await all;
  assert.deepEqual(received, ["a", "b", "c"]);
  watcher.unwatch(socket);
  closeFd(socket);
});

test("what is unwatched in the same turn is not called", limit, async (t) => {
  using watcher = new Watcher();
  const directory = temporaryDirectory(t);
  const paths = ["one", "two"].map((name) => join(directory, name));
  const sockets = paths.map(bindDatagram);
  for (const path of paths) sendDatagramWithFds(path, Buffer.from("x"), []);
  const called: number[] = [];
  await new Promise<void>((resolve) => {
    for (const socket of sockets) {
      watcher.watch(socket, () => {
        called.push(socket);
        for (const each of sockets) watcher.unwatch(each);
        setImmediate(resolve);
      });
    }
  });
  assert.equal(called.length, 1);
  for (const socket of sockets) closeFd(socket);
});

test("misuse throws instead of ending the process", (t) => {
  const watcher = new Watcher();
  const path = join(temporaryDirectory(t), "notify");
  const socket = bindDatagram(path);
  const file = openSync("/proc/self/exe", "r");
  assert.throws(() => watcher.watch(file, () => {}), { code: "EPERM" });
  assert.throws(() => watcher.watch(999_999, () => {}), { code: "EBADF" });
  assert.throws(() => watcher.unwatch(socket), { code: "ENOENT" });
  watcher.watch(socket, () => {});
  assert.throws(() => watcher.watch(socket, () => {}), { code: "EEXIST" });
  watcher.close();
  watcher.close();
  assert.throws(() => watcher.watch(socket, () => {}), { code: "watcher-closed" });
  assert.throws(() => watcher.ref(), { code: "watcher-closed" });
  closeFd(socket);
  closeFd(file);
});

/** A process with a watcher on two sockets that each have a datagram waiting, and `body` between. */
function program(directory: string, body: string): string {
  const epoll = import.meta.resolve("../../../src/linux/epoll.js");
  const datagram = import.meta.resolve("../../../src/linux/datagram.js");
  return `
    import { Watcher } from "${epoll}";
    import { bindDatagram, sendDatagramWithFds } from "${datagram}";
    const watcher = new Watcher();
    const [a, b] = ["a", "b"].map((name) => bindDatagram("${directory}/" + name));
    const send = () => { for (const name of ["a", "b"]) sendDatagramWithFds("${directory}/" + name, Buffer.from("x"), []); };
    ${body}`;
}

test("a callback that throws is heard of, and does not silence the others", limit, async (t) => {
  const { stdout, status } = await runNode(
    program(
      temporaryDirectory(t),
      `send();
       process.on("uncaughtException", (error) => console.log("thrown", error.message));
       watcher.watch(a, () => { watcher.unwatch(a); throw new Error("by a"); });
       watcher.watch(b, () => { watcher.close(); console.log("called b"); });`,
    ),
  );
  assert.equal(status, 0);
  assert.deepEqual(stdout.split("\n").sort(), ["called b", "thrown by a"]);
});

test("promises and ticks go on from a callback though nothing else ever happens", limit, async (t) => {
  const { stdout, status } = await runNode(
    program(
      temporaryDirectory(t),
      `send();
       await new Promise((resolve) => watcher.watch(a, () => { watcher.unwatch(a); resolve(); }));
       await new Promise((resolve) => watcher.watch(b, () => { watcher.unwatch(b); process.nextTick(resolve); }));
       console.log("went on");
       watcher.close();`,
    ),
  );
  assert.deepEqual({ stdout, status }, { stdout: "went on", status: 0 });
});

test("an unreferenced watcher lets the process end, a referenced one holds it up", limit, async (t) => {
  const idle = await runNode(
    program(
      temporaryDirectory(t),
      `watcher.watch(a, () => {});
       watcher.unref();`,
    ),
  );
  assert.equal(idle.status, 0);
  const busy = await runNode(
    program(
      temporaryDirectory(t),
      `watcher.unref(); watcher.ref();
       watcher.watch(a, () => { console.log("called"); watcher.close(); });
       setTimeout(send, 50).unref();`,
    ),
  );
  assert.deepEqual(busy, { stdout: "called", status: 0 });
});

test("an idle watcher costs nothing", limit, async (t) => {
  const { stdout } = await runNode(
    program(
      temporaryDirectory(t),
      `import { readFileSync } from "node:fs";
       const wakeUps = () => Number(/^voluntary_ctxt_switches:\\s+(\\d+)$/m.exec(readFileSync("/proc/self/status", "utf8"))[1]);
       let calls = 0;
       watcher.watch(a, () => calls++);
       setTimeout(() => {
         const before = wakeUps();
         setTimeout(() => { console.log(calls, wakeUps() - before < 20); watcher.close(); }, 500);
       }, 200);`,
    ),
  );
  assert.equal(stdout, "0 true");
});
