import { readdirSync } from "node:fs";
import { isInstanceName } from "../lib/directories.js";

/** Where configs of instances are. */
export const configFolder = "/etc/holdfast";

/** The instances that have a config there; none where the folder is missing or may not be read. */
export function namesOfConfigs(): string[] {
  try {
    const files = readdirSync(configFolder).filter((file) => file.endsWith(".toml"));
    return files.map((file) => file.slice(0, -".toml".length)).filter(isInstanceName);
  } catch {
    return [];
  }
}
