import { formatAddress } from "../lib/address.js";
import type { ListenerDeclaration } from "../model/plan.js";
import type { Listener } from "../model/state.js";

/** What a new generation gets for one declaration: a socket that is held, one to open, or none. */
export type Choice =
  | { readonly kind: "held"; readonly listener: Listener; readonly warning: string | null }
  | { readonly kind: "open"; readonly declaration: ListenerDeclaration }
  | { readonly kind: "missing"; readonly name: string };

/**
 * The socket unit's listener comes first, whatever address is declared, because clients were given that one; then one
 * that is held and has the declared address; else the daemon opens it.
 */
export function chooseListener(declaration: ListenerDeclaration, held: readonly Listener[]): Choice {
  const { name, address } = declaration;
  const wanted = address === null ? null : formatAddress(address);
  const named = held.filter((listener) => listener.name === name).sort((a, b) => b.id - a.id);
  const ofUnit = named.find(({ origin }) => origin === "unit");
  if (ofUnit !== undefined) {
    const differs = wanted !== null && wanted !== ofUnit.address;
    const warning = differs
      ? `listener ${name}: the socket unit listens on ${ofUnit.address}, so the configured address ${wanted} is not used`
      : null;
    return { kind: "held", listener: ofUnit, warning };
  }
  const fitting = named.find((listener) => wanted === null || listener.address === wanted);
  if (fitting !== undefined) return { kind: "held", listener: fitting, warning: null };
  return address === null ? { kind: "missing", name } : { kind: "open", declaration };
}

/** Without a `[listeners]` table everything that systemd passes is a listener, the newest of each name. */
export function impliedDeclarations(held: readonly Listener[]): readonly ListenerDeclaration[] {
  const names = [...new Set(held.map(({ name }) => name))];
  return names.map((name) => ({ name, address: null, backlog: null, mode: null }));
}
