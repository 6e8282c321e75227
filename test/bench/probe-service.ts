/**
 * probe-service.js ADDRESS: 500 requests a second at fixed times over kept connections, whatever the server does. Tells what
 * clients have seen since it was last asked.
 */
import { Connection } from "../harness/load/connection.js";

const EVERY_MS = 2;
const CONNECTIONS = 16;
const TIMEOUT_MS = 10_000;

interface Window {
  requests: number;
  lost: number;
  /** From the time when the request was due. */
  worstMs: number;
  longestGapMs: number;
}

const address = process.argv[2] ?? "";
const free: Connection[] = [];
let window = open();
let lastResponse = performance.now();

function open(): Window {
  return { requests: 0, lost: 0, worstMs: 0, longestGapMs: 0 };
}

function connect(): Connection {
  return new Connection(address, () => {
    window.lost += 1;
  });
}

async function ask(dueAt: number): Promise<void> {
  const found = free.shift() ?? connect();
  const connection = found.isOpen ? found : connect();
  const { outcome } = await connection.request("/", { close: false, timeoutMs: TIMEOUT_MS });
  free.push(connection);
  const now = performance.now();
  window.requests += 1;
  if (outcome !== "ok") window.lost += 1;
  window.worstMs = Math.max(window.worstMs, now - dueAt);
  window.longestGapMs = Math.max(window.longestGapMs, now - lastResponse);
  lastResponse = now;
}

/** A turn that comes late sends all that has become due. */
function sendDue(): void {
  const now = performance.now();
  for (; dueAt <= now; dueAt += EVERY_MS) void ask(dueAt);
}

for (let opened = 0; opened < CONNECTIONS; opened++) free.push(connect());
await Promise.all(Array.from({ length: CONNECTIONS }, () => ask(performance.now())));
let dueAt = performance.now();
setInterval(sendDue, 1);

const tell = () => {
  console.log(JSON.stringify(window));
  window = open();
};
tell();
process.stdin.on("data", tell).on("end", () => process.exit());
