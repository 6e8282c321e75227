import assert from "node:assert/strict";
import { test } from "node:test";
import { FeedReader } from "../../harness/process/feed-reader.js";
import { ask, type Reply, reasonIn, startWeb, token, type WebRig } from "./rig.js";

const actionsOn = "[web]\nactions = true";
const bearer = { authorization: `Bearer ${token}` };

function post(
  where: WebRig["tcp"] | WebRig["unix"],
  headers: Record<string, string>,
  what = "upgrade",
): Promise<Reply> {
  return ask(where, `/api/act/web/${what}`, { method: "POST", headers });
}

/** What the page of that user has to send with each action. */
async function csrfOf(unix: WebRig["unix"], user: string): Promise<string> {
  const feed = new FeedReader(unix, { "x-remote-user": user });
  const { csrf, actions, user: told } = await feed.until("hello");
  feed.close();
  assert.ok(actions && csrf !== null && told === user);
  return csrf;
}

test("without actions = true nothing is done, whoever asks with whatever", async (context) => {
  const { tcp, unix, daemon } = await startWeb(context);
  assert.equal(reasonIn(await post(tcp, bearer)), "actions-off");
  assert.equal(reasonIn(await post(unix, { "x-remote-user": "alice" })), "actions-off");
  assert.deepEqual(daemon.commands, []);
});

test("over TCP the token acts, in the name of the token; anything else is refused", async (context) => {
  const { tcp, daemon } = await startWeb(context, actionsOn);
  for (const headers of [
    {},
    { authorization: `Bearer ${token.slice(1)}` },
    { authorization: `Bearer ${token}x` },
    { authorization: `Basic ${token}` },
    { cookie: `token=${token}` },
    { "x-remote-user": "alice" },
  ]) {
    const reply = await post(tcp, headers);
    assert.deepEqual([reply.status, reasonIn(reply)], [403, "no-token"], JSON.stringify(headers));
  }
  assert.deepEqual(daemon.commands, []);
  assert.equal((await post(tcp, bearer, "upgrade?message=alice:%20hi")).status, 202);
  assert.deepEqual(daemon.asked, { by: { kind: "user", uid: 0 }, message: "web, by token: alice: hi" });
});

test("another site's page acts with nothing, though its browser could have the token", async (context) => {
  const { tcp, daemon } = await startWeb(context, actionsOn);
  for (const headers of [
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: "http://localhost:81" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
  ]) {
    assert.equal(
      reasonIn(await post(tcp, { ...bearer, ...headers })),
      "foreign-origin",
      JSON.stringify(headers),
    );
  }
  assert.deepEqual(daemon.commands, []);
  const own = { host: "localhost:9190", origin: "http://localhost:9190", "sec-fetch-site": "same-origin" };
  assert.equal((await post(tcp, { ...bearer, ...own })).status, 202);
});

test("behind a proxy an operator acts under his own name, with what his page was told alone", async (context) => {
  const { unix, daemon } = await startWeb(context, actionsOn);
  const alice = { "x-remote-user": "alice" };
  const mallory = { "x-remote-user": "mallory" };
  assert.equal(reasonIn(await post(unix, alice)), "foreign-origin");
  const csrf = await csrfOf(unix, "mallory");
  assert.equal(reasonIn(await post(unix, { ...alice, "holdfast-csrf": csrf })), "foreign-origin");
  assert.equal(reasonIn(await post(unix, { ...mallory, "holdfast-csrf": csrf })), "permission-denied");
  assert.equal(reasonIn(await post(unix, bearer)), "permission-denied");
  assert.deepEqual(daemon.commands, []);
  const own = { ...alice, "holdfast-csrf": await csrfOf(unix, "alice") };
  assert.equal((await post(unix, own, "rollback?to=7&message=it%20is%20slow%0d%0aroot")).status, 202);
  assert.deepEqual([daemon.commands, daemon.to], [["rollback"], 7]);
  assert.deepEqual(daemon.asked, { by: { kind: "user", uid: 0 }, message: "web: alice: it is slow  root" });
});

test("each action is the command of that name, and nothing else is one", async (context) => {
  const { tcp, daemon } = await startWeb(context, actionsOn);
  for (const what of ["upgrade", "stage", "commit", "rollback", "reexec"]) {
    assert.equal((await post(tcp, bearer, what)).status, 202, what);
  }
  assert.deepEqual(daemon.commands, ["upgrade", "upgrade", "commit", "rollback", "reexec"]);
  for (const what of ["stop", "drain", "status", "upgrade/now"]) {
    assert.equal((await post(tcp, bearer, what)).status, 404, what);
  }
  assert.equal(reasonIn(await post(tcp, bearer, "rollback?to=x")), "generation-invalid");
  assert.equal(daemon.commands.length, 5);
});

test("what the daemon refuses is refused, with its own reason", async (context) => {
  const { tcp, daemon } = await startWeb(context, actionsOn);
  daemon.refusal = { reason: "stopping", message: "the service is being stopped" };
  const reply = await post(tcp, bearer);
  assert.deepEqual([reply.status, reasonIn(reply)], [409, "stopping"]);
  assert.match(reply.text, /cannot upgrade web: the service is being stopped/);
});

test("where holdfast-web itself may only look, nobody acts by it", async (context) => {
  const { tcp, daemon } = await startWeb(context, actionsOn, () => "look");
  const reply = await post(tcp, bearer);
  assert.deepEqual([reply.status, reasonIn(reply)], [403, "permission-denied"]);
  assert.deepEqual(daemon.commands, []);
});
