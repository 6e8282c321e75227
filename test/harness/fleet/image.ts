import { ensureImageWith } from "../container/image.js";
import type { Release } from "../container/releases.js";

/** One image for the hosts and the controller; on which of them what is started is for the fleet to say. */
const PACKAGES = ["openssh-server", "sudo", "ansible-core", "openssh-client", "haproxy"];
const MASKED = ["ssh.service", "ssh.socket", "haproxy.service"];

/** The root file system of a release with sshd, Ansible and HAProxy, none of which a boot starts. */
export function ensureFleetImage(release: Release): Promise<string> {
  return ensureImageWith("fleet", release, PACKAGES, MASKED);
}
