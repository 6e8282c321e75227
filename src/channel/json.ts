import * as v from "valibot";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { visible } from "../lib/printable.js";

/** Of what is wrong; it may have a part of the packet in it. */
const mostWords = 300;

export function encodeMessage(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}

/** Fails with what is wrong with a peer's packet; never throws. */
export function decodeMessage<S extends v.GenericSchema>(
  schema: S,
  bytes: Buffer,
): Result<v.InferOutput<S>, Failure<"bad-message">> {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    return refuse(`it sent what is not JSON: ${messageOf(error)}`);
  }
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return succeed(parsed.output);
  const [issue] = parsed.issues;
  const where = v.getDotPath(issue) ?? "type";
  return refuse(`it sent a message that is not understood: ${where}: ${issue.message}`);
}

function refuse(why: string): { readonly ok: false; readonly failure: Failure<"bad-message"> } {
  const text = visible(why.slice(0, mostWords));
  return fail("bad-message", why.length > mostWords ? `${text}…` : text);
}
