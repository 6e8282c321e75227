import { oneLine } from "../lib/printable.js";
import type { ControlCommand } from "./port.js";
import type { ControlFailure } from "./replies.js";
import { messageLimit, type UpgradeWish, type Wait, wishFor } from "./upgrade-wish.js";

/** What a request asks for. `wait`: the answer is a stream that lasts so long; null: there is an answer at once. */
export type Route =
  | { readonly kind: "status" | "version" | "events" | "history" | "metrics" | "changes" }
  | {
      readonly kind: "command";
      readonly command: ControlCommand;
      readonly wait: Wait | null;
      readonly wish: UpgradeWish;
    }
  | { readonly kind: "progress"; readonly upgrade: number; readonly wait: Wait | null };

export interface Refusal {
  readonly kind: "refused";
  readonly status: 400 | 403 | 404 | 405 | 409 | 413;
  readonly failure: ControlFailure;
  /** The one method that the path knows, for a 405. */
  readonly allow?: "GET" | "POST";
}

type Method = "GET" | "POST";

const reads = new Map<string, Route>([
  ["/v1/status", { kind: "status" }],
  ["/v1/version", { kind: "version" }],
  ["/v1/events", { kind: "events" }],
  ["/v1/history", { kind: "history" }],
  ["/v1/metrics", { kind: "metrics" }],
  ["/v1/changes", { kind: "changes" }],
]);

const commands = new Map<string, ControlCommand>([
  ["/v1/upgrade", "upgrade"],
  ["/v1/commit", "commit"],
  ["/v1/rollback", "rollback"],
  ["/v1/reexec", "reexec"],
  ["/v1/drain", "drain"],
  ["/v1/stop", "stop"],
]);

/** Finds the route of a request's method and target. The query knows `wait` and `wait=proved`, the `wishFlags` for an upgrade, `to` for a rollback, `message` and `reload`; the rest is ignored. */
export function findRoute(method: string, target: string): Route | Refusal {
  const [path = "", query = ""] = target.split("?", 2);
  const words = new URLSearchParams(query);
  const wait = readWait(words.get("wait"));
  const command = commands.get(path);
  const to = words.get("to");
  const why = readWhy(words);
  if (command === "rollback" && to !== null) {
    if (!/^[1-9][0-9]{0,14}$/.test(to)) return notGeneration;
    return allow("POST", method, { kind: "command", command, wait, wish: { ...why, to: Number(to) } });
  }
  const wish = { ...why, ...(command === "upgrade" ? wishFor((flag) => words.has(flag)) : {}) };
  if (command !== undefined) return allow("POST", method, { kind: "command", command, wait, wish });
  const upgrade = /^\/v1\/upgrades\/([1-9][0-9]{0,14})$/.exec(path)?.[1];
  const read = upgrade === undefined ? reads.get(path) : progressRoute(Number(upgrade), wait);
  if (read !== undefined) return allow("GET", method, read);
  return { kind: "refused", status: 404, failure: { reason: "not-found", message: "no such path" } };
}

const notGeneration: Refusal = {
  kind: "refused",
  status: 400,
  failure: { reason: "generation-invalid", message: "`to` must be the number of a generation" },
};

function allow(allowed: Method, method: string, route: Route): Route | Refusal {
  if (method === allowed) return route;
  const failure: ControlFailure = {
    reason: "method-not-allowed",
    message: `this path takes ${allowed} only`,
  };
  return { kind: "refused", status: 405, failure, allow: allowed };
}

function readWhy(words: URLSearchParams): Pick<UpgradeWish, "message" | "reload"> {
  const message = oneLine(words.get("message") ?? "")
    .trim()
    .slice(0, messageLimit);
  return { ...(message !== "" && { message }), ...(words.has("reload") && { reload: true }) };
}

function readWait(word: string | null): Wait | null {
  if (word === null) return null;
  return word === "proved" ? "proved" : "done";
}

function progressRoute(upgrade: number, wait: Wait | null): Route {
  return { kind: "progress", upgrade, wait };
}

/** Where an upgrade's progress can be asked for: the `Location` of an answer to `/v1/upgrade`. */
export function progressPath(upgrade: number): string {
  return `/v1/upgrades/${upgrade}`;
}
