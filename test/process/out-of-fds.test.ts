import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import type { Failure } from "../../src/lib/failure.js";
import { balance } from "../harness/process/accounts.js";
import { countFds, countSocketFds } from "../harness/process/open-fds.js";
import { Rig } from "../harness/process/rig.js";

/** Fds that the daemon may open beside those of its start: for some generations that drain, and not for many. */
const room = 80;
const mostUpgrades = 20;
const drain = '[drain]\ntimeout = "1h"\n';

function limitFds(pid: number, count: number): void {
  execFileSync("prlimit", ["--pid", String(pid), `--nofile=${count}:`]);
}

for (const [what, inPlace] of [
  ["snapshots", false],
  ["releases in place", true],
] as const) {
  test(`with an endless connection per upgrade, ${what}: what the daemon has no fds for is refused and says so; the rest serves on`, async (t) => {
    await using rig = new Rig({ config: drain, inPlace });
    await rig.manager.startReady();
    const { pid } = await rig.status();
    limitFds(pid, countFds(pid) + room);
    const gate = join(rig.directory, "gate");
    const held: Promise<{ readonly version: string }>[] = [];
    let refused: Failure | null = null;
    const inode = rig.state().listeners.find(({ name }) => name === "http")?.inode ?? "";
    while (held.length < mostUpgrades) {
      held.push(rig.ask(`/hold?${gate}`));
      // The one worker accepts in turn.
      const { version, pid: worker } = await rig.ask();
      assert.equal(version, String(held.length));
      rig.release({ version: String(held.length + 1) });
      refused = (await rig.upgrade()).failure;
      if (refused !== null) break;
      await rig.manager.waitFor("the old worker off the listener", () => countSocketFds(worker, inode) === 0);
    }
    t.diagnostic(`${held.length} upgrades`);
    assert.equal(refused?.reason, "too-many-fds");
    assert.match(refused.message, /LimitNOFILE=/);
    assert.ok(held.length > 2);

    // There is room for another worker of what serves: its dead one was closed.
    const last = held.pop();
    const lost = assert.rejects(last ?? Promise.resolve());
    const { pid: worker } = await rig.ask();
    process.kill(worker, "SIGKILL");
    await lost;
    assert.notEqual((await rig.ask()).pid, worker);

    rig.openGate(gate);
    const versions = (await Promise.all(held)).map(({ version }) => version);
    assert.deepEqual(
      versions,
      held.map((_, at) => String(at + 1)),
    );
    await rig.settled();
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    await balance(rig);
  });
}
