import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Rig } from "../harness/process/rig.js";

/** A pipe for the daemon's output, and its two ends; nothing is read from it. */
function openPipe(rig: Rig): { readonly reader: number; readonly writer: number } {
  const path = join(rig.directory, "output");
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
}

function fill(pipe: number): void {
  const page = Buffer.alloc(4096);
  try {
    while (writeSync(pipe, page) > 0);
  } catch (error) {
    assert.match(String(error), /EAGAIN/);
  }
}

async function upgradesAndReplaces(rig: Rig): Promise<void> {
  const { pid } = rig.manager;
  await using load = rig.load();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal((await rig.settled()).generations[0]?.id, 2);
  await load.stop();
  assert.deepEqual(load.failures, []);
  await assert.rejects(rig.ask("/crash"));
  await rig.until("the crash", ({ generations }) => {
    return generations[0]?.workers.some(({ crashes }) => crashes > 0) ?? false;
  });
  await rig.settled();
  assert.equal((await rig.status()).pid, pid, "the daemon that said it all");
}

test("when whoever read the daemon's output has gone, it upgrades and replaces workers as ever", async () => {
  await using rig = new Rig();
  const { reader, writer } = openPipe(rig);
  rig.manager.output = writer;
  await rig.manager.startReady();
  closeSync(writer);
  closeSync(reader);
  await upgradesAndReplaces(rig);
});

test("when nobody reads the daemon's output, and the pipe is full, it upgrades and replaces workers as ever", async () => {
  await using rig = new Rig();
  const { reader, writer } = openPipe(rig);
  rig.manager.output = writer;
  await rig.manager.startReady();
  const other = openSync(join(rig.directory, "output"), constants.O_WRONLY | constants.O_NONBLOCK);
  fill(other);
  closeSync(other);
  closeSync(writer);
  await upgradesAndReplaces(rig);
  closeSync(reader);
});

test("a log file that takes nothing more is no reason to end", async () => {
  await using rig = new Rig();
  const full = openSync("/dev/full", "w");
  rig.manager.output = full;
  await rig.manager.startReady();
  await upgradesAndReplaces(rig);
  closeSync(full);
});
