import type { SharedPath, UnitFacts } from "../facts.js";
import { type Check, type Finding, inUnit, problem } from "../finding.js";

/** What is shared is data that the app writes: it has to be there, the service's user's, and outside of what the sandbox locks. */
export const checkShared: Check = ({ access: { shared, user }, unit, name }) => {
  const locked = shared.filter((one) => isLocked(unit, one)).map(({ path }) => path);
  const findings: Finding[] = [];
  if (locked.length > 0) {
    const message = `the unit's sandbox (ProtectSystem=strict) lets the app write nothing to ${locked.join(", ")}, which is \`shared\`; it takes effect with the next systemctl restart`;
    findings.push(problem("shared-sandbox", message, inUnit(unit, `ReadWritePaths=${locked.join(" ")}`)));
  }
  for (const { path, exists, writable } of shared) {
    if (exists && writable !== false) continue;
    const owner = user ?? "root";
    // The user of an instance is made at its first start.
    const before = owner === `holdfast-${name}` ? `systemctl start holdfast-user@${name}; ` : "";
    const where = exists ? `chown -R ${owner}: ${path}` : `install -d -o ${owner} ${path}`;
    const message = exists ? `${owner} may not write to ${path}` : `${path} is not there`;
    findings.push(problem("shared", `${message}, which is \`shared\``, { where: before + where, lines: [] }));
  }
  return findings;
};

/** systemd.exec(5): with strict, all is read-only but what is named. */
function isLocked({ properties }: UnitFacts, { path, written }: SharedPath): boolean {
  if (properties.get("ProtectSystem") !== "strict") return false;
  const listed = (property: string): string[] => (properties.get(property) ?? "").split(" ").filter(Boolean);
  const open = [
    ...listed("ReadWritePaths").map((entry) => entry.replace(/^[-+]+/, "")),
    ...listed("BindPaths").map((entry) => entry.split(":")[1] ?? ""),
    ...listed("StateDirectory").map((directory) => `/var/lib/${directory}`),
  ];
  const isWithin = (one: string, top: string): boolean => `${one}/`.startsWith(top === "/" ? top : `${top}/`);
  return !open.some((top) => top !== "" && (isWithin(path, top) || isWithin(written, top)));
}
