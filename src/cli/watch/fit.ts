import type { Paint } from "../print.js";

/** A part of the page that may be cut: its most important lines come first. */
export interface Section {
  readonly lines: readonly string[];
  /** So many of them are shown, however little room there is. */
  readonly atLeast: number;
}

/** The sections one below the other in at most so many lines; each that has to be cut says how many lines it has more. */
function fit(sections: readonly Section[], rows: number, paint: Paint): readonly string[] {
  const lengths = sections.map(({ lines }) => lines.length);
  let surplus = lengths.reduce((sum, one) => sum + one, 0) - rows;
  // The last ones give way first, and where that is not enough, with all that they have.
  for (const least of [(index: number) => sections[index]?.atLeast ?? 0, () => 0]) {
    for (let index = sections.length - 1; index >= 0 && surplus > 0; index -= 1) {
      const length = lengths[index] ?? 0;
      const given = Math.min(surplus, Math.max(0, length - least(index)));
      lengths[index] = length - given;
      surplus -= given;
    }
  }
  return sections.flatMap(({ lines }, index) => {
    const length = lengths[index] ?? 0;
    if (length >= lines.length) return lines;
    // A blank line and how much is missing would say nothing.
    if (length === 0 || (length <= 2 && lines[0] === "")) return [];
    return [...lines.slice(0, length - 1), paint("dim", `... ${lines.length - length + 1} more`)];
  });
}

/** The sections, and below them as many of the newest lines as there is room for: a quarter of the rows in any case. */
export function above(
  sections: readonly Section[],
  newest: readonly string[],
  rows: number,
  paint: Paint,
): readonly string[] {
  if (newest.length === 0) return fit(sections, rows, paint);
  const reserved = Math.min(newest.length, Math.floor(rows / 4));
  const top = fit(sections, rows - reserved - 1, paint);
  const room = rows - top.length - 1;
  return room > 0 ? [...top, "", ...newest.slice(-room)] : top;
}
