/**
 * first-response.js ADDRESS VERSION COMMAND...: runs a command and tells after how many ms that version gave its first response.
 * A command that has not ended 500 ms later is a server, and ended. Where there is a file for stamps, both moments are stamped.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { monotonicMs } from "../../src/linux/boot.js";
import { DEADLINE_MS } from "../harness/container/wait-until.js";
import { Connection } from "../harness/load/connection.js";
import { stamp } from "./stamps.js";

const EVERY_MS = 1;
const COMMAND_MS = 500;

const [address = "", version = "", command = "", ...args] = process.argv.slice(2);

async function answers(): Promise<boolean> {
  const connection = new Connection(address, () => {});
  const ending = await connection.request("/", { close: true, timeoutMs: DEADLINE_MS });
  return ending.outcome === "ok" && ending.response.version === version;
}

const startMs = performance.now();
const askedAtMs = monotonicMs();
const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
const exited = once(child, "exit");
while (!(await answers())) {
  if (performance.now() - startMs > DEADLINE_MS) throw new Error(`${version} does not answer`);
  await pause(EVERY_MS);
}
const tookMs = performance.now() - startMs;
stamp({ what: "answered" });
stamp({ what: "asked", atMs: askedAtMs });
const timer = setTimeout(() => child.kill(), COMMAND_MS);
await exited;
clearTimeout(timer);
console.log(tookMs);
