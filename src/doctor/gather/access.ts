import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../../config/config.js";
import { type Failure, fail, messageOf, type Result, succeed } from "../../lib/failure.js";
import { findProgram } from "../../linux/find-program.js";
import { findCommand } from "../../process/find-command.js";
import { followCommand } from "../../process/run-command.js";
import type { AccessFacts, UnitFacts } from "../facts.js";

const timeoutMs = 5_000;

/** $1 the config, the rest folders from the root down; says the first of either kind that may not be used. */
const script = `
config=$1
shift
[ ! -e "$config" ] || [ -r "$config" ] || echo "$config"
for folder do
  [ -x "$folder" ] || { echo "$folder"; exit 0; }
done
[ -r "$folder" ] || echo "$folder"
`;

/** systemd.exec(5): the path where no Environment= sets another. */
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Whether what the config names is there, and whether the service's user may use it. */
export async function gatherAccess(
  unit: UnitFacts,
  configFile: string,
  config: Config | undefined,
): Promise<AccessFacts> {
  const release = config === undefined ? succeed("/") : resolveFolder(config.plan.release);
  if (!release.ok) return { missing: [release.failure.message], user: null, blocked: [] };
  const command = config === undefined ? succeed("") : findWorkerProgram(unit, config, release.value);
  const missing = command.ok ? [] : [command.failure.message];
  return { missing, ...(await askAsUser(unit, configFile, release.value)) };
}

/**
 * Asks the kernel, as the service's user with its groups, so that whatever grants access counts. Only root can; a user that does
 * not exist before the first start (a dynamic one, holdfast-NAME) is taken for nobody, who may as much.
 */
async function askAsUser(
  unit: UnitFacts,
  configFile: string,
  release: string,
): Promise<Omit<AccessFacts, "missing">> {
  const unknown = { user: null, blocked: [] };
  const wanted = unit.properties.get("User") ?? "";
  const dynamic = unit.properties.get("DynamicUser") === "yes";
  if (process.geteuid?.() !== 0 || wanted === "root" || wanted === "0") return unknown;
  if (wanted === "" && !dynamic) return unknown;
  const groupOf = async (name: string): Promise<string> => (await run(["id", "-g", "--", name])).trim();
  try {
    const known = dynamic ? undefined : await groupOf(wanted).catch(() => undefined);
    const user = known === undefined ? "nobody" : wanted;
    const given = known === undefined ? "" : unit.properties.get("Group");
    const identity = ["--reuid", user, "--regid", given || (known ?? (await groupOf(user))), "--init-groups"];
    const shell = ["/bin/sh", "-c", script, "access", configFile, ...folders(release)];
    const printed = await run(["setpriv", ...identity, ...shell]);
    const named = dynamic ? "the service's dynamic user" : wanted;
    return { user: named, blocked: printed.split("\n").filter((line) => line.startsWith("/")) };
  } catch {
    return unknown;
  }
}

/** In a session of its own: what runs as somebody else could type on root's terminal otherwise, tty_ioctl(4) TIOCSTI. */
async function run([program = "", ...args]: readonly string[]): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  const environment = { LC_ALL: "C", PATH: usualPath };
  const end = await followCommand([findProgram(program), ...args], { directory: "/", environment, signal });
  if (end.how === "exited" && end.status === 0) return end.output;
  throw new Error(`${program} says nothing`);
}

function findWorkerProgram(
  unit: UnitFacts,
  { plan }: Config,
  release: string,
): Result<string, Failure<"command-missing">> {
  const ofUnit = /(?:^| )PATH=(\S+)/.exec(unit.properties.get("Environment") ?? "")?.[1];
  const path = plan.environment["PATH"] ?? ofUnit ?? usualPath;
  return findCommand(plan.command[0] ?? "", release, path);
}

function resolveFolder(release: string): Result<string, Failure<"release-invalid">> {
  try {
    return succeed(realpathSync(release));
  } catch (error) {
    return fail("release-invalid", `cannot use the release ${release}: ${messageOf(error)}`);
  }
}

/** From the root down. */
function folders(release: string): string[] {
  const found: string[] = [];
  for (let folder = release; folder !== "/"; folder = dirname(folder)) found.unshift(folder);
  return ["/", ...found];
}
