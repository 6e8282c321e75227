import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCommandLine } from "../../../src/cli/command-line.js";
import { commands } from "../../../src/cli/commands.js";

const flags = (...given: readonly string[]) => ({ flags: new Set(given) });
const plain = flags();

for (const [args, expected] of [
  [["status"], { command: "status", ...plain }],
  [["-n", "web", "status", "--json"], { command: "status", ...flags("json"), name: "web" }],
  [["status", "-nweb"], { command: "status", ...plain, name: "web" }],
  [["--name=web", "upgrade", "--no-wait"], { command: "upgrade", ...flags("no-wait"), name: "web" }],
  [
    ["--socket", "/x", "stop", "--timeout", "1m 30s"],
    { command: "stop", ...plain, socket: "/x", timeoutMs: 90_000 },
  ],
  [["upgrade", "web"], { command: "upgrade", ...plain, name: "web" }],
  [["upgrade", "web", "api", "--proved"], { command: "upgrade", ...flags("proved"), names: ["web", "api"] }],
  [["commit", "web", "api"], { command: "commit", ...plain, names: ["web", "api"] }],
  [["rollback"], { command: "rollback", ...plain }],
  [["rollback", "7", "--no-wait"], { command: "rollback", ...flags("no-wait"), argument: "7" }],
  [["history", "--json"], { command: "history", ...flags("json") }],
  [["-h"], { command: "help", ...plain }],
  [["stop", "--help"], { command: "help", ...plain, argument: "stop" }],
  [["-h", "-n", "web", "upgrade", "--hold"], { command: "help", ...plain, argument: "upgrade" }],
  [["help", "stop"], { command: "help", ...plain, argument: "stop" }],
  [["help", "help"], { command: "help", ...plain, argument: "help" }],
  [["xyzzy", "--help"], { command: "help", ...plain }],
  [["--version"], { command: "version", ...plain }],
  [["doctor"], { command: "doctor", ...plain }],
  [["doctor", "web.service"], { command: "doctor", ...plain, argument: "web.service" }],
  [["-n", "web", "doctor"], { command: "doctor", ...plain, name: "web", argument: "web" }],
  [
    ["init", "web", "--listen", "a", "--listen=b", "--no-socket", "--", "app", "--listen", "c", "--", "d"],
    {
      command: "init",
      ...flags("no-socket"),
      argument: "web",
      program: ["app", "--listen", "c", "--", "d"],
      listen: ["a", "b"],
    },
  ],
] as const) {
  test(`"${args.join(" ")}" is understood`, () => {
    const result = parseCommandLine(args, commands);
    assert.ok(result.ok);
    assert.deepEqual({ ...result.value, command: result.value.command.name }, expected);
  });
}

for (const [args, why] of [
  [[], /command is missing/],
  [["statsu"], /unknown command statsu; did you mean status\?/],
  [["xyzzy"], /unknown command xyzzy \(/],
  [["status", "now"], /status takes no argument/],
  [["rollback", "7", "8"], /one argument, and "8" is a second/],
  [["status", "--jsn"], /unknown option --jsn; did you mean --json\?/],
  [["upgrade", "--nowait"], /did you mean --no-wait\?/],
  [["-x", "status"], /unknown option -x \(/],
  [["status", "--no-wait"], /status takes no --no-wait/],
  [["drain", "--timeout", "3s"], /drain takes no --timeout/],
  [["status", "--json=yes"], /--json takes no value/],
  [["upgrade", "--timeout"], /--timeout needs a value/],
  [["upgrade", "--timeout", "5"], /--timeout: .* "5s"/],
  [["-n", "a", "--socket", "/b", "status"], /cannot be given together/],
  [["upgrade", "web", "api", "web"], /web is named twice/],
  [["upgrade", "-n", "web", "api"], /api and --name cannot be given together/],
  [["upgrade", "web", "../api"], /"..\/api" cannot be the name/],
  [["upgrade", "web", "--", "app"], /runs no program/],
  [["upgrade", "--stage", "--hold"], /--stage and --hold .* together: what stands by is not on trial/],
  [["upgrade", "--proved", "--stage"], /what stands by does not serve; `holdfast commit --proved`/],
  [["upgrade", "--hold", "--proved"], /left to somebody to decide/],
  [["upgrade", "--no-wait", "--proved"], /one waits, and the other does not/],
  [["commit", "--no-wait", "--proved"], /one waits, and the other does not/],
  [["commit", "--hold"], /commit takes no --hold/],
  [["rollback", "--force"], /rollback takes no --force/],
  [["-n", "../x", "status"], /cannot be the name/],
  [["-n", "..", "status"], /cannot be the name/],
  [["--version", "status"], /version takes no argument/],
  [["init", "--", "app"], /init needs NAME/],
  [["init", "web", "--command", "app"], /the program goes after --, as in/],
  [["init", "web"], /needs the program to run, after --/],
  [["init", "web", "gunicorn", "--", "app"], /the program goes after --/],
  [["init", "web", "--socket", "/x", "--", "app"], /init takes no --socket/],
  [["-n", "web", "doctor", "other"], /takes one argument/],
  [["status", "--", "app"], /runs no program/],
  [["doctor", "--listen", "a"], /doctor takes no --listen/],
] as const) {
  test(`"${args.join(" ")}" is refused with what to do`, () => {
    const result = parseCommandLine(args, commands);
    assert.ok(!result.ok);
    assert.equal(result.failure.reason, "usage");
    assert.match(result.failure.message, why);
  });
}

test("whatever is typed, the command line is understood or refused", () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "-n",
      "--",
      "-",
      "status",
      "--timeout",
      "--json",
      "--no-wait",
      "__proto__",
      "constructor",
    ),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (args) => {
      const result = parseCommandLine(args, commands);
      assert.ok(result.ok || result.failure.reason === "usage");
    }),
  );
});
