import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { receiveMessage, sendMessage } from "../../../src/linux/message.js";

export function say(fd: number, text: string, fds: readonly number[] = []): void {
  assert.equal(sendMessage(fd, Buffer.from(text), fds), Buffer.byteLength(text));
}

/** The next packet's text; empty at the end. */
export function receive(fd: number): string | undefined {
  try {
    return receiveMessage(fd)?.bytes.toString();
  } catch {
    // ECONNRESET: packets were left unread at the other end. The rest comes after it.
    return receiveMessage(fd)?.bytes.toString();
  }
}

export async function runPython(code: string, fd: number): Promise<void> {
  const child = spawn("python3", ["-c", code], { stdio: ["ignore", "inherit", "inherit", fd] });
  assert.deepEqual(await once(child, "exit"), [0, null]);
}
