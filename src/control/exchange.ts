import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { holdSocketFile } from "./socket-file.js";

export interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Until the head of the answer is there; its body, if it is a stream, may take as long as it likes. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Why no answer came, or not the whole of it. `not-running`: nobody listens. `disconnected`: the other end went away. `socket-foreign`: nobody was asked. */
export type ExchangeReason =
  | "not-running"
  | "permission-denied"
  | "timeout"
  | "disconnected"
  | "aborted"
  | "socket-foreign";

/** Where a daemon is asked. */
export interface ControlAddress {
  readonly socketPath: string;
  /** The name that the daemon there must have. One of another name refuses. */
  readonly instance?: string | undefined;
  /** The directory may be a service's user's: no link in it is followed, and no socket of anybody else's is asked. */
  readonly wary?: boolean | undefined;
}

/** The header that has the name of the instance that is meant. */
export const instanceHeader = "holdfast-instance";

/** Makes a request on a unix socket. Fails with an `ExchangeReason`. */
export function exchange(
  address: ControlAddress,
  call: Call,
): Promise<Result<IncomingMessage, Failure<ExchangeReason>>> {
  const { socketPath } = address;
  if (!address.wary) return send(address, socketPath, call, () => {});
  try {
    const held = holdSocketFile(socketPath);
    return held.ok ? send(address, held.value.path, call, held.value.release) : Promise.resolve(held);
  } catch (error) {
    if (error instanceof Error) return Promise.resolve(explain(socketPath, error));
    throw error;
  }
}

function send(
  { socketPath, instance }: ControlAddress,
  file: string,
  call: Call,
  onClosed: () => void,
): Promise<Result<IncomingMessage, Failure<ExchangeReason>>> {
  return new Promise((resolve) => {
    const { method, path, signal } = call;
    const headers = instance === undefined ? {} : { [instanceHeader]: instance };
    // The listener is there before anything can fail, also after the answer has begun. Not by `socketPath`: an agent would first compile
    // how to tell an IPv6 address, which takes longer than all else.
    const sent: ClientRequest = request({ method, path, headers, createConnection: () => connect(file) });
    const abort = (): void => {
      sent.destroy(abortion());
    };
    const timer = setTimeout(() => sent.destroy(overdue(call.timeoutMs)), call.timeoutMs);
    sent.on("error", (error) => {
      clearTimeout(timer);
      resolve(explain(socketPath, error));
    });
    sent.on("close", () => {
      signal?.removeEventListener("abort", abort);
      onClosed();
    });
    sent.on("response", (response) => {
      clearTimeout(timer);
      resolve(succeed(response));
    });
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    sent.end();
  });
}

const replyLimit = 4 * 1024 * 1024;

/** The whole of an answer. Fails like `exchange`. */
export async function readText(
  response: IncomingMessage,
  signal?: AbortSignal,
): Promise<Result<string, Failure<ExchangeReason>>> {
  let text = "";
  const end = await forEachChunk(response, signal, (chunk) => {
    text += chunk;
    return text.length <= replyLimit;
  });
  return end.ok ? succeed(text) : end;
}

/** Calls back for each line as it arrives, until it returns true. Fails like `exchange`; a stream may not just end. */
export async function readLines(
  response: IncomingMessage,
  signal: AbortSignal | undefined,
  onLine: (line: string) => boolean,
): Promise<Result<void, Failure<ExchangeReason>>> {
  let rest = "";
  let over = false;
  const end = await forEachChunk(response, signal, (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    over = lines.some((line) => onLine(line));
    return !over && rest.length <= replyLimit;
  });
  if (over) return succeed(undefined);
  return end.ok ? refuse("disconnected", "the daemon broke the connection off") : end;
}

/** Reads until the end, or until `onChunk` returns false. */
async function forEachChunk(
  response: IncomingMessage,
  signal: AbortSignal | undefined,
  onChunk: (chunk: string) => boolean,
): Promise<Result<void, Failure<ExchangeReason>>> {
  response.setEncoding("utf8");
  try {
    for await (const chunk of response) {
      if (!onChunk(String(chunk))) break;
    }
    return succeed(undefined);
  } catch (error) {
    if (signal?.aborted) return refuse("aborted", abortion().message);
    return refuse("disconnected", `the daemon broke the connection off (${messageOf(error)})`);
  } finally {
    response.destroy();
  }
}

function explain(socketPath: string, error: NodeJS.ErrnoException): Result<never, Failure<ExchangeReason>> {
  switch (error.code) {
    case "ENOENT":
    case "ENOTDIR":
      return refuse("not-running", `cannot reach the daemon: it is not running (there is no ${socketPath})`);
    case "ECONNREFUSED":
      return refuse(
        "not-running",
        `cannot reach the daemon: it is not running (nobody listens at ${socketPath})`,
      );
    case "EACCES":
    case "EPERM":
      return refuse(
        "permission-denied",
        `cannot reach the daemon at ${socketPath}: only root, the user of the service, and the groups of [control] in its config may`,
      );
    case "ABORTED":
      return refuse("aborted", error.message);
    case "OVERDUE":
      return refuse("timeout", `cannot reach the daemon at ${socketPath}: ${error.message}`);
    default:
      return refuse("disconnected", `the daemon broke the connection off (${error.message})`);
  }
}

function abortion(): Error {
  return Object.assign(new Error("not waited for any longer"), { code: "ABORTED" });
}

function refuse(reason: ExchangeReason, message: string): Result<never, Failure<ExchangeReason>> {
  return fail(reason, message);
}

function overdue(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs / 1000} s`), { code: "OVERDUE" });
}
