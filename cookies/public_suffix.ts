import { TABLE } from "./_public_suffix_table.ts";

/** A label, and what the list has below it. */
interface Label {
  /** Whether the name up to here is a public suffix, by a rule of its own. */
  isRule: boolean;
  below: Labels | undefined;
}
type Labels = Map<string, Label>;

/** A line of the table by its top-level domain; until it is needed as text. */
let lines: Map<string, string> | undefined;
/** Those that were needed. */
const trees = new Map<string, Labels>();

/**
 * Whether everybody can have a domain under this one, by the Public Suffix
 * List (https://publicsuffix.org/) as it was when this version was made: rules
 * of registries (`co.uk`) and of others (`github.io`). A top-level domain that
 * is not listed is one too.
 *
 * It is what a {@linkcode CookieJar} asks unless it is given something else.
 *
 * @param domain A-labels; an upper case letter is as its lower one.
 *
 * @example Have more of them
 * ```ts
 * import { CookieJar, isPublicSuffix } from "@wireline/std/cookies";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const jar = new CookieJar({
 *   isPublicSuffix: (domain) =>
 *     isPublicSuffix(domain) || domain === "apps.example.com",
 * });
 * const url = "https://one.apps.example.com/";
 * assertEquals(jar.setCookie("a=1; Domain=apps.example.com", url), undefined);
 * assertEquals(jar.setCookie("a=1", url)?.domain, "one.apps.example.com");
 * ```
 */
export function isPublicSuffix(domain: string): boolean {
  // The root's dot says nothing.
  const name = (domain.endsWith(".") ? domain.slice(0, -1) : domain)
    .toLowerCase();
  let dot = name.lastIndexOf(".");
  // The rule "*", where no other is: a top-level domain is one in any case.
  if (dot < 0) return name !== "";
  let labels = labelsBelow(name.slice(dot + 1));
  while (labels !== undefined) {
    const end = dot;
    // lastIndexOf takes what is below 0 for 0.
    dot = end === 0 ? -1 : name.lastIndexOf(".", end - 1);
    const label = name.slice(dot + 1, end);
    if (dot < 0) return isRule(labels, label);
    labels = labels.get(label)?.below;
  }
  return false;
}

function isRule(labels: Labels, label: string): boolean {
  if (label === "") return false;
  return labels.get(label)?.isRule ??
    (labels.has("*") && !labels.has(`!${label}`));
}

function labelsBelow(topLevel: string): Labels | undefined {
  const known = trees.get(topLevel);
  if (known !== undefined) return known;
  const line = (lines ??= splitLines()).get(topLevel);
  if (line === undefined) return undefined;
  const labels = parse(line);
  trees.set(topLevel, labels);
  return labels;
}

function splitLines(): Map<string, string> {
  return new Map(
    TABLE.trim().split("\n").map((line) => {
      const open = line.indexOf("(");
      return [line.slice(0, open), line.slice(open + 1, -1)];
    }),
  );
}

/** What stands in parentheses. */
function parse(text: string): Labels {
  const labels: Labels = new Map();
  const above: Labels[] = [];
  let current = labels;
  let last: Label | undefined;
  for (const [token] of text.matchAll(/[^ ()]+|[()]/g)) {
    if (token === ")") current = above.pop()!;
    else if (token === "(") {
      above.push(current);
      // Always behind a label.
      current = last!.below = new Map();
    } else {
      const isRule = !token.startsWith(".");
      last = { isRule, below: undefined };
      current.set(isRule ? token : token.slice(1), last);
    }
  }
  return labels;
}
