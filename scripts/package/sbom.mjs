// Says what a package is made of, in CycloneDX: what npm reads in the lock file, without what the package has not got.
import { execFileSync } from "node:child_process";

/** The text of it. `left`: whether a package of the lock file is left out. */
export function describeParts(top, version, left) {
  const options = ["--sbom-format=cyclonedx", "--omit=dev", "--package-lock-only"];
  const bom = JSON.parse(execFileSync("npm", ["sbom", ...options], { cwd: top, encoding: "utf8" }));
  // Both are other ones in each build, and npm's own version in each place.
  delete bom.serialNumber;
  delete bom.metadata.timestamp;
  delete bom.metadata.tools;
  const { component } = bom.metadata;
  // npm gives it the name of its folder.
  Object.assign(component, { name: "holdfast", version, purl: `pkg:npm/holdfast@${version}` });
  const gone = new Set(bom.components.filter(({ name }) => left(name)).map((one) => one["bom-ref"]));
  bom.components = bom.components.filter((one) => !gone.has(one["bom-ref"]));
  bom.dependencies = bom.dependencies
    .filter(({ ref }) => !gone.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => !gone.has(one)) }));
  return `${JSON.stringify(bom, null, 2)}\n`;
}
