import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { closeFd } from "../../src/linux/fd.js";
import { readToken } from "../../src/web/token.js";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { FeedReader } from "../harness/process/feed-reader.js";
import { checkUntil } from "../harness/process/held-check.js";
import { freePort, openAt, openAtFreePort, portOf } from "../harness/process/ports.js";
import { Rig } from "../harness/process/rig.js";
import { showInstance, WebProcess, webEnvironment, webProgram } from "../harness/process/web-process.js";
import { ask, reasonIn } from "../unit/web/rig.js";

interface Listening {
  readonly fds: readonly number[];
  readonly tcp: { readonly host: string; readonly port: number };
  readonly unix: { readonly socketPath: string };
}

/** As a socket unit has them. */
function listen(context: TestContext, rig: Rig): Listening {
  const tcp = openAtFreePort();
  const socketPath = join(rig.directory, "web.sock");
  const fds = [tcp, openAt({ kind: "unix", path: socketPath })];
  chmodSync(socketPath, 0o660);
  context.after(() => fds.forEach(closeFd));
  return { fds, tcp: { host: "127.0.0.1", port: portOf(tcp) }, unix: { socketPath } };
}

test("who looks on sees an upgrade as it happens, with its account", async (context) => {
  await using rig = new Rig({ native: true });
  showInstance(context, rig);
  await rig.manager.startReady();
  const { fds, tcp } = listen(context, rig);
  new WebProcess(context, rig, fds);
  const feed = new FeedReader(tcp);
  await feed.until("hello");
  await feed.until("instances", ({ instances }) => instances.some(({ name }) => name === rig.name));
  const gate = join(rig.directory, "gate");
  rig.configure(checkUntil(gate));
  rig.release({ version: "2" });
  const upgraded = rig.upgrade();
  const own = ({ name }: { name: string }) => name === rig.name;
  await feed.until("instances", ({ instances }) => {
    const status = instances.find(own)?.status;
    return status?.accounts.some(({ kind, phases }) => kind === "upgrade" && phases.length > 0) ?? false;
  });
  rig.openGate(gate);
  assert.equal((await upgraded).failure, null);
  await feed.until("news", ({ news }) => news.message === "generation 2 is active");
  await feed.until("samples", ({ instance, samples }) => {
    return (
      instance === rig.name &&
      (samples.at(-1)?.generations.some(({ generation }) => generation === 2) ?? false)
    );
  });
  feed.close();
});

test("a thousand connections that say nothing, and readers that stall, keep nobody from the page", async (context) => {
  await using rig = new Rig();
  showInstance(context, rig);
  await rig.manager.startReady();
  const { fds, tcp } = listen(context, rig);
  const web = new WebProcess(context, rig, fds);
  const feed = new FeedReader(tcp);
  await feed.until("hello");
  const stalled = Array.from({ length: 50 }, () => new FeedReader(tcp));
  for (const one of stalled) {
    await one.until("hello");
    one.stall();
  }
  const crowd: Socket[] = [];
  for (let count = 0; count < 1_000; count++) {
    const socket = connect(tcp);
    socket.on("error", () => {}).resume();
    // Half of them begin a request, and never end it.
    if (count % 2 === 0) socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nX: ");
    crowd.push(socket);
  }
  await waitUntil("the crowd", DEADLINE_MS, () => crowd.every(({ connecting }) => !connecting));
  assert.equal((await ask(tcp, "/")).status, 200);
  assert.equal((await ask(tcp, `/i/${rig.name}`)).status, 200);
  const seen = feed.messages.length;
  await waitUntil("more for who reads", DEADLINE_MS, () => feed.messages.length > seen + 2);
  assert.ok(web.residentBytes() < 400_000_000, `${web.residentBytes()} bytes`);
  await waitUntil("the end of those that say nothing", DEADLINE_MS, () =>
    crowd.every(({ destroyed }) => destroyed),
  );
  for (const one of [feed, ...stalled]) one.close();
});

test("it ends when nobody comes, and whoever comes at that very moment is answered by the next one", async (context) => {
  await using rig = new Rig();
  const { fds, tcp } = listen(context, rig);
  const idleMs = 200;
  const web = new WebProcess(context, rig, fds, { idle: `${idleMs}ms` });
  for (let offset = -2; offset <= 3; offset++) {
    assert.equal((await ask(tcp, "/")).status, 200);
    // The promise is about the moment at which it ends.
    await sleep(idleMs + offset);
  }
  await waitUntil("an end", DEADLINE_MS, () => web.starts > 1);
  assert.equal((await ask(tcp, "/")).status, 200);
});

test("who has the token acts by the page, and without it nobody does", async (context) => {
  await using rig = new Rig();
  showInstance(context, rig);
  await rig.manager.startReady();
  const { fds, tcp } = listen(context, rig);
  new WebProcess(context, rig, fds, { toml: "[web]\nactions = true" });
  const path = `/api/act/${rig.name}/upgrade?message=why`;
  const without = await ask(tcp, path, { method: "POST", headers: { authorization: "Bearer x" } });
  assert.deepEqual([without.status, reasonIn(without)], [403, "no-token"]);
  const token = readToken(rig.directory);
  assert.ok(token.ok);
  const headers = { authorization: `Bearer ${token.value}` };
  assert.equal((await ask(tcp, path, { method: "POST", headers })).status, 202);
  await waitUntil("the upgrade", DEADLINE_MS, async () => {
    const history = await rig.control.history();
    return history.ok && history.value.at(-1)?.origin?.asked?.message === "web, by token: why";
  });
  assert.equal((await rig.settled()).generations[0]?.id, 2);
});

test("behind a proxy an operator of the instance acts by the page under his own name, and another user does not", {
  skip: process.geteuid?.() !== 0 && "needs root to write a config below /etc",
}, async (context) => {
  await using rig = new Rig();
  showInstance(context, rig);
  const config = `/etc/holdfast/${rig.name}.toml`;
  mkdirSync("/etc/holdfast", { recursive: true });
  writeFileSync(config, '[control]\noperators = "root"\n');
  context.after(() => rmSync(config));
  await rig.manager.startReady();
  const { fds, tcp, unix } = listen(context, rig);
  new WebProcess(context, rig, fds, { toml: "[web]\nactions = true" });
  const act = async (user: string) => {
    const feed = new FeedReader(unix, { "x-remote-user": user });
    const { csrf } = await feed.until("hello");
    feed.close();
    const headers = { "x-remote-user": user, "holdfast-csrf": csrf ?? "" };
    return ask(unix, `/api/act/${rig.name}/upgrade`, { method: "POST", headers });
  };
  const refused = await act("nobody");
  assert.deepEqual([refused.status, reasonIn(refused)], [403, "permission-denied"]);
  const overTcp = { "x-remote-user": "root" };
  const path = `/api/act/${rig.name}/upgrade`;
  assert.equal(reasonIn(await ask(tcp, path, { method: "POST", headers: overTcp })), "no-token");
  assert.equal((await act("root")).status, 202);
  await waitUntil("the upgrade", DEADLINE_MS, async () => {
    const history = await rig.control.history();
    return history.ok && history.value.at(-1)?.origin?.asked?.message === "web: root";
  });
});

test("holdfast web shows the page from a terminal until it is interrupted", async (context) => {
  await using rig = new Rig();
  showInstance(context, rig);
  await rig.manager.startReady();
  const port = freePort();
  const env = { ...process.env, ...webEnvironment(rig) };
  const cli = fileURLToPath(new URL("../../src/cli.js", import.meta.url));
  const child = spawn(process.execPath, [cli, "web", `127.0.0.1:${port}`], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  assert.equal(String(line), `http://127.0.0.1:${port}/\n`);
  const page = await ask({ host: "127.0.0.1", port }, `/i/${rig.name}`);
  assert.match(page.text, new RegExp(rig.name));
  const ended = once(child, "exit");
  child.kill("SIGINT");
  assert.deepEqual(await ended, [0, null]);
});

test("under Holdfast itself its stream ends in order, and goes on in its next version without a gap", async (context) => {
  await using rig = new Rig();
  rig.app = [
    "env",
    ...Object.entries(webEnvironment(rig)).map((pair) => pair.join("=")),
    process.execPath,
    webProgram,
  ];
  rig.configure();
  showInstance(context, rig);
  await rig.manager.startReady();
  const where = { host: "127.0.0.1", port: rig.port };
  // As an EventSource: it connects again with the last id.
  const readers = [new FeedReader(where)];
  const told = async (message: string): Promise<void> => {
    await waitUntil(`"${message}" in the stream`, DEADLINE_MS, () => {
      const last = readers.at(-1);
      if (last?.ended) readers.push(new FeedReader(where, { "last-event-id": last.lastId ?? "" }));
      return readers.some((reader) => reader.told.includes(message));
    });
  };
  await readers[0]?.until("samples", ({ instance }) => instance === rig.name);
  for (const version of ["2", "3"]) {
    rig.release({ version });
    const upgraded = rig.upgrade();
    await told(`upgrade ${version} (upgrade) started`);
    await told(`generation ${version} is active`);
    assert.equal((await upgraded).failure, null);
    await rig.settled();
  }
  assert.ok(readers.length > 1);
  for (const reader of readers) reader.close();
});
