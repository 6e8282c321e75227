import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { sortInheritance } from "../../src/daemon/recover/inheritance.js";
import { closeFd, duplicateFd, isOpen, setCloseOnExec } from "../../src/linux/fd.js";
import { type InheritedFd, listenVariables, takeListenFds } from "../../src/systemd/listen-fds.js";
import { countFds } from "../harness/process/open-fds.js";
import { feed } from "./target.js";

/* listen-fds-child SEED COUNT: was started with so many fds from 3 on. */

const [, , seed, count] = process.argv;
const passed = Array.from({ length: Number(count) }, (_, index) => 3 + index);
const pid = String(process.pid);

type Environment = Record<string, string | undefined>;

const number = fc.oneof(
  fc.constantFrom("", "0", "1", "00", "1e3", "0x10", "-1", " 2", "2 ", "65536", "65537", "99999999999", "٣"),
  fc.nat(passed.length + 2).map(String),
  fc.string(),
);
const name = fc.oneof(
  fc.constantFrom("http", "unknown", "", "stored", "holdfast.state", "holdfast.control", "holdfast.notify"),
  fc.constantFrom(
    "holdfast.worker.1.0",
    "holdfast.channel.1.0",
    "holdfast.notify.1.0",
    "holdfast.predecessor",
  ),
  fc.constantFrom(
    "holdfast.worker.",
    "holdfast.worker.1.0.0",
    "holdfast.worker.-1.0",
    "holdfast.nobody",
    "a\nb",
  ),
  fc.constantFrom("\u202ehttp", "x".repeat(255), "x".repeat(256), "__proto__"),
);
const names = fc.array(name, { maxLength: passed.length + 2 }).map((some) => some.join(":"));
const wellNamed = fc
  .array(name, { minLength: passed.length, maxLength: passed.length })
  .map((some) => some.join(":"));
const input: fc.Arbitrary<Environment> = fc.oneof(
  fc.record({
    LISTEN_PID: fc.oneof(fc.constant(pid), fc.option(number, { nil: undefined })),
    LISTEN_FDS: fc.option(number, { nil: undefined }),
    LISTEN_FDNAMES: fc.option(names, { nil: undefined }),
    LISTEN_PIDFDID: fc.option(number, { nil: undefined }),
  }),
  fc.record({
    LISTEN_PID: fc.constant(pid),
    LISTEN_FDS: fc.constant(String(passed.length)),
    LISTEN_FDNAMES: wellNamed,
  }),
);

function closesOnExec(fd: number): boolean {
  return /^flags:\s+02\d{6}$/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"));
}

async function attempt(given: Environment): Promise<void> {
  for (const fd of passed) setCloseOnExec(fd, false);
  const before = countFds();
  const env = { ...given };
  const result = takeListenFds(env, process.pid);
  assert.equal(countFds(), before);
  for (const variable of listenVariables) assert.ok(!(variable in env), `${variable} stays`);
  assert.equal(process.env["LISTEN_FDS"], undefined);
  const taken = result.ok ? result.value : [];
  assert.deepEqual(
    passed.map(closesOnExec),
    passed.map((fd) => taken.some((one) => one.fd === fd)),
  );
  if (result.ok) {
    const wanted = given["LISTEN_PID"] === pid ? (given["LISTEN_FDS"] ?? "0") : "0";
    assert.equal(taken.length, Number(wanted));
    const said = given["LISTEN_FDNAMES"]?.split(":");
    if (taken.length > 0)
      assert.deepEqual(
        taken.map((one) => one.name),
        said ?? taken.map(() => "unknown"),
      );
    sort(taken);
  } else {
    assert.equal(result.failure.reason, "listen-fds-invalid");
    assert.match(result.failure.message, /LISTEN_(PID|FDS|FDNAMES)=/);
    assert.doesNotMatch(result.failure.message, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }
  assert.equal(countFds(), before);
}

/** Of copies: each is somewhere in the inheritance, or is refused and closed. */
function sort(taken: readonly InheritedFd[]): void {
  const copies = taken.map(({ name: called, fd }) => ({ name: called, fd: duplicateFd(fd) }));
  const refused: string[] = [];
  const sorted = sortInheritance(copies, (called) => refused.push(called));
  const own = [sorted.commonNotify, sorted.control, sorted.state, sorted.predecessor];
  const kept = [
    ...[...sorted.listeners, ...sorted.channels, ...sorted.notify].map(({ fd }) => fd),
    ...sorted.pidfds.map(({ pidfd }) => pidfd),
    ...own.filter((fd) => fd !== undefined),
  ];
  assert.equal(new Set(kept).size, kept.length);
  for (const fd of kept) assert.ok(copies.some((copy) => copy.fd === fd));
  const open = copies.filter(({ fd }) => isOpen(fd)).map(({ fd }) => fd);
  assert.deepEqual(open.sort(), [...kept].sort(), `refused: ${refused.join()}`);
  kept.forEach(closeFd);
}

await feed({ input, attempt, runs: 300 }, Number(seed));
