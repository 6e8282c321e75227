// A Fastify app with a counter that the next version goes on with. `sick` beside it makes `/healthz` fail, `refuse-state` makes it refuse
// the counter, `crash-at-boot` is what it says; `/slow?ms=` answers late, and `/held` counts once there is a file `go`.
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import fastify from "fastify";
import { serve, state } from "holdfast";

const at = (name) => new URL(name, import.meta.url);
const version = readFileSync(at("version"), "ascii").trim();
if (existsSync(at("crash-at-boot"))) throw new Error("told to crash at boot");

let count = 0;
state({
  name: "count",
  version: 1,
  initial: () => {},
  save: () => count,
  restore: (saved) => {
    if (existsSync(at("refuse-state"))) throw new Error("told to refuse the state");
    count = saved;
  },
});

const app = fastify({ keepAliveTimeout: 60_000 });
app.addHook("onRequest", async (_request, reply) => {
  reply.header("X-Version", version);
});
app.get("/", async () => `${version}\n`);
app.get("/count", async () => `${++count}\n`);
app.get("/slow", async ({ query }) => {
  await pause(Number(query.ms));
  return `${version}\n`;
});
app.get("/held", async () => {
  while (!existsSync(at("go"))) await pause(20);
  return `${++count}\n`;
});
app.get("/healthz", async (_request, reply) => {
  reply.code(existsSync(at("sick")) ? 500 : 200);
  return "\n";
});

await app.ready();
await serve(app.server, { port: Number(process.env.PORT) });
