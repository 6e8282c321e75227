// What a package of Holdfast is made of, by the lock file, as SPDX.
import { execFileSync } from "node:child_process";

const ARGUMENTS = ["sbom", "--package-lock-only", "--omit=dev", "--sbom-format=spdx"];

/** npm puts the time of the call and a random name into each document. Here both are the package's own, `epoch` in seconds. */
export function describeParts(top, version, epoch) {
  const said = execFileSync("npm", ARGUMENTS, { cwd: top, encoding: "utf8" });
  const parts = JSON.parse(said);
  const created = new Date(epoch * 1000).toISOString();
  const documentNamespace = `http://spdx.org/spdxdocs/holdfast-${version}`;
  const creationInfo = { ...parts.creationInfo, created };
  return `${JSON.stringify({ ...parts, documentNamespace, creationInfo }, null, 2)}\n`;
}
