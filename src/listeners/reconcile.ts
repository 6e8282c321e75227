import { type Address, formatAddress, leavesIPv4To, overlaps, parseAddress } from "../lib/address.js";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { socketUnitFor } from "../lib/socket-unit.js";
import { split } from "../lib/split.js";
import { removeSocketFile } from "../linux/socket-file.js";
import type { Prepared } from "../model/event.js";
import { isHandedOn } from "../model/own-listener.js";
import type { ListenerDeclaration, Specification } from "../model/plan.js";
import type { Listener } from "../model/state.js";
import { chooseListener, impliedDeclarations } from "./choose.js";
import type { HeldListeners, ListenersFailure } from "./held-listeners.js";
import { ownFile, rehearseMode } from "./socket-modes.js";

/**
 * The listeners of a new generation: held ones where they fit, else opened. What was opened before a failure stays
 * held; the model closes what no generation uses. Fails as `HeldListeners.open` does, or with `mode-refused`.
 */
export function reconcile(
  sockets: HeldListeners,
  specification: Specification,
  held: readonly Listener[],
  nextId: number,
): Result<Omit<Prepared, "version" | "commit">, ListenersFailure> {
  const declarations = specification.listeners ?? impliedDeclarations(held);
  // In the place of one that no client can reach any more another one is opened; a socket unit's is for systemd to open.
  const [down, usable] = split(held, (one) => one.origin !== "unit" && sockets.obstacleTo(one) !== null);
  const all = [...usable];
  const listeners: number[] = [];
  let id = nextId;
  for (const declaration of declarations) {
    const choice = chooseListener(declaration, all);
    if (choice.kind === "held") {
      if (choice.warning !== null) sockets.warn(choice.warning);
      for (const chosen of choice.listeners) {
        const rehearsed = rehearseMode(declaration, chosen);
        if (!rehearsed.ok) {
          dropOpened(sockets, all, nextId);
          return rehearsed;
        }
        const declared = declare(sockets, chosen, declaration, all);
        all[all.indexOf(chosen)] = { ...declared, backlog: declaration.backlog ?? chosen.backlog };
        listeners.push(chosen.id);
      }
      continue;
    }
    const { address } = declaration;
    if (address === null) {
      dropOpened(sockets, all, nextId);
      return missing(
        declaration,
        socketUnitFor(sockets.unit, declaration.name, declarations[0] === declaration),
      );
    }
    clearPath(down, formatAddress(address));
    const opened = sockets.open({ ...declaration, address }, id, [
      ...addressesOf(declarations),
      ...addressesOf(all),
    ]);
    if (!opened.ok) {
      dropOpened(sockets, all, nextId);
      return { ok: false, failure: nameOwn(opened.failure, declaration, all) };
    }
    all.push(opened.value);
    listeners.push(id);
    id += 1;
  }
  reportUndeclared(sockets, declarations, all);
  return succeed({ specification, held: [...all, ...down], listeners });
}

/** What an app has asked for until now, and the config names from now on, has the name that the config gives it. */
function declare(
  sockets: HeldListeners,
  listener: Listener,
  { name }: ListenerDeclaration,
  all: readonly Listener[],
): Listener {
  if (listener.origin !== "app") return listener;
  sockets.rename(
    listener,
    name,
    all.filter((other) => other !== listener),
  );
  return { ...listener, name, origin: "bound" };
}

/** Where something listens or is to. */
export function addressesOf(listeners: readonly { readonly address: Address | string | null }[]): Address[] {
  return listeners.flatMap(({ address }) => {
    if (typeof address !== "string") return address === null ? [] : [address];
    const parsed = parseAddress(address);
    return parsed.ok ? [parsed.value] : [];
  });
}

function dropOpened(sockets: HeldListeners, listeners: readonly Listener[], fromId: number): void {
  const opened = listeners.filter(({ id }) => id >= fromId);
  const kept = listeners.filter(({ id }) => id < fromId);
  for (const listener of opened) sockets.close(listener, kept);
}

function missing({ name }: ListenerDeclaration, unit: string): Result<never, Failure<"listener-missing">> {
  const what = `cannot get the listener ${name}: it has no \`address\` in the config and systemd passes no socket of that name`;
  return fail(
    "listener-missing",
    `${what}; start its socket unit, ${unit} with FileDescriptorName=${name}, or add an address`,
  );
}

/** The file of a unix socket that is down leads nowhere, and its path is wanted. */
function clearPath(down: readonly Listener[], wanted: string): void {
  for (const listener of down) {
    const own = listener.address === wanted ? ownFile(listener) : undefined;
    if (own !== undefined) removeSocketFile(...own);
  }
}

/** The process that has the address is nobody to look for when it is the service's own. */
function nameOwn(
  failure: ListenersFailure,
  { name, address }: ListenerDeclaration,
  held: readonly Listener[],
): ListenersFailure {
  if (failure.reason !== "address-in-use" || address === null) return failure;
  const wanted = formatAddress(address);
  const holder = held.find((listener) => addressesOf([listener]).some((one) => overlaps(one, address)));
  if (holder === undefined) return failure;
  const what = `cannot open listener ${name} on ${wanted}: this service holds ${holder.address} already, as listener ${holder.name}`;
  const rename =
    holder.origin === "unit"
      ? `call it ${holder.name} in the config, or write FileDescriptorName=${name} in the socket unit`
      : "keep that name, or stop and start the service to give it another";
  const move =
    "the kernel lets nobody have both at once: go by way of another port, or stop and start the service";
  return { reason: failure.reason, message: `${what}; ${holder.address === wanted ? rename : move}` };
}

function reportUndeclared(
  sockets: HeldListeners,
  declarations: readonly ListenerDeclaration[],
  held: readonly Listener[],
): void {
  const names = new Set(declarations.map(({ name }) => name));
  const undeclared = held.filter((listener) => isHandedOn(listener) && !names.has(listener.name));
  for (const { name, address } of undeclared) {
    sockets.warn(
      `listener ${name} (${address}) is declared by nobody and will be closed; declare it as [listeners.${name}]`,
    );
  }
  const gone = addressesOf(undeclared).filter((address) => address.kind !== "unix" && address.family === 4);
  for (const { name, address, origin } of held.filter((one) => names.has(one.name))) {
    const left = addressesOf([{ address }]).some((own) => gone.some((other) => leavesIPv4To(own, other)));
    if (!left || origin !== "bound") continue;
    sockets.warn(
      `listener ${name} (${address}) was opened for IPv6 alone, beside one for IPv4 that goes: stop and start the service for it to take both`,
    );
  }
}
