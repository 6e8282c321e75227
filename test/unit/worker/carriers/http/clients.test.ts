import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { Agent, type RequestListener, request } from "node:http";
import { test } from "node:test";
import { promisify } from "node:util";
import { Pool } from "undici";
import { deadline, turn } from "./deadline.js";
import { Pair } from "./pair.js";

const lanes = 8;
const requestsPerLane = 60;
const run = promisify(execFile);
const wrkMissing = spawnSync("wrk", ["--version"]).error === undefined ? false : "wrk is not installed";

/** So that an upgrade finds requests under way. */
const answerLater: RequestListener = (request, response) => {
  setTimeout(() => response.end(request.url), 2);
};

/** Upgrades back and forth until the client has ended; returns what it said. */
async function upgradeDuring<T>(pair: Pair, client: Promise<T>): Promise<T> {
  let ended = false;
  const watched = client.finally(() => {
    ended = true;
  });
  watched.catch(() => {}); // awaited below
  let upgrades = 0;
  for (; !ended; upgrades += 1) {
    const [from, to] = upgrades % 2 === 0 ? [pair.a, pair.b] : [pair.b, pair.a];
    await pair.upgrade(from, to);
    await turn();
  }
  return watched;
}

/** Several requests at a time, each lane one after the other. */
async function askMany(ask: (path: string) => Promise<string>): Promise<void> {
  const lane = async (_: unknown, number: number): Promise<void> => {
    for (let count = 0; count < requestsPerLane; count += 1) {
      const path = `/${number}/${count}`;
      assert.equal(await deadline(path, ask(path)), path);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function assertNothingReopened({ a, b }: Pair): void {
  const [first, second] = [a.carrier.counters, b.carrier.counters];
  assert.equal(first.accepted + second.accepted, lanes);
  assert.equal(first.cut + second.cut, 0);
  assert.ok(first.moved + second.moved > lanes);
}

test("http.Agent keeps its connections over many upgrades, and no request fails", async () => {
  await using pair = await Pair.open(answerLater);
  const agent = new Agent({ keepAlive: true, maxSockets: lanes });
  const ask = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const asked = request({ port: pair.port, host: "127.0.0.1", path, agent }, (response) => {
        let body = "";
        response.on("data", (bytes) => {
          body += bytes;
        });
        response.on("end", () => resolve(body));
      });
      asked.on("error", reject).end();
    });
  await upgradeDuring(pair, askMany(ask));
  assertNothingReopened(pair);
  agent.destroy();
});

test("undici keeps its connections over many upgrades, and no request fails", async () => {
  await using pair = await Pair.open(answerLater);
  const pool = new Pool(`http://127.0.0.1:${pair.port}`, { connections: lanes });
  await upgradeDuring(
    pair,
    askMany(async (path) => (await pool.request({ method: "GET", path })).body.text()),
  );
  assertNothingReopened(pair);
  await pool.destroy();
});

test("wrk sees no error over many upgrades at full speed, and no request of it is left without its answer", {
  skip: wrkMissing,
}, async () => {
  let unanswered = 0;
  await using pair = await Pair.open((request, response) => {
    const { socket } = request;
    // wrk waits for a lost answer without a word. What it closes itself, at its end, ends or fails the socket.
    response.once("close", () => {
      if (!response.writableFinished && !socket.readableEnded && socket.errored === null) unanswered += 1;
    });
    answerLater(request, response);
  });
  // What takes longer than that counts as an error, too.
  const load = run("wrk", ["-t1", `-c${lanes}`, "-d3s", "--timeout=20s", `http://127.0.0.1:${pair.port}/`], {
    timeout: 30_000,
  });
  const { stdout } = await upgradeDuring(pair, load);
  assert.doesNotMatch(stdout, /Socket errors|Non-2xx/);
  assert.match(stdout, /requests in/);
  assert.equal(unanswered, 0);
  // It opens one connection more, to try the address.
  assert.ok(pair.a.carrier.counters.accepted + pair.b.carrier.counters.accepted <= lanes + 1);
});
