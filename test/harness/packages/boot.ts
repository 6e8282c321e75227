import { basename } from "node:path";
import { Container } from "../container/container.js";
import type { Release } from "../container/releases.js";
import { buildNodeDeb } from "./build-package.js";
import { ensurePackagesImage } from "./image.js";

const APT = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q"] as const;

const OFFER = `
mkdir -p /srv/repository && cd /srv/repository && cp FILES .
for file in *.deb; do
  dpkg-deb -f $file
  printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' $file $(stat -c %s $file) $(sha256sum < $file | cut -d' ' -f1)
done > Packages
printf 'Origin: Apps\\nSuite: stable\\nDate: %s\\nSHA256:\\n %s %s Packages\\n' \\
  "$(date -Ru)" $(sha256sum < Packages | cut -d' ' -f1) $(stat -c %s Packages) > Release
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/repository ./' > /etc/apt/sources.list
echo 'Unattended-Upgrade::Origins-Pattern { "origin=Apps"; };' > /etc/apt/apt.conf.d/90apps
apt-get -q update
`;

/**
 * A Debian system as its admin has it before the first package of Holdfast: systemd as PID 1, a package `nodejs` that is new enough,
 * and test/apps in /opt/apps. What is put into /root/packages can be installed.
 */
export async function bootForPackages(release: Release): Promise<Container> {
  const container = await Container.bootBare(release, await ensurePackagesImage(release));
  try {
    await container.copyIn("/opt/holdfast", "test/apps");
    await container.sh("mv /opt/holdfast/test/apps /opt/apps && rm -r /opt/holdfast");
    // It would look at every process after each run of apt; who wants it calls it.
    await container.sh("rm /etc/apt/apt.conf.d/99needrestart");
    if (release === "bookworm") await aptInstall(container, await buildNodeDeb());
    return container;
  } catch (cause) {
    await container[Symbol.asyncDispose]();
    throw cause;
  }
}

/** Puts a package, named from the top of the checkout, into the container, and returns its path there. */
export async function bring(container: Container, file: string): Promise<string> {
  await container.copyIn("/root/packages", file);
  const path = `/root/packages/${basename(file)}`;
  await container.sh(`mv /root/packages/${file} ${path}`);
  return path;
}

export interface AptOutcome {
  readonly code: number | null;
  /** What apt, dpkg and the packages' scripts said. */
  readonly output: string;
}

/** `apt-get VERB` without a question; whether it works is for the caller to say. */
export async function apt(container: Container, ...args: string[]): Promise<AptOutcome> {
  const { code, stdout, stderr } = await container.exec([...APT, ...args]);
  return { code, output: stdout + stderr };
}

/** A repository of these packages, named by their paths in the container, is all that apt and unattended-upgrades know. */
export async function offer(container: Container, paths: readonly string[]): Promise<void> {
  await container.sh(OFFER.replace("FILES", paths.join(" ")));
}

/** The same for dnf. */
export async function offerToDnf(container: Container, paths: string): Promise<void> {
  const repository = "[apps]\nname=apps\nbaseurl=file:///srv/rpms\ngpgcheck=0\n";
  await container.write("/etc/yum.repos.d/apps.repo", repository);
  await container.sh(`mkdir -p /srv/rpms && cp ${paths} /srv/rpms && createrepo_c -q /srv/rpms`);
}

/** `apt-get install` of packages in one run, which must succeed; a lower version is installed, too. Returns what apt said. */
export async function aptInstall(container: Container, ...files: string[]): Promise<string> {
  const paths: string[] = [];
  for (const file of files) paths.push(await bring(container, file));
  return container.sh([...APT, "install", "--allow-downgrades", ...paths].join(" "));
}

export async function aptRemove(
  container: Container,
  verb: "remove" | "purge",
  name: string,
): Promise<string> {
  return container.sh([...APT, verb, name].join(" "));
}
