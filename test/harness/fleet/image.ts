import { ensureImageWith } from "../container/image.js";
import type { Release } from "../container/releases.js";

/** One image for the hosts and the controller; on which of them what is started is for the fleet to say. */
const REACHED = ["openssh-server", "sudo", "ansible-core", "openssh-client"];
const WATCHING = ["haproxy", "prometheus"];
/** What each way to deploy needs: of the host, and where releases come from. */
const SOURCES = ["nodejs", "python3-apt", "git", "podman", "crun", "catatonit", "docker-registry"];

const SSH_UNITS = ["ssh.service", "ssh.socket"];

/** The root file system of a release with sshd, Ansible, HAProxy and Prometheus, none of which a boot starts. */
export function ensureFleetImage(release: Release): Promise<string> {
  const masked = [...SSH_UNITS, "haproxy.service", "prometheus.service"];
  return ensureImageWith("fleet", release, [...REACHED, ...WATCHING], masked);
}

/** One with sshd and Ansible, on which the package of Holdfast can be installed, and releases of each kind come from and to. */
export function ensureBareFleetImage(release: Release): Promise<string> {
  const masked = [...SSH_UNITS, "docker-registry.service"];
  return ensureImageWith("bare-fleet", release, [...REACHED, ...SOURCES], masked);
}
