import { existsSync } from "node:fs";
import { configFolder, namesOfConfigs } from "../../config/config-files.js";
import { isInstanceName } from "../../lib/directories.js";
import { type Failure, fail, type Result, succeed } from "../../lib/failure.js";
import { showUnits, type UnitProperties } from "../../systemd/show-units.js";

/** A service that runs holdfastd, or would. */
export interface Instance {
  readonly name: string;
  readonly unit: string;
  readonly configFile: string;
}

export type FindFailure = Failure<"systemd-silent" | "no-such-instance" | "usage">;

const wanted = ["Id", "LoadState", "ActiveState", "ExecStart"];

/**
 * What is meant by a name, by a unit's name, or by nothing: every instance that is configured or loaded; with `toBe` also one that has
 * no config yet. Fails with `no-such-instance`, or with `systemd-silent` when systemd does not answer.
 */
export async function findInstances(
  target: string | undefined,
  toBe = false,
): Promise<Result<readonly Instance[], FindFailure>> {
  const loaded = await showUnits(["*.service"], wanted);
  if (loaded === undefined)
    return fail("systemd-silent", "cannot ask systemd: `systemctl show` gives no answer");
  const running = loaded.flatMap((unit) => instanceOf(unit) ?? []);
  if (target === undefined) return findAll(running);
  if (/[@.]/.test(target) && !existsSync(fileOf(target))) return findUnit(target, toBe);
  const known = running.find(({ name }) => name === target);
  if (known !== undefined) return succeed([known]);
  if (!isInstanceName(target))
    return fail("usage", `${JSON.stringify(target)} cannot be the name of an instance`);
  if (!existsSync(fileOf(target)) && !toBe) {
    const hint = `\`holdfast init ${target}\` makes one`;
    return fail(
      "no-such-instance",
      `cannot find ${target}: there is no ${fileOf(target)}, and no unit of that name runs; ${hint}`,
    );
  }
  return findUnit(`holdfast@${target}.service`, toBe);
}

function findAll(running: readonly Instance[]): Result<readonly Instance[], FindFailure> {
  const configured = namesOfConfigs().filter((name) => !running.some((other) => other.name === name));
  const others = configured.map((name) => ({
    name,
    unit: `holdfast@${name}.service`,
    configFile: fileOf(name),
  }));
  const all = [...running, ...others].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (all.length > 0) return succeed(all);
  return fail("no-such-instance", `cannot find an instance: none runs, and ${configFolder} has no config`);
}

async function findUnit(target: string, toBe: boolean): Promise<Result<readonly Instance[], FindFailure>> {
  const unit = target.endsWith(".service") ? target : `${target}.service`;
  const [properties] = (await showUnits([unit], wanted)) ?? [];
  if (properties === undefined || properties.get("LoadState") !== "loaded") {
    const state = properties?.get("LoadState") ?? "not a unit's name";
    const hint = unit.startsWith("holdfast@") ? "; holdfast@.service has to be installed" : "";
    return fail("no-such-instance", `cannot find ${unit}: ${state}${hint}`);
  }
  const instance = instanceOf(properties);
  if (instance === undefined)
    return fail(
      "no-such-instance",
      `${unit} does not run holdfastd; /usr/share/doc/holdfast/moving-over.md tells how to move it over`,
    );
  if (!toBe && !existsSync(instance.configFile) && properties.get("ActiveState") === "inactive") {
    return fail("no-such-instance", `cannot check ${unit}: there is no ${instance.configFile}`);
  }
  return succeed([instance]);
}

/** Undefined for a service that runs something else. */
export function instanceOf(properties: UnitProperties): Instance | undefined {
  const [, command = ""] = /argv\[\]=(.*?) ; /.exec(properties.get("ExecStart") ?? "") ?? [];
  if (!/holdfast(d\b|\/)/.test(command)) return undefined;
  const [, name] = /\s--name[= ](\S+)/.exec(command) ?? [];
  const [, configFile] = /\s--config[= ](\S+)/.exec(command) ?? [];
  const unit = properties.get("Id");
  if (name === undefined || unit === undefined) return undefined;
  return { name, unit, configFile: configFile ?? fileOf(name) };
}

function fileOf(name: string): string {
  return `${configFolder}/${name}.toml`;
}
