const HEADER_BYTES = 19;

/** Reads PostgreSQL's binary COPY format back, to check what was written: each row as its fields' bytes, `null` for NULL. */
export function readCopy(data: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const fields = data.readInt16BE(at);
    at += 2;
    if (fields === -1) break;
    const row: (Buffer | null)[] = [];
    for (let field = 0; field < fields; field++) {
      const length = data.readInt32BE(at);
      at += 4;
      row.push(length === -1 ? null : data.subarray(at, at + length));
      at += Math.max(0, length);
    }
    rows.push(row);
  }
  if (at !== data.length) throw new Error('bytes after the end of rows');
  return rows;
}
