import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test } from "node:test";
import { elapse, until } from "./deadline.js";
import { answer, Pair } from "./pair.js";
import { get, post, type RawClient } from "./raw-client.js";

const clients = 16;
const stepsEach = 100;

/** mulberry32: the same numbers in each run, so that a failure can be looked at twice. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

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

interface Step {
  readonly client: RawClient;
  readonly random: (below: number) => number;
  /** A path that no other request has. */
  readonly path: (kind: string) => string;
}

async function expect(client: RawClient, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    const response = await client.response();
    assert.deepEqual([response.status, response.body], [200, body]);
  }
}

async function dribble({ client, random }: Step, bytes: string): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random(Math.ceil(bytes.length / 4));
    client.send(bytes.slice(at, at + size));
    at += size;
    if (random(2) === 0) await elapse(random(3));
  }
}

const steps: Readonly<Record<string, (step: Step) => Promise<void>>> = {
  async quick({ client, path }) {
    const own = path("/quick/");
    assert.equal((await client.get(own)).body, own);
  },
  async late({ client, path }) {
    const own = path("/late/");
    assert.equal((await client.get(own)).body, own);
  },
  async stream({ client, path }) {
    const own = path("/stream/");
    assert.equal((await client.get(own)).body, own);
  },
  async pipelined(step) {
    const kinds = ["/quick/", "/late/", "/stream/"];
    const paths = Array.from({ length: 2 + step.random(5) }, () => step.path(kinds[step.random(3)] ?? "/"));
    const sent = dribble(step, paths.map((path) => get(path)).join(""));
    await expect(step.client, paths);
    await sent;
  },
  async dribbled(step) {
    const path = step.path("/quick/");
    await dribble(step, get(path));
    await expect(step.client, [path]);
  },
  async upload(step) {
    const path = step.path("/quick/");
    const body = "u".repeat(1 + step.random(500));
    await dribble(step, post(path, `Content-Length: ${body.length}`) + body);
    await expect(step.client, [`${path} ${body.length}`]);
  },
  async chunked(step) {
    const path = step.path("/late/");
    const chunk = "c".repeat(1 + step.random(100));
    const part = `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
    await dribble(step, `${post(path, "Transfer-Encoding: chunked")}${part}${part}0\r\n\r\n`);
    await expect(step.client, [`${path} ${2 * chunk.length}`]);
  },
  async continued(step) {
    const path = step.path("/quick/");
    step.client.send(post(path, "Content-Length: 9", "Expect: 100-continue"));
    assert.equal((await step.client.response()).status, 100);
    await dribble(step, "continued");
    await expect(step.client, [`${path} 9`]);
  },
  async early(step) {
    const path = step.path("/early/");
    const sent = dribble(
      step,
      `${post(path, "Content-Length: 200")}${get("/smuggled").repeat(9).slice(0, 200)}`,
    );
    await expect(step.client, [path]);
    await sent;
  },
  async crlf(step) {
    const path = step.path("/quick/");
    await dribble(step, `\r\n\r\n${get(path)}`);
    await expect(step.client, [path]);
  },
  async head({ client, path }) {
    client.send(get(path("/quick/")).replace("GET", "HEAD"));
    assert.equal((await client.response("HEAD")).status, 200);
  },
  async idle({ random }) {
    await elapse(random(15));
  },
};

test("under all of it at once, upgraded back and forth, no request is lost, doubled, reordered or reconnected", async (t) => {
  await using pair = await Pair.open(app, { keepAliveTimeout: 60_000 });
  const names = Object.keys(steps);
  let asked = 0;
  const run = async (index: number): Promise<void> => {
    const client = await pair.connect();
    const random = createRandom(index + 1);
    const path = (kind: string): string => `${kind}${index}-${asked++}`;
    for (let count = 0; count < stepsEach; count++) {
      await steps[names[random(names.length)] ?? ""]?.({ client, random, path });
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
    await elapse(random(10));
  }
  await finished;
  const [a, b] = [pair.a.carrier.counters, pair.b.carrier.counters];
  t.diagnostic(`${asked} requests, ${upgrades} upgrades, ${a.moved + b.moved} moves`);
  assert.equal(a.requests + b.requests, asked);
  assert.equal(a.accepted + b.accepted, clients);
  assert.equal(a.moved + b.moved, a.adopted + b.adopted);
  assert.ok(upgrades > 1 && a.moved + b.moved > clients);
});
