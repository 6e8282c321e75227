import type { Socket } from "node:net";
import type { ResponseTally } from "./response-tally.js";

/** What goes along with a moved connection; JSON, so that any language can read it. */
export type Meta = { readonly [key: string]: unknown };

/** A connection taken out of its server: the fd is all that holds it open, and nobody reads from it. */
export interface Frozen {
  /** A close-on-exec duplicate, owned by whoever holds this object. */
  readonly fd: number;
  readonly meta: Meta;
  /** Bytes that were read from the connection and not yet used, to be used first on the other side. */
  readonly input: Buffer;
  /** Bytes that the app has written and the kernel not yet taken, to be written first on the other side. */
  readonly output: Buffer;
}

/** Numbers of one server, for `status` and the ledger. All but `open` and `inFlight` only grow. */
export interface Counters {
  readonly open: number;
  /** What keeps connections from moving at once: requests under way, in a drain those being read, too; or what `freeze` last found busy. */
  readonly inFlight: number;
  readonly accepted: number;
  readonly requests: number;
  readonly moved: number;
  readonly adopted: number;
  /** Ended by themselves since the drain began: neither moved nor cut. */
  readonly finished: number;
  readonly cut: number;
}

/**
 * One served server as the hand-over sees it: it can stop accepting, take connections out between two requests or
 * messages, and take connections in. The carrier knows its protocol; it knows nothing of channels and peers.
 */
export interface Carrier {
  readonly kind: "http" | "http2" | "ws" | "tcp" | "udp";
  /** From now on: no new connections, and what cannot move is told to close (`Connection: close`, 1012, GOAWAY). */
  beginDrain(): void;
  /** There is no peer (any more): `freeze` takes nothing out, and all that is left is told to close in its own way. */
  stopMoving(): void;
  /** Takes out connections that can move at this very moment, at most `limit`. Call it on a clean stack. */
  freeze(limit: number): Frozen[];
  /** Ends what is idle and cannot move, in a drain that waits for nothing, if its protocol has a safe way to. */
  endIdle?(): void;
  /** False where no connection could be put in: a peer that has one keeps it. */
  readonly takesIn?: boolean;
  /**
   * Puts a connection into the server as if it had been accepted here: one from another worker, or one's own that
   * could not be moved. Takes over the fd; throws, with the fd closed, when the app's `restore` refuses it.
   */
  adopt(frozen: Frozen): void;
  /** Connections that are still here, those that cannot move among them. */
  readonly open: number;
  readonly counters: Counters;
  /** Where it speaks HTTP. */
  readonly tally?: ResponseTally;
  /** Calls back when a connection may have become movable, or has ended; at most once a turn of the loop. */
  onChange(callback: () => void): void;
  /** Responses on this connection do not count: the daemon asks on it. To be said before the server knows the connection. */
  ignoreResponses?(connection: Socket): void;
  /** Lets go of a socket that was upgraded, for another carrier answers for it from now on. */
  release?(socket: Socket): void;
  /** Of those that are open: connections whose ends only the app or the client knows, like WebSockets and event streams. */
  readonly endless?: number;
  /** The deadline is near: tells such connections to end in their own protocol, one after the other within that time. */
  endStreams?(withinMs: number): void;
  /** Closes what is left, at the deadline; each counts as cut. */
  cut(): void;
}
