import type { Container } from "../container/container.js";

const USER = "deploy";
const KEY = "/root/.ssh/id_ed25519";

/** Without logind nobody says when users may come in; the boot's note that they may not yet stays. */
const START_SSHD = `
rm -f /run/nologin /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
echo "127.0.1.1 $(hostname)" >> /etc/hosts
useradd --create-home --shell /bin/bash ${USER}
echo '${USER} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/${USER}
install -d -m 700 -o ${USER} -g ${USER} /home/${USER}/.ssh
`;

/** A key for the controller, made now; returns its public half. */
export async function makeKey(controller: Container): Promise<string> {
  return controller.sh(
    `mkdir -p -m 700 /root/.ssh && ssh-keygen -q -t ed25519 -N '' -f ${KEY} && cat ${KEY}.pub`,
  );
}

/** Debian's sshd with a key of its own, and a user with sudo who comes in with that public key. Returns the host's public key. */
export async function openSsh(host: Container, publicKey: string): Promise<string> {
  const keys = `/home/${USER}/.ssh/authorized_keys`;
  await host.sh(
    `${START_SSHD}\necho '${publicKey}' > ${keys}\nchown ${USER}:${USER} ${keys}\n` +
      "systemctl unmask --quiet ssh.service\nsystemctl start ssh.service",
  );
  return host.sh("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub");
}

/** As the README's inventory has it, but that the addresses stand in for names. */
export function inventoryOf(
  group: string,
  addresses: readonly string[],
  variables: readonly string[],
): string {
  const hosts = addresses.map((address, index) => `host${index + 1} ansible_host=${address}`);
  const lines = [`ansible_user=${USER}`, "ansible_become=true", ...variables];
  return `[${group}]\n${hosts.join("\n")}\n\n[${group}:vars]\n${lines.join("\n")}\n`;
}
