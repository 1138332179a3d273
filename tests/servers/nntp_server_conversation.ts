/**
 * What is said on one connection of {@linkcode NntpServer}, from the greeting
 * to the goodbye.
 *
 * @module
 */
import { ProtocolError } from "../../_wire/errors.ts";
import { ACCESS, accessCapabilities } from "./nntp_server_access.ts";
import { toText } from "./nntp_server_channel.ts";
import { listKeywords, LISTS } from "./nntp_server_lists.ts";
import { POSTING } from "./nntp_server_posting.ts";
import { READING } from "./nntp_server_reading.ts";
import type { Command, Session } from "./nntp_server_session.ts";
import { badSyntax, Refusal } from "./nntp_server_syntax.ts";

/** RFC 3977 section 3.1; RFC 4643 section 2.4.1 lets one command be longer. */
const LONGEST_COMMAND = 512 - 2;

/** Answers commands in their order until one side has enough. */
export async function converse(session: Session): Promise<void> {
  const { channel, host } = session;
  channel.say(greeting(session));
  while (!session.ended) {
    const line = await nextLine(session);
    if (line === undefined) break;
    host.commands.push(masked(toText(line)));
    try {
      await obey(session, line);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      channel.say(`${error.code} ${error.message}`);
    }
  }
  await channel.end();
}

/** The next command; undefined where there is none, or one with bad ends. */
async function nextLine({ channel }: Session): Promise<string | undefined> {
  try {
    return await channel.readLine();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    channel.say(`400 ${error.message}`);
    return undefined;
  }
}

function masked(line: string): string {
  return line.replace(
    /^(\s*AUTHINFO\s+(?:PASS|SASL\s+\S+))\s+\S.*/i,
    "$1 ***",
  );
}

async function obey(session: Session, line: string): Promise<void> {
  const [name = "", ...args] = line.trim().split(/[ \t]+/);
  const verb = name.toUpperCase();
  const command = commandOf(session, verb);
  if (!command) throw new Refusal(500, "Unknown command");
  if (line.length > LONGEST_COMMAND && !/^AUTHINFO\s+SASL\s/i.test(line)) {
    throw badSyntax("a line of more than 512 bytes");
  }
  const [least, most] = command.args;
  if (args.length < least) throw badSyntax("too few arguments");
  if (args.length > most) throw badSyntax("too many arguments");
  if (!command.open) session.demandReading();
  await command.run(session, args, line);
}

function commandOf(session: Session, verb: string): Command | undefined {
  const command = COMMANDS.get(verb);
  if (!command || !session.offers(verb)) return undefined;
  return command.recent && session.host.options.old ? undefined : command;
}

function greeting({ host: { options } }: Session): string {
  return options.readOnly
    ? "201 ready, posting prohibited"
    : "200 ready, posting allowed";
}

/** What may be used now (RFC 3977 section 3.3). */
function capabilities(session: Session): string[] {
  const lines = ["VERSION 2", "IMPLEMENTATION Wireline's test server"];
  const offer = (label: string, ...args: string[]) => {
    if (session.offers(label)) lines.push([label, ...args].join(" "));
  };
  if (session.transit) lines.push("MODE-READER");
  if (session.mayRead) {
    lines.push("READER");
    offer("LIST", ...listKeywords(session));
    offer("OVER", ...(session.offers("OVER", "MSGID") ? ["MSGID"] : []));
    offer("HDR");
    offer("NEWNEWS");
  }
  if (session.mayPost) lines.push("POST");
  if (session.mayTransfer) lines.push("IHAVE");
  if (session.transit) return lines;
  return [...lines, ...accessCapabilities(session)];
}

function help(session: Session): Promise<void> {
  return session.channel.sayLines(
    "100 Help text follows",
    COMMANDS.keys().filter((verb) => commandOf(session, verb))
      .map((verb) => `  ${verb}`),
  );
}

/** MODE READER (RFC 3977 section 5.3). */
function mode(session: Session, [what]: string[]): void {
  if (what!.toUpperCase() !== "READER") throw badSyntax("unknown MODE");
  if (!session.offers("READER")) {
    session.ended = true;
    throw new Refusal(502, "Not for readers");
  }
  // Where it switches, signing in comes after it (RFC 4643 section 2.2).
  if (!session.host.options.modeReader) session.demandReading();
  session.transit = false;
  session.channel.say(greeting(session));
}

/** All commands by name. */
const COMMANDS = new Map<string, Command>(Object.entries<Command>({
  CAPABILITIES: {
    args: [0, 1],
    recent: true,
    open: true,
    run(session, [keyword]) {
      if (keyword !== undefined && !/^[a-z][a-z0-9.-]{2,}$/i.test(keyword)) {
        throw badSyntax("not a keyword");
      }
      return session.channel.sayLines(
        "101 Capability list:",
        capabilities(session),
      );
    },
  },
  MODE: { args: [1, 1], open: true, run: mode },
  HELP: { args: [0, 0], open: true, run: help },
  ...READING,
  ...LISTS,
  ...POSTING,
  ...ACCESS,
  QUIT: {
    args: [0, 0],
    open: true,
    run(session) {
      session.ended = true;
      session.channel.say("205 goodbye");
    },
  },
}));
