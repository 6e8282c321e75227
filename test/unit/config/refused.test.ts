import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../../../src/lib/address.js";
import { parse, problemsOf, read, sample } from "./sample.js";

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
  [`${command}writable = ["cache"]`, "web.toml:2: writable:", /there are none without `release`/],
  [`${inRelease}writable = ["/cache"]`, "web.toml:3: writable[0]:", /as in "cache"/],
  [`${inRelease}shared = ["var"]\nwritable = ["./var/cache/"]`, "web.toml:4: writable:", /in `shared`, too/],
  [`${inRelease}snapshot = "off"\nshared = ["a"]`, "web.toml:4: shared:", /snapshot = "off"; remove it/],
  [`${command}warm = "/"`, "web.toml:2: warm:", /array of paths to ask for; write \["\/"\]/],
  [`${command}warm = ["/", "search"]`, "web.toml:2: warm[1]:", /path to ask for; write "\/healthz"/],
  [`${command}warm = ["/search?q=a b"]`, "web.toml:2: warm[0]:", /write %20 for a blank/],
  [
    `${command}warm = [${Array(101).fill('"/"').join(", ")}]`,
    "web.toml:2: warm:",
    /not be more than 100 paths/,
  ],
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
  [`${command}[drain]\nsignal = "QUIT"`, "web.toml:3: drain.signal:", /must be one of "SIGTERM", "SIGQUIT"/],
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
    "web.toml:3: patience: unknown key `patience`; known here: command, release, workers, environment, strategy, snapshot, shared, writable, keep, check, warm, verify, listeners, ready, drain, trial, probation, judge, rollback, hooks, history, control, metrics",
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
