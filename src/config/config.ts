import type { Address } from "../lib/address.js";
import type { Specification } from "../model/plan.js";

/**
 * One reading of the admin's file: validated, with every default filled in, frozen through and through. The plan's `release`
 * is absolute, but its symlinks are not resolved yet; `listeners` is null when there is no such table.
 */
export interface Config extends Specification {
  readonly control: ControlGroups;
  readonly history: HistoryLimits;
  /** Null: metrics are told on the control socket only. */
  readonly metrics: MetricsTable | null;
  /** The file as it was named to us, for messages. */
  readonly file: string;
}

/** Where metrics are told besides. */
export interface MetricsTable {
  readonly address: Address;
  /** Permission bits of a unix socket's file; null otherwise, and where the umask decides. */
  readonly mode: number | null;
}

/** Groups by name or number; null: none. */
export interface ControlGroups {
  /** Its members may look at the service. */
  readonly viewers: string | null;
  /** Its members may act on it, too. */
  readonly operators: string | null;
}

/** How much of the ledger is kept. */
export interface HistoryLimits {
  /** A file that is larger is set aside. */
  readonly sizeBytes: number;
  /** Files that were set aside and are kept. */
  readonly rotate: number;
}

/** What the surroundings decide when the file is silent. */
export interface ConfigDefaults {
  /** Absolute: the default `release`, and what a relative one starts from. */
  readonly cwd: string;
  /** What `workers = "auto"` means. */
  readonly cores: number;
}
