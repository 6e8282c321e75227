import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { closeFd, duplicateFd } from "../../src/linux/fd.js";
import { openListener } from "../../src/linux/listener.js";
import { inspectSocket } from "../../src/linux/socket.js";
import { balance } from "../harness/process/accounts.js";
import { countSocketFds } from "../harness/process/open-fds.js";
import { freePort, openAtFreePort } from "../harness/process/ports.js";
import { ask } from "../harness/process/requests.js";
import { Rig } from "../harness/process/rig.js";

test("a declared address is opened, and moved by an upgrade without a request lost on either", async () => {
  await using rig = new Rig();
  const [first, second] = [freePort(), freePort()];
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "127.0.0.1:${first}"\n`);
  await rig.manager.startReady();
  const gate = join(rig.directory, "gate");
  const held = ask({ port: first }, `/hold?${gate}`);
  assert.equal((await ask({ port: first })).generation, 1);
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "127.0.0.1:${second}"\n`);
  assert.equal((await rig.upgrade()).failure, null);
  assert.equal((await ask({ port: second })).generation, 2);
  const addresses = (await rig.status()).listeners.map(({ name, address }) => `${name} ${address}`);
  assert.ok(addresses.includes(`own 127.0.0.1:${first}`), "closed before the old generation has drained");
  writeFileSync(gate, "");
  assert.equal((await held).generation, 1);
  await rig.settled();
  // Reset, where it was on its way when the socket was closed.
  await assert.rejects(ask({ port: first }), /ECONNREFUSED|ECONNRESET/);
  await balance(rig);
});

test("a listener that is no longer declared is closed and taken from the store, its own socket file too", async () => {
  await using rig = new Rig();
  const socketPath = join(rig.directory, "own.sock");
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "unix:${socketPath}"\nmode = "0640"\n`);
  await rig.manager.startReady();
  assert.equal(statSync(socketPath).mode & 0o777, 0o640);
  assert.equal((await ask({ socketPath })).generation, 1);
  rig.configure("[listeners.http]\n");
  assert.equal((await rig.upgrade()).failure, null);
  const { listeners } = await rig.settled();
  assert.deepEqual(
    listeners.map(({ name }) => name),
    ["http"],
  );
  assert.ok(!existsSync(socketPath));
  await rig.manager.waitFor("it to leave the store", () => !rig.manager.store.names.includes("own"));
  await balance(rig);
});

for (const native of [true, false]) {
  test(`a configured backlog stays that of the socket when ${native ? "native" : "plain"} workers accept on it`, async () => {
    await using rig = new Rig({ native });
    const socketPath = join(rig.directory, "own.sock");
    const declare = (http: number, own: number): void => {
      rig.configure(
        `[listeners.http]\nbacklog = ${http}\n[listeners.own]\naddress = "unix:${socketPath}"\nbacklog = ${own}\n`,
      );
    };
    const limits = async (): Promise<unknown> => {
      await rig.settled();
      await Promise.all([ask({ port: rig.port }), ask({ socketPath })]);
      return (await rig.status()).listeners.map(({ name, backlog }) => [name, backlog?.limit]);
    };
    declare(77, 55);
    await rig.manager.startReady();
    assert.deepEqual(await limits(), [
      ["http", 77],
      ["own", 55],
    ]);
    declare(78, 56);
    assert.equal((await rig.upgrade()).failure, null);
    assert.deepEqual(await limits(), [
      ["http", 78],
      ["own", 56],
    ]);
  });
}

test("a socket that comes from the unit and from the store is held once", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const [listener] = rig.state().listeners;
  assert.ok(listener !== undefined);
  for (let round = 0; round < 2; round++) {
    await rig.manager.kill9();
    await rig.manager.startReady();
    assert.deepEqual(
      (await rig.settled()).listeners.map(({ name, origin }) => [name, origin]),
      [["http", "unit"]],
    );
    // The other one is the copy for the next daemon.
    assert.equal(countSocketFds(rig.manager.pid, listener.inode), 2);
    await balance(rig);
  }
});

test("what is in the store and can be no listener is closed and taken from it", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await rig.manager.kill9();
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const connection = createConnection(address.port, "127.0.0.1");
  await new Promise((resolve) => connection.once("connect", resolve));
  const handle: unknown = Reflect.get(connection, "_handle");
  const fd: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  assert.ok(typeof fd === "number");
  rig.manager.store.add("connection", duplicateFd(fd));
  rig.manager.store.add("holdfast.worker.1.9", duplicateFd(fd));
  rig.manager.store.add("holdfast.worker.nonsense", duplicateFd(fd));
  connection.destroy();
  server.close();
  await rig.manager.startReady();
  await rig.settled();
  await balance(rig);
});

test("a listener in the store that nobody declares is closed and taken from it", async () => {
  await using rig = new Rig({ config: "[listeners.http]\n" });
  await rig.manager.startReady();
  await rig.manager.kill9();
  const opened = openListener({ kind: "tcp", family: 4, host: "127.0.0.1", port: 0 }, { backlog: 1 });
  assert.ok(opened.ok);
  const port = Number(inspectSocket(opened.value)?.address.split(":").at(-1));
  rig.manager.store.add("stranger", opened.value);
  await rig.manager.startReady();
  await rig.settled();
  await balance(rig);
  await assert.rejects(ask({ port }), /ECONNREFUSED|ECONNRESET/);
});

test("a port that somebody has is named with its process, and the old generation serves on", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const opened = openListener({ kind: "tcp", family: 4, host: "127.0.0.1", port: 0 }, { backlog: 1 });
  assert.ok(opened.ok);
  const address = inspectSocket(opened.value)?.address ?? "";
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "${address}"\n`);
  const { failure } = await rig.upgrade();
  closeFd(opened.value);
  assert.equal(failure?.reason, "address-in-use");
  assert.ok(failure.message.includes(address), failure.message);
  assert.ok(failure.message.includes(`pid ${process.pid}`), failure.message);
  assert.equal((await rig.ask()).generation, 1);
  await balance(rig);
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
});

test("all of IPv4 and all of IPv6 are two listeners of one port, in whichever order, also when they have to be opened again", async () => {
  await using rig = new Rig();
  const [port, other] = [freePort(), freePort()];
  const declare = (name: string, host: string, at: number): string =>
    `[listeners.${name}]\naddress = "${host}:${at}"\n`;
  rig.configure(
    [
      "[listeners.http]\n",
      declare("all6", "[::]", port),
      declare("all4", "0.0.0.0", port),
      declare("one4", "127.0.0.1", other),
      declare("rest", "[::]", other),
    ].join(""),
  );
  await rig.manager.startReady();
  const answers = async (): Promise<void> => {
    for (const at of [port, other]) {
      for (const host of ["127.0.0.1", "::1"]) assert.ok((await ask({ port: at, host })).generation > 0);
    }
  };
  await answers();
  await rig.manager.kill9();
  for (const pid of rig.workers()) process.kill(pid, "SIGKILL");
  await rig.manager.waitFor("the workers gone", () => rig.workers().length === 0);
  rig.manager.store.clear();
  await rig.manager.startReady();
  await rig.settled();
  await answers();
});

test("an address that the service has already under another name, or a part of it, is said to be its own", async () => {
  await using rig = new Rig();
  const port = freePort();
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "127.0.0.1:${port}"\n`);
  await rig.manager.startReady();
  rig.configure(`[listeners.http]\n[listeners.renamed]\naddress = "127.0.0.1:${port}"\n`);
  assert.match((await rig.upgrade()).failure?.message ?? "", /this service holds .* as listener own; keep/);
  rig.configure(`[listeners.http]\n[listeners.own]\naddress = "0.0.0.0:${port}"\n`);
  assert.match((await rig.upgrade()).failure?.message ?? "", /this service holds .*another port/);
  rig.configure(`[listeners.web]\naddress = "127.0.0.1:${rig.port}"\n`);
  assert.match((await rig.upgrade()).failure?.message ?? "", /call it http.*FileDescriptorName=web/);
});

test("without a config of theirs the sockets of several units have the same numbers whatever order they come in", async () => {
  const sockets = ["zeta", "alpha"].map((name) => ({ name, fd: openAtFreePort() }));
  await using rig = new Rig({ alsoPassed: sockets });
  await rig.manager.startReady();
  const environ = async (): Promise<string | undefined> => {
    const { pid } = await rig.ask();
    const lines = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return lines.find((line) => line.startsWith("LISTEN_FDNAMES="));
  };
  assert.equal(await environ(), "LISTEN_FDNAMES=alpha:http:zeta");
});
