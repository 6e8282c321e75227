import type { IncomingMessage } from "node:http";
import * as v from "valibot";
import { fail, type Result, succeed } from "../lib/failure.js";
import { version } from "../lib/version.js";
import type { News } from "../model/event.js";
import type { Outcome } from "../model/upgrade-state.js";
import { type ChangesReport, changesReply } from "./changes-reply.js";
import { type Call, type ControlAddress, exchange, readLines, readText } from "./exchange.js";
import {
  acceptedReply,
  type ControlFailure,
  commitReply,
  errorReply,
  eventLine,
  type HistoryEntry,
  historyReply,
  type StatusReport,
  statusReply,
  upgradeLine,
  upgradeReply,
  versionReply,
} from "./replies.js";
import { progressPath } from "./routes.js";
import { type UpgradeWish, type Wait, wishFlags } from "./upgrade-wish.js";

export interface Following {
  /** The id by which another `resume` can ask for the outcome, as soon as the daemon has given it. */
  readonly onAccepted: (upgrade: number) => void;
  readonly onNews: (news: News) => void;
  readonly signal: AbortSignal;
  /** Until it is done, unless told otherwise. */
  readonly wait?: Wait;
}

/**
 * Talks to a daemon. Besides what the daemon itself refuses, each call can fail with an `ExchangeReason` or with `reply-invalid`
 * (a daemon of another version).
 */
export interface ControlClient {
  status(signal?: AbortSignal): Promise<Result<StatusReport, ControlFailure>>;
  /** Also tells which process answers. */
  version(): Promise<Result<v.InferOutput<typeof versionReply>, ControlFailure>>;
  /** Asks for something that has no outcome of its own. */
  order(command: "commit" | "reexec" | "drain" | "stop"): Promise<Result<void, ControlFailure>>;
  /** Asks for an upgrade and does not wait for it; its id. */
  request(command: "upgrade" | "rollback", wish?: UpgradeWish): Promise<Result<number, ControlFailure>>;
  /** Asks that the generation that is on trial or stands by be kept; the id of its upgrade, where the daemon knows one. */
  commit(wish?: UpgradeWish): Promise<Result<number | null, ControlFailure>>;
  /** The same, and waits like `follow`; null where the daemon knows no upgrade to wait for. */
  followCommit(following: Following, wish?: UpgradeWish): Promise<Result<Outcome | null, ControlFailure>>;
  /** Asks for an upgrade and waits until it has ended, well or badly; with `wait` proved, until its outcome has a verdict. */
  follow(
    command: "upgrade" | "rollback",
    following: Following,
    wish?: UpgradeWish,
  ): Promise<Result<Outcome, ControlFailure>>;
  /** The generations that ran, newest last. */
  history(): Promise<Result<readonly HistoryEntry[], ControlFailure>>;
  /** What an upgrade would change now. */
  changes(): Promise<Result<ChangesReport, ControlFailure>>;
  /** Waits for an upgrade that was asked for before. Fails with `upgrade-unknown` when the daemon never heard of it. */
  resume(upgrade: number, following: Following): Promise<Result<Outcome, ControlFailure>>;
  /** Calls back for each piece of news; returns only when it fails, with the signal as `aborted`. */
  events(onNews: (news: News) => void, signal?: AbortSignal): Promise<Result<never, ControlFailure>>;
}

export interface ControlClientOptions extends ControlAddress {
  /** For the beginning of an answer; 10 s unless told. */
  readonly timeoutMs?: number;
}

export function createControlClient(options: ControlClientOptions): ControlClient {
  const { timeoutMs = 10_000 } = options;

  const open = async (call: Omit<Call, "timeoutMs">): Promise<Result<IncomingMessage, ControlFailure>> => {
    const response = await exchange(options, { ...call, timeoutMs });
    if (!response.ok) return response;
    const { statusCode = 0 } = response.value;
    return statusCode >= 400 ? refusalIn(response.value, call.signal) : response;
  };
  const ask = async <T>(
    method: Call["method"],
    path: string,
    schema: v.GenericSchema<unknown, T>,
    signal?: AbortSignal,
  ): Promise<Result<T, ControlFailure>> => {
    const response = await open({ method, path, signal });
    if (!response.ok) return response;
    const text = await readText(response.value, signal);
    return text.ok ? parse(schema, text.value, response.value) : text;
  };
  const follow = async (
    call: Omit<Call, "timeoutMs">,
    following: Following,
  ): Promise<Result<Outcome, ControlFailure>> => {
    const response = await open(call);
    return response.ok ? readProgress(response.value, call, following) : response;
  };
  const readProgress = async (
    response: IncomingMessage,
    call: Omit<Call, "timeoutMs">,
    following: Following,
  ): Promise<Result<Outcome, ControlFailure>> => {
    const upgrade = /^\/v1\/upgrades\/(\d+)$/.exec(response.headers.location ?? "")?.[1];
    if (upgrade !== undefined) following.onAccepted(Number(upgrade));
    let outcome: Result<Outcome, ControlFailure> | undefined;
    const read = await readLines(response, call.signal, (line) => {
      const parsed = parse(upgradeLine, line, response);
      if (!parsed.ok) outcome = parsed;
      else if ("outcome" in parsed.value) outcome = succeed(parsed.value.outcome);
      else following.onNews(parsed.value.news);
      return outcome !== undefined;
    });
    return read.ok && outcome !== undefined ? outcome : lost(read);
  };

  return {
    status: (signal) => ask("GET", "/v1/status", statusReply, signal),
    version: () => ask("GET", "/v1/version", versionReply),
    order: async (command) => {
      const reply = await ask("POST", `/v1/${command}`, acceptedReply);
      return reply.ok ? succeed(undefined) : reply;
    },
    request: async (command, wish) => {
      const reply = await ask("POST", `/v1/${command}?${queryOf(wish)}`, upgradeReply);
      return reply.ok ? succeed(reply.value.upgrade) : reply;
    },
    commit: async (wish) => {
      const reply = await ask("POST", `/v1/commit?${queryOf(wish)}`, commitReply);
      return reply.ok ? succeed(reply.value.upgrade) : reply;
    },
    followCommit: async (following, wish) => {
      const path = `/v1/commit?${waitIn(following)}&${queryOf(wish)}`;
      const call = { method: "POST", path, signal: following.signal } as const;
      const response = await open(call);
      if (!response.ok) return response;
      // A stream has begun where there is something to follow.
      if (response.value.statusCode === 200) return readProgress(response.value, call, following);
      const text = await readText(response.value, call.signal);
      const reply = text.ok ? parse(commitReply, text.value, response.value) : text;
      return reply.ok ? succeed(null) : reply;
    },
    follow: (command, following, wish) => {
      const path = `/v1/${command}?${waitIn(following)}&${queryOf(wish)}`;
      return follow({ method: "POST", path, signal: following.signal }, following);
    },
    changes: () => ask("GET", "/v1/changes", changesReply),
    history: async () => {
      const reply = await ask("GET", "/v1/history", historyReply);
      return reply.ok ? succeed(reply.value.history) : reply;
    },
    resume: (upgrade, following) => {
      const path = `${progressPath(upgrade)}?${waitIn(following)}`;
      return follow({ method: "GET", path, signal: following.signal }, following);
    },
    events: async (onNews, signal) => {
      const response = await open({ method: "GET", path: "/v1/events", signal });
      if (!response.ok) return response;
      let invalid: Result<never, ControlFailure> | undefined;
      const read = await readLines(response.value, signal, (line) => {
        const parsed = parse(eventLine, line, response.value);
        if (parsed.ok) onNews(parsed.value);
        else invalid = parsed;
        return !parsed.ok;
      });
      return invalid ?? lost(read);
    },
  };
}

function waitIn({ wait = "done" }: Following): string {
  return wait === "done" ? "wait" : `wait=${wait}`;
}

function queryOf(wish: UpgradeWish = {}): string {
  const { to, only, message, reload } = wish;
  const words = [
    ...(to === undefined ? [] : [`to=${to}`]),
    ...(only === undefined ? [] : [`only=${only}`]),
    ...(message === undefined ? [] : [`message=${encodeURIComponent(message)}`]),
    ...(reload ? ["reload"] : []),
  ];
  return [...words, ...wishFlags.filter((flag) => wish[flag])].join("&");
}

async function refusalIn(
  response: IncomingMessage,
  signal?: AbortSignal,
): Promise<Result<never, ControlFailure>> {
  const text = await readText(response, signal);
  if (!text.ok) return text;
  const parsed = parse(errorReply, text.value, response);
  return parsed.ok ? { ok: false, failure: parsed.value.error } : parsed;
}

function parse<T>(
  schema: v.GenericSchema<unknown, T>,
  text: string,
  response: IncomingMessage,
): Result<T, ControlFailure> {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (parsed.success) return succeed(parsed.output);
  const theirs = /^holdfast\/(\S+)$/.exec(String(response.headers["server"]))?.[1];
  if (theirs === undefined) {
    return fail("reply-invalid", "cannot understand the answer: what listens there is not a Holdfast daemon");
  }
  const how =
    theirs === version
      ? `though it is of this version, ${version}: ${v.summarize(parsed.issues)}`
      : `it is version ${theirs} and this is ${version}; \`holdfast reexec\` starts the installed one`;
  return fail("reply-invalid", `cannot understand the daemon's answer: ${how}`);
}

/** A stream that ended without what it was read for. */
function lost(read: Result<void, ControlFailure>): Result<never, ControlFailure> {
  return read.ok ? fail("disconnected", "the daemon broke the connection off") : read;
}
