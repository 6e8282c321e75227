import { readFileSync, readlinkSync } from "node:fs";
import { constants } from "node:os";
import { basename } from "node:path";

/**
 * Whether a process leaves a signal to what the kernel does by default: it neither handles nor ignores it, nor waits for it blocked.
 * Undefined when the process is gone or hidden. proc_pid_status(5).
 */
export function leavesToDefault(pid: number, signal: number): boolean | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, "ascii");
  } catch {
    return undefined;
  }
  const bit = 1n << BigInt(signal - 1);
  const masks = [...status.matchAll(/^Sig(?:Blk|Ign|Cgt):\s+([0-9a-f]+)$/gm)];
  return masks.every(([, hex = "0"]) => (BigInt(`0x${hex}`) & bit) === 0n);
}

/**
 * Whether a process does something of its own at a signal, be it that it ends by the same signal afterwards, as puma and uvicorn do. Node
 * has a handler of its own at all signals that end a process, so of its apps this is not known: false, as where nothing can be seen.
 */
export function handlesSignal(pid: number, signal: NodeJS.Signals): boolean {
  return leavesToDefault(pid, constants.signals[signal]) === false && !isNode(pid);
}

function isNode(pid: number): boolean {
  try {
    return /^node/.test(basename(readlinkSync(`/proc/${pid}/exe`)));
  } catch {
    return true;
  }
}
