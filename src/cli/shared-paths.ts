import { join } from "node:path";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import type { NewFile } from "../linux/create-files.js";

export interface SharedLayout {
  /** A drop-in, by which the sandbox of the unit lets the app write there; none where nothing is shared. */
  readonly files: readonly NewFile[];
  /** What is left to do by hand: the user of an instance is made at its first start. */
  readonly commands: readonly string[];
}

/** What paths of the release that are `shared` need besides the config. */
export function layOutShared(
  name: string,
  release: string,
  shared: readonly string[],
): Result<SharedLayout, Failure<"usage">> {
  if (shared.length === 0) return succeed({ files: [], commands: [] });
  const odd = [release, ...shared].find((path) => /[\s\\"'%$]/.test(path));
  if (odd !== undefined) {
    return fail(
      "usage",
      `--shared: a path with blanks, quotes, \\, % or $ has to be written by hand: ${odd}`,
    );
  }
  const paths = shared.map((path) => join(release, path));
  const text = [
    `# What the app writes in its release: \`shared\` in /etc/holdfast/${name}.toml`,
    "[Service]",
    // One that is not there yet keeps nobody from starting.
    ...paths.map((path) => `ReadWritePaths=-${path}`),
    "",
  ].join("\n");
  return succeed({
    files: [{ path: `/etc/systemd/system/holdfast@${name}.service.d/shared.conf`, text }],
    commands: [`systemctl start holdfast-user@${name}`, `chown -R holdfast-${name}: ${paths.join(" ")}`],
  });
}
