// Signing in, TLS and compression, with Python's nntplib for a client.

import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { createAuthority } from "../_support/certificates.ts";
import { NntpServer } from "./nntp_server.ts";
import { EXTRAS, noNntplib, python } from "./nntp_server_nntplib.ts";
import { article, GROUPS } from "./nntp_server_sample.ts";

const authority = await createAuthority();
const certificate = await authority.issue();

Deno.test({
  name: "NntpServer and nntplib sign in, with TLS and without",
  ignore: noNntplib,
  async fn() {
    const options = { groups: GROUPS, authRequired: true, ...certificate };
    await using server = await NntpServer.start(options);
    await using secure = await NntpServer.start({
      ...options,
      implicitTls: true,
    });
    const output = await python(
      server,
      `
n = connect(readermode=True)
print(n.getcapabilities(), n.readermode_afterauth)
refused(n.group, "misc.test")
refused(n.post, b"")
refused(n.login, "ada", "wrong")
refused(n.login, "bob", "secret")
n.login("ada", "secret")
print(sorted(n.getcapabilities()))
print(n.group("misc.test")[0])
refused(n._shortcmd, "AUTHINFO USER ada")
refused(n.starttls, tls)
n.quit()
for n in [connect(), nntplib.NNTP_SSL(host, ${secure.port}, ssl_context=tls, timeout=20)]:
    if n.port == port:
        n.starttls(tls)
    print(n.sock.version()[:3], "STARTTLS" in n.getcapabilities())
    refused(n._shortcmd, "STARTTLS")
    n.login("ada", "secret")
    print(n.group("misc.test")[0], len(n.over((1, None))[1]))
    print(n.quit())
`,
      authority.caPem,
    );
    const overTls = `TLS False
502 Not now
211 3 10 13 misc.test 3
205 goodbye
`;
    assertEquals(
      output,
      `{'VERSION': ['2'], 'IMPLEMENTATION': ["Wireline's", 'test', 'server'], 'AUTHINFO': ['USER', 'SASL'], 'SASL': ['SCRAM-SHA-256', 'PLAIN'], 'STARTTLS': [], 'COMPRESS': ['DEFLATE']} True
480 Sign in first
480 Sign in first
481 Wrong user or password
481 Wrong user or password
['COMPRESS', 'HDR', 'IHAVE', 'IMPLEMENTATION', 'LIST', 'NEWNEWS', 'OVER', 'POST', 'READER', 'SASL', 'VERSION']
211 3 10 13 misc.test
502 Signed in already
502 Not now
${overTls}${overTls}`,
    );
    assert(server.commands.includes("authinfo pass ***"));
    assert(!server.commands.join().includes("secret"));
  },
});

Deno.test({
  name: "NntpServer compresses, over TLS too",
  ignore: noNntplib,
  async fn() {
    const long = article(1) + "0123456789\n".repeat(200_000);
    await using server = await NntpServer.start({
      groups: { ...GROUPS, big: { articles: [long.replace("<1@", "<big@")] } },
      ...certificate,
    });
    const output = await python(
      server,
      EXTRAS + `
for secure in [False, True]:
    n = connect()
    n.group("misc.test")
    if secure:
        n.starttls(tls)
        refused(n._shortcmd, "STAT")
        n.group("misc.test")
    refused(n._shortcmd, "COMPRESS")
    refused(n._shortcmd, "COMPRESS GZIP")
    compress(n)
    print(n.stat(), [name for name in ["COMPRESS", "STARTTLS", "AUTHINFO"] if name in n.getcapabilities()])
    for line in ["COMPRESS DEFLATE", "STARTTLS", "AUTHINFO USER ada", "AUTHINFO SASL PLAIN " + plain("ada", "secret")]:
        refused(n._shortcmd, line)
    print(len(n.article("<big@example.com>")[1].lines))
    print(n.post(b"From: a@b.c\\nNewsgroups: misc.test\\nSubject: x\\n\\n" + b"0123456789\\n" * 200000))
    print(n.quit())
`,
      authority.caPem,
    );
    const each = `501 Syntax error: too few arguments
503 Compression algorithm not supported
206 Compression active
('223 10 <1@example.com> exists', 10, '<1@example.com>') []
502 Compressed already
502 Not now
502 Not under compression
502 Not under compression
200009
240 Article received
205 goodbye
`;
    assertEquals(output, `${each}412 No newsgroup selected\n${each}`);
    assertEquals(server.posted[0]!.length, 2_400_050);
  },
});

Deno.test({
  name: "NntpServer signs in by SASL",
  ignore: noNntplib,
  async fn() {
    await using server = await NntpServer.start({
      groups: GROUPS,
      users: { ada: "secret", grüße: "pass word" },
      authRequired: "post",
    });
    const output = await python(
      server,
      EXTRAS + `
n = connect()
print(n.group("misc.test")[0], [name for name in ["POST", "IHAVE"] if name in n.getcapabilities()])
for line in ["POST", "IHAVE <new@example.com>", "AUTHINFO", "AUTHINFO SASL", "AUTHINFO NONSENSE x",
        "AUTHINFO PASS secret", "AUTHINFO SASL NONSENSE", "AUTHINFO SASL PLAIN =AAA",
        "AUTHINFO SASL PLAIN " + plain("ada", "wrong")]:
    refused(n._shortcmd, line)
print(n._shortcmd("AUTHINFO SASL PLAIN"))
refused(n._shortcmd, "*")
print(n._shortcmd("AUTHINFO SASL PLAIN"))
refused(n._shortcmd, "nonsense!")
print(n._shortcmd("AUTHINFO SASL PLAIN"))
print(n._shortcmd(plain("ada", "secret")))
n._caps = None
print([name for name in ["AUTHINFO", "SASL", "POST", "IHAVE"] if name in n.getcapabilities()])
refused(n._shortcmd, "AUTHINFO SASL PLAIN")
n.quit()
n = connect()
print(n._shortcmd("AUTHINFO SASL PLAIN " + plain("gr\\u00fc\\u00dfe", "pass word")))
n.quit()
n = connect()
print(scram(n, "ada", "secret"))
n.quit()
n = connect(user="gr\\u00fc\\u00dfe", password="pass word")
n.quit()
`,
    );
    assertEquals(
      output,
      `211 3 10 13 misc.test []
480 Sign in first
480 Sign in first
501 Syntax error: too few arguments
501 Syntax error: too few arguments
501 Syntax error: unknown way to sign in
482 Say AUTHINFO USER first
503 Mechanism not recognized
504 Not base64
481 Wrong user or password
383 =
481 Given up
383 =
504 Not base64
383 =
281 Authentication accepted
['SASL', 'POST', 'IHAVE']
502 Signed in already
281 Authentication accepted
proven
`,
    );
    assert(server.commands.includes("AUTHINFO SASL PLAIN ***"));
    assert(!server.commands.some((line) => line.includes("=")));
  },
});
