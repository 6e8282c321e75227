import * as v from "valibot";
import { DEADLINE_MS } from "../container/wait-until.js";
import { HarnessError } from "../harness-error.js";
import { Connection } from "../load/connection.js";
import { Asking } from "./asking.js";

const answer = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ generation: v.number(), version: v.string(), pid: v.number() }),
);

export type Answer = v.InferOutput<typeof answer>;
/** A port is one of 127.0.0.1 unless a host is named. */
export type Target = { readonly port: number; readonly host?: string } | { readonly socketPath: string };

/** One request on a connection of its own, never tried again. Throws when it has no whole answer. */
export async function ask(target: Target, path = "/", timeoutMs = DEADLINE_MS): Promise<Answer> {
  const address = "socketPath" in target ? target.socketPath : `${target.host ?? "127.0.0.1"}:${target.port}`;
  const ending = await new Connection(address, () => {}).request(path, { close: true, timeoutMs });
  if (ending.outcome !== "ok") throw new HarnessError(ending.outcome, `${ending.outcome}: ${ending.why}`);
  return v.parse(answer, ending.response.body);
}

/** Clients whose requests have connections of their own. */
export class RequestLoop extends Asking {
  answered = 0;
  last: Answer | undefined;

  constructor(target: Target, clients = 2) {
    const one = async (): Promise<void> => {
      this.last = await ask(target);
      this.answered += 1;
    };
    super(Array<typeof one>(clients).fill(one), "again");
  }
}
