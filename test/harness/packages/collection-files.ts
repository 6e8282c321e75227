import assert from "node:assert/strict";

const directory = "/usr/share/ansible/collections/ansible_collections/holdfast/holdfast";
/** Of each kind that it has one. */
const files = [
  "galaxy.yml",
  "playbooks/roll.yml",
  "plugins/action/fleet_run.py",
  "plugins/filter/deploy.py",
  "plugins/module_utils/daemon.py",
  "plugins/modules/holdfast.py",
  "roles/service/tasks/main.yml",
  "roles/service/templates/holdfast.socket.j2",
];

/** That the Ansible collection is among the files of a package, one a line. */
export function hasCollection(listed: string): void {
  const there = new Set(listed.split("\n"));
  assert.deepEqual(
    files.filter((file) => !there.has(`${directory}/${file}`)),
    [],
  );
}
