import { chmodSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { ControlGroups } from "../../config/config.js";
import type { Peer, Right } from "../../control/server.js";
import { messageOf } from "../../lib/failure.js";
import { allowGroups, findGroup } from "../../linux/groups.js";

const searchable = 0o011;

export interface ControlAccessOptions {
  readonly socketPath: string;
  /** It may do everything, as root may. */
  readonly serviceUid: number;
  readonly warn: (message: string) => void;
}

interface Admitted {
  readonly name: string;
  readonly gid: number;
}

/** Who may look at the service, and who may act on it: nobody but root and the service's own user, unless the config names groups. */
export class ControlAccess {
  readonly #options: ControlAccessOptions;
  #viewers: Admitted | undefined;
  #operators: Admitted | undefined;
  #readings = 0;

  constructor(options: ControlAccessOptions) {
    this.#options = options;
  }

  rightOf({ uid, gids }: Peer): Right | undefined {
    if (uid === 0 || uid === this.#options.serviceUid) return "act";
    if (this.#operators !== undefined && gids.includes(this.#operators.gid)) return "act";
    return this.#viewers !== undefined && gids.includes(this.#viewers.gid) ? "look" : undefined;
  }

  /** The config has been read; what only an earlier one allowed is over at once. A directory service may take its time to tell of a group. */
  follow(groups: ControlGroups): void {
    const reading = ++this.#readings;
    if (this.#viewers?.name !== groups.viewers) this.#viewers = undefined;
    if (this.#operators?.name !== groups.operators) this.#operators = undefined;
    this.#read(groups, reading).catch((error: unknown) => {
      if (reading !== this.#readings) return;
      this.#viewers = undefined;
      this.#operators = undefined;
      this.#options.warn(`the groups of [control] cannot be read, and let nobody in: ${messageOf(error)}`);
    });
  }

  async #read(groups: ControlGroups, reading: number): Promise<void> {
    const [viewers, operators] = await Promise.all([
      this.#find("viewers", groups.viewers),
      this.#find("operators", groups.operators),
    ]);
    if (reading !== this.#readings) return;
    this.#viewers = viewers;
    this.#operators = operators;
    this.#letIn([viewers, operators].flatMap((admitted) => admitted?.gid ?? []));
  }

  async #find(key: keyof ControlGroups, name: string | null): Promise<Admitted | undefined> {
    if (name === null) return undefined;
    const gid = await findGroup(name);
    if (gid !== undefined) return { name, gid };
    this.#options.warn(`there is no group ${name}: control.${key} lets nobody in`);
    return undefined;
  }

  /** Whoever connects is judged by its credentials: that it can connect lets nobody do anything. */
  #letIn(gids: readonly number[]): void {
    const { socketPath, warn } = this.#options;
    try {
      allowGroups(socketPath, gids);
      const directory = dirname(socketPath);
      const { mode } = statSync(directory);
      if (gids.length > 0 && (mode & searchable) !== searchable)
        chmodSync(directory, (mode & 0o777) | searchable);
    } catch (error) {
      if (gids.length > 0) warn(`the groups of [control] cannot connect: ${messageOf(error)}`);
    }
  }
}
