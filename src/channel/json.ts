import * as v from "valibot";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";

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
    return fail("bad-message", `it sent what is not JSON: ${messageOf(error)}`);
  }
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return succeed(parsed.output);
  const [issue] = parsed.issues;
  return fail(
    "bad-message",
    `it sent a message that is not understood: ${v.getDotPath(issue) ?? "type"}: ${issue.message}`,
  );
}
