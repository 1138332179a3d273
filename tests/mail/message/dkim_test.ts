/** The examples of the RFCs. */
import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { dkimVerify } from "../../../mail/message/mod.ts";
import {
  ED25519_RECORD,
  RFC6376_P,
  RSA_RECORD,
  verified,
} from "./dkim_samples.ts";
import { latin1 } from "./samples.ts";

/**
 * RFC 6376 appendix A.3, with blanks as its errata have them, without which the
 * example is not what was signed. The key is appendix C's.
 */
const RFC6376 = `DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
        4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
        KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
        4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
`.replaceAll("\n", "\r\n");

Deno.test("dkimVerify() passes the example of RFC 6376", async () => {
  const asked: string[] = [];
  const results = await dkimVerify(latin1(RFC6376), (name) => {
    asked.push(name);
    return Promise.resolve([`v=DKIM1; p=${RFC6376_P}`]);
  });
  assertEquals(asked, ["brisbane._domainkey.example.com"]);
  assertEquals(results, [{
    result: "pass",
    domain: "example.com",
    selector: "brisbane",
    identity: "joe@football.example.com",
    algorithm: "rsa-sha256",
    signedHeaders: ["received", "from", "to", "subject", "date", "message-id"],
    testing: false,
  }]);
});

/** RFC 8463 appendix A.3. */
const RFC8463 = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`.replaceAll("\n", "\r\n");

Deno.test("dkimVerify() passes the examples of RFC 8463", async () => {
  const zone: Record<string, string[]> = {
    "brisbane._domainkey.football.example.com": [ED25519_RECORD],
    "test._domainkey.football.example.com": [RSA_RECORD],
  };
  const results = await dkimVerify(
    latin1(RFC8463),
    (name) => Promise.resolve(zone[name]!),
  );
  assertEquals(
    results.map((
      { result, selector, algorithm },
    ) => [result, selector, algorithm]),
    [["pass", "brisbane", "ed25519-sha256"], ["pass", "test", "rsa-sha256"]],
  );
  const [, ...others] = await verified(RFC8463.replace("game.", "match."));
  assertEquals(others.map(({ result }) => result), ["fail"]);
});

Deno.test("dkimVerify() notices each byte of RFC 8463's example", async () => {
  const headerAt = RFC8463.indexOf("From:");
  const body = RFC8463.indexOf("\r\n\r\n", headerAt);
  for (let at = headerAt; at < RFC8463.length; at++) {
    // Changes of a name's case, of line ends and of blanks are let through.
    if (/[\s]/.test(RFC8463[at]!)) continue;
    const other = RFC8463[at] === "~" ? "!" : "~";
    const text = RFC8463.slice(0, at) + other + RFC8463.slice(at + 1);
    const results = await verified(text);
    const what = `${at > body ? "body" : "header"} ${at} ${RFC8463[at]}`;
    assertEquals(results.map(({ result }) => result), ["fail", "fail"], what);
  }
});
