import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { managerScope } from "./job.js";

const timeoutMs = 2000;
const run = promisify(execFile);

/**
 * How many more fds systemd would keep for a unit: FileDescriptorStoreMax= less what it has. Undefined when it cannot be
 * asked within two seconds. Never throws.
 */
export async function roomInStore(unit: string): Promise<number | undefined> {
  try {
    const { stdout } = await run("systemctl", [...managerScope(), "show", ...properties, "--", unit], {
      timeout: timeoutMs,
      env: { ...process.env, NOTIFY_SOCKET: undefined },
      killSignal: "SIGKILL",
    });
    return readRoom(stdout);
  } catch {
    return undefined;
  }
}

/** The room in what `systemctl show` printed. */
export function readRoom(text: string): number | undefined {
  const most = /^FileDescriptorStoreMax=(\d+)$/m.exec(text)?.[1];
  const used = /^NFileDescriptorStore=(\d+)$/m.exec(text)?.[1];
  return most === undefined || used === undefined ? undefined : Math.max(0, Number(most) - Number(used));
}

const properties = ["-p", "FileDescriptorStoreMax", "-p", "NFileDescriptorStore"];
