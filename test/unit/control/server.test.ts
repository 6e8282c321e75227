import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { ask, reasonIn } from "./ask.js";
import { outcomeOf } from "./fake-port.js";
import { startServer, until } from "./rig.js";

test("the status is the daemon's report", async (context) => {
  const { socketPath, port } = await startServer(context);
  const reply = await ask(socketPath, "GET", "/v1/status");
  assert.equal(reply.status, 200);
  assert.deepEqual(JSON.parse(reply.body), port.report());
  assert.match(reply.headers, /^Connection: close$/m);
});

test("metrics are text for scrapers, and viewers may read them", async (context) => {
  const { socketPath, port } = await startServer(context, { rightOf: () => "look" });
  const reply = await ask(socketPath, "GET", "/v1/metrics");
  assert.deepEqual([reply.status, reply.body], [200, port.metrics()(undefined).text]);
  assert.match(reply.headers, /^Content-Type: text\/plain; version=0\.0\.4; charset=utf-8$/m);
  assert.match(reply.body, /^holdfast_active_generation\{service="web"\} 8$/m);
});

test("the version names the process", async (context) => {
  const { socketPath } = await startServer(context);
  const { body } = await ask(socketPath, "GET", "/v1/version");
  assert.deepEqual(JSON.parse(body), { name: "web", version: "0.1.0", pid: 4711, reexecFailed: null });
});

test("each command reaches the daemon once", async (context) => {
  const { socketPath, port } = await startServer(context);
  for (const command of ["reexec", "drain", "stop"]) {
    const reply = await ask(socketPath, "POST", `/v1/${command}`);
    assert.equal(reply.status, 202);
    assert.deepEqual(JSON.parse(reply.body), { accepted: true });
  }
  const reply = await ask(socketPath, "POST", "/v1/rollback");
  assert.deepEqual([reply.status, JSON.parse(reply.body)], [202, { accepted: true, upgrade: 12 }]);
  assert.match(reply.headers, /^Location: \/v1\/upgrades\/12$/m);
  assert.deepEqual(port.commands, ["reexec", "drain", "stop", "rollback"]);
  assert.equal(port.to, undefined);
  await ask(socketPath, "POST", "/v1/rollback?to=7");
  assert.equal(port.to, 7);
});

test("a commit and a rollback may mean one generation only", async (context) => {
  const { socketPath, port } = await startServer(context);
  await ask(socketPath, "POST", "/v1/rollback?to=7&only=8");
  assert.deepEqual([port.to, port.only], [7, 8]);
  await ask(socketPath, "POST", "/v1/commit?only=9&to=x");
  assert.deepEqual([port.to, port.only], [undefined, 9]);
});

test("a command that names what is no generation is refused, and does nothing", async (context) => {
  const { socketPath, port } = await startServer(context);
  for (const id of ["", "x", "0", "-1", "1e3", "9".repeat(20)]) {
    for (const query of [`rollback?to=${id}`, `rollback?only=${id}`, `commit?only=${id}`]) {
      const reply = await ask(socketPath, "POST", `/v1/${query}`);
      assert.deepEqual([reply.status, reasonIn(reply)], [400, "generation-invalid"], query);
    }
  }
  assert.deepEqual(port.commands, []);
});

test("a command that the daemon refuses is a conflict with the daemon's reason", async (context) => {
  const { socketPath, port } = await startServer(context);
  port.refusal = { reason: "stopping", message: "cannot upgrade: the service is being stopped" };
  for (const path of ["/v1/upgrade", "/v1/upgrade?wait", "/v1/reexec"]) {
    const reply = await ask(socketPath, "POST", path);
    assert.deepEqual([reply.status, JSON.parse(reply.body)], [409, { error: port.refusal }]);
  }
  assert.equal(port.listeners.size, 0);
});

test("an unknown path, a wrong method and an unknown upgrade are told apart", async (context) => {
  const { socketPath, port } = await startServer(context);
  for (const path of ["/", "/v2/status", "/v1/status/", "//", "/v1/upgrades/0", "/v1/upgrades/1x", "*"]) {
    assert.equal((await ask(socketPath, "GET", path)).status, 404, path);
  }
  const wrong = await ask(socketPath, "GET", "/v1/stop");
  assert.deepEqual([wrong.status, reasonIn(wrong)], [405, "method-not-allowed"]);
  assert.match(wrong.headers, /^Allow: POST$/m);
  assert.match((await ask(socketPath, "DELETE", "/v1/upgrades/3")).headers, /^Allow: GET$/m);
  const unknown = await ask(socketPath, "GET", "/v1/upgrades/99?wait");
  assert.deepEqual([unknown.status, reasonIn(unknown)], [404, "upgrade-unknown"]);
  assert.deepEqual(port.commands, []);
});

test("a waiting client reads what belongs to its upgrade, then the outcome, then the end", async (context) => {
  const { socketPath, port } = await startServer(context);
  port.onSubmit = () => port.tell({ message: "started", upgrade: 12 });
  const reply = ask(socketPath, "POST", "/v1/upgrade?wait");
  await until(() => port.pending.has(12) && port.listeners.size === 1);
  port.tell({ message: "another upgrade", upgrade: 11 });
  port.tell({ message: "created", upgrade: 12, generation: 9 });
  port.tell({ message: "the old one", generation: 8 });
  port.tell({ message: "ready", generation: 9, worker: "9.0" });
  // The state knows the outcome from the commit on; what belongs to it is being done.
  port.outcomes.set(12, outcomeOf(12));
  port.tell({ message: "active", generation: 9 });
  port.conclude(12);
  const { body, headers } = await reply;
  assert.match(headers, /^Content-Type: application\/x-ndjson$/m);
  const lines = body
    .split("\r\n")
    .filter((chunk) => chunk.startsWith("{"))
    .map((chunk) => JSON.parse(chunk));
  const messages = lines.map((line) => line.news?.message ?? line.outcome.upgrade);
  assert.deepEqual(messages, ["started", "created", "ready", "active", "the end", 12]);
  assert.equal(port.listeners.size, 0);
});

test("the outcome of an upgrade that has ended is told at once", async (context) => {
  const { socketPath, port } = await startServer(context);
  port.conclude(7, { reason: "start-timeout", message: "late" });
  assert.equal(JSON.parse((await ask(socketPath, "GET", "/v1/upgrades/7")).body).phase, "ended");
  assert.match((await ask(socketPath, "GET", "/v1/upgrades/7?wait")).body, /"outcome".*start-timeout/);
  port.pending.add(8);
  assert.deepEqual(JSON.parse((await ask(socketPath, "GET", "/v1/upgrades/8")).body), { phase: "pending" });
});

for (const [what, verdict] of [
  ["proved", { kind: "proved" }],
  ["rejected", { kind: "rejected", failure: { reason: "probation-failed", message: "it dies" } }],
  ["replaced", { kind: "replaced" }],
] as const) {
  test(`who waits until it is known what became of a version reads on after the upgrade: ${what}`, async (context) => {
    const { socketPath, port } = await startServer(context);
    const reply = ask(socketPath, "POST", "/v1/upgrade?wait=proved");
    await until(() => port.pending.has(12) && port.listeners.size === 1);
    port.tell({ message: "created", upgrade: 12, generation: 9 });
    port.conclude(12);
    port.tell({ message: "a worker died", generation: 9 });
    assert.equal(port.listeners.size, 1);
    port.pronounce(12, verdict, { generation: 10 });
    const { body } = await reply;
    assert.match(body, /created.*the end.*a worker died/s);
    assert.match(body, new RegExp(`"outcome".*"verdict":{"kind":"${what}"`));
    assert.equal(port.listeners.size, 0);
  });
}

test("who asks after the upgrade reads the news of its generation, and waits for the verdict", async (context) => {
  const { socketPath, port } = await startServer(context);
  port.conclude(12);
  const reply = ask(socketPath, "GET", "/v1/upgrades/12?wait=proved");
  await until(() => port.listeners.size === 1);
  port.tell({ message: "a worker died", generation: 9 });
  port.tell({ message: "of another", generation: 8 });
  port.pronounce(12, { kind: "replaced" });
  const { body } = await reply;
  assert.match(body, /a worker died.*"verdict":{"kind":"replaced"}/s);
  assert.doesNotMatch(body, /of another/);
});

test("an upgrade that failed has no verdict to wait for", async (context) => {
  const { socketPath, port } = await startServer(context);
  const reply = ask(socketPath, "POST", "/v1/upgrade?wait=proved");
  await until(() => port.listeners.size === 1);
  port.conclude(12, { reason: "start-timeout", message: "late" });
  assert.match((await reply).body, /"outcome".*start-timeout/);
});

test("what brought no generation has no verdict to wait for", async (context) => {
  const { socketPath, port } = await startServer(context);
  port.outcomes.set(12, { ...outcomeOf(12), kind: "rollback", generation: null });
  const reply = await ask(socketPath, "GET", "/v1/upgrades/12?wait=proved");
  assert.match(reply.body, /"outcome".*"verdict":null/);
});

test("who waits for a verdict that will never be known is let go", async (context) => {
  const { socketPath, port } = await startServer(context);
  const reply = ask(socketPath, "POST", "/v1/upgrade?wait=proved");
  await until(() => port.listeners.size === 1);
  port.conclude(12);
  port.outcomes.clear();
  port.pending.clear();
  port.tell({ message: "another upgrade", upgrade: 21 });
  assert.doesNotMatch((await reply).body, /"outcome"/);
});

test("a commit is answered with the upgrade that it can be followed by, if there is one", async (context) => {
  const { socketPath, port } = await startServer(context);
  assert.deepEqual(JSON.parse((await ask(socketPath, "POST", "/v1/commit")).body), { accepted: true });
  port.committed = 11;
  const reply = await ask(socketPath, "POST", "/v1/commit");
  assert.deepEqual([reply.status, JSON.parse(reply.body)], [202, { accepted: true, upgrade: 11 }]);
  assert.match(reply.headers, /^Location: \/v1\/upgrades\/11$/m);
});

test("a client that goes away leaves nothing behind", async (context) => {
  const { socketPath, port } = await startServer(context);
  const socket = connect(socketPath, () => socket.write("GET /v1/events HTTP/1.1\r\n\r\n"));
  await until(() => port.listeners.size === 1);
  socket.destroy();
  await until(() => port.listeners.size === 0);
});

test("a client that does not read is cut off", async (context) => {
  const { socketPath, port } = await startServer(context);
  const socket = connect(socketPath, () => socket.write("GET /v1/events HTTP/1.1\r\n\r\n"));
  context.after(() => socket.destroy());
  socket.pause();
  await until(() => port.listeners.size === 1);
  const message = "x".repeat(4096);
  let told = 0;
  await until(() => {
    for (let burst = 0; burst < 20; burst++, told++) port.tell({ message });
    return port.listeners.size === 0;
  });
  assert.ok(told < 1000, `${told} pieces of news were kept or sent`);
});
