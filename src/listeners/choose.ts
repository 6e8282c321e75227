import { formatAddress } from "../lib/address.js";
import { isHandedOn, isOwn } from "../model/own-listener.js";
import type { ListenerDeclaration } from "../model/plan.js";
import type { Listener } from "../model/state.js";

/** What a new generation gets for one declaration: sockets that are held, one to open, or none. */
export type Choice =
  | { readonly kind: "held"; readonly listeners: readonly Listener[]; readonly warning: string | null }
  | { readonly kind: "open" }
  | { readonly kind: "missing" };

/**
 * The socket unit's sockets of that name come first (a unit may pass several under one), whatever address is declared,
 * because clients were given those; then what is held and has the declared address, as one of that name or undeclared until now; else
 * the daemon opens it, as it does each time what is to be a generation's own.
 */
export function chooseListener(declaration: ListenerDeclaration, held: readonly Listener[]): Choice {
  const { name, address } = declaration;
  if (isOwn(declaration)) return { kind: "open" };
  const wanted = address === null ? null : formatAddress(address);
  const named = held.filter((listener) => listener.name === name && listener.origin !== "own");
  const ofUnit = named.filter(({ origin }) => origin === "unit");
  if (ofUnit.length > 0) return { kind: "held", listeners: ofUnit, warning: warn(name, wanted, ofUnit) };
  const fitting = named.filter((listener) => wanted === null || listener.address === wanted);
  if (fitting.length > 0) return { kind: "held", listeners: fitting, warning: null };
  const undeclared = held.filter(({ origin, address: own }) => origin === "app" && own === wanted);
  if (undeclared.length > 0) return { kind: "held", listeners: undeclared, warning: null };
  return address === null ? { kind: "missing" } : { kind: "open" };
}

function warn(name: string, wanted: string | null, ofUnit: readonly Listener[]): string | null {
  if (wanted === null || ofUnit.some(({ address }) => address === wanted)) return null;
  const addresses = ofUnit.map(({ address }) => address).join(" and ");
  return `listener ${name}: the socket unit listens on ${addresses}, so the configured address ${wanted} is not used`;
}

/**
 * Without a `[listeners]` table everything that systemd passes is a listener, and so is what the config has declared before. In the order of their names, for systemd promises none
 * between units, and workers may know a socket by its number.
 */
export function impliedDeclarations(held: readonly Listener[]): readonly ListenerDeclaration[] {
  const names = [...new Set(held.filter(isHandedOn).map(({ name }) => name))].sort();
  return names.map((name) => ({ name, address: null, backlog: null, mode: null }));
}
