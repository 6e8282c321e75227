import type { ControlClient } from "../../control/client.js";
import { printableJson } from "../../lib/printable.js";
import { findAccount } from "../account/find-account.js";
import { silent, type Teller } from "./teller.js";

/** A JSON text a line: the news, and then the outcome with its account, as far as it goes by then. */
export function tellProgram(client: ControlClient): Teller {
  const write = (value: unknown): void => void process.stdout.write(`${printableJson(value)}\n`);
  return {
    ...silent,
    news: (news) => write({ news }),
    conclude: async (outcome) => {
      write({ outcome, account: outcome === null ? null : await findAccount(client, outcome.upgrade) });
    },
  };
}
