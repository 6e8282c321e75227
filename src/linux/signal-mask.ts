import { readFileSync } from "node:fs";

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
