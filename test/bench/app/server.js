// The app that the benchmark upgrades. Its version is in the file `version` beside it. With EXPRESS=1 it is an Express app, with
// BOOT_MS one that needs as long for what it has to fetch first;
// with PORT it is bare, with PLAIN=1 on the inherited listener without Holdfast, else native, with DORMANT_AFTER as serve() has it; with LISTENERS=N it serves those that
// are called l1 to lN.
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const { env } = process;
const version = readFileSync(new URL("version", import.meta.url), "ascii").trim();

stamp("process-start", performance.now());
stamp("loaded");

function answer(request, response) {
  // Of all that is not garbage.
  if (request.url === "/memory") globalThis.gc();
  const body = request.url === "/memory" ? `${process.memoryUsage.rss()}\n` : "ok\n";
  response.setHeader("X-Version", version);
  response.setHeader("Content-Length", Buffer.byteLength(body));
  response.end(body);
}

async function createApp() {
  if (env.EXPRESS !== "1") return answer;
  const { default: express } = await import("express");
  return express().use(answer);
}

function stamp(what, agoMs = 0) {
  if (env.BENCH_STAMPS === undefined) return;
  const atMs = Number(process.hrtime.bigint()) / 1e6 - agoMs;
  const generation = Number(env.HOLDFAST_GENERATION);
  appendFileSync(env.BENCH_STAMPS, `${JSON.stringify({ what, atMs, generation })}\n`);
}

if (env.BOOT_MS !== undefined) await pause(Number(env.BOOT_MS));
const app = await createApp();
const create = () => createServer({ keepAliveTimeout: 600_000 }, app);
const server = create();
if (env.PORT !== undefined) server.listen({ port: Number(env.PORT), host: "127.0.0.1" });
else if (env.PLAIN === "1") server.listen({ fd: 3 }, 4096);
else if (env.LISTENERS !== undefined) {
  const { serve } = await import("holdfast");
  const names = Array.from({ length: Number(env.LISTENERS) }, (_, at) => `l${at + 1}`);
  await Promise.all(names.map((listener) => serve(create(), { listener })));
} else {
  const { serve } = await import("holdfast");
  const serving = await serve(
    server,
    env.DORMANT_AFTER === undefined ? {} : { dormantAfter: env.DORMANT_AFTER },
  );
  serving.onDrain(() => stamp("moved"));
}
