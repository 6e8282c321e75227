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

/** Waits, at most two seconds, until the unit's fd store has so many fds or more; false when it has not. Never throws. */
export async function storeHas(unit: string, count: number): Promise<boolean> {
  const held = await askManager("systemctl", ["show", ...properties, "--", unit], (text) => {
    const used = Number(/^NFileDescriptorStore=(\d+)$/m.exec(text)?.[1]);
    return used >= count ? used : undefined;
  });
  return held !== undefined;
}

const properties = ["-p", "FileDescriptorStoreMax", "-p", "NFileDescriptorStore"];
