import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { TABLE } from "../../cookies/_public_suffix_table.ts";
import { isPublicSuffix } from "../../cookies/mod.ts";
import { domainsOf, registrableDomain } from "../../cookies/site.ts";
import {
  listVersion,
  parseRules,
  SOURCE,
  toTable,
} from "../_support/make_public_suffix.ts";

const LIST = `
// ===BEGIN ICANN DOMAINS===
com
uk
co.uk
*.ck
!www.ck
jp
*.kobe.jp
!city.kobe.jp
中国
公司.cn
// ===BEGIN PRIVATE DOMAINS===
github.io
*.compute.amazonaws.com
`;

Deno.test("toTable() has each rule once", () => {
  assertEquals(toTable(parseRules(LIST)), [
    "ck(!www *)",
    "cn(xn--55qx5d)",
    "com(.amazonaws(.compute(*)))",
    "io(github)",
    "jp(kobe(!city *))",
    "uk(co)",
  ]);
});

Deno.test("the table is that of Debian's list", async () => {
  const list = await Deno.readTextFile(SOURCE).catch(() => "");
  const table = await Deno.readTextFile(
    new URL("../../cookies/_public_suffix_table.ts", import.meta.url),
  );
  // Without the list, or with one of another day, nothing can be compared.
  if (list === "" || !table.includes(`version ${await listVersion(list)},`)) {
    return;
  }
  const lines = toTable(parseRules(list));
  assertEquals(TABLE, `\n${lines.join("\n")}\n`);
});

Deno.test("isPublicSuffix() goes by every kind of rule", () => {
  const suffixes = [
    "com",
    "co.uk",
    "CO.UK",
    "com.",
    "unlisted",
    "ck",
    "anything.ck",
    "x.kobe.jp",
    "kobe.jp",
    "aichi.jp",
    "aisai.aichi.jp",
    "github.io",
    "x.compute.amazonaws.com",
    "xn--55qx5d.cn",
  ];
  for (const domain of suffixes) assert(isPublicSuffix(domain), domain);
  const others = [
    "",
    ".",
    "..",
    ".com",
    "example.com",
    "example.co.uk",
    "www.ck",
    "a.www.ck",
    "b.anything.ck",
    "city.kobe.jp",
    "compute.amazonaws.com",
    "amazonaws.com",
    "me.github.io",
    "example.unlisted",
    "constructor.com",
    "__proto__.com",
  ];
  for (const domain of others) assert(!isPublicSuffix(domain), domain);
});

Deno.test("registrableDomain() is one label more than the longest suffix", () => {
  const cases: [string, string][] = [
    ["a.b.example.co.uk", "example.co.uk"],
    ["example.com", "example.com"],
    ["com", "com"],
    ["co.uk", "co.uk"],
    ["a.b.c.kobe.jp", "b.c.kobe.jp"],
    ["a.city.kobe.jp", "city.kobe.jp"],
    ["x.me.github.io", "me.github.io"],
    ["localhost", "localhost"],
    ["127.0.0.1", "127.0.0.1"],
    ["[::1]", "[::1]"],
  ];
  for (const [host, expected] of cases) {
    const domains = domainsOf(host, isPublicSuffix);
    assertEquals(registrableDomain(host, domains), expected, host);
  }
});

Deno.test("domainsOf() are the host and those above it that are somebody's", () => {
  const cases: [string, string[]][] = [
    ["a.b.example.co.uk", [
      "a.b.example.co.uk",
      "b.example.co.uk",
      "example.co.uk",
    ]],
    ["co.uk", []],
    ["localhost", []],
    ["x.eu.compute.amazonaws.com", ["x.eu.compute.amazonaws.com"]],
    ["www.city.kobe.jp", ["www.city.kobe.jp", "city.kobe.jp"]],
    ["127.0.0.1", ["127.0.0.1"]],
  ];
  for (const [host, expected] of cases) {
    assertEquals(domainsOf(host, isPublicSuffix), expected, host);
  }
  assertEquals(domainsOf("a.b", () => false), ["a.b", "b"]);
});
