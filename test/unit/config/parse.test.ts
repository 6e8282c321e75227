import assert from "node:assert/strict";
import { test } from "node:test";
import { usualHistory } from "../../../src/config/history-table.js";
import { problemsOf, read, sample } from "./sample.js";

test("every documented key is read", () => {
  assert.deepEqual(read(sample), {
    file: "web.toml",
    plan: {
      command: ["gunicorn", "app:app", "--workers", "1"],
      release: "/srv/web",
      snapshot: true,
      shared: ["uploads", "var/data.db"],
      writable: ["cache", ".next/cache"],
      keep: 5,
      workers: 2,
      environment: { PYTHONUNBUFFERED: "1", _x9: "" },
      check: ["gunicorn", "--check-config", "app:app"],
      strategy: "exclusive",
      warm: ["/", "/search?q=x"],
      verify: { http: "/healthz", status: 204, timeoutMs: 2_000 },
      ready: { rule: { when: "notify" }, timeoutMs: 45_000 },
      drain: { timeoutMs: 120_000, killMs: 500, signal: "SIGQUIT" },
      trial: { timeMs: 5_000, share: null },
      probation: { timeMs: 120_000 },
      judge: {
        deaths: false,
        accepts: true,
        errors: 0.025,
        slowMs: 1_000,
        health: { http: "/health", status: 204, everyMs: 2_000, timeoutMs: 1_000, failures: 5 },
        command: {
          argv: ["/usr/local/bin/ask-prometheus", "web"],
          everyMs: 5_000,
          timeoutMs: 10_000,
        },
      },
      rollback: { loseState: true },
      hooks: {},
    },
    listeners: [
      {
        name: "http",
        address: { kind: "tcp", family: 4, host: "127.0.0.1", port: 8080 },
        backlog: 511,
        mode: null,
      },
      {
        name: "web-socket",
        address: { kind: "unix", path: "/run/web/web.sock" },
        backlog: null,
        mode: 0o660,
      },
      { name: "from-systemd", address: null, backlog: null, mode: null },
    ],
    control: { viewers: null, operators: null },
    metrics: { address: { kind: "unix", path: "/run/web/metrics.sock" }, mode: 0o640 },
    history: usualHistory,
  });
});

test("all keys but the command have defaults", () => {
  assert.deepEqual(read('command = ["x"]'), {
    file: "web.toml",
    plan: {
      command: ["x"],
      release: "/srv/here",
      snapshot: false,
      shared: [],
      writable: [],
      keep: 3,
      workers: 1,
      environment: {},
      check: null,
      strategy: "overlap",
      warm: [],
      verify: null,
      ready: { rule: { when: "notify" }, timeoutMs: 30_000 },
      drain: { timeoutMs: 60_000, killMs: 5_000, signal: "SIGTERM" },
      trial: { timeMs: 3_000, share: null },
      probation: { timeMs: 60_000 },
      judge: { deaths: true, accepts: true, errors: 0.05, slowMs: null, health: null, command: null },
      rollback: { loseState: false },
      hooks: {},
    },
    listeners: null,
    control: { viewers: null, operators: null },
    metrics: null,
    history: usualHistory,
  });
});

test("with a release of its own a service runs from snapshots, unless they are off", () => {
  const { plan } = read('command = ["x"]\nrelease = "/srv/web"');
  assert.deepEqual([plan.snapshot, plan.shared, plan.keep], [true, [], 3]);
  assert.equal(read('command = ["x"]\nrelease = "/srv/web"\nsnapshot = "on"').plan.snapshot, true);
  assert.equal(read('command = ["x"]\nrelease = "/srv/web"\nsnapshot = "off"').plan.snapshot, false);
});

test("each readiness rule is read, and a table without one means notify", () => {
  const rule = (toml: string) => read(`command = ["x"]\n[ready]\n${toml}`).plan.ready.rule;
  assert.deepEqual(rule('command = ["true", ""]'), { when: "command", command: ["true", ""] });
  assert.deepEqual(rule('after = "2s"'), { when: "after", afterMs: 2_000 });
  assert.deepEqual(rule('timeout = "1s"'), { when: "notify" });
});

test("a relative release starts from the directory given, and auto means the cores given", () => {
  const { plan } = read('command = ["x"]\nrelease = "../web/current"\nworkers = "auto"');
  assert.equal(plan.release, "/srv/web/current");
  assert.equal(plan.workers, 3);
});

test("an empty listeners table declares that there is no listener", () => {
  assert.deepEqual(read('command = ["x"]\n[listeners]').listeners, []);
});

test("names that JavaScript objects have of their own are read like any other", () => {
  const { plan, listeners } = read(
    'command = ["x"]\nenvironment = { constructor = "a", __proto__ = "b", prototype = "c" }\n' +
      "[listeners.constructor]\n[listeners.__proto__]\n",
  );
  assert.deepEqual(Object.entries(plan.environment), [
    ["constructor", "a"],
    ["__proto__", "b"],
    ["prototype", "c"],
  ]);
  assert.deepEqual(
    listeners?.map(({ name }) => name),
    ["constructor", "__proto__"],
  );
});

test("a config is frozen through and through", () => {
  const frozen = (value: unknown): boolean =>
    typeof value !== "object" ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(frozen));
  assert.ok(frozen(read(sample)));
});

test("a verification needs a path, and a strategy is one of two", () => {
  assert.match(
    problemsOf('command = ["x"]\nverify = { http = "/healthz?who=load balancer" }').lines.join(),
    /web\.toml:2: verify\.http: must have no blank .*%20/,
  );
  assert.match(
    problemsOf('command = ["x"]\nverify = { http = "healthz" }').lines.join(),
    /web\.toml:2: verify\.http: must be the path/,
  );
  assert.match(
    problemsOf('command = ["x"]\nverify = { status = 99, http = "/" }').lines.join(),
    /web\.toml:2: verify\.status: must be a whole number/,
  );
  assert.match(
    problemsOf('command = ["x"]\nstrategy = "both"').lines.join(),
    /web\.toml:2: strategy: must be "overlap"/,
  );
});
