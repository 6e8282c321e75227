/**
 * time-upgrade.js ADDRESS VERSION COMMAND...: runs a command that upgrades a service. Tells after how many ms it had ended, and after how
 * many that version gave its first response; and when it began.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { monotonicMs } from "../../../src/linux/boot.js";
import { Connection } from "../../harness/load/connection.js";

const EVERY_MS = 1;
const DEADLINE_MS = 120_000;

const [address = "", version = "", command = "", ...args] = process.argv.slice(2);

async function answers(): Promise<boolean> {
  const connection = new Connection(address, () => {});
  const ending = await connection.request("/", { close: true, timeoutMs: DEADLINE_MS });
  return ending.outcome === "ok" && ending.response.version === version;
}

const beganAtMs = monotonicMs();
const passedMs = () => monotonicMs() - beganAtMs;
const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
const ended = once(child, "exit").then(([code]) => ({ code, doneMs: passedMs() }));
while (!(await answers())) {
  if (passedMs() > DEADLINE_MS) throw new Error(`${version} does not answer`);
  await pause(EVERY_MS);
}
const firstMs = passedMs();
const { code, doneMs } = await ended;
if (code !== 0) throw new Error(`cannot measure ${command} ${args.join(" ")}: status ${code}`);
console.log(JSON.stringify({ beganAtMs, firstMs, doneMs }));
