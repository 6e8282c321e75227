import assert from "node:assert/strict";
import { elapse } from "./deadline.js";
import { get, post, type RawClient, type Response } from "./raw-client.js";

/** mulberry32: the same numbers in each run, so that a failure can be looked at twice. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One kept connection on which hard things are done, one after the other. */
export interface Torture {
  readonly client: RawClient;
  readonly random: (below: number) => number;
  /** A path that no other request has; each is asked for once. */
  readonly path: (kind: string) => string;
  /** Each final response, once it is known to be the right one. */
  readonly heard: (response: Response) => void;
}

async function expect({ client, heard }: Torture, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    const response = await client.response();
    assert.deepEqual([response.status, response.body], [200, body]);
    heard(response);
  }
}

async function ask(torture: Torture, kind: string): Promise<void> {
  const path = torture.path(kind);
  torture.client.send(get(path));
  await expect(torture, [path]);
}

async function dribble({ client, random }: Torture, bytes: string): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random(Math.ceil(bytes.length / 4));
    client.send(bytes.slice(at, at + size));
    at += size;
    if (random(2) === 0) await elapse(random(3));
  }
}

const steps: Readonly<Record<string, (torture: Torture) => Promise<void>>> = {
  quick: (torture) => ask(torture, "/quick/"),
  late: (torture) => ask(torture, "/late/"),
  stream: (torture) => ask(torture, "/stream/"),
  async pipelined(torture) {
    const kinds = ["/quick/", "/late/", "/stream/"];
    const paths = Array.from({ length: 2 + torture.random(5) }, () =>
      torture.path(kinds[torture.random(3)] ?? "/"),
    );
    const sent = dribble(torture, paths.map((path) => get(path)).join(""));
    await expect(torture, paths);
    await sent;
  },
  async dribbled(torture) {
    const path = torture.path("/quick/");
    await dribble(torture, get(path));
    await expect(torture, [path]);
  },
  async upload(torture) {
    const path = torture.path("/quick/");
    const body = "u".repeat(1 + torture.random(500));
    await dribble(torture, post(path, `Content-Length: ${body.length}`) + body);
    await expect(torture, [`${path} ${body.length}`]);
  },
  async chunked(torture) {
    const path = torture.path("/late/");
    const chunk = "c".repeat(1 + torture.random(100));
    const part = `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
    await dribble(torture, `${post(path, "Transfer-Encoding: chunked")}${part}${part}0\r\n\r\n`);
    await expect(torture, [`${path} ${2 * chunk.length}`]);
  },
  async continued(torture) {
    const path = torture.path("/quick/");
    torture.client.send(post(path, "Content-Length: 9", "Expect: 100-continue"));
    assert.equal((await torture.client.response()).status, 100);
    await dribble(torture, "continued");
    await expect(torture, [`${path} 9`]);
  },
  async early(torture) {
    const path = torture.path("/early/");
    const sent = dribble(
      torture,
      `${post(path, "Content-Length: 200")}${get("/smuggled").repeat(9).slice(0, 200)}`,
    );
    await expect(torture, [path]);
    await sent;
  },
  async crlf(torture) {
    const path = torture.path("/quick/");
    await dribble(torture, `\r\n\r\n${get(path)}`);
    await expect(torture, [path]);
  },
  async head({ client, path, heard }) {
    client.send(get(path("/quick/")).replace("GET", "HEAD"));
    const response = await client.response("HEAD");
    assert.equal(response.status, 200);
    heard(response);
  },
  async idle({ random }) {
    await elapse(random(15));
  },
};

const names = Object.keys(steps);

/** One of these at random, to its end. Throws when an answer is wrong or does not come. */
export async function doSomethingHard(torture: Torture): Promise<void> {
  await steps[names[torture.random(names.length)] ?? ""]?.(torture);
}
