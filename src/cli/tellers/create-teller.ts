import type { ControlClient } from "../../control/client.js";
import type { CommandLine } from "../command.js";
import { isReloadCommand } from "../main-process.js";
import { say } from "../print.js";
import { silent, type Teller, tellNews } from "./teller.js";

/** Who looks on is an admin at a terminal, a file or a pipe, a program, systemd, or nobody. `signal`: nobody wants to see the rest. */
export async function createTeller(
  client: ControlClient,
  { flags }: Pick<CommandLine, "flags">,
  signal: AbortSignal,
): Promise<Teller> {
  if (flags.has("quiet")) return silent;
  if (flags.has("json")) return (await import("./tell-program.js")).tellProgram(client);
  // In the journal the daemon has told it already.
  if (isReloadCommand()) return { ...silent, say };
  if (!process.stdout.isTTY) return { ...silent, say, news: (news) => tellNews(news, say) };
  return (await import("./tell-terminal.js")).tellTerminal(client, signal);
}

/** That it was asked for, to somebody who does not wait for it. */
export function tellAsked({ flags }: Pick<CommandLine, "flags">, upgrade: number | null): void {
  if (flags.has("json")) process.stdout.write(`${JSON.stringify({ upgrade })}\n`);
  else if (!flags.has("quiet")) say(`upgrade ${upgrade} asked for`);
}
