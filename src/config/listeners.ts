import * as v from "valibot";
import { type Address, formatAddress, parseAddress } from "../lib/address.js";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import type { ListenerDeclaration } from "../model/plan.js";
import { count, isTable, named, readWith, table } from "./values.js";

/** Of the file of a unix socket. */
export const socketMode = readWith(parseMode, '"0660"');

export const listenerEntries = {
  address: v.optional(readWith(readAddress, '"127.0.0.1:8080"')),
  backlog: v.optional(count(1, 65_535)),
  mode: v.optional(socketMode),
};

const listener = v.pipe(
  table('must be a table, as in address = "127.0.0.1:8080" below [listeners.http]'),
  v.object(listenerEntries),
  v.forward(
    v.partialCheck(
      [["address"], ["mode"]],
      ({ address, mode }) => mode === undefined || address?.kind === "unix",
      'is only for the file of a unix socket; remove it, or write address = "unix:/PATH" beside it',
    ),
    ["mode"],
  ),
);

/** The whole `listeners` table, in the order of the file. */
export const listeners = v.pipe(
  named("must be a table of listeners, as in [listeners.http]", judgeListenerName, listener),
  v.transform((entries): readonly ListenerDeclaration[] =>
    entries.map(([name, { address, backlog, mode }]) => ({
      name,
      address: address ?? null,
      backlog: backlog ?? null,
      mode: mode ?? null,
    })),
  ),
);

/** Pairs of listeners that would listen at one address, looked for in all that can be read of the raw table. */
export function findSharedAddresses(raw: unknown): { readonly name: string; readonly first: string }[] {
  const shared: { name: string; first: string }[] = [];
  const firstAt = new Map<string, string>();
  for (const [name, entry] of isTable(raw) ? Object.entries(raw) : []) {
    if (!isTable(entry) || typeof entry["address"] !== "string") continue;
    const address = parseAddress(entry["address"]);
    if (!address.ok) continue; // Or it is a generation's own, which no two share.
    const spelling = formatAddress(address.value);
    const first = firstAt.get(spelling);
    if (first === undefined) firstAt.set(spelling, name);
    else shared.push({ name, first });
  }
  return shared;
}

/** Names go into LISTEN_FDNAMES, which `:` separates (sd_listen_fds(3)); `holdfast.` marks the daemon's own fds. */
function judgeListenerName(name: string): string | null {
  if (name.startsWith("holdfast.")) return 'names that start with "holdfast." are kept for the daemon';
  if (/^[!-9;-~]{1,100}$/.test(name)) return null;
  return "a listener's name has 1 to 100 printable ASCII characters, without spaces and colons";
}

/** Port 0 is for this machine alone, and each generation gets another: `isOwn` of the model. */
function readAddress(text: string): Result<Address, Failure<"address-invalid">> {
  const [, host, family] = /^(127\.0\.0\.1|\[(::1)\]):0$/.exec(text) ?? [];
  if (host === undefined) return parseAddress(text);
  return succeed(
    family === undefined
      ? { kind: "tcp", family: 4, host, port: 0 }
      : { kind: "tcp", family: 6, host: family, port: 0 },
  );
}

function parseMode(mode: string): Result<number, Failure<"mode-invalid">> {
  if (/^0?[0-7]{3}$/.test(mode)) return succeed(Number.parseInt(mode, 8));
  return fail(
    "mode-invalid",
    `cannot read mode ${JSON.stringify(mode)}: write three octal digits, as in "0660"`,
  );
}
