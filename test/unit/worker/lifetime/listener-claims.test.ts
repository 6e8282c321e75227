import assert from "node:assert/strict";
import { test } from "node:test";
import { ListenerClaims } from "../../../../src/worker/lifetime/listener-claims.js";

function claimsOf(...names: string[]): ListenerClaims {
  const inherited = names.map((name, at) => ({ fd: 1_000 + at, name }));
  return new ListenerClaims({ kind: "holdfast", channelFd: 3, generation: 1, worker: 0, inherited });
}

test("the only listener needs no name, and of several each goes by its own", () => {
  assert.equal(claimsOf("http").take(undefined, {}).fd, 1_000);
  const claims = claimsOf("http", "admin");
  assert.throws(() => claims.take(undefined, {}), {
    code: "listener-ambiguous",
    message: /there are http, admin/,
  });
  assert.deepEqual([claims.take("admin", {}).fd, claims.take(undefined, {}).fd], [1_001, 1_000]);
});

test("a listener that does not exist is refused with the names of those that do", () => {
  assert.throws(() => claimsOf("http").take("htpp", {}), {
    code: "listener-missing",
    message: "cannot serve listener htpp: there is none of that name (passed: http)",
  });
});

test("a second server on one listener is refused, with a name and without", () => {
  const claims = claimsOf("http");
  claims.take("http", {});
  for (const wanted of ["http", undefined]) {
    assert.throws(() => claims.take(wanted, {}), { code: "listener-missing", message: /served already/ });
  }
});

test("without a manager nothing has to be passed: the server binds", () => {
  const claims = new ListenerClaims({ kind: "none" });
  assert.deepEqual(claims.take("http", { port: 8080 }), { name: "http", fd: undefined });
});
