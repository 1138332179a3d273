/** Text whose lines may be joined (RFC 3676). */

/** A line without its quote marks. */
interface Line {
  depth: number;
  text: string;
}

/**
 * Text of `format=flowed` as it was written: paragraphs in one line each, quotes
 * as `"> "` in front of theirs.
 */
export function decodeFlowed(
  text: string,
  options: {
    /** Whether the blank at a line's end was put there (`delsp=yes`). */
    delSp: boolean;
  },
): string {
  // What stands behind the last line end is no line.
  const lines = text.split("\n");
  const behind = lines.at(-1) === "" ? lines.splice(-1) : [];
  return [...joinLines(lines, options.delSp), ...behind].join("\n");
}

function joinLines(lines: string[], delSp: boolean): string[] {
  const paragraphs: string[] = [];
  let depth = 0;
  // Pieces of the paragraph that is not ended yet.
  let open: string[] | undefined;
  const end = () => {
    if (open) paragraphs.push(quote(depth, open.join("")));
    open = undefined;
  };
  for (const raw of lines) {
    const line = parseLine(raw);
    const isSignature = line.text === "-- ";
    if (open && (line.depth !== depth || isSignature)) end();
    depth = line.depth;
    if (line.text.endsWith(" ") && !isSignature) {
      const piece = delSp ? line.text.slice(0, -1) : line.text;
      (open ??= []).push(piece);
      continue;
    }
    (open ??= []).push(line.text);
    end();
  }
  end();
  return paragraphs;
}

/** Section 4.5: quote marks first, then the stuffed space. */
function parseLine(line: string): Line {
  let depth = 0;
  while (line[depth] === ">") depth++;
  const text = line.slice(depth);
  return { depth, text: text.startsWith(" ") ? text.slice(1) : text };
}

function quote(depth: number, text: string): string {
  return depth === 0 ? text : `${">".repeat(depth)} ${text}`;
}
