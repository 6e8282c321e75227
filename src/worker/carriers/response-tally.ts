import type { CounterName } from "../../lib/counters.js";

/** Responses of HTTP by what became of them. docs/native-workers.md, "Responses". */
export type ResponseCounters = Readonly<
  Record<Extract<CounterName, "ok" | "clientErrors" | "serverErrors" | "aborted" | "slow">, number>
>;

/** Counts the responses of one server. */
export class ResponseTally {
  #slowMs = Number.POSITIVE_INFINITY;
  #ok = 0;
  #clientErrors = 0;
  #serverErrors = 0;
  #aborted = 0;
  #slow = 0;
  #closed = false;

  get counters(): ResponseCounters {
    return {
      ok: this.#ok,
      clientErrors: this.#clientErrors,
      serverErrors: this.#serverErrors,
      aborted: this.#aborted,
      slow: this.#slow,
    };
  }

  /** From now on a response that takes longer, from the request's head to its end, counts as slow. */
  countSlow(slowMs: number): void {
    this.#slowMs = slowMs;
  }

  /** It came to its end. */
  complete(status: number, tookMs: number): void {
    if (status >= 500) {
      this.#serverErrors += 1;
      return;
    }
    if (status >= 400) this.#clientErrors += 1;
    else this.#ok += 1;
    if (tookMs > this.#slowMs) this.#slow += 1;
  }

  /** The server took the request, and did not bring the response to its end. */
  abort(): void {
    if (!this.#closed) this.#aborted += 1;
  }

  /** The client left before the end. That it waited too long for the head is the server's failure, all else its own business. */
  leave(headSent: boolean, tookMs: number): void {
    if (!headSent && tookMs > this.#slowMs) this.abort();
  }

  /** What ends from now on is cut by the drain's deadline, and counted as that. */
  close(): void {
    this.#closed = true;
  }
}

/** Whether a connection broke by itself or by what its client sent, and not by what the app did. */
export function isOfConnection(error: NodeJS.ErrnoException | null): boolean {
  if (error === null) return false;
  const { code = "", syscall } = error;
  if (syscall === "read" || syscall === "write") return true;
  return code === "ERR_HTTP_REQUEST_TIMEOUT" || code.startsWith("HPE_") || code.startsWith("ERR_SSL_");
}
