/** The words in lines of at most so many columns, with a blank between two; a word that is longer has a line of its own. */
export function foldWords(words: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.length === 0 ? [""] : lines;
}

/** A line of prose in lines of at most so many columns; all but the first are indented. What fits stays as it is. */
export function fold(line: string, width: number, indent = "  "): readonly string[] {
  if (line.length <= width) return [line];
  const [first = "", ...rest] = foldWords(line.split(" "), width);
  const others =
    rest.length === 0
      ? []
      : foldWords(
          rest.flatMap((one) => one.split(" ")),
          width - indent.length,
        );
  return [first, ...others.map((one) => indent + one)];
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
