import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { processName } from "../../src/linux/pidfd.js";
import { balance } from "../harness/process/accounts.js";
import { Rig } from "../harness/process/rig.js";
import { ServiceManager } from "../harness/process/service-manager.js";

test("a first start says READY=1 when its workers answer", async () => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  assert.equal((await rig.ask()).generation, 1);
  const status = await rig.settled();
  assert.equal(status.generations[0]?.workers.length, 2);
  await balance(rig);
});

test("with a ready command workers that say nothing are ready once it succeeds, and no earlier", async () => {
  await using rig = new Rig({ workers: 2 });
  const gate = join(rig.directory, "gate");
  rig.release({ version: "1", boot: "silent" });
  rig.configure(`[ready]\ncommand = ["/bin/sh", "-c", "kill -0 $HOLDFAST_WORKER_PID && test -e ${gate}"]\n`);
  rig.manager.start();
  await rig.until("the first answer", () => true);
  await rig.ask();
  assert.ok(!rig.manager.messages.includes("READY=1"));
  writeFileSync(gate, "");
  await rig.manager.waitFor("READY=1", () => rig.manager.messages.includes("READY=1"));
  await rig.settled();
});

test("with `after` workers that say nothing are ready once they have lived that long", async () => {
  const after = (time: string): string => `[ready]\nafter = "${time}"\n`;
  await using rig = new Rig({ config: after("2s") });
  rig.release({ version: "1", boot: "silent" });
  await rig.manager.startReady();
  rig.release({ version: "2", boot: "crash" });
  // Longer than a process takes that crashes at its start, also on a machine that stands still for a while.
  rig.configure(after("20s"));
  assert.equal((await rig.upgrade()).failure?.reason, "worker-exited");
  rig.release({ version: "3", boot: "silent" });
  rig.configure(after("2s"));
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
});

test("a worker starts with its listeners and its channel, and no other fd", async () => {
  await using rig = new Rig();
  const own = `[ready]\nafter = "100ms"\n[listeners.http]\n[listeners.own]\naddress = "unix:${rig.directory}/own.sock"\n`;
  writeFileSync(rig.configFile, `command = ["sleep", "60"]\nrelease = "${rig.releaseDirectory}"\n${own}`);
  await rig.manager.startReady();
  const [pid = 0] = rig.workers();
  await rig.manager.waitFor("the shell at its gate to become the worker", () => processName(pid) === "sleep");
  const { listeners } = rig.state();
  const sockets = ["http", "own"].map((name) => listeners.find((listener) => listener.name === name)?.inode);
  const fds = readdirSync(`/proc/${pid}/fd`);
  assert.deepEqual(fds, ["0", "1", "2", "3", "4", "5"]);
  const [input, , , ...passed] = fds.map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  assert.equal(input, "/dev/null");
  assert.deepEqual(
    passed.slice(0, 2),
    sockets.map((inode) => `socket:[${inode}]`),
  );
});

test("a worker's environment tells it what is its own, and nothing that is the daemon's", async () => {
  await using rig = new Rig({ config: 'environment = { COLOUR = "blue" }\n' });
  rig.manager.override["WATCHDOG_USEC"] = "10000000";
  rig.manager.override["INHERITED"] = "yes";
  await rig.manager.startReady();
  const { pid } = await rig.ask();
  const lines = readFileSync(`/proc/${pid}/environ`, "utf8")
    .split("\0")
    .filter((line) => line !== "");
  const environment = new Map(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const expected = {
    LISTEN_PID: String(pid),
    LISTEN_FDS: "1",
    LISTEN_FDNAMES: "http",
    NOTIFY_SOCKET: `${rig.runtimeDirectory}/notify/1.0`,
    HOLDFAST_NAME: rig.name,
    HOLDFAST_GENERATION: "1",
    HOLDFAST_WORKER: "0",
    COLOUR: "blue",
    INHERITED: "yes",
    WATCHDOG_USEC: undefined,
  };
  for (const [key, value] of Object.entries(expected)) assert.equal(environment.get(key), value, key);
});

const failing: readonly [what: string, code: number, status: RegExp, spoil: (rig: Rig) => void][] = [
  ["whose worker crashes", 1, /exited with status 3/, (rig) => rig.release({ version: "1", boot: "crash" })],
  ["without a config", 78, /service\.toml/, (rig) => writeFileSync(rig.configFile, "= nonsense\n")],
  [
    "without its program",
    78,
    /no-such-program/,
    (rig) => writeFileSync(rig.configFile, 'command = ["no-such-program"]\n'),
  ],
  [
    "without a listener that systemd was to pass",
    78,
    /listener missing/,
    (rig) => rig.configure("[listeners.missing]\n"),
  ],
];

for (const [what, code, status, spoil] of failing) {
  test(`a first start ${what} fails, says why, and leaves no process`, async () => {
    await using rig = new Rig({ workers: 2 });
    spoil(rig);
    rig.manager.start();
    assert.deepEqual(await rig.manager.ended(), { code, signal: null });
    assert.match(rig.manager.status, status);
    assert.ok(!rig.manager.messages.includes("READY=1"));
    assert.deepEqual(rig.workers(), []);
  });
}

test("a second daemon of the same name is refused, and the first does not notice", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await using second = new ServiceManager({ ...rig.managerOptions, directory: rig.makeDirectory("second") });
  second.start();
  assert.deepEqual(await second.ended(), { code: 1, signal: null });
  assert.match(second.log(), /another holdfastd/);
  assert.equal((await rig.ask()).generation, 1);
  assert.equal((await rig.status()).pid, rig.manager.pid);
});

const wrongVariables: readonly Record<string, string | undefined>[] = [
  { LISTEN_FDS: "two" },
  { LISTEN_FDS: "-1" },
  { LISTEN_FDS: "99999999" },
  { LISTEN_FDS: "200", LISTEN_FDNAMES: undefined },
  { LISTEN_FDNAMES: "http:too:many" },
  { LISTEN_FDNAMES: "h\u00fctte" },
];

for (const variables of wrongVariables) {
  test(`a daemon started with ${JSON.stringify(variables)} says what is wrong with it`, async () => {
    await using rig = new Rig();
    Object.assign(rig.manager.override, variables);
    rig.manager.start();
    assert.deepEqual(await rig.manager.ended(), { code: 78, signal: null });
    assert.match(rig.manager.log(), new RegExp(Object.keys(variables)[0] ?? ""));
  });
}

test("sockets that are meant for another process are not taken", async () => {
  await using rig = new Rig({ config: "[listeners.http]\n" });
  rig.manager.override["LISTEN_PID"] = "1";
  rig.manager.start();
  assert.deepEqual(await rig.manager.ended(), { code: 78, signal: null });
  assert.match(rig.manager.status, /listener http/);
});
