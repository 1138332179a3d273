import { assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import {
  type Address,
  formatAddress,
  type MailboxAddress,
  parseAddressList,
} from "../../../mail/message/mod.ts";

function at(address: string, name = ""): MailboxAddress {
  return { name, address };
}

const LISTS: [list: string, addresses: Address[]][] = [
  // RFC 5322 appendix A.
  ["John Doe <jdoe@machine.example>", [at("jdoe@machine.example", "John Doe")]],
  [
    '"Joe Q. Public" <john.q.public@example.com>',
    [at("john.q.public@example.com", "Joe Q. Public")],
  ],
  [
    "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
    [
      at("mary@x.test", "Mary Smith"),
      at("jdoe@example.org"),
      at("one@y.test", "Who?"),
    ],
  ],
  [
    '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
    [at("boss@nil.test"), at("sysservices@example.net", 'Giant; "Big" Box')],
  ],
  [
    "A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
    [{
      group: "A Group",
      members: [
        at("c@a.test", "Ed Jones"),
        at("joe@where.test"),
        at("jdoe@one.test", "John"),
      ],
    }],
  ],
  ["Undisclosed recipients:;", [{
    group: "Undisclosed recipients",
    members: [],
  }]],
  [
    "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
    [at("pete@silly.test", "Pete")],
  ],
  [
    "A Group(Some people)\r\n :Chris Jones <c@(Chris's host.)public.example>,\r\n" +
    " joe@example.org;",
    [{
      group: "A Group",
      members: [at("c@public.example", "Chris Jones"), at("joe@example.org")],
    }],
  ],
  // Obsolete: section 4.4.
  ["Mary Smith <@node.test,@b.test:mary@example.net>", [
    at("mary@example.net", "Mary Smith"),
  ]],
  ["jdoe@test   . example", [at("jdoe@test.example")]],
  [",a@b,, ,c@d,", [at("a@b"), at("c@d")]],
  // What is seen beside the RFC.
  ["ada@example.com (Ada Lovelace)", [at("ada@example.com", "Ada Lovelace")]],
  ["John Q. Public <jqp@x>", [at("jqp@x", "John Q. Public")]],
  ["=?utf-8?Q?Gr=C3=BC=C3=9Fe?= <a@b>", [at("a@b", "Grüße")]],
  ['"=?utf-8?Q?a=2C_b?=" <a@b>', [at("a@b", "a, b")]],
  ["Grüße <ü@müller.example>", [at("ü@müller.example", "Grüße")]],
  ["a @ b", [at("a@b")]],
  ["Ada ada@example.com", [at("ada@example.com", "Ada")]],
  ["a@b; c@d", [at("a@b"), at("c@d")]],
  ["x <a@b, c@d", [at("a@b", "x"), at("c@d")]],
  ["just a name", [at("", "just a name")]],
  ["user@[127.0.0.1]", [at("user@[127.0.0.1]")]],
  ["a@[IPv6:::1]", [at("a@[IPv6:::1]")]],
  ['"john doe"@x', [at('"john doe"@x')]],
  ['"john.doe"@x', [at("john.doe@x")]],
  ['"a@b"@c', [at('"a@b"@c')]],
  ["", []],
  ["<>", []],
  [",;,", []],
];

Deno.test("parseAddressList() reads lists", () => {
  for (const [list, addresses] of LISTS) {
    assertEquals(parseAddressList(list), addresses, list);
  }
});

Deno.test("parseAddressList() needs no time for input made to take much", () => {
  for (
    const piece of [
      ...["(", ")", '"', "<", ">", "@", ",", ":", ";", "[", "]", "\\"],
      ...[" ", "a ", "(((a", "a@", "<a@", "a:", "=?utf-8?Q?a?= "],
    ]
  ) {
    parseAddressList(piece.repeat(200_000));
  }
});

Deno.test("formatAddress() writes what parseAddressList() reads", () => {
  const members = [
    at("a@b"),
    at("a@b", "Ada"),
    at("a@b", "Lovelace, Ada"),
    at("a@b", 'The "Countess" \\ of'),
    at("a@b", "Grüße, und mehr: <x@y>"),
    at("a@b", "=?utf-8?Q?no?="),
    at("a@b", " blanks "),
    at('"john doe"@x', "x"),
    at("ü@müller.example"),
    at("user@[127.0.0.1]", "日本語の名前".repeat(20)),
  ];
  for (const address of [...members, { group: "A: group", members }]) {
    const written = formatAddress(address);
    assertEquals(parseAddressList(written), [address], written);
  }
});

Deno.test("formatAddress() refuses what would be more than one address, or none", () => {
  for (
    const address of [
      ...["", "a b", "a@b, c@d", "a@b>", "<a@b", "a@b\r\nBcc: c@d", "a@b\0"],
      ...["a@b;", "a:b", '"a@b', "a@b (c)", "a@[b", 'a"b"@c'],
    ]
  ) {
    assertThrows(
      () => formatAddress({ name: "x", address }),
      TypeError,
      "none",
    );
  }
  for (const name of ["a\r\nBcc: b", "a\nb", "\0"]) {
    assertThrows(() => formatAddress({ name, address: "a@b" }), TypeError);
    assertThrows(() => formatAddress({ group: name, members: [] }), TypeError);
  }
});
