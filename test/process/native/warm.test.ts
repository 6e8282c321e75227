import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { balance } from "../../harness/process/accounts.js";
import { Rig } from "../../harness/process/rig.js";

/*
 * `warm`: what the config has a candidate asked for before clients do. It is no judge: whatever it answers, the upgrade goes on.
 */

const own = '[listeners.http]\n[listeners.probe]\naddress = "127.0.0.1:0"\n';

test("a candidate is asked what is to warm it up before it takes over, however long that takes, and clients notice nothing", async () => {
  await using rig = new Rig({ native: true, workers: 2, config: 'warm = ["/", "/healthz"]\n' });
  await rig.manager.startReady();
  await using load = rig.load();
  const gate = join(rig.directory, "gate");
  rig.release({ version: "2", gate });
  const upgrade = rig.upgrade();
  const asked = await rig.until("both requests at both workers", ({ generations }) => {
    const servers = generations.at(-1)?.workers.flatMap((worker) => worker.servers ?? []) ?? [];
    return servers.length === 2 && servers.every(({ counters }) => counters.requests === 2);
  });
  const [before, candidate] = asked.generations;
  assert.deepEqual([before?.phase, candidate?.phase], ["active", "candidate"]);
  const counted = candidate?.workers.flatMap(
    ({ servers }) => servers?.map(({ counters }) => counters.ok) ?? [],
  );
  assert.deepEqual(counted, [0, 0], "what the daemon is answered is no client's response");
  const got = load.answered;
  await rig.manager.waitFor("fifty more answers", () => load.answered > got + 50);
  assert.equal(load.last?.version, "1");
  rig.openGate(gate);
  assert.equal((await upgrade).failure, null);
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal((await rig.ask()).version, "2");
  await balance(rig);
});

test("a path that is answered by an error, and one that is never answered, are told, and the upgrade goes on", async () => {
  const config = 'warm = ["/healthz", "/hold?never", "/"]\n[ready]\ntimeout = "4s"\n';
  await using rig = new Rig({ native: true, config });
  await rig.manager.startReady();
  rig.release({ version: "2", health: 503 });
  const told = await upgradeTelling(rig);
  assert.match(told, /worker 2\.0 answered GET \/healthz, which is to warm it up, with status 503/);
  assert.match(told, /worker 2\.0 answered GET \/hold\?never, which is to warm it up, with nothing in time/);
  assert.match(told, /worker 2\.0 answered GET \/, which is to warm it up, with nothing: the time for it/);
  await rig.settled();
  assert.equal((await rig.ask()).version, "2");
  await balance(rig);
});

test("the time of `verify` begins when the candidate is warm", async () => {
  const config = 'warm = ["/hold?never"]\nverify = { http = "/healthz", timeout = "500ms" }\n';
  await using rig = new Rig({ native: true, config: `${config}[ready]\ntimeout = "3s"\n` });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  assert.equal((await rig.ask()).version, "2");
});

test("where nobody else serves, nothing is asked first: clients wait already", async () => {
  await using rig = new Rig({ native: true });
  rig.release({ version: "1", gate: join(rig.directory, "never") });
  rig.configure('warm = ["/healthz"]\n');
  await rig.manager.startReady();
  const { generations } = await rig.until(
    "its server",
    ({ generations: [only] }) => only?.workers[0]?.servers?.length === 1,
  );
  assert.equal(generations[0]?.workers[0]?.servers?.[0]?.counters.requests, 0);
});

test("plain workers are warmed at a listener of their generation's own", async () => {
  await using rig = new Rig({ workers: 2, config: `warm = ["/healthz"]\n${own}` });
  await rig.manager.startReady();
  rig.release({ version: "2", health: 500 });
  assert.match(
    await upgradeTelling(rig),
    /the listener probe answered GET \/healthz, which is to warm it up, with status 500/,
  );
  await rig.settled();
  assert.equal((await rig.ask()).version, "2");
  await balance(rig);
});

test("plain workers that share their only listener cannot be warmed: they are refused with what to do instead", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.configure('warm = ["/"]\n');
  const { failure } = await rig.upgrade();
  assert.equal(failure?.reason, "verify-failed");
  assert.match(
    failure.message,
    /`warm` is for native workers, and worker 2\.0 is a plain one.*\[listeners\.probe\]/,
  );
  await rig.settled();
  assert.equal((await rig.ask()).generation, 1);
  await balance(rig);
});

/** What is told of an upgrade that succeeds. */
async function upgradeTelling(rig: Rig): Promise<string> {
  const news: string[] = [];
  const onNews = ({ message }: { message: string }) => void news.push(message);
  const signal = AbortSignal.timeout(60_000);
  const followed = await rig.control.follow("upgrade", { onAccepted() {}, onNews, signal });
  assert.ok(followed.ok && followed.value.failure === null);
  return news.join("\n");
}
