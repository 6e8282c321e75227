import assert from "node:assert/strict";
import { chmodSync, existsSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { closeFd } from "../../src/linux/fd.js";
import { openListener } from "../../src/linux/listener.js";
import { balance } from "../harness/process/accounts.js";
import { armFault } from "../harness/process/fault.js";
import { ask } from "../harness/process/requests.js";
import { Rig } from "../harness/process/rig.js";

test("a changed mode of a socket file counts once the new version serves: not if it is bad, and back at a rollback", async () => {
  await using rig = new Rig();
  const socketPath = join(rig.directory, "own.sock");
  const declare = (mode: string): void => {
    rig.configure(`[listeners.http]\n[listeners.own]\naddress = "unix:${socketPath}"\n${mode}`);
  };
  const mode = (): number => statSync(socketPath).mode & 0o777;
  declare('mode = "0640"\n');
  await rig.manager.startReady();
  const { inode } = rig.state().listeners.find(({ name }) => name === "own") ?? {};
  declare('mode = "0600"\n');
  rig.release({ version: "2", boot: "crash" });
  assert.notEqual((await rig.upgrade()).failure, null);
  assert.equal(mode(), 0o640);
  rig.release({ version: "3" });
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal(mode(), 0o600);
  assert.equal((await rig.upgrade("rollback")).failure, null);
  assert.equal(mode(), 0o640);
  chmodSync(socketPath, 0o604);
  declare("");
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal(mode(), 0o604, "a mode that nobody declares is nobody's to change");
  await rig.settled();
  assert.equal(rig.state().listeners.find(({ name }) => name === "own")?.inode, inode);
  await balance(rig);
});

test("a daemon that dies right after the commit leaves the changed mode to the next", async () => {
  await using rig = new Rig({ faulty: true });
  const socketPath = join(rig.directory, "own.sock");
  const declare = (mode: string): void => {
    rig.configure(`[listeners.http]\n[listeners.own]\naddress = "unix:${socketPath}"\nmode = "${mode}"\n`);
  };
  declare("0640");
  await rig.manager.startReady();
  declare("0600");
  armFault(rig.directory, { at: 1, what: "apply-modes", how: "die-before" });
  assert.ok((await rig.control.request("upgrade")).ok);
  await rig.manager.ended();
  assert.equal(statSync(socketPath).mode & 0o777, 0o640);
  await rig.manager.startReady();
  await rig.settled();
  assert.equal(statSync(socketPath).mode & 0o777, 0o600);
});

test("a file that came into the place of the daemon's socket file keeps its mode, and is not removed with the listener", async () => {
  await using rig = new Rig();
  const socketPath = join(rig.directory, "own.sock");
  const declare = (mode: string): void => {
    rig.configure(`[listeners.http]\n[listeners.own]\naddress = "unix:${socketPath}"\nmode = "${mode}"\n`);
  };
  declare("0640");
  await rig.manager.startReady();
  renameSync(socketPath, `${socketPath}.aside`);
  const other = openListener({ kind: "unix", path: socketPath }, { backlog: 1, mode: 0o666 });
  assert.ok(other.ok);
  declare("0600");
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal(statSync(socketPath).mode & 0o777, 0o666);
  assert.equal(statSync(`${socketPath}.aside`).mode & 0o777, 0o640);
  rig.configure("[listeners.http]\n");
  assert.equal((await rig.upgrade()).failure, null);
  await rig.manager.waitFor("it to leave the store", () => !rig.manager.store.names.includes("own"));
  assert.ok(existsSync(socketPath));
  closeFd(other.value);
});

test("the manager's own unix socket is never unlinked, declared or not, stopped or not", async () => {
  await using rig = new Rig({ unixSocket: true });
  const socketPath = join(rig.directory, "unit.sock");
  await rig.manager.startReady();
  assert.equal((await ask({ socketPath })).generation, 1);
  rig.configure("[listeners.http]\n");
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  assert.ok(existsSync(socketPath));
  await rig.manager.waitFor("it to leave the store", () => !rig.manager.store.names.includes("unix"));
  assert.equal((await rig.manager.stop()).code, 0);
  assert.ok(existsSync(socketPath));
  rig.configure();
  await rig.manager.startReady();
  assert.equal((await ask({ socketPath })).generation, 3);
});
