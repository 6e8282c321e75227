import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Config } from "../../config/config.js";
import { type Failure, fail, messageOf, type Result, succeed } from "../../lib/failure.js";
import { findProgram } from "../../linux/find-program.js";
import { findGroup } from "../../linux/groups.js";
import { findCommand } from "../../process/find-command.js";
import { followCommand } from "../../process/run-command.js";
import type { AccessFacts, SharedPath, UnitFacts } from "../facts.js";

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

/** Says which of the paths may be written. */
const writeScript = 'for path do [ ! -w "$path" ] || echo "$path"; done';

/** systemd.exec(5): the path where no Environment= sets another. */
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Whether what the config names is there, and whether the service's user may use it. */
export async function gatherAccess(
  unit: UnitFacts,
  configFile: string,
  config: Config | undefined,
): Promise<AccessFacts> {
  const release = config === undefined ? succeed("/") : resolveFolder(config.plan.release);
  if (!release.ok) return { missing: [release.failure.message], user: null, blocked: [], shared: [] };
  const command = config === undefined ? succeed("") : findWorkerProgram(unit, config, release.value);
  const missing = [...(command.ok ? [] : [command.failure.message]), ...(await findMissingGroups(config))];
  const asked = await askAsUser(unit, script, [configFile, ...folders(release.value)]);
  const written = (config?.plan.shared ?? []).map((path) => join(config?.plan.release ?? "/", path));
  const shared = await gatherShared(unit, written);
  return { missing, user: asked?.user ?? null, blocked: asked?.lines ?? [], shared };
}

async function gatherShared(unit: UnitFacts, written: readonly string[]): Promise<SharedPath[]> {
  const paths = written.map(resolvePath);
  const asked = paths.length === 0 ? undefined : await askAsUser(unit, writeScript, paths);
  return paths.map((path, index) => ({
    written: written[index] ?? path,
    path,
    exists: existsSync(path),
    writable: asked === undefined ? null : asked.lines.includes(path),
  }));
}

/** Of [control]: it lets nobody in then. */
async function findMissingGroups(config: Config | undefined): Promise<readonly string[]> {
  const named = Object.entries(config?.control ?? {});
  const found = await Promise.all(
    named.map(async ([key, name]) =>
      name === null || (await findGroup(name)) !== undefined
        ? []
        : [`there is no group ${name}: control.${key} lets nobody in`],
    ),
  );
  return found.flat();
}

/**
 * Asks the kernel, as the service's user with its groups, so that whatever grants access counts. Only root can; a user that does
 * not exist before the first start (a dynamic one, holdfast-NAME) is taken for nobody, who may as much.
 */
async function askAsUser(
  unit: UnitFacts,
  question: string,
  args: readonly string[],
): Promise<{ readonly user: string; readonly lines: readonly string[] } | undefined> {
  const wanted = unit.properties.get("User") ?? "";
  const dynamic = unit.properties.get("DynamicUser") === "yes";
  if (process.geteuid?.() !== 0 || wanted === "root" || wanted === "0") return undefined;
  if (wanted === "" && !dynamic) return undefined;
  const groupOf = async (name: string): Promise<string> => (await run(["id", "-g", "--", name])).trim();
  try {
    const known = dynamic ? undefined : await groupOf(wanted).catch(() => undefined);
    const user = known === undefined ? "nobody" : wanted;
    const given = known === undefined ? "" : unit.properties.get("Group");
    const identity = ["--reuid", user, "--regid", given || (known ?? (await groupOf(user))), "--init-groups"];
    const shell = ["/bin/sh", "-c", question, "access", ...args];
    const printed = await run(["setpriv", ...identity, ...shell]);
    const named = dynamic ? "the service's dynamic user" : wanted;
    return { user: named, lines: printed.split("\n").filter((line) => line.startsWith("/")) };
  } catch {
    return undefined;
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

/** What is not there yet is where it would be. */
function resolvePath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return join(resolvePath(dirname(path)), basename(path));
  }
}

/** From the root down. */
function folders(release: string): string[] {
  const found: string[] = [];
  for (let folder = release; folder !== "/"; folder = dirname(folder)) found.unshift(folder);
  return ["/", ...found];
}
