/** For the config: an upgrade's check that does not end before that file is there. `Rig.openGate` makes it. */
export function checkUntil(gate: string): string {
  return `check = ["/bin/sh", "-c", "until test -e ${gate}; do sleep 0.02; done"]\n`;
}
