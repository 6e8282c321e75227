import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { encodeMessage } from "../../../src/channel/json.js";
import type { WorkerMessage } from "../../../src/channel/worker-messages.js";
import { bindDatagram } from "../../../src/linux/datagram.js";
import { Watcher } from "../../../src/linux/epoll.js";
import { closeFd, duplicateFd, isOpen } from "../../../src/linux/fd.js";
import { StateKeeper } from "../../../src/worker/app-state/state-keeper.js";
import type { Carrier } from "../../../src/worker/carriers/carrier.js";
import { createHttpCarrier } from "../../../src/worker/carriers/http/http-carrier.js";
import type { ServedCarrier } from "../../../src/worker/carriers/served-carrier.js";
import { putInStore } from "../../../src/worker/direct/put-in-store.js";
import { IncomingHandOvers } from "../../../src/worker/hand-over/incoming-hand-overs.js";
import { AcceptLimit } from "../../../src/worker/lifetime/accept-limit.js";
import { Activation } from "../../../src/worker/lifetime/activation.js";
import { AppServers } from "../../../src/worker/lifetime/app-servers.js";
import { DaemonOrders } from "../../../src/worker/lifetime/daemon-orders.js";
import { WorkerEnd } from "../../../src/worker/lifetime/worker-end.js";
import { stopAccepting } from "../../../src/worker/node-internals/listening-handle.js";
import { TwoEnds } from "../channel/two-ends.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";
import { RawClient } from "./carriers/http/raw-client.js";
import { connect as connectTcp, listen, startSide as startTcp, until } from "./carriers/tcp/rig.js";
import { dial as dialWebSocket, startSide as startWebSockets } from "./carriers/websocket/rig.js";

const count = 3;

/** What `call` returns while this process cannot open anything, or only so many. */
function withoutFds<T>(call: () => T, left = 0): T {
  const spare: number[] = [];
  try {
    for (;;) spare.push(duplicateFd(0));
  } catch {
    // EMFILE.
  }
  for (const fd of spare.splice(0, left)) closeFd(fd);
  try {
    return call();
  } finally {
    for (const fd of spare) closeFd(fd);
  }
}

/** A server with connections, whose use shows that each still answers. */
interface Used {
  readonly carrier: Carrier;
  readonly use: () => Promise<void>;
  readonly reports: () => string[];
  readonly end: () => void;
}

async function http(): Promise<Used & { readonly server: Server }> {
  const server = createServer((_request, response) => response.end("here"));
  const carrier = createHttpCarrier(server);
  const port = await listen(server);
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect(port)));
  const use = async (): Promise<void> => {
    for (const client of clients) {
      client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
      assert.equal((await client.response()).body, "here");
    }
  };
  const end = (): void => {
    for (const { socket } of clients) socket.destroy();
    server.close();
  };
  return { server, carrier, use, end, reports: () => [] };
}

async function tcp(): Promise<Used> {
  const side = await startTcp({
    save: () => null,
    restore: (socket) => void socket.on("data", (bytes) => socket.write(bytes)),
  });
  const clients = await Promise.all(Array.from({ length: count }, () => connectTcp(side.port)));
  const use = async (): Promise<void> => {
    for (const { socket } of clients) {
      socket.write("here");
      await once(socket, "data", { signal: AbortSignal.timeout(20_000) });
    }
  };
  const end = (): void => {
    for (const { socket } of clients) socket.destroy();
    side.server.close();
  };
  return { carrier: side.carrier, use, end, reports: () => side.reports.map(({ reason }) => reason) };
}

async function webSockets(): Promise<Used> {
  const side = await startWebSockets({
    save: () => null,
    restore: (ws) => void ws.on("message", (data) => ws.send(String(data))),
  });
  const clients = await Promise.all(Array.from({ length: count }, () => dialWebSocket(side.port)));
  const use = async (): Promise<void> => {
    for (const { ws } of clients) {
      ws.send("here");
      await once(ws, "message", { signal: AbortSignal.timeout(20_000) });
    }
  };
  const end = (): void => {
    for (const { ws } of clients) ws.terminate();
    side.server.close();
  };
  return { carrier: side.carrier, use, end, reports: () => side.reports.map(({ reason }) => reason) };
}

let ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends) end();
  ends = [];
});

for (const [name, start, reported] of [
  ["http", http, []],
  ["tcp", tcp, ["no-descriptor"]],
  ["ws", webSockets, ["no-descriptor"]],
] as const) {
  test(`${name}: out of descriptors (EMFILE) connections stay in use, and move when there are some`, async () => {
    const { carrier, use, reports, end } = await start();
    ends.push(end);
    await use();
    await until("all are at rest", () => carrier.open === count);
    // Twice, for it is told once.
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(
        withoutFds(() => carrier.freeze(count)),
        [],
      );
      await use();
    }
    assert.deepEqual(reports(), reported);
    assert.deepEqual([carrier.open, carrier.counters.moved], [count, 0]);
    await new Promise(setImmediate);
    const frozen = carrier.freeze(count);
    for (const { fd } of frozen) closeFd(fd);
    assert.deepEqual([frozen.length, carrier.open], [count, 0]);
  });
}

test("a worker that is out of fds when the first connection comes over serves it, awake", async () => {
  const from = await http();
  const to = await http();
  for (const { use } of [from, to]) await use();
  const [frozen] = from.carrier.freeze(1);
  assert.ok(frozen);
  withoutFds(() => to.carrier.adopt(frozen));
  assert.equal(to.carrier.open, count + 1);
  await from.use();
  for (const { end } of [from, to]) end();
});

test("a worker that is out of fds and has accepted its share accepts on: nothing is thrown at the app", async (t) => {
  const server = createServer((_request, response) => response.end("here"));
  t.after(() => server.close());
  const port = await listen(server);
  assert.equal(
    withoutFds(() => stopAccepting(server)),
    false,
  );
  const client = await RawClient.connect(port);
  client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  assert.equal((await client.response()).body, "here");
  client.socket.destroy();
});

/** An app with one value. */
function keepState(): StateKeeper {
  const state = new StateKeeper({ directory: null, file: "app.0.json", report: assert.fail });
  state.register({ name: "count", version: 1, initial: () => {}, save: () => 7, restore: () => {} });
  return state;
}

test("a worker that is out of fds while its daemon does not read says that it cannot give its state", async (t) => {
  await using ends = new TwoEnds();
  const watcher = new Watcher();
  t.after(() => watcher.close());
  const served: ServedCarrier[] = [];
  const incoming = new IncomingHandOvers();
  const state = keepState();
  const told: WorkerMessage[] = [];
  const send = (message: WorkerMessage, fds?: readonly number[]): void => {
    ends.channel.send(encodeMessage(message), fds);
    told.push(message);
  };
  const rest = {
    direct: undefined,
    drainTimeoutMs: undefined,
    hearDaemon: () => true,
    askForHeir: () => false,
  };
  const common = { incoming, watcher, state, report: assert.fail };
  const orders = new DaemonOrders({
    ...common,
    appServers: new AppServers(),
    activation: new Activation(),
    acceptLimit: new AcceptLimit(),
    end: new WorkerEnd({ ...common, ...rest, served, sayGoodbye: () => {} }),
    send,
  });
  // More than the kernel's queue holds: the last ones wait.
  for (let n = 0; n < 1_000; n++) ends.channel.send(Buffer.alloc(1_000));
  withoutFds(() => orders.obey({ type: "save", query: 3 }, []), 1);
  const failure = told.map((message) => message.type === "saved" && message.failure);
  assert.match(String(failure), /^cannot give the state: too many open files/);
});

for (const [left, kept, problems] of [
  // The copies of connections make room for the parcel, which has the state.
  [0, 0, 1],
  [1, count, 0],
] as const) {
  test(`a service that is out of fds but for ${left} leaves ${kept} connections to its next process, and ends well`, async (t) => {
    const { server, carrier, end } = await http();
    t.after(end);
    await until("all are at rest", () => carrier.open === count);
    await new Promise(setImmediate);
    const served: ServedCarrier = { server, carrier, listener: "http" };
    const moving = carrier.freeze(count).map((frozen) => ({ served, frozen }));
    const directory = temporaryDirectory(t);
    const manager = bindDatagram(join(directory, "notify"));
    t.after(() => closeFd(manager));
    const saved = keepState().save();
    assert.ok(saved.ok);
    const before = process.env["NOTIFY_SOCKET"];
    process.env["NOTIFY_SOCKET"] = join(directory, "notify");
    const reports: string[] = [];
    try {
      const put = () => putInStore(moving, saved.value, (problem) => reports.push(problem));
      assert.equal(withoutFds(put, left), kept);
    } finally {
      process.env["NOTIFY_SOCKET"] = before ?? "";
    }
    assert.equal(reports.length, problems, reports.join("\n"));
    assert.ok(!moving.some(({ frozen: { fd } }) => isOpen(fd)));
  });
}
