import type { ControlClient } from "../control/client.js";
import type { ControlFailure } from "../control/replies.js";
import { messageLimit, type UpgradeWish } from "../control/upgrade-wish.js";
import type { Result } from "../lib/failure.js";
import { oneLine } from "../lib/printable.js";
import type { Actor } from "./access.js";
import type { Refusal } from "./respond.js";
import type { Route } from "./routes.js";

type Act = Extract<Route, { kind: "act" }>;

/** Asks the daemon, in the name of whoever wants it; undefined: it has accepted. */
export async function act(
  client: ControlClient,
  { action, instance, words }: Act,
  actor: Actor,
): Promise<Refusal | undefined> {
  const wish = readWish(words, actor);
  if (wish === undefined) {
    return { status: 400, reason: "generation-invalid", message: "`to` must be the number of a generation" };
  }
  const reply = await ask(client, action, wish);
  if (reply.ok) return undefined;
  const { reason, message } = reply.failure;
  return { status: statusOf(reply.failure), reason, message: `cannot ${action} ${instance}: ${message}` };
}

function ask(
  client: ControlClient,
  action: Act["action"],
  { to, hold, force, message = "" }: UpgradeWish,
): Promise<Result<unknown, ControlFailure>> {
  switch (action) {
    case "upgrade":
      return client.request("upgrade", { message, ...(hold && { hold }), ...(force && { force }) });
    case "stage":
      return client.request("upgrade", { message, stage: true, ...(force && { force }) });
    case "rollback":
      return client.request("rollback", { message, ...(to !== undefined && { to }) });
    case "commit":
      return client.commit({ message });
    case "reexec":
      return client.order("reexec");
    default:
      return action satisfies never;
  }
}

/** The daemon sees holdfast-web ask; the message says for whom. */
function readWish(words: URLSearchParams, { user }: Actor): UpgradeWish | undefined {
  const to = words.get("to");
  if (to !== null && !/^[1-9][0-9]{0,14}$/.test(to)) return undefined;
  const who = user === null ? "web, by token" : `web: ${user}`;
  const why = oneLine(words.get("message") ?? "").trim();
  const message = (why === "" ? who : `${who}: ${why}`).slice(0, messageLimit);
  return {
    message,
    ...(to !== null && { to: Number(to) }),
    ...(words.has("hold") && { hold: true }),
    ...(words.has("force") && { force: true }),
  };
}

function statusOf({ reason }: ControlFailure): 403 | 409 | 502 | 503 {
  if (reason === "permission-denied") return 403;
  if (reason === "not-running" || reason === "timeout") return 503;
  return reason === "disconnected" || reason === "reply-invalid" || reason === "socket-foreign" ? 502 : 409;
}
