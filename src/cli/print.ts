/** A line on stdout. */
export function say(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}

/** A message on stderr. */
export function complain(message: string): void {
  process.stderr.write(`holdfast: ${printable(message)}\n`);
}

/** Texts of workers and of commands are among what is printed; none of them gets to steer the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "?");
}
