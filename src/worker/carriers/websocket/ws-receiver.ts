import { Writable } from "node:stream";

/**
 * What the `ws` package's receiver knows of the bytes it has read: the message whose fragments have come so far, the
 * frame whose head has come so far, and what follows. Not documented; looked at in ws 8.18 to 8.23.
 */
export interface Receiver extends Writable {
  /** 0 before a frame, 1 and 2 before its longer lengths, 3 before the mask, 4 before the payload; beyond it is busy. */
  readonly _state: number;
  readonly _opcode: number;
  readonly _fin: boolean;
  readonly _payloadLength: number;
  readonly _mask: Uint8Array | undefined;
  /** The opcode of a message of which a fragment has begun, else 0. */
  readonly _fragmented: number;
  readonly _fragments: readonly Buffer[];
  readonly _buffers: readonly Buffer[];
}

const beforeFrame = 0;
const beforeLength16 = 1;
const beforeLength64 = 2;
export const beforePayload = 4;

const opcodeOfContinuation = 0;
const firstControlOpcode = 8;
const masked = 0x80;
const final = 0x80;

export function isReceiver(value: unknown): value is Receiver {
  if (!(value instanceof Writable)) return false;
  const typeOf = (name: string) => typeof Reflect.get(value, name);
  return (
    ["_state", "_opcode", "_payloadLength", "_fragmented"].every((name) => typeOf(name) === "number") &&
    typeOf("_fin") === "boolean" &&
    Array.isArray(Reflect.get(value, "_fragments")) &&
    Array.isArray(Reflect.get(value, "_buffers")) &&
    (Reflect.get(value, "_mask") === undefined || Reflect.get(value, "_mask") instanceof Uint8Array)
  );
}

/** Whether it is between two bytes, with no message being delivered or inflated. */
export function isAtRest(receiver: Receiver): boolean {
  return receiver.writableLength === 0 && receiver._state <= beforePayload;
}

/**
 * Frames that bring a fresh receiver to where this one stands: RFC 6455, 5.2. Fragments that have come become one
 * fragment, for their number means nothing; masks of zero stand where the payload is unmasked already.
 */
export function rebuildFrames(receiver: Receiver): Buffer {
  const { _state: state, _opcode: opcode, _fragmented: begun, _fragments: fragments } = receiver;
  const inDataFrame = state !== beforeFrame && opcode < firstControlOpcode;
  const parts: Buffer[] = [];
  if (begun !== 0 && (fragments.length > 0 || !inDataFrame)) {
    const payload = Buffer.concat(fragments);
    parts.push(frameHead(begun, payload.length), Buffer.alloc(4), payload);
  }
  if (state !== beforeFrame) {
    const continues = inDataFrame && parts.length > 0;
    const first = (receiver._fin ? final : 0) | (continues ? opcodeOfContinuation : opcode);
    if (state === beforeLength16) parts.push(Buffer.from([first, masked | 126]));
    else if (state === beforeLength64) parts.push(Buffer.from([first, masked | 127]));
    else parts.push(frameHead(first, receiver._payloadLength));
    if (state === beforePayload && receiver._mask !== undefined) parts.push(Buffer.from(receiver._mask));
  }
  return Buffer.concat([...parts, ...receiver._buffers]);
}

/** A frame's head up to its mask. */
function frameHead(first: number, length: number): Buffer {
  if (length < 126) return Buffer.from([first, masked | length]);
  if (length < 65_536) {
    const head = Buffer.from([first, masked | 126, 0, 0]);
    head.writeUInt16BE(length, 2);
    return head;
  }
  const head = Buffer.alloc(10);
  head.set([first, masked | 127]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
