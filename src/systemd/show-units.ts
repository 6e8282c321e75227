import { askManager } from "./ask-manager.js";

/** What `systemctl show` tells of one unit: property to value; several values of one property on lines of their own. */
export type UnitProperties = ReadonlyMap<string, string>;

/**
 * The properties of units, all in one call; a pattern means the loaded units that it matches. Undefined when systemd cannot be
 * asked within two seconds. A unit that does not exist has LoadState=not-found. Never throws.
 */
export function showUnits(
  units: readonly string[],
  properties: readonly string[],
): Promise<readonly UnitProperties[] | undefined> {
  if (units.length === 0) return Promise.resolve([]);
  return askManager("systemctl", ["show", "-p", properties.join(","), "--", ...units], readUnits);
}

/** systemd's own version as it writes it, like `252.38-1~deb12u1`; undefined when it cannot be asked. */
export function systemdVersion(): Promise<string | undefined> {
  return askManager("systemctl", ["show", "-p", "Version", "--value"], (text) => text.trim() || undefined);
}

/** Blocks of `KEY=VALUE` lines, one a unit, with an empty line between two. */
export function readUnits(text: string): readonly UnitProperties[] {
  return text
    .split("\n\n")
    .map((block) => {
      const properties = new Map<string, string>();
      for (const line of block.split("\n")) {
        const at = line.indexOf("=");
        if (at < 0) continue;
        const key = line.slice(0, at);
        const before = properties.get(key);
        const value = line.slice(at + 1);
        properties.set(key, before === undefined ? value : `${before}\n${value}`);
      }
      return properties;
    })
    .filter(({ size }) => size > 0);
}
