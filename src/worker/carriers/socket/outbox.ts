import { Socket } from "node:net";

type Done = (error?: Error | null) => void;

interface Chunk {
  readonly chunk: Uint8Array | string;
  readonly encoding: BufferEncoding;
}

const outboxes = new WeakMap<Socket, Outbox>();

/**
 * Remembers what a socket has been given to write and the kernel has not taken. Node keeps no way to ask for it:
 * a write under way belongs to libuv, so the writes pass by here first. Uses only the hooks that stream.Writable
 * documents for those who implement one. Call it before the first write.
 */
export function watchOutput(socket: Socket): void {
  if (outboxes.has(socket)) return;
  outboxes.set(socket, new Outbox(socket));
  socket._write = write;
  socket._writev = writeMany;
}

/** Whether all that the socket has yet to write is known; not while a write from before {@link watchOutput} lasts. */
export function knowsOutput(socket: Socket): boolean {
  const outbox = outboxes.get(socket);
  return outbox !== undefined && (outbox.writing || socket.writableLength === 0);
}

/**
 * Takes the bytes that the app has written and the kernel not taken; `unsent` of them are in libuv's hands. Their
 * callbacks are called as if they had been written, for they will be. What the app writes from now on is refused.
 */
export function takeOutput(socket: Socket, unsent: number): Buffer {
  return outboxes.get(socket)?.take(unsent) ?? Buffer.alloc(0);
}

class Outbox {
  readonly #socket: Socket;
  #underWay: { readonly chunks: readonly Chunk[]; readonly done: Done } | undefined;
  #taken: Buffer[] | undefined;
  /** How much of what is now in the stream is still to be taken, in the stream's own measure. */
  #awaited = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get writing(): boolean {
    return this.#underWay !== undefined;
  }

  pass(chunks: readonly Chunk[], callback: Done, writeOut: (done: Done) => void): void {
    if (this.#taken !== undefined) {
      this.#keep(this.#taken, chunks, callback);
      return;
    }
    const underWay = {
      chunks,
      done: (error?: Error | null) => {
        if (this.#underWay !== underWay) return;
        this.#underWay = undefined;
        callback(error);
      },
    };
    this.#underWay = underWay;
    writeOut(underWay.done);
  }

  take(unsent: number): Buffer {
    const taken: Buffer[] = [];
    this.#taken = taken;
    this.#awaited = this.#socket.writableLength;
    const underWay = this.#underWay;
    if (underWay !== undefined) {
      const bytes = Buffer.concat(underWay.chunks.map(toBuffer));
      taken.push(bytes.subarray(bytes.length - unsent));
      this.#awaited -= measure(underWay.chunks);
      // The stream answers by handing over all that waits behind this write, before it calls anyone back.
      underWay.done();
    }
    return Buffer.concat(taken);
  }

  #keep(taken: Buffer[], chunks: readonly Chunk[], callback: Done): void {
    if (this.#awaited > 0) {
      this.#awaited -= measure(chunks);
      taken.push(...chunks.map(toBuffer));
      callback();
    } else {
      callback(new Error("cannot write: the connection has been handed over"));
    }
  }
}

function write(this: Socket, chunk: Chunk["chunk"], encoding: BufferEncoding, callback: Done): void {
  outboxes.get(this)?.pass([{ chunk, encoding }], callback, (done) => {
    Socket.prototype._write.call(this, chunk, encoding, done);
  });
}

function writeMany(this: Socket, chunks: Chunk[], callback: Done): void {
  // A copy, because net.Socket writes into the array it is given.
  outboxes.get(this)?.pass([...chunks], callback, (done) => {
    Socket.prototype._writev?.call(this, chunks, done);
  });
}

function toBuffer({ chunk, encoding }: Chunk): Buffer {
  if (typeof chunk === "string") return Buffer.from(chunk, encoding);
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function measure(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
}
