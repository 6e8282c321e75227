/**
 * An entry for journald's own socket, which knows fields where stderr knows only lines. Values of several lines are
 * sent with their length. Names must be fit for the journal: systemd.journal-fields(7); https://systemd.io/JOURNAL_NATIVE_PROTOCOL
 */
export function encodeJournalEntry(fields: Readonly<Record<string, string | number>>): Buffer {
  const parts = Object.entries(fields).map(([name, value]) => {
    const text = Buffer.from(String(value));
    if (!text.includes("\n")) return Buffer.concat([Buffer.from(`${name}=`), text, newline]);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([Buffer.from(`${name}\n`), length, text, newline]);
  });
  return Buffer.concat(parts);
}

const newline = Buffer.from("\n");
