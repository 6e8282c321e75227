import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fstatSync } from "node:fs";
import { test } from "node:test";
import { bootId, monotonicMs } from "../../../src/linux/boot.js";
import { cgroupOf, ownCgroup, processesIn } from "../../../src/linux/cgroup.js";
import { closeFd } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";
import {
  openPidfd,
  parentOf,
  pidOfPidfd,
  processName,
  residentBytes,
  signalGroup,
  signalPidfd,
  startTimeOf,
  takeFd,
} from "../../../src/linux/pidfd.js";
import { runNode } from "./run-node.js";

test("a pidfd stays with its process from birth to after death", { timeout: 5000 }, async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const { pid } = child;
  assert.ok(pid !== undefined);
  const pidfd = openPidfd(pid);
  assert.ok(pidfd !== undefined);
  assert.equal(pidOfPidfd(pidfd), pid);
  assert.equal(parentOf(pid), process.pid);
  assert.equal(signalPidfd(pidfd, "SIGTERM"), true);
  const [, signal] = await once(child, "exit");
  assert.equal(signal, "SIGTERM");
  assert.equal(pidOfPidfd(pidfd), -1);
  assert.equal(signalPidfd(pidfd, "SIGTERM"), false);
  assert.equal(takeFd(pidfd, 0), undefined);
  assert.equal(openPidfd(pid), undefined);
  assert.equal(startTimeOf(pid), undefined);
  closeFd(pidfd);
});

test("an fd that is no pidfd has no pid", () => {
  const fd = createMemfd("none");
  assert.equal(pidOfPidfd(fd), undefined);
  assert.equal(pidOfPidfd(999_999), undefined);
  closeFd(fd);
});

test("an fd is taken out of another process by number", { timeout: 5000 }, async () => {
  const memfd = createMemfd("theirs");
  const child = spawn("sleep", ["60"], { stdio: ["ignore", "ignore", "ignore", memfd] });
  await once(child, "spawn");
  const pidfd = openPidfd(child.pid ?? 0);
  assert.ok(pidfd !== undefined);
  const taken = takeFd(pidfd, 3);
  assert.ok(taken !== undefined);
  assert.equal(fstatSync(taken).ino, fstatSync(memfd).ino);
  assert.equal(takeFd(pidfd, 500), undefined);
  child.kill("SIGKILL");
  await once(child, "exit");
  for (const fd of [memfd, taken, pidfd]) closeFd(fd);
});

test("a signal reaches a whole group, and a group that is gone is told", { timeout: 5000 }, async () => {
  const child = spawn("sh", ["-c", "sleep 60 & wait"], { stdio: "ignore", detached: true });
  const pid = child.pid ?? 0;
  assert.equal(signalGroup(pid, "SIGKILL"), true);
  await once(child, "exit");
  const deadline = Date.now() + 3000;
  // The grandchild is reaped by init, in its own time.
  while (signalGroup(pid, "SIGKILL")) {
    assert.ok(Date.now() < deadline, "the group is still there");
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test("everybody is never signalled by mistake", () => {
  for (const pgid of [-1, 0, 1, Number.NaN, 1.5]) {
    assert.throws(() => signalGroup(pgid, "SIGCONT"), { code: "bad-process-group" });
  }
});

test("a process is described by /proc, whatever it calls itself", { timeout: 10_000 }, async () => {
  assert.ok((residentBytes(process.pid) ?? 0) > 1_000_000);
  assert.equal(residentBytes(2 ** 22 + 1), undefined);
  assert.ok(processName(process.pid));
  const facts = import.meta.resolve("../../../src/linux/pidfd.js");
  const { stdout } = await runNode(
    `import { parentOf, processName, startTimeOf } from "${facts}";
     const before = startTimeOf(process.pid);
     process.title = "a) S 1 (b";
     console.log(processName(process.pid), parentOf(process.pid), startTimeOf(process.pid) === before && before > 0);`,
  );
  assert.equal(stdout, `a) S 1 (b ${process.pid} true`);
});

test("a process whose thread Node has named is called by its program", async () => {
  const facts = import.meta.resolve("../../../src/linux/pidfd.js");
  const { stdout } = await runNode(
    `import { processName } from "${facts}";
     process.title = "MainThread";
     console.log(processName(process.pid));`,
  );
  assert.match(stdout, /^node/);
});

test("this boot, this clock and this cgroup are known", () => {
  assert.match(bootId() ?? "", /^[0-9a-f-]{36}$/);
  const earlier = monotonicMs();
  assert.ok(monotonicMs() >= earlier);
  const cgroup = ownCgroup();
  assert.equal(cgroupOf(process.pid), cgroup);
  if (cgroup !== undefined) assert.ok(processesIn(cgroup).includes(process.pid));
  assert.deepEqual(processesIn("/no/such.slice"), []);
});
