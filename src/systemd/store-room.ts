import { askManager } from "./ask-manager.js";

/**
 * How many more fds systemd would keep for a unit: FileDescriptorStoreMax= less what it has. Undefined when it cannot be
 * asked within two seconds. Never throws.
 */
export function roomInStore(unit: string): Promise<number | undefined> {
  return askManager("systemctl", ["show", ...properties, "--", unit], readRoom);
}

/** The room in what `systemctl show` printed. */
export function readRoom(text: string): number | undefined {
  const most = /^FileDescriptorStoreMax=(\d+)$/m.exec(text)?.[1];
  const used = /^NFileDescriptorStore=(\d+)$/m.exec(text)?.[1];
  return most === undefined || used === undefined ? undefined : Math.max(0, Number(most) - Number(used));
}

const properties = ["-p", "FileDescriptorStoreMax", "-p", "NFileDescriptorStore"];
