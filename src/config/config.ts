import type { Address } from "../lib/address.js";
import type { Plan } from "../model/plan.js";

/** One reading of the admin's file: validated, with every default filled in, frozen through and through. */
export interface Config {
  /** The file as it was named to us, for messages. */
  readonly file: string;
  /** `release` is absolute here, but its symlinks are not resolved yet. */
  readonly plan: Plan;
  /** Null when there is no `listeners` table: then everything that systemd passes is a listener. */
  readonly listeners: readonly ListenerConfig[] | null;
}

/** One `[listeners.NAME]` table. */
export interface ListenerConfig {
  /** FileDescriptorName= of the socket unit, and the name in the fd store. */
  readonly name: string;
  /** Null when the socket must come from systemd. */
  readonly address: Address | null;
  /** As for listen(2); null leaves it as it is, or at the default of whoever binds. */
  readonly backlog: number | null;
  /** Permission bits of a unix socket's file; null otherwise, and where the umask decides. */
  readonly mode: number | null;
}

/** What the surroundings decide when the file is silent. */
export interface ConfigDefaults {
  /** Absolute: the default `release`, and what a relative one starts from. */
  readonly cwd: string;
  /** What `workers = "auto"` means. */
  readonly cores: number;
}
