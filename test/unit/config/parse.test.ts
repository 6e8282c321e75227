import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Config } from "../../../src/config/config.js";
import { formatAddress } from "../../../src/lib/address.js";
import { parse, sample } from "./sample.js";

function read(toml: string): Config {
  const result = parse(toml);
  assert.ok(result.ok, result.ok ? "" : result.failure.message);
  return result.value;
}

function problemsOf(toml: string): { reason: string; lines: string[] } {
  const result = parse(toml);
  assert.ok(!result.ok, "was accepted");
  return { reason: result.failure.reason, lines: result.failure.message.split("\n") };
}

test("every documented key is read", () => {
  assert.deepEqual(read(sample), {
    file: "web.toml",
    plan: {
      command: ["gunicorn", "app:app", "--workers", "1"],
      release: "/srv/web",
      snapshot: true,
      shared: ["uploads", "var/data.db"],
      keep: 5,
      workers: 2,
      environment: { PYTHONUNBUFFERED: "1", _x9: "" },
      check: ["gunicorn", "--check-config", "app:app"],
      strategy: "exclusive",
      verify: { http: "/healthz", status: 204, timeoutMs: 2_000 },
      ready: { rule: { when: "notify" }, timeoutMs: 45_000 },
      drain: { timeoutMs: 120_000, killMs: 500 },
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
      keep: 3,
      workers: 1,
      environment: {},
      check: null,
      strategy: "overlap",
      verify: null,
      ready: { rule: { when: "notify" }, timeoutMs: 30_000 },
      drain: { timeoutMs: 60_000, killMs: 5_000 },
      trial: { timeMs: 3_000, share: null },
      probation: { timeMs: 60_000 },
      judge: { deaths: true, accepts: true, errors: 0.05, slowMs: null, health: null, command: null },
      rollback: { loseState: false },
      hooks: {},
    },
    listeners: null,
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

const command = 'command = ["x"]\n';
const inRelease = `${command}release = "/srv/web"\n`;
const refused: readonly (readonly [toml: string, line: string, message: RegExp])[] = [
  ["", "web.toml: command:", /is missing; write/],
  ["command = 'x y'", "web.toml:1: command:", /array of strings; write \["/],
  ["command = []", "web.toml:1: command:", /must name a program/],
  ['command = ["", "a"]', "web.toml:1: command:", /must name a program/],
  ['command = [\n"a",\n1]', "web.toml:3: command[1]:", /must be a string; write it in quotes/],
  ['command = ["a\\u0000"]', "web.toml:1: command[0]:", /NUL/],
  [`${command}release = ""`, "web.toml:2: release:", /must name a directory/],
  [`${command}workers = 0`, "web.toml:2: workers:", /whole number from 1 to 256.*or "auto"/],
  [`${command}workers = 257`, "web.toml:2: workers:", /whole number/],
  [`${command}workers = 1.5`, "web.toml:2: workers:", /whole number/],
  [`${command}workers = "2"`, "web.toml:2: workers:", /without quotes/],
  [`${command}environment = 5`, "web.toml:2: environment:", /table of strings/],
  [`${command}environment = []`, "web.toml:2: environment:", /table of strings/],
  [`${command}environment = 1979-05-27`, "web.toml:2: environment:", /table of strings/],
  [`${command}[environment]\nPORT = 80`, "web.toml:3: environment.PORT:", /write it in quotes/],
  [
    `${command}[environment]\n"A B" = ""`,
    'web.toml:3: environment."A B":',
    /letters, digits and underscores/,
  ],
  [`${command}[environment]\n9A = ""`, "web.toml:3: environment.9A:", /no digit in front/],
  ...["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "HOLDFAST_NAME"].map(
    (name) =>
      [
        `${command}environment = { ${name} = "" }`,
        `web.toml:2: environment.${name}:`,
        /the daemon sets/,
      ] as const,
  ),
  [`${command}snapshot = false`, "web.toml:2: snapshot:", /must be "on" .* or "off"/],
  [`${command}snapshot = "on"`, "web.toml:2: snapshot:", /needs `release`/],
  [`${inRelease}keep = 0`, "web.toml:3: keep:", /whole number from 1 to 100/],
  [`${inRelease}keep = "3"`, "web.toml:3: keep:", /without quotes/],
  [`${inRelease}shared = "uploads"`, "web.toml:3: shared:", /array of paths; write \["uploads"\]/],
  [`${inRelease}shared = [1]`, "web.toml:3: shared[0]:", /write it in quotes/],
  ...["", ".", "./", "/srv/data", "..", "../data", "a/../..", "a/.."].map(
    (path) =>
      [
        `${inRelease}shared = ["ok", ${JSON.stringify(path)}]`,
        "web.toml:3: shared[1]:",
        /path within the release/,
      ] as const,
  ),
  [`${command}shared = ["uploads"]`, "web.toml:2: shared:", /there are none without `release`/],
  [`${inRelease}snapshot = "off"\nshared = ["a"]`, "web.toml:4: shared:", /snapshot = "off"; remove it/],
  [`${command}check = []`, "web.toml:2: check:", /must name a program/],
  [`${command}listeners = ["127.0.0.1:80"]`, "web.toml:2: listeners:", /\[listeners\.http\]/],
  [`${command}[[listeners]]`, "web.toml:2: listeners:", /\[listeners\.http\]/],
  [`${command}listeners.http = "127.0.0.1:80"`, "web.toml:2: listeners.http:", /must be a table/],
  [`${command}[listeners."a:b"]`, 'web.toml:2: listeners."a:b":', /without spaces and colons/],
  [`${command}[listeners."a b"]`, 'web.toml:2: listeners."a b":', /without spaces and colons/],
  [`${command}[listeners.""]`, 'web.toml:2: listeners."":', /1 to 100/],
  [`${command}[listeners.${"a".repeat(101)}]`, "web.toml:2: listeners.a", /1 to 100/],
  [`${command}[listeners."holdfast.x"]`, 'web.toml:2: listeners."holdfast.x":', /kept for the daemon/],
  [
    `${command}[listeners.a]\naddress = "localhost:80"`,
    "web.toml:3: listeners.a.address:",
    /write an IP address/,
  ],
  [`${command}[listeners.a]\naddress = 80`, "web.toml:3: listeners.a.address:", /must be a string/],
  [`${command}[listeners.a]\nbacklog = 0`, "web.toml:3: listeners.a.backlog:", /from 1 to 65535/],
  [`${command}[listeners.a]\nbacklog = 65536`, "web.toml:3: listeners.a.backlog:", /from 1 to 65535/],
  [`${command}[listeners.a]\nmode = 0o660`, "web.toml:3: listeners.a.mode:", /in quotes, as in "0660"/],
  [`${command}[listeners.a]\nmode = "rw"`, "web.toml:3: listeners.a.mode:", /octal digits/],
  [`${command}[listeners.a]\nmode = "0888"`, "web.toml:3: listeners.a.mode:", /octal digits/],
  [`${command}[listeners.a]\nmode = "0660"`, "web.toml:3: listeners.a.mode:", /unix socket/],
  [
    `${command}[listeners.a]\naddress = "127.0.0.1:80"\nmode = "0660"`,
    "web.toml:4: listeners.a.mode:",
    /unix socket/,
  ],
  [
    `${command}[listeners.a]\naddress = "[::1]:80"\n[listeners.b]\naddress = "[0::1]:80"`,
    "web.toml:5: listeners.b.address:",
    /also the address of listeners\.a/,
  ],
  [`${command}[ready]\nwhen = "soon"`, "web.toml:3: ready.when:", /must be "notify"/],
  [`${command}[ready]\nwhen = "notify"\nafter = "1s"`, "web.toml:2: ready:", /keep one/],
  [`${command}[ready]\ncommand = ["x"]\nafter = "1s"`, "web.toml:2: ready:", /keep one/],
  [`${command}[ready]\nafter = "30s"`, "web.toml:3: ready.after:", /shorter than ready\.timeout/],
  [`${command}[ready]\ntimeout = 30`, "web.toml:3: ready.timeout:", /in quotes, as in "30s"/],
  [`${command}[ready]\ncommand = "x"`, "web.toml:3: ready.command:", /array of strings/],
  [`${command}[drain]\ntimeout = "60"`, "web.toml:3: drain.timeout:", /write "60s"/],
  [`${command}[drain]\nkill = "0s"`, "web.toml:3: drain.kill:", /more than zero/],
  [`${command}drain = "60s"`, "web.toml:2: drain:", /must be a table/],
];

for (const [toml, line, message] of refused) {
  test(`${JSON.stringify(toml.slice(-60))} is refused with file, line and key`, () => {
    const { reason, lines } = problemsOf(toml);
    assert.equal(reason, "config-invalid");
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.ok(lines[0]?.startsWith(line), lines[0]);
    assert.match(lines[0] ?? "", message);
  });
}

test("an unknown key is refused with the nearest known one, at every level", () => {
  const { reason, lines } = problemsOf(
    `${command}worker = 2\npatience = "1s"\n[listeners.a]\nadress = "x"\n[ready]\ntimeuot = "1s"\n[drain]\nkil = "1s"`,
  );
  assert.equal(reason, "config-unknown-key");
  assert.deepEqual(lines, [
    "web.toml:2: worker: unknown key `worker`; did you mean `workers`?",
    "web.toml:3: patience: unknown key `patience`; known here: command, release, workers, environment, strategy, snapshot, shared, keep, check, verify, listeners, ready, drain, trial, probation, judge, rollback, hooks",
    "web.toml:5: listeners.a.adress: unknown key `adress`; did you mean `address`?",
    "web.toml:7: ready.timeuot: unknown key `timeuot`; did you mean `timeout`?",
    "web.toml:9: drain.kil: unknown key `kil`; did you mean `kill`?",
  ]);
});

test("keys that JavaScript objects have of their own are unknown keys too", () => {
  const { reason, lines } = problemsOf(
    `${command}constructor = 1\n__proto__ = 2\ntoString = 3\n[ready]\nprototype = 1`,
  );
  assert.equal(reason, "config-unknown-key");
  assert.equal(lines.length, 4);
});

test("all problems of a file are reported at once, in the order of the file", () => {
  const { reason, lines } = problemsOf(`workers = 0
foo = 1
environment = { A = 1, LISTEN_FDS = "1" }
[listeners.a]
address = "127.0.0.1:80"
backlog = 0
mode = "0660"
[listeners.b]
address = "127.0.0.1:80"
[ready]
timeout = "x"
`);
  assert.equal(reason, "config-invalid");
  assert.deepEqual(
    lines.map((line) => line.split(": ").slice(0, 2).join(" ")),
    [
      "web.toml command",
      "web.toml:1 workers",
      "web.toml:2 foo",
      "web.toml:3 environment.A",
      "web.toml:3 environment.LISTEN_FDS",
      "web.toml:6 listeners.a.backlog",
      "web.toml:7 listeners.a.mode",
      "web.toml:9 listeners.b.address",
      "web.toml:11 ready.timeout",
    ],
  );
});

test("text that is not TOML is refused with line and column, and without showing the line", () => {
  const { reason, lines } = problemsOf('command = ["x"]\nenvironment = { TOKEN = "secret }\n');
  assert.equal(reason, "config-syntax");
  assert.match(lines[0] ?? "", /^web\.toml:2:\d+: not valid TOML: /);
  assert.doesNotMatch(lines.join("\n"), /secret/);
});

test("port 0 on the loopback is each generation's own, and any number of listeners may have it", () => {
  const { listeners } = read(
    `${command}[listeners.a]\naddress = "127.0.0.1:0"\n[listeners.b]\naddress = "127.0.0.1:0"\n[listeners.c]\naddress = "[::1]:0"`,
  );
  assert.deepEqual(
    listeners?.map(({ address }) => address !== null && formatAddress(address)),
    ["127.0.0.1:0", "127.0.0.1:0", "[::1]:0"],
  );
  for (const elsewhere of ["0.0.0.0:0", "[::]:0", "udp:127.0.0.1:0"]) {
    const { lines } = problemsOf(`${command}[listeners.a]\naddress = "${elsewhere}"`);
    assert.match(lines[0] ?? "", /port 0 .* or 127\.0\.0\.1:0 in the config/);
  }
});

test("a file with thousands of problems gets a message that can be read", () => {
  const { lines } = problemsOf(Array.from({ length: 5_000 }, (_, index) => `k${index} = 1`).join("\n"));
  assert.equal(lines.length, 51);
  assert.match(lines[50] ?? "", /4951 problems more/);
  assert.ok(problemsOf(`${command}${"k".repeat(100_000)} = 1`).lines.join("").length < 1_000);
});

test("no text makes reading a config throw", () => {
  const pieces = fc.array(
    fc.constantFrom(
      ..."[]{}=,.#\n\"'\\".split(""),
      ...[
        "command",
        "listeners",
        "ready",
        "environment",
        '["x"]',
        '"a"',
        "'''",
        '"""',
        "1",
        "-inf",
        "1979-05-27",
        "[[",
      ],
    ),
    { maxLength: 50 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        pieces.map((list) => list.join("")),
      ),
      (toml) => {
        const result = parse(toml);
        if (!result.ok) assert.match(result.failure.message, /^web\.toml(:\d+)*: /);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a valid file with a piece cut out, doubled or replaced is read or refused, line by line", () => {
  const piece = fc.constantFrom(
    "",
    '"',
    "=",
    "\n",
    "[",
    "]",
    "5",
    "#",
    "\0",
    "x",
    '"1"',
    "{ a = 1 }",
    "[[x]]\n",
  );
  fc.assert(
    fc.property(fc.nat(sample.length), fc.nat(20), piece, (start, length, inserted) => {
      const result = parse(sample.slice(0, start) + inserted + sample.slice(start + length));
      if (result.ok) return;
      for (const line of result.failure.message.split("\n")) assert.match(line, /^web\.toml(:\d+){0,2}: \S/);
    }),
    { numRuns: 2_000 },
  );
});

test("a verification needs a path, and a strategy is one of two", () => {
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
