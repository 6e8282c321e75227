import { readFileSync } from "node:fs";
import { pathInCheckout } from "../../harness/container/checkout.js";
import type { Container } from "../../harness/container/container.js";

/** How long an old process may take to finish; the same for all, and longer than any slow request. */
export const DRAIN_SECONDS = 5;
/** Of the site that nobody upgrades: where nginx and HAProxy pass slow requests and WebSockets on to. */
export const STAND_IN_PORT = 9000;

/** What answers with `v1` from `start` on and is then upgraded to `v2`, the way its own manual says. */
export interface System {
  readonly name: string;
  /** On 127.0.0.1; the next one is free. */
  readonly port: number;
  /** The systemd unit that all its processes are in. */
  readonly unit: string;
  /** Whether the first process is meant to outlive an upgrade. */
  readonly firstStays: boolean;
  /** Whether it has WebSockets at `/talk`. */
  readonly talks: boolean;
  start(container: Container): Promise<void>;
  /** Returns when the command of the upgrade does. */
  upgrade(container: Container): Promise<void>;
}

/** The programs of the site in test/bench/app, and what each is called in a release. */
const PROGRAMS = { "site.js": "site.js", "site.py": "app.py", "site.ru": "config.ru" } as const;

/** Puts a version of the site into DIRECTORY/VERSION and lets DIRECTORY/current be that, as a deploy does. */
export async function deploySite(
  container: Container,
  directory: string,
  version: string,
  program: keyof typeof PROGRAMS = "site.js",
): Promise<void> {
  const release = `${directory}/${version}`;
  await container.write(`${release}/version`, version);
  await container.write(`${release}/package.json`, '{ "type": "module" }');
  await container.write(`${release}/${PROGRAMS[program]}`, readApp(program));
  await container.sh(`ln -sfnT ${version} ${directory}/new && mv -T ${directory}/new ${directory}/current`);
}

/** A file of test/bench/app. */
export function readApp(name: string): string {
  return readFileSync(pathInCheckout(`test/bench/app/${name}`), "utf8");
}
