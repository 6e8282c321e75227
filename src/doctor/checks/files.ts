import { type Check, type Finding, inUnit, problem } from "../finding.js";

/** What the parser says, a finding a line. */
export const checkConfig: Check = ({ config, configFile }) => {
  if (config.ok) return [];
  return config.failure.message.split("\n").map((line) => {
    const [, where = configFile] = /^(\S+:\d+)(?::\d+)?: /.exec(line) ?? [];
    return problem("config", line, { where, lines: [] });
  });
};

/** Config and release as the service's own user sees them. */
export const checkAccess: Check = ({ access, unit, config, configFile }) => {
  const findings: Finding[] = access.missing.map((why) =>
    problem("missing", why, { where: configFile, lines: [] }),
  );
  const blocked = access.blocked.map((path) =>
    problem("access", `${access.user} may not read ${path}, and the service runs as ${access.user}`, {
      where: `chmod o+rX ${path}`,
      lines: [],
    }),
  );
  findings.push(...blocked);
  if (!config.ok) return findings;
  const { release } = config.value.plan;
  const hidden = (property: string, values: readonly string[], folders: readonly string[]): boolean =>
    values.includes(unit.properties.get(property) ?? "") &&
    folders.some((folder) => release === folder || release.startsWith(`${folder}/`));
  const home = ["/home", "/root", "/run/user"];
  if (hidden("ProtectHome", ["yes", "tmpfs"], home)) {
    const message = `release ${release} is hidden from the service by ProtectHome=; move it, for example to /srv`;
    findings.push(problem("protect-home", message, inUnit(unit, "ProtectHome=read-only")));
  }
  if (hidden("PrivateTmp", ["yes", "disconnected"], ["/tmp", "/var/tmp"])) {
    const message = `release ${release} is hidden from the service by PrivateTmp=, and would be gone after a reboot`;
    findings.push(
      problem("private-tmp", message, { where: config.value.file, lines: ['release = "/srv/…"'] }),
    );
  }
  return findings;
};
