import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeMessage, encodeMessage } from "../../../../src/channel/json.js";
import { type ServerCounters, workerMessage } from "../../../../src/channel/worker-messages.js";
import { nothingCounted, nothingOpen, sumOver } from "../../../../src/lib/counters.js";
import { maxMessageBytes } from "../../../../src/linux/message.js";
import { fitReport } from "../../../../src/worker/lifetime/fit-report.js";

function server(at: number, requests: number, kind = "http"): ServerCounters {
  const counters = { ...nothingOpen, ...nothingCounted, open: 1, requests };
  return { listener: `l${at}`.padEnd(255, "x"), kind, counters };
}

test("an app may have any number of servers: what it tells of them is a message that the daemon takes", () => {
  const most = Number.MAX_SAFE_INTEGER;
  const servers = Array.from({ length: 1000 }, (_, at) => {
    const { counters, ...rest } = server(at, at, at % 2 === 0 ? "http" : "ws");
    return { ...rest, counters: Object.fromEntries(Object.keys(counters).map((name) => [name, most])) };
  }) as ServerCounters[];
  const packet = encodeMessage({ type: "report", query: 1, servers: fitReport(servers) });
  assert.ok(packet.length <= maxMessageBytes, `${packet.length} bytes`);
  assert.ok(decodeMessage(workerMessage, packet).ok);
});

test("what fits is told as it is", () => {
  const servers = [server(0, 3), server(1, 4, "ws")];
  assert.deepEqual(fitReport(servers), servers);
});

test("of more than fit nothing that they have counted is missing, and each kind has its own sum", () => {
  const servers = Array.from({ length: 300 }, (_, at) => server(at, at, at % 3 === 0 ? "ws" : "http"));
  const told = fitReport(servers);
  for (const name of ["requests", "open"] as const) assert.equal(sumOver(told, name), sumOver(servers, name));
  const ofKind = (all: readonly ServerCounters[]) =>
    sumOver(
      all.filter(({ kind }) => kind === "ws"),
      "requests",
    );
  assert.equal(ofKind(told), ofKind(servers));
  assert.deepEqual(told[0], servers[0]);
});
