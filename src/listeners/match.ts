import type { Listener } from "../model/state.js";

/** A socket that came with LISTEN_FDS, already inspected. */
export interface InheritedListener {
  readonly fd: number;
  readonly name: string;
  readonly inode: string;
  readonly address: string;
  /** Of the socket as it came, where the kernel tells. */
  readonly backlog: number | null;
  /** The same socket came twice: from the socket unit and from the fd store. */
  readonly twice: boolean;
}

export interface Matched {
  readonly held: readonly { readonly listener: Listener; readonly fd: number }[];
  /** Listeners of the state that did not come. */
  readonly lost: readonly Listener[];
}

/**
 * Says which inherited socket is which listener of the state: by inode, else by name and address (the socket unit was
 * started again). One that is in neither is new, and can only be the socket unit's. `storeCame` tells that the fd
 * store gave something back: then a known socket that came once came from the store, not from a unit.
 */
export function matchListeners(
  known: readonly Listener[],
  inherited: readonly InheritedListener[],
  storeCame: boolean,
  nextId: number,
): Matched {
  const inodes = new Set(inherited.map(({ inode }) => inode));
  const lost = known.filter(({ inode }) => !inodes.has(inode));
  let id = nextId;
  const held = inherited.map(({ fd, name, inode, address, backlog, twice }) => {
    const same = known.find((listener) => listener.inode === inode);
    if (same !== undefined) {
      const origin: Listener["origin"] =
        twice || (!storeCame && same.origin === "unit") ? "unit" : demote(same.origin);
      return { fd, listener: { ...same, origin } };
    }
    const successor = lost.findIndex((listener) => listener.name === name && listener.address === address);
    const [replaced] = successor < 0 ? [] : lost.splice(successor, 1);
    if (replaced !== undefined) {
      return { fd, listener: { ...replaced, inode, file: null, backlog, origin: "unit" as const } };
    }
    const listener: Listener = { id, name, address, inode, file: null, origin: "unit", backlog };
    id += 1;
    return { fd, listener };
  });
  return { held, lost };
}

function demote(origin: Listener["origin"]): Listener["origin"] {
  return origin === "unit" ? "stored" : origin;
}
