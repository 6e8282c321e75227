import { isInstanceName } from "../lib/directories.js";

export const actions = ["upgrade", "stage", "commit", "rollback", "reexec"] as const;

export type Action = (typeof actions)[number];

/** What a request asks for. */
export type Route =
  | { readonly kind: "page"; readonly instance: string | null }
  | { readonly kind: "asset"; readonly name: string }
  | { readonly kind: "feed" }
  | { readonly kind: "metrics" }
  | { readonly kind: "history"; readonly instance: string }
  | {
      readonly kind: "act";
      readonly instance: string;
      readonly action: Action;
      readonly words: URLSearchParams;
    }
  | { readonly kind: "refused"; readonly status: 404 | 405; readonly allow?: string };

/** Finds the route of a request's method and target. */
export function findRoute(method: string, target: string): Route {
  const [path = "", query = ""] = target.split("?", 2);
  const found = findPath(path, query);
  if (found.kind === "refused") return found;
  const allowed = found.kind === "act" ? ["POST"] : ["GET", "HEAD"];
  return allowed.includes(method) ? found : { kind: "refused", status: 405, allow: allowed.join(", ") };
}

function findPath(path: string, query: string): Route {
  if (path === "/") return { kind: "page", instance: null };
  if (path === "/feed") return { kind: "feed" };
  if (path === "/metrics") return { kind: "metrics" };
  const [first, ...rest] = path.slice(1).split("/");
  const [one = "", two = ""] = rest;
  if (first === "assets" && rest.length === 1) return { kind: "asset", name: one };
  if (first === "i" && rest.length === 1 && isInstanceName(one)) return { kind: "page", instance: one };
  if (first !== "api" || !isInstanceName(two)) return { kind: "refused", status: 404 };
  if (one === "history" && rest.length === 2) return { kind: "history", instance: two };
  const action = actions.find((name) => name === rest[2]);
  if (one !== "act" || rest.length !== 3 || action === undefined) return { kind: "refused", status: 404 };
  return { kind: "act", instance: two, action, words: new URLSearchParams(query) };
}
