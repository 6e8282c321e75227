import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { closeFd } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";
import { takeListenFds } from "../../../src/systemd/listen-fds.js";
import { runNode } from "../linux/run-node.js";

const limit = { timeout: 10_000 };

/** What a process with two fds passed to it takes; LISTEN_PID is its own. */
async function take(env: Record<string, string>): Promise<unknown> {
  const fds = [createMemfd("a"), createMemfd("b")];
  const fd = import.meta.resolve("../../../src/linux/fd.js");
  const listenFds = import.meta.resolve("../../../src/systemd/listen-fds.js");
  const { stdout } = await runNode(
    `import { readFileSync } from "node:fs";
     import { takeListenFds } from "${listenFds}";
     import { setCloseOnExec } from "${fd}";
     // Node sets it on all it inherits; another release may not.
     for (const fd of [3, 4]) setCloseOnExec(fd, false);
     process.env.LISTEN_PID = String(process.pid);
     const taken = takeListenFds(process.env, process.pid);
     const closes = [3, 4].map((fd) => /^flags:\\s+02/m.test(readFileSync("/proc/self/fdinfo/" + fd, "utf8")));
     const left = Object.keys(process.env).filter((name) => name.startsWith("LISTEN_"));
     console.log(JSON.stringify({ taken, closes, left }));`,
    { fds, env },
  );
  for (const fd of fds) closeFd(fd);
  return JSON.parse(stdout);
}

test("passed fds are taken by name, and no child sees them or the variables", limit, async () => {
  assert.deepEqual(await take({ LISTEN_FDS: "2", LISTEN_FDNAMES: "http:admin", LISTEN_PIDFDID: "7" }), {
    taken: {
      ok: true,
      value: [
        { fd: 3, name: "http" },
        { fd: 4, name: "admin" },
      ],
    },
    closes: [true, true],
    left: [],
  });
});

test("fds without names are taken as unknown", limit, async () => {
  assert.deepEqual(await take({ LISTEN_FDS: "1" }), {
    taken: { ok: true, value: [{ fd: 3, name: "unknown" }] },
    closes: [true, false],
    left: [],
  });
});

test("an fd that is not open is named, and nothing is taken", limit, async () => {
  const result = JSON.stringify(await take({ LISTEN_FDS: "6000" }));
  assert.match(result, /LISTEN_FDS=.*6000.*: fd \d+ is not open/);
  assert.match(result, /"closes":\[false,false\],"left":\[\]/);
});

const refused: [name: string, env: Record<string, string>, message: RegExp][] = [
  ["a pid that is no number", { LISTEN_PID: "me", LISTEN_FDS: "1" }, /LISTEN_PID="me"/],
  ["a count that is no number", { LISTEN_FDS: "two" }, /LISTEN_FDS="two"/],
  ["a negative count", { LISTEN_FDS: "-1" }, /LISTEN_FDS="-1"/],
  ["a count with a tail", { LISTEN_FDS: "1 " }, /LISTEN_FDS="1 "/],
  ["a huge count", { LISTEN_FDS: "65537" }, /LISTEN_FDS="65537": more than/],
  ["too few names", { LISTEN_FDS: "2", LISTEN_FDNAMES: "a" }, /LISTEN_FDNAMES="a": 1 names for 2 fds/],
  ["too many names", { LISTEN_FDS: "0", LISTEN_FDNAMES: "a" }, /LISTEN_FDNAMES="a": 1 names for 0 fds/],
  ["a name with a line break", { LISTEN_FDS: "1", LISTEN_FDNAMES: "a\n" }, /LISTEN_FDNAMES="a\\n"/],
];
for (const [name, given, message] of refused) {
  test(`${name} is refused with variable and value`, () => {
    const env = { LISTEN_PID: "17", ...given };
    const result = takeListenFds(env, 17);
    assert.ok(!result.ok);
    assert.equal(result.failure.reason, "listen-fds-invalid");
    assert.match(result.failure.message, message);
    assert.deepEqual(Object.keys(env), []);
  });
}

test("what is meant for another process is left to it", () => {
  assert.deepEqual(takeListenFds({ LISTEN_PID: "18", LISTEN_FDS: "2" }, 17), { ok: true, value: [] });
  assert.deepEqual(takeListenFds({ LISTEN_FDS: "2" }, 17), { ok: true, value: [] });
  assert.deepEqual(takeListenFds({}, 17), { ok: true, value: [] });
});

test("garbage never throws, never stays in the environment, and never gives an fd that is not open", () => {
  const numeric = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.constantFrom("0", "17", "00", "1e3", "0x10", "٣"),
  );
  const text = fc.option(fc.oneof(numeric, fc.constantFrom("a:b", ":", "::")), { nil: undefined });
  fc.assert(
    fc.property(fc.oneof(fc.constant("17"), text), text, text, (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES) => {
      const env = { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES };
      const result = takeListenFds(env, 17);
      assert.deepEqual(Object.keys(env), []);
      assert.equal(process.env["LISTEN_FDS"], undefined);
      if (result.ok && result.value.length > 0) {
        assert.equal(LISTEN_PID, "17");
        assert.equal(String(result.value.length), LISTEN_FDS);
      }
    }),
    { numRuns: 2000 },
  );
});
