import type { Config } from "../config/config.js";
import type { StatusReport } from "../control/port.js";
import type { Address } from "../lib/address.js";
import type { DrainSignal } from "../lib/drain-signals.js";
import type { FailureOf, Result } from "../lib/failure.js";

/** All that the checks look at, gathered beforehand. What could not be found out is null or empty, and is not complained about. */
export interface Facts {
  readonly name: string;
  readonly unit: UnitFacts;
  readonly sockets: readonly SocketUnitFacts[];
  readonly configFile: string;
  readonly config: Result<Config, FailureOf<"config">>;
  /** What the daemon says; null when none answers. */
  readonly report: StatusReport | null;
  readonly workers: readonly WorkerFacts[];
  /** Of one generation's processes, shared pages counted once; null while there are several generations or none. */
  readonly generationBytes: number | null;
  /** Addresses that are to be listened on and that somebody else has. */
  readonly taken: readonly TakenAddress[];
  readonly access: AccessFacts;
  /** The script that the command runs; null for other programs. */
  readonly source: SourceFile | null;
  readonly machine: MachineFacts;
}

export interface UnitFacts {
  readonly name: string;
  /** As `systemctl show` prints them; one that this systemd does not know is missing. */
  readonly properties: ReadonlyMap<string, string>;
  /** The unit file and its drop-ins, in the order in which systemd reads them. */
  readonly sources: readonly SourceFile[];
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface SocketUnitFacts {
  readonly unit: string;
  /** FileDescriptorName=, or what systemd takes for it. */
  readonly listener: string;
  readonly addresses: readonly Address[];
  /** What it passes besides, of kinds that no worker gets, as systemd writes it. */
  readonly unused: readonly string[];
  readonly accept: boolean;
  /** MaxConnectionsPerSource=; 0 is no limit. */
  readonly perSource: number;
  readonly active: boolean;
}

export interface WorkerFacts {
  readonly name: string;
  readonly openFds: number;
  readonly maxFds: number;
  /** The signal that is to make it drain, where nothing in it handles that one, so that it is ended at once. */
  readonly diesOf: DrainSignal | null;
}

export interface TakenAddress {
  readonly address: string;
  /** The socket unit that is to listen there; null where the daemon is to. */
  readonly socketUnit: string | null;
  readonly process: string;
  readonly pid: number;
  /** Null when it runs in no unit. */
  readonly unit: string | null;
}

export interface AccessFacts {
  /** Why release or command cannot be used by anybody. */
  readonly missing: readonly string[];
  /** The service's user; null when it is root or could not be found out. */
  readonly user: string | null;
  /** The first of the files and folders it needs that it may not read or enter. */
  readonly blocked: readonly string[];
  /** What the config calls `shared`. */
  readonly shared: readonly SharedPath[];
}

export interface SharedPath {
  /** Absolute, by way of the release as the config names it. */
  readonly written: string;
  /** The same, symlinks resolved. */
  readonly path: string;
  readonly exists: boolean;
  /** Whether the service's user may write there, as far as owner and mode go; null where nobody could be asked. */
  readonly writable: boolean | null;
}

export interface MachineFacts {
  readonly root: boolean;
  readonly nodeVersion: string;
  readonly systemdVersion: string | null;
  readonly availableBytes: number | null;
  /** Whether the system bus is dbus-daemon(1), and not dbus-broker. */
  readonly dbusDaemon: boolean;
  /** Its settings, where needrestart is installed. */
  readonly needrestart: readonly SourceFile[];
  readonly aptSettings: readonly SourceFile[];
}
