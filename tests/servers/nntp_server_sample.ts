/**
 * News for the tests of {@linkcode NntpServer}.
 *
 * @module
 */
import type { GroupOptions } from "./nntp_server.ts";

/** An article that dots are in; `more` are headers. */
export function article(number: number, more = ""): string {
  return `From: Ada <ada@example.com>
Newsgroups: misc.test
Subject: Number ${number}
Message-ID: <${number}@example.com>
Date: Tue, 0${number} Oct 2024 10:00:00 +0000
${more}
Body of ${number}
.
..two dots
`;
}

/** Groups with a gap, without articles, closed and moderated. */
export const GROUPS: Record<string, GroupOptions> = {
  "misc.test": {
    articles: [
      article(1),
      "",
      article(3, "References: <1@example.com>\nX-Long: one\n two\n"),
      article(4).replaceAll("\n", "\r\n"),
    ],
    first: 10,
    description: "Für Tests",
    created: new Date("2024-01-01T00:00:00Z"),
  },
  "misc.empty": {},
  "local.read": { articles: [article(5)], status: "n" },
  "local.mod": { status: "m", description: "Moderated" },
};
