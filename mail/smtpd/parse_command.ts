/**
 * What a client's command says: pure functions from a line to a value (RFC 5321
 * section 4.1.2). What is refused throws `SmtpError`.
 */
import { SmtpError } from "../smtp/smtp_error.ts";
import type { ReceivedEnvelope, ReceivedRecipient } from "./types.ts";

/** A command with what follows its verb. */
export interface Command {
  /** In upper case. */
  verb: string;
  /** The rest, without spaces around it. */
  argument: string;
}

/** Splits a line. */
export function parseCommand(line: string): Command {
  const verb = /^[^ \t]*/.exec(line)![0];
  // Beyond ASCII there are letters whose upper case is in ASCII.
  const ascii = /^[!-~]*$/.test(verb);
  return {
    verb: ascii ? verb.toUpperCase() : verb,
    argument: line.slice(verb.length).replace(/^[ \t]+/, "").trimEnd(),
  };
}

/** `<path>` with an optional source route, and parameters behind it. */
const PATH = new RegExp(
  // An empty path has no route.
  "^<(?:@[^:<>\\s@,]+(?:,@[^:<>\\s@,]+)*:(?!>))?" +
    // The local part, dotted or quoted, and the domain or address literal.
    '((?:"((?:[^"\\\\\\p{Cc}]|\\\\[ -~])*)"|([^"<>\\s@,:;()\\\\[\\]\\p{Cc}]+))' +
    '(?:@(\\[[^\\]\\s<>\\p{Cc}]+\\]|[^"<>\\s@,:;()\\\\[\\]\\p{Cc}]+))?)?>' +
    "(?:\\s+(.*))?$",
  "su",
);

interface Path {
  address: string;
  /** Undefined where there is none. */
  domain: string | undefined;
  parameters: Map<string, string>;
}

function parsePath(keyword: string, argument: string): Path {
  const rest = argument.slice(keyword.length).trimStart();
  const match = argument.slice(0, keyword.length).toUpperCase() === keyword
    ? PATH.exec(rest)
    : null;
  if (!match) {
    throw new SmtpError(501, "5.5.4", `Syntax: ${keyword}<address>`);
  }
  const [, address = "", , local, domain, parameters = ""] = match;
  const dots = /^\.|\.\.|\.$/;
  // RFC 5321 section 4.5.3.1.
  const wrong = (local && dots.test(local)) ||
    (domain && !domain.startsWith("[") && dots.test(domain)) ||
    address.length > 254 + 64 || address.includes("\ufffd");
  if (wrong) throw new SmtpError(553, "5.1.3", "That is no mail address");
  return { address, domain, parameters: parseParameters(parameters) };
}

function parseParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const one of text.split(/\s+/).filter((part) => part !== "")) {
    const match = /^([A-Za-z\d][A-Za-z\d-]*)(?:=([^\s=\p{Cc}]+))?$/su.exec(one);
    const keyword = (match?.[1] ?? "").toUpperCase();
    if (!match || parameters.has(keyword)) {
      throw new SmtpError(501, "5.5.4", "A parameter is malformed or repeated");
    }
    parameters.set(keyword, match[2] ?? "");
  }
  return parameters;
}

/** What MAIL says: an envelope that has no recipients yet. */
export function parseMail(
  argument: string,
  o: { extended: boolean; maxSize: number },
): ReceivedEnvelope {
  const { address, domain, parameters } = parsePath("FROM:", argument);
  if (address !== "" && domain === undefined) throw needsDomain();
  const envelope: ReceivedEnvelope = {
    from: address,
    to: [],
    recipients: [],
    smtpUtf8: false,
  };
  for (const [keyword, value] of parameters) {
    const known = o.extended && mailParameter(envelope, keyword, value);
    if (!known) throw unknownParameter(keyword);
  }
  checkAscii(address, envelope.smtpUtf8);
  if (envelope.size !== undefined && envelope.size > o.maxSize) {
    throw tooLarge(o.maxSize);
  }
  return envelope;
}

/** Reads a parameter of MAIL into the envelope; false for an unknown one. */
function mailParameter(
  envelope: ReceivedEnvelope,
  keyword: string,
  value: string,
): boolean {
  switch (keyword) {
    case "SIZE":
      if (!/^\d{1,20}$/.test(value)) throw malformed(keyword);
      envelope.size = Number(value);
      return true;
    case "BODY":
      if (!/^(7BIT|8BITMIME|BINARYMIME)$/i.test(value)) {
        throw malformed(keyword);
      }
      envelope.body = value.toLowerCase() as "7bit";
      return true;
    case "SMTPUTF8":
      if (value !== "") throw malformed(keyword);
      envelope.smtpUtf8 = true;
      return true;
    case "RET":
      if (!/^(FULL|HDRS)$/i.test(value)) throw malformed(keyword);
      envelope.ret = /^F/i.test(value) ? "full" : "headers";
      return true;
    case "ENVID":
      envelope.envId = parseXtext(keyword, value);
      return true;
    // RFC 4954 section 5: we trust nobody's word on who wrote the message.
    case "AUTH":
      parseXtext(keyword, value);
      return true;
  }
  return false;
}

/** What RCPT says. */
export function parseRecipient(
  argument: string,
  o: { extended: boolean; smtpUtf8: boolean },
): ReceivedRecipient {
  const { address, domain, parameters } = parsePath("TO:", argument);
  // Without a domain only this one (section 4.5.1).
  const complete = domain !== undefined || /^postmaster$/i.test(address);
  if (!complete) throw needsDomain();
  checkAscii(address, o.smtpUtf8);
  const recipient: ReceivedRecipient = { address };
  for (const [keyword, value] of parameters) {
    if (o.extended && keyword === "NOTIFY") {
      recipient.notify = parseNotify(value);
    } else if (o.extended && keyword === "ORCPT") {
      const match = /^([a-z\d][a-z\d-]*);(.+)$/is.exec(value);
      if (!match) throw malformed(keyword);
      const original = /^utf-8$/i.test(match[1]!)
        ? parseUtf8Xtext(match[2]!)
        : parseXtext(keyword, match[2]!);
      recipient.orcpt = `${match[1]!.toLowerCase()};${original}`;
    } else throw unknownParameter(keyword);
  }
  return recipient;
}

/** RFC 3461 section 4.1. */
function parseNotify(value: string): NonNullable<ReceivedRecipient["notify"]> {
  const events = value.toLowerCase().split(",");
  if (events.length === 1 && events[0] === "never") return "never";
  const known = events.every((one) =>
    one === "success" || one === "failure" || one === "delay"
  );
  if (!known || new Set(events).size < events.length) throw malformed("NOTIFY");
  return events as ("success" | "failure" | "delay")[];
}

/** xtext of RFC 3461 section 4. */
function parseXtext(keyword: string, value: string): string {
  if (!/^(?:[!-*,-<>-~]|\+[\dA-F]{2})+$/.test(value)) throw malformed(keyword);
  const text = value.replace(
    /\+(..)/g,
    (_, hex) => String.fromCharCode(parseInt(hex, 16)),
  );
  // What it stands for goes into the headers of notices.
  if (!/^[ -~]*$/.test(text)) throw malformed(keyword);
  return text;
}

/** utf-8-addr-xtext and -unitext of RFC 6533 section 3. */
function parseUtf8Xtext(value: string): string {
  const whole = /^(?:[^\\+=\p{Cc}\s]|\\x\{[\dA-F]{1,6}\})*$/u;
  if (!whole.test(value)) throw malformed("ORCPT");
  const text = value.replace(/\\x\{([^}]+)\}/g, (_, hex) => {
    const code = parseInt(hex, 16);
    if (code > 0x10ffff) throw malformed("ORCPT");
    return String.fromCodePoint(code);
  });
  if (/\p{Cc}/u.test(text) || !text.isWellFormed()) throw malformed("ORCPT");
  return text;
}

/** What BDAT says (RFC 3030 section 2). */
export function parseBdat(argument: string): { size: number; last: boolean } {
  const match = /^(\d{1,15})(?:\s+(LAST))?$/i.exec(argument);
  if (!match) throw new SmtpError(501, "5.5.4", "Syntax: BDAT size [LAST]");
  return { size: Number(match[1]), last: match[2] !== undefined };
}

/** The refusal of a message over the limit (RFC 1870 section 6.1). */
export function tooLarge(maxSize: number): SmtpError {
  return new SmtpError(
    552,
    "5.3.4",
    `The message is larger than ${maxSize} bytes`,
  );
}

function checkAscii(address: string, smtpUtf8: boolean): void {
  // deno-lint-ignore no-control-regex
  if (smtpUtf8 || /^[\x00-\x7f]*$/.test(address)) return;
  // RFC 6531 section 3.5.
  throw new SmtpError(553, "5.6.7", "That address needs SMTPUTF8");
}

function needsDomain(): SmtpError {
  return new SmtpError(553, "5.1.3", "The address needs a domain");
}

function malformed(keyword: string): SmtpError {
  return new SmtpError(501, "5.5.4", `The parameter ${keyword} is malformed`);
}

function unknownParameter(keyword: string): SmtpError {
  return new SmtpError(555, "5.5.4", `The parameter ${keyword} is not known`);
}
