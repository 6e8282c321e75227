import { succeed } from "../lib/failure.js";
import { version as ownVersion } from "../lib/version.js";
import type { CommandLine } from "./command-line.js";
import { connect } from "./connect.js";
import type { End } from "./end.js";
import { say } from "./print.js";

/** `holdfast version`: its own always, and that of the daemon where one answers. */
export async function version(line: CommandLine): Promise<End> {
  say(`holdfast ${ownVersion}`);
  const client = connect(line);
  const daemon = client.ok ? await client.value.version() : client;
  if (daemon.ok) say(`holdfastd ${daemon.value.version} (${daemon.value.name}, pid ${daemon.value.pid})`);
  return succeed("done");
}
