import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../linux/temporary-directory.js";
import { type Preloaded, runPreloaded } from "./run-preloaded.js";

/** As the package `systemd` of npm does, which nobody changes any more. */
const packageOfOld = `
  const { Server } = require("node:net");
  const { Pipe, constants } = process.binding("pipe_wrap");
  const { listen } = Server.prototype;
  Server.prototype.listen = function (...args) {
    if (args[0] !== "systemd") return listen.apply(this, args);
    if (Number(process.env.LISTEN_FDS) !== 1) throw new Error("no socket");
    if (typeof args[1] === "function") this.once("listening", args[1]);
    this._handle = new Pipe(constants.SOCKET);
    this._handle.open(3);
    this._listen2(null, -1, -1, undefined);
    return this;
  };`;

/** Ways in which an app that looks for passed sockets itself listens. */
const ways: Readonly<Record<string, string>> = {
  "an fd": "server.listen({ fd: 3 }, listened);",
  "an fd where systemd has passed some":
    'if (Number(process.env.LISTEN_PID) === process.pid && process.env.LISTEN_FDS === "1") server.listen({ fd: 3 }, listened);',
  "a handle": `
    const { TCP, constants } = process.binding("tcp_wrap");
    const handle = new TCP(constants.SERVER);
    handle.open(3);
    server.listen(handle, listened);`,
  "the package systemd": `${packageOfOld} server.listen("systemd", listened);`,
  "the word systemd without a package": 'server.listen("systemd", listened);',
};

/** It answers a client of its own, from the path that was passed, and only because the preload lets it accept. */
function app(path: string, way: string): string {
  return `
    const { connect, createServer } = require("node:net");
    const server = createServer((socket) => socket.end("served"));
    const listened = () => connect(${JSON.stringify(path)}).on("data", (data) => {
      console.log(String(data), require("node:fs").existsSync("systemd"), process.listenerCount("SIGTERM"));
      process.exit();
    });
    ${way}`;
}

for (const [name, way] of Object.entries(ways)) {
  test(`an app that listens on ${name} gets the passed listener, and the preload knows`, async (t) => {
    const path = join(temporaryDirectory(t), "app.sock");
    const options: Preloaded = { address: `unix:${path}`, how: "--require", commonJs: true };
    const { stdout, stderr } = await runPreloaded(t, app(path, way), options);
    assert.equal(stdout, "served false 2", stderr);
    assert(existsSync(path));
  });
}

test("a server in a worker thread is told that the listener is for the main thread", async (t) => {
  const code = `
    const { isMainThread, Worker } = require("node:worker_threads");
    if (isMainThread) new Worker(__filename);
    else require("node:net").createServer().listen(4711, "127.0.0.1", () => process.exit());`;
  const environment = { HOLDFAST_CHANNEL: "4", HOLDFAST_LISTENERS: '["127.0.0.1:4711"]' };
  const { stderr } = await runPreloaded(t, code, { commonJs: true, environment });
  assert.match(stderr, /cannot listen on 127.0.0.1:4711 in a worker thread: .*`workers`/);
});

test("an app that serves a listener with node:cluster ends at once, and says what to do", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    const cluster = require("node:cluster");
    if (cluster.isPrimary) cluster.fork();
    else require("node:http").createServer().listen(${JSON.stringify(path)}, () => console.log("listens"));`;
  const environment = { HOLDFAST_CHANNEL: "4", HOLDFAST_LISTENERS: JSON.stringify([`unix:${path}`]) };
  const {
    code: status,
    stdout,
    stderr,
  } = await runPreloaded(t, code, {
    address: `unix:${path}`,
    commonJs: true,
    environment,
  });
  assert.equal(status, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /node:cluster cannot serve a listener of Holdfast: write `workers = N`/);
});
