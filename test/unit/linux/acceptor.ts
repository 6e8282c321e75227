import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";

/** Accepts on fd 3, and tells for each connection how it ended and how many bytes came. */
const server = `
  const server = require("node:net").createServer((socket) => {
    socket.on("error", ({ code }) => console.log(code));
    socket.on("end", () => console.log("end after", socket.bytesRead));
    socket.resume();
  });
  server.listen({ fd: 3 }, () => console.log("accepting"));`;

/** Ends what it accepts at once. */
export const hasty = `
  require("node:net").createServer((socket) => socket.destroy()).listen({ fd: 3 }, () => console.log("accepting"));`;
/** Speaks first, and dies of the first connection that breaks. */
export const greeting = `
  require("node:net").createServer((socket) => {
    socket.write("220 hello");
    socket.resume().on("end", () => console.log("end"));
  }).listen({ fd: 3 }, () => console.log("accepting"));`;

/** Accepts in a process that the one started here has started. */
const parent = `
  const child = require("node:child_process").spawn(process.execPath, ["-e", process.env.SERVER], {
    stdio: ["ignore", "inherit", "inherit", 3],
  });
  process.once("SIGTERM", () => child.kill("SIGKILL"));
  child.once("exit", () => process.exit());`;

export interface Acceptor {
  readonly pid: number;
  readonly child: ChildProcess;
  /** The next line it prints. */
  said(): Promise<string>;
}

/** A process that accepts from a listener, from the moment this returns. */
export async function startAcceptor(
  t: TestContext,
  listener: number,
  { code = server, indirect = false } = {},
): Promise<Acceptor> {
  const child = spawn(process.execPath, ["-e", indirect ? parent : code], {
    stdio: ["ignore", "pipe", "inherit", listener],
    env: { ...process.env, SERVER: code },
  });
  t.after(async () => {
    const ended = once(child, "exit");
    child.kill(indirect ? "SIGTERM" : "SIGKILL");
    await ended;
  });
  const lines = readLines(child);
  const said = async () => String((await lines.next()).value);
  assert.equal(await said(), "accepting");
  assert.ok(child.pid !== undefined);
  return { pid: child.pid, child, said };
}

async function* readLines({ stdout }: ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stdout ?? []) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
