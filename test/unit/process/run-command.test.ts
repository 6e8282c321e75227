import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { describeEnd, followCommand, lastLine, runCommand } from "../../../src/process/run-command.js";

const limit = { timeout: 20_000 };
const environment = { PATH: process.env["PATH"] ?? "/usr/bin:/bin" };

function options({ timeoutMs = 10_000, input }: { timeoutMs?: number; input?: unknown } = {}) {
  const signal = AbortSignal.timeout(timeoutMs);
  return { directory: "/", environment, signal, ...(input === undefined ? {} : { input }) };
}

function shell(script: string, ...args: string[]): string[] {
  return ["/bin/sh", "-c", script, ...args];
}

/** Where a process connects to, so that its end is seen. */
async function listen(t: TestContext): Promise<{ path: string; connected: Promise<Socket> }> {
  const path = `\0holdfast-test-command-${process.pid}`;
  const server = createServer().listen(path);
  t.after(() => server.close());
  await once(server, "listening");
  return { path, connected: once(server, "connection").then(([socket]) => socket as Socket) };
}

test("a command's exit status is told, with what it printed", limit, async () => {
  for (const status of [0, 1, 7]) {
    const end = await followCommand(shell(`echo one; echo two >&2; exit ${status}`), options());
    assert.equal(end.how === "exited" && end.status, status);
    assert.deepEqual("output" in end && end.output.split("\n").sort(), ["", "one", "two"]);
  }
});

test("a command gets one JSON document on stdin, and nothing when there is none", limit, async () => {
  const input = { generation: 8, text: "x".repeat(1500) };
  const given = await followCommand(["cat"], options({ input }));
  assert.deepEqual(given.how === "exited" && JSON.parse(given.output), input);
  const empty = await followCommand(["cat"], options());
  assert.deepEqual(empty, { how: "exited", status: 0, output: "" });
});

test("a command that does not read its stdin has its verdict all the same", limit, async () => {
  const input = "x".repeat(1_000_000);
  const end = await followCommand(shell("exit 1"), options({ input }));
  assert.deepEqual(end, { how: "exited", status: 1, output: "" });
});

test("a command that a signal ends has no exit status", limit, async () => {
  const end = await followCommand(shell("kill -TERM $$"), options());
  assert.deepEqual(end, { how: "signalled", signal: "SIGTERM", output: "" });
});

test("a command that cannot be started is told from one that fails", limit, async () => {
  const end = await followCommand(["/nowhere/command"], options());
  assert.equal(end.how, "not-started");
  assert.match(
    describeEnd(["/nowhere/command"], end),
    /^cannot run \/nowhere\/command: there is no such program/,
  );
});

test("a command out of time is killed with all that it has started", limit, async (t) => {
  const { path, connected } = await listen(t);
  const hold = `require("net").connect(${JSON.stringify(path)}, () => process.stdout.write("held\\n")); setInterval(() => {}, 1000)`;
  const abort = new AbortController();
  const following = followCommand(shell('"$0" -e "$1" & wait', process.execPath, hold), {
    ...options(),
    signal: abort.signal,
  });
  const gone = connected.then((socket) => once(socket.resume(), "close"));
  await connected;
  abort.abort();
  assert.equal((await following).how, "timed-out");
  await gone;
});

test("a command's verdict does not wait for what it leaves behind", limit, async (t) => {
  const { path, connected } = await listen(t);
  const hold = `const s = require("net").connect(${JSON.stringify(path)}); s.on("end", () => process.exit()); s.resume()`;
  const end = await followCommand(shell('"$0" -e "$1" & exit 1', process.execPath, hold), options());
  assert.equal(end.how === "exited" && end.status, 1);
  // It was left alone, and ends with this connection.
  (await connected).end();
});

test("nothing is started when time is over already", limit, async () => {
  const end = await followCommand(["/nowhere/command"], { ...options(), signal: AbortSignal.abort() });
  assert.deepEqual(end, { how: "timed-out", output: "" });
});

test("a failed check says how it ended and what it printed", limit, async () => {
  const failed = await runCommand(shell("echo the reason; exit 3"), options());
  assert.match(failed.ok ? "" : failed.failure.message, / exited with status 3$/);
  assert.equal(failed.ok ? "" : failed.failure.output, "the reason");
  const long = await runCommand(shell("seq 1000; exit 1"), options());
  assert.equal(
    long.ok ? "" : long.failure.output,
    Array.from({ length: 30 }, (_, index) => index + 971).join("\n"),
  );
  const late = await runCommand(["sleep", "60"], options({ timeoutMs: 50 }));
  assert.match(late.ok ? "" : late.failure.message, /^cannot run sleep 60: it took too long and was killed$/);
  assert.deepEqual(await runCommand(["true"], options()), { ok: true, value: undefined });
});

test("the last line is the last that says something", () => {
  assert.equal(lastLine("one\n two \n\n"), "two");
  assert.equal(lastLine(""), "");
});
