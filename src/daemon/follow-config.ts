import type { Config } from "../config/config.js";
import { readConfig } from "../config/read.js";
import type { Setup } from "./setup.js";

/** What of a config is the daemon's own. */
export type Followed = Pick<Config, "control"> & Partial<Pick<Config, "history" | "metrics">>;

/** Without an upgrade nobody reads it, and those whom it lets in are to be let in again; a broken one lets in nobody, and leaves the rest as it is. */
export function followConfig({ configFile }: Setup, follow: (config: Followed) => void): void {
  const config = readConfig(configFile, { cwd: process.cwd(), cores: 1 });
  follow(config.ok ? config.value : { control: { viewers: null, operators: null } });
}
