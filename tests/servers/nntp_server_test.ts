// The server is told apart from a real one by nobody: Python's nntplib goes
// through it.

import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { NntpServer } from "./nntp_server.ts";
import { noNntplib, python } from "./nntp_server_nntplib.ts";
import { GROUPS } from "./nntp_server_sample.ts";

Deno.test({
  name: "NntpServer and nntplib read articles",
  ignore: noNntplib,
  async fn() {
    await using server = await NntpServer.start({ groups: GROUPS });
    const output = await python(
      server,
      `
n = connect(readermode=True)
print(n.getwelcome())
print(n.group("misc.empty"))
print(n.group("misc.test"))
for number, fields in n.over((10, None))[1]:
    print(number, fields["subject"], fields["references"], fields[":lines"], fields["xref"])
print(n.over("<3@example.com>")[1][0][0], len(n.xover(11, 13)[1]), len(n.over(None)[1]))
print(n.xhdr("x-long", "10-13"), n.xhdr("subject", "<3@example.com>")[1])
print(n.article())
print(n.head(12)[1].lines[-2:], n.body("<4@example.com>"))
print(n.stat(), n.next(), n.last(), n.last(), n.stat("<1@example.com>"))
refused(n.last)
refused(n.article, 11)
refused(n.article, "<none@example.com>")
refused(n.group, "no.such")
n.group("misc.empty")
refused(n.next)
refused(n.over, (1, None))
print(n.quit())
`,
    );
    assertEquals(
      output,
      `200 ready, posting allowed
('211 0 1 0 misc.empty', 0, 1, 0, 'misc.empty')
('211 3 10 13 misc.test', 3, 10, 13, 'misc.test')
10 Number 1  3 None
12 Number 3 <1@example.com> 3 None
13 Number 4  3 None
0 2 1
('221 x-long follows', [('10', '(none)'), ('12', 'one two'), ('13', '(none)')]) ['<3@example.com> Number 3']
('220 10 <1@example.com> follows', ArticleInfo(number=10, message_id='<1@example.com>', lines=[b'From: Ada <ada@example.com>', b'Newsgroups: misc.test', b'Subject: Number 1', b'Message-ID: <1@example.com>', b'Date: Tue, 01 Oct 2024 10:00:00 +0000', b'', b'Body of 1', b'.', b'..two dots']))
[b'X-Long: one', b' two'] ('222 0 <4@example.com> follows', ArticleInfo(number=0, message_id='<4@example.com>', lines=[b'Body of 4', b'.', b'..two dots']))
('223 12 <3@example.com> exists', 12, '<3@example.com>') ('223 13 <4@example.com> found', 13, '<4@example.com>') ('223 12 <3@example.com> found', 12, '<3@example.com>') ('223 10 <1@example.com> found', 10, '<1@example.com>') ('223 0 <1@example.com> exists', 0, '<1@example.com>')
422 No previous article in this group
423 No article with that number
430 No article with that message-id
411 No such newsgroup
420 Current article number is invalid
423 No such articles
205 goodbye
`,
    );
    // It is for readers from the start.
    assert(!server.commands.includes("mode reader"));
  },
});

Deno.test({
  name: "NntpServer and nntplib list what there is and what is new",
  ignore: noNntplib,
  async fn() {
    await using server = await NntpServer.start({
      groups: GROUPS,
      now: () => new Date("2024-10-31T01:02:03Z"),
    });
    const output = await python(
      server,
      `
n = connect()
print([tuple(g) for g in n.list()[1]])
print([g.group for g in n.list("misc.*,!*.empty")[1]], n.list("no.*"))
print(n.descriptions("*")[1], n.description("local.mod"))
def lines(keyword): return n._longcmdstring("LIST " + keyword)[1]
for keyword in ["active.times misc.*", "counts misc.*", "distrib.pats",
        "distributions", "headers", "headers range", "moderators", "motd",
        "newsgroups misc.*", "overview.fmt", "subscriptions"]:
    print(keyword, lines(keyword))
print([g.group for g in n.newgroups(datetime.date(2023, 1, 1))[1]])
print(n.newnews("misc.*", datetime.datetime(2024, 10, 3)))
print(n.newnews("*,!misc.*", datetime.datetime(2024, 10, 3))[1])
print(n.date())
print([name.strip() for name in n.help()[1]])
refused(n._longcmd, "LIST NONSENSE")
refused(n._longcmd, "LIST MOTD *")
refused(n._longcmd, "LIST ACTIVE [a]")
`,
    );
    assertEquals(
      output,
      `[('misc.test', '0000000013', '0000000010', 'y'), ('misc.empty', '0000000000', '0000000001', 'y'), ('local.read', '0000000001', '0000000001', 'n'), ('local.mod', '0000000000', '0000000001', 'm')]
['misc.test'] ('215 Information follows', [])
{'misc.test': 'Für Tests', 'local.mod': 'Moderated'} Moderated
active.times misc.* ['misc.test 1704067200 <usenet@localhost>', 'misc.empty 1577836800 <usenet@localhost>']
counts misc.* ['misc.test 13 10 3 y', 'misc.empty 0 1 0 y']
distrib.pats ['10:local.*:local', '5:*:world']
distributions ['local\\tThis server alone', 'world\\tThe whole world']
headers [':', ':bytes', ':lines']
headers range [':', ':bytes', ':lines']
moderators ['*:%s@moderators.example.com']
motd ['Welcome.', '.. is how this line begins', 'Grüße']
newsgroups misc.* ['misc.test\\tFür Tests']
overview.fmt ['Subject:', 'From:', 'Date:', 'Message-ID:', 'References:', ':bytes', ':lines', 'Xref:full']
subscriptions ['misc.test', 'misc.empty', 'local.read', 'local.mod']
['misc.test']
('230 New articles follow', ['<3@example.com>', '<4@example.com>'])
['<5@example.com>']
('111 20241031010203', datetime.datetime(2024, 10, 31, 1, 2, 3))
['CAPABILITIES', 'MODE', 'HELP', 'GROUP', 'LISTGROUP', 'NEXT', 'LAST', 'ARTICLE', 'HEAD', 'BODY', 'STAT', 'OVER', 'XOVER', 'HDR', 'XHDR', 'XPAT', 'LIST', 'NEWGROUPS', 'NEWNEWS', 'XGTITLE', 'DATE', 'POST', 'IHAVE', 'AUTHINFO', 'STARTTLS', 'COMPRESS', 'QUIT']
501 Unknown LIST keyword
501 Syntax error: an argument it does not take
501 Syntax error: not a wildmat
`,
    );
  },
});

Deno.test({
  name: "NntpServer and nntplib post and transfer",
  ignore: noNntplib,
  async fn() {
    await using server = await NntpServer.start({
      groups: GROUPS,
      now: () => new Date("2024-10-31T01:02:03Z"),
    });
    const output = await python(
      server,
      `
n = connect()
def header(groups="misc.test, misc.empty,no.such", id=None, **more):
    lines = ["From: a@b.c", "Newsgroups: " + groups, "Subject: Caf\\u00e9"]
    if id: lines += ["Message-ID: " + id]
    lines += [name.title() + ": " + value for name, value in more.items()]
    return "\\n".join(lines + ["", ""]).encode()
print(n.post(header() + b".\\n..\\nx\\n"))
print(n.group("misc.test"), n.group("misc.empty"))
print([line.decode() for line in n.article()[1].lines if not line.startswith(b"Message-ID")])
print(n.over((1, 1))[1][0][1]["xref"])
print(len(n.newnews("misc.empty", datetime.datetime(2024, 10, 30))[1]))
refused(n.post, header("no.such") + b"x\\n")
refused(n.post, header("local.read") + b"x\\n")
refused(n.post, header(id="<1@example.com>") + b"x\\n")
refused(n.post, header(id="bad") + b"x\\n")
refused(n.post, b"From: a@b.c\\nNewsgroups: misc.test\\n\\nx\\n")
refused(n.post, b"Nonsense\\n\\nx\\n")
print(n.post(header("local.mod") + b"x\\n"), n.group("local.mod")[1])
print(n.post(header("local.mod", approved="me") + b"x\\n"), n.group("local.mod")[1])
full = dict(date="Thu, 31 Oct 2024 01:02:03 +0000", path="elsewhere!x")
refused(n.ihave, "<1@example.com>", b"")
refused(n.ihave, "nonsense", b"")
refused(n.ihave, "<new@example.com>", header(id="<new@example.com>") + b"x\\n")
print(n.ihave("<new@example.com>", header(id="<new@example.com>", xref="a b:1", **full) + b"x\\n"))
refused(n.ihave, "<new@example.com>", b"")
print(n.stat("<new@example.com>"))
`,
    );
    assertEquals(
      output,
      `240 Article received
('211 4 10 14 misc.test', 4, 10, 14, 'misc.test') ('211 1 1 1 misc.empty', 1, 1, 1, 'misc.empty')
['Path: localhost!not-for-mail', 'Date: Thu, 31 Oct 2024 01:02:03 +0000', 'From: a@b.c', 'Newsgroups: misc.test, misc.empty,no.such', 'Subject: Café', 'Xref: localhost misc.test:14 misc.empty:1', '', '.', '..', 'x']
localhost misc.test:14 misc.empty:1
1
441 No such newsgroup
441 Nobody may post there
441 That article is here already
441 Not a message-id
441 No subject header
441 Not a header: Nonsense
240 Article received 0
240 Article received 1
435 Article not wanted
501 Syntax error: not a message-id
437 No date header
235 Article transferred
435 Article not wanted
('223 0 <new@example.com> exists', 0, '<new@example.com>')
`,
    );
    assertEquals(server.posted.length, 11);
    assertEquals(
      new TextDecoder().decode(server.posted[0]),
      "From: a@b.c\r\nNewsgroups: misc.test, misc.empty,no.such\r\n" +
        "Subject: Café\r\n\r\n.\r\n..\r\nx\r\n",
    );
  },
});

Deno.test({
  name: "NntpServer and nntplib get along as before RFC 3977",
  ignore: noNntplib,
  async fn() {
    await using server = await NntpServer.start({ groups: GROUPS, old: true });
    const output = await python(
      server,
      `
n = connect(readermode=True, user="ada", password="secret")
print(n.getcapabilities(), n.nntp_version)
print(n.group("misc.empty")[0], n.group("misc.test")[0])
print(len(n.over((10, 13))[1]), len(n.xover(10, 10)[1]), n.xhdr("lines", "12-")[1])
print(n._longcmdstring("XPAT subject 10- *3"), n._longcmdstring("XGTITLE misc.*"))
print([g.group for g in n.newgroups(datetime.date(1999, 12, 31))[1]][:1], n.newnews("*", datetime.date(2024, 10, 4))[1])
print(n.descriptions("misc.[t]est")[1], len(n._longcmd("LISTGROUP")[1]))
for line in ["XOVER 1-3", "DATE", "HDR subject 10", "OVER 10", "STARTTLS",
        "COMPRESS DEFLATE", "AUTHINFO SASL PLAIN", "LIST COUNTS", "XOVER <1@example.com>"]:
    refused(n._shortcmd, line)
print(n._longcmd("XHDR subject 1-3"))
n.quit()
`,
    );
    assertEquals(
      output,
      `{} 1
211 0 0 0 misc.empty 211 3 10 13 misc.test
3 1 [('12', '3'), ('13', '3')]
('221 subject follows', ['12 Number 3']) ('282 Groups and descriptions follow', ['misc.test Für Tests'])
['misc.test'] ['<4@example.com>', '<5@example.com>']
{'misc.test': 'Für Tests'} 3
420 No such articles
500 Unknown command
500 Unknown command
500 Unknown command
500 Unknown command
500 Unknown command
501 Syntax error: unknown way to sign in
501 Unknown LIST keyword
501 Syntax error: not a range
('221 subject follows', [])
`,
    );
  },
});

Deno.test({
  name: "NntpServer and nntplib switch to reading",
  ignore: noNntplib,
  async fn() {
    await using server = await NntpServer.start({
      groups: GROUPS,
      modeReader: true,
      authRequired: true,
    });
    const output = await python(
      server,
      `
n = connect()
print(sorted(n.getcapabilities()))
for line in ["GROUP misc.test", "POST", "STARTTLS", "AUTHINFO USER a", "COMPRESS DEFLATE"]:
    refused(n._shortcmd, line)
refused(n.ihave, "<1@example.com>", b"")
n.quit()
n = connect(readermode=True, user="ada", password="secret")
print(n.getwelcome(), "MODE-READER" in n.getcapabilities(), "IHAVE" in n.getcapabilities())
print(n.group("misc.test")[0])
refused(n.ihave, "<new@example.com>", b"")
n.quit()
`,
    );
    assertEquals(
      output,
      `['IMPLEMENTATION', 'MODE-READER', 'VERSION']
${"401 MODE-READER is needed first\n".repeat(5)}480 Sign in first
200 ready, posting allowed False False
211 3 10 13 misc.test
502 Permission denied
`,
    );
  },
});
