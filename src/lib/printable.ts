/** What steers a terminal, turns the direction of a line, ends it, or cannot be seen at all. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text of somebody else's on a terminal: none of it gets to steer it. Its lines stay lines. */
export function printable(text: string): string {
  return text.replace(unprintable, (found) => (found === "\n" || found === "\t" ? found : "?"));
}

/** The same where there is but one line for it, as in a table: it cannot pretend to be the next row. */
export function oneLine(text: string): string {
  return text.replace(unprintable, " ");
}

/** The same with nothing lost, as it stands in a quoted string: what cannot be seen is written as an escape. */
export function visible(text: string): string {
  return text.replace(unprintable, encode);
}

/** The JSON text, of the same meaning, with all of that escaped: a program may show what it reads. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(unprintable, (found) =>
    found === "\n" ? found : encode(found),
  );
}

function encode(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
