import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { createControlClient, type Following } from "../../../src/control/client.js";
import type { ControlFailure } from "../../../src/control/replies.js";
import type { Result } from "../../../src/lib/failure.js";
import { version } from "../../../src/lib/version.js";
import type { News } from "../../../src/model/event.js";
import { outcomeOf, report } from "./fake-port.js";
import { startServer, temporaryDirectory, until } from "./rig.js";

function reasonOf(result: Result<unknown, ControlFailure>): string {
  return result.ok ? "none" : result.failure.reason;
}

function following(signal = new AbortController().signal) {
  const accepted: number[] = [];
  const messages: string[] = [];
  const onNews = ({ message }: News): void => void messages.push(message);
  const onAccepted = (id: number): void => void accepted.push(id);
  return { signal, onNews, onAccepted, accepted, messages } satisfies Following & Record<string, unknown>;
}

test("the version is that of the package", () => {
  const { version: packaged } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.equal(version, packaged);
});

test("the client reads what the server writes", async (context) => {
  const { socketPath, port } = await startServer(context);
  const client = createControlClient({ socketPath });
  assert.deepEqual(await client.status(), { ok: true, value: report });
  assert.deepEqual(await client.version(), {
    ok: true,
    value: { name: "web", version: "0.1.0", pid: 4711, reexecFailed: null },
  });
  assert.deepEqual(await client.request("rollback"), { ok: true, value: 12 });
  assert.deepEqual(await client.order("drain"), { ok: true, value: undefined });
  assert.deepEqual(port.commands, ["rollback", "drain"]);
});

test("a refusal comes with the daemon's own words", async (context) => {
  const { socketPath, port } = await startServer(context);
  const failure: ControlFailure = {
    reason: "stopping",
    message: "cannot upgrade: the service is being stopped",
  };
  port.refusal = failure;
  const client = createControlClient({ socketPath });
  assert.deepEqual(await client.request("upgrade"), { ok: false, failure });
  assert.deepEqual(await client.follow("upgrade", following()), { ok: false, failure });
});

test("an upgrade is followed to its outcome", async (context) => {
  const { socketPath, port } = await startServer(context);
  const watched = following();
  const outcome = createControlClient({ socketPath }).follow("upgrade", watched);
  await until(() => watched.accepted.length === 1);
  port.tell({ message: "grün", upgrade: 12 });
  port.conclude(12);
  assert.deepEqual(await outcome, { ok: true, value: outcomeOf(12) });
  assert.deepEqual([watched.accepted, watched.messages], [[12], ["grün", "the end"]]);
});

test("the next daemon is asked for the verdict, and an older one's outcome has none", async (context) => {
  const { socketPath, port } = await startServer(context);
  const client = createControlClient({ socketPath });
  const outcome = client.resume(12, { ...following(), wait: "proved" });
  assert.equal(reasonOf(await outcome), "upgrade-unknown");
  port.conclude(12);
  const waiting = client.resume(12, { ...following(), wait: "proved" });
  await until(() => port.listeners.size === 1);
  port.pronounce(12, { kind: "proved" });
  assert.deepEqual(await waiting, { ok: true, value: { ...outcomeOf(12), verdict: { kind: "proved" } } });
  const { verdict: _, ...old } = outcomeOf(12);
  const line = `${JSON.stringify({ outcome: old })}\n`;
  const older = await startLiar(context, `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${line}`);
  const asked = createControlClient({ socketPath: older }).resume(12, { ...following(), wait: "proved" });
  assert.deepEqual(await asked, { ok: true, value: outcomeOf(12) });
});

test("a report of a daemon that knows no trials is read, and one with more than is known", async (context) => {
  const { rejected: _, rolledBack: __, ...rest } = report;
  const generations = report.generations.map(({ proof: _, ...generation }) => generation);
  const listeners = report.listeners.map(({ stalledMs: _, ...listener }) => listener);
  const old = { ...rest, generations, listeners };
  const proof = null;
  const read = { ...report, generations: generations.map((generation) => ({ ...generation, proof })) };
  for (const said of [old, { ...old, fleet: [1], listeners: [{ ...listeners[0], share: 5 }] }]) {
    const body = JSON.stringify(said);
    const bytes = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const result = await createControlClient({ socketPath: await startLiar(context, bytes) }).status();
    assert.deepEqual(result, { ok: true, value: read });
  }
});

test("a commit is asked for, and an older daemon's answer names no upgrade", async (context) => {
  const { socketPath, port } = await startServer(context);
  const client = createControlClient({ socketPath });
  assert.deepEqual(await client.commit(), { ok: true, value: null });
  port.committed = 11;
  assert.deepEqual(await client.commit(), { ok: true, value: 11 });
  assert.deepEqual(port.commands, ["commit", "commit"]);
  const watched = following();
  const kept = client.followCommit(watched);
  await until(() => watched.accepted.length === 1);
  port.tell({ message: "on trial", upgrade: 11 });
  port.conclude(11);
  assert.deepEqual(await kept, { ok: true, value: outcomeOf(11) });
  assert.deepEqual([watched.accepted, watched.messages], [[11], ["on trial", "the end"]]);
  port.committed = null;
  assert.deepEqual(await client.followCommit(following()), { ok: true, value: null });
  port.refusal = { reason: "no-trial", message: "cannot commit" };
  assert.deepEqual(await client.followCommit(following()), { ok: false, failure: port.refusal });
});

test("a daemon that goes away in the middle is told from an upgrade that fails", async (context) => {
  const { socketPath, close } = await startServer(context);
  const watched = following();
  const outcome = createControlClient({ socketPath }).follow("upgrade", watched);
  await until(() => watched.accepted.length === 1);
  await close();
  assert.equal(reasonOf(await outcome), "disconnected");
});

test("the next daemon is asked about an upgrade that the last one took", async (context) => {
  const { socketPath, port } = await startServer(context);
  const client = createControlClient({ socketPath });
  assert.equal(reasonOf(await client.resume(12, following())), "upgrade-unknown");
  port.conclude(12);
  assert.deepEqual(await client.resume(12, following()), { ok: true, value: outcomeOf(12) });
});

test("waiting ends when it is aborted, before and after the answer has begun", async (context) => {
  const { socketPath, port } = await startServer(context);
  const client = createControlClient({ socketPath });
  assert.equal(reasonOf(await client.resume(12, following(AbortSignal.abort()))), "aborted");
  const controller = new AbortController();
  const watched = following(controller.signal);
  const outcome = client.follow("upgrade", watched);
  await until(() => watched.accepted.length === 1);
  controller.abort();
  assert.equal(reasonOf(await outcome), "aborted");
  await until(() => port.listeners.size === 0);
});

test("no socket, a dead one and a closed door are told apart", async (context) => {
  const directory = temporaryDirectory(context);
  const socketPath = join(directory, "control.sock");
  assert.equal(reasonOf(await createControlClient({ socketPath }).status()), "not-running");
  writeFileSync(socketPath, "");
  const dead = await createControlClient({ socketPath }).status();
  assert.equal(reasonOf(dead), "not-running");
  rmSync(socketPath);
  const { socketPath: closed } = await startServer(context, { peerOf: () => undefined });
  assert.equal(reasonOf(await createControlClient({ socketPath: closed }).status()), "permission-denied");
});

/** Answers every connection with the same bytes. */
async function startLiar(context: Parameters<typeof temporaryDirectory>[0], bytes: string): Promise<string> {
  const socketPath = join(temporaryDirectory(context), "control.sock");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    if (bytes !== "") socket.once("data", () => socket.end(bytes));
    context.after(() => socket.destroy());
  });
  context.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return socketPath;
}

test("a daemon of another version is named", async (context) => {
  const bytes = 'HTTP/1.1 200 OK\r\nServer: holdfast/9.8.7\r\nConnection: close\r\n\r\n{"other":1}';
  const result = await createControlClient({ socketPath: await startLiar(context, bytes) }).status();
  assert.equal(reasonOf(result), "reply-invalid");
  assert.match(result.ok ? "" : result.failure.message, /9\.8\.7/);
});

test("what is no Holdfast daemon is found out", async (context) => {
  const html = "HTTP/1.1 404 Not Found\r\nServer: nginx\r\nConnection: close\r\n\r\n<html>";
  assert.equal(
    reasonOf(await createControlClient({ socketPath: await startLiar(context, html) }).status()),
    "reply-invalid",
  );
  const junk = await createControlClient({ socketPath: await startLiar(context, "220 smtp\r\n") }).status();
  assert.equal(reasonOf(junk), "disconnected");
  const silent = await startLiar(context, "");
  assert.equal(
    reasonOf(await createControlClient({ socketPath: silent, timeoutMs: 50 }).status()),
    "timeout",
  );
});

test("the command of a reload that a signal has begun follows that one, once, and does not ask for another", async (context) => {
  const { port, socketPath } = await startServer(context);
  const client = createControlClient({ socketPath });
  port.begun = 7;
  port.outcomes.set(7, outcomeOf(7));
  assert.deepEqual(await client.follow("upgrade", following(), { reload: true }), {
    ok: true,
    value: outcomeOf(7),
  });
  assert.deepEqual(port.commands, []);
  assert.deepEqual(await client.request("upgrade", { reload: true }), { ok: true, value: 12 });
  assert.deepEqual(port.commands, ["upgrade"]);
});

test("who is not the service's user, or does not reload, has no reload of a signal's", async (context) => {
  const stranger = { uid: 4711, gids: [4711] };
  const foreign = await startServer(context, { peerOf: () => stranger });
  foreign.port.begun = 7;
  const asked = await createControlClient(foreign).request("upgrade", { reload: true });
  assert.deepEqual(asked, { ok: true, value: 12 });
  assert.deepEqual(foreign.port.asked, { by: { kind: "user", uid: 4711 }, message: null });
  const own = await startServer(context);
  own.port.begun = 7;
  assert.deepEqual(await createControlClient(own).request("upgrade"), { ok: true, value: 12 });
});
