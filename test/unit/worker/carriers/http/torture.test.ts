import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test } from "node:test";
import { until } from "../tcp/rig.js";
import { elapse } from "./deadline.js";
import { answer, Pair } from "./pair.js";
import { createRandom, doSomethingHard } from "./torture.js";

const clients = 16;
const stepsEach = 100;

/** `/late/…` is answered some milliseconds later, `/early/…` before its body has been read, `/stream/…` in pieces. */
const app: RequestListener = (request, response) => {
  const { url = "" } = request;
  if (url.startsWith("/late/")) setTimeout(() => answer(request, response), 3);
  else if (url.startsWith("/early/")) response.end(url);
  else if (url.startsWith("/stream/")) {
    response.write(url.slice(0, 4));
    setTimeout(() => response.end(url.slice(4)), 4);
  } else answer(request, response);
};

for (const { how, carrying, restMs, upgradeMs } of [
  { how: "upgraded back and forth", carrying: {}, restMs: 0, upgradeMs: 10 },
  {
    how: "upgraded now and then, and dormant whenever nobody speaks",
    carrying: { dormantAfterMs: 2 },
    restMs: 20,
    upgradeMs: 200,
  },
]) {
  test(`under all of it at once, ${how}, no request is lost, doubled, reordered or reconnected`, async (t) => {
    await using pair = await Pair.open(app, { keepAliveTimeout: 60_000 }, carrying);
    let told = 0;
    for (const { server } of [pair.a, pair.b])
      server.on("connection", () => {
        told += 1;
      });
    let asked = 0;
    let heard = 0;
    const run = async (index: number): Promise<void> => {
      const client = await pair.connect();
      const random = createRandom(index + 1);
      const path = (kind: string): string => `${kind}${index}-${asked++}`;
      for (let count = 0; count < stepsEach; count++) {
        await doSomethingHard({ client, random, path, heard: () => heard++ });
        if (restMs > 0) await elapse(random(restMs));
      }
      assert.deepEqual([client.rest, client.ended], ["", false]);
    };
    let running = clients;
    const runs = Array.from({ length: clients }, (_, index) => run(index).finally(() => running--));
    const finished = Promise.all(runs);
    finished.catch(() => undefined);
    let upgrades = 0;
    const random = createRandom(0);
    for (let [from, to] = [pair.a, pair.b]; running > 0; [from, to] = [to, from]) {
      await pair.begin(from, to);
      await until(`${from.name} is empty`, () => from.carrier.open === 0 || running === 0);
      upgrades += 1;
      await elapse(random(upgradeMs));
    }
    await finished;
    const [a, b] = [pair.a.carrier.counters, pair.b.carrier.counters];
    t.diagnostic(`${asked} requests, ${upgrades} upgrades, ${a.moved + b.moved} moves`);
    assert.deepEqual([heard, a.requests + b.requests], [asked, asked]);
    assert.equal(a.accepted + b.accepted, clients);
    assert.equal(a.moved + b.moved, a.adopted + b.adopted);
    // Whom the app is told of again without a move has slept.
    const slept = told - clients > a.adopted + b.adopted;
    assert.equal(slept, "dormantAfterMs" in carrying, `told of ${told}`);
    assert.ok(upgrades > 1 && a.moved + b.moved > clients);
  });
}
