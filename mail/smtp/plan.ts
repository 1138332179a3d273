/** From an envelope and what the server can to commands: a pure function. */
import { type EnvelopeAddress, isAscii } from "./address.ts";
import type { ContentFacts } from "./content.ts";
import type { CheckedEnvelope } from "./envelope.ts";
import { limitOf, sizeLimit } from "./replies.ts";
import { SmtpError } from "./smtp_error.ts";
import type { RejectedRecipient } from "./types.ts";

/** How a message will be sent. */
export interface Plan {
  /** The MAIL command. */
  mail: string;
  /** The RCPT commands. */
  recipients: { address: string; command: string }[];
  /** Recipients that are over the server's limits. */
  rejected: RejectedRecipient[];
  /** Whether commands go out without waiting for their replies. */
  pipelining: boolean;
  /** Whether the content goes by BDAT. */
  chunking: boolean;
  /** The extensions that are used. */
  used: Set<string>;
}

/** What the plan depends on beside the message. */
export interface Circumstances {
  extensions: ReadonlyMap<string, string>;
  secure: boolean;
}

/**
 * Plans a message. What the server could only refuse is refused here, with the
 * code that it would give.
 */
export function planMessage(
  envelope: CheckedEnvelope,
  content: ContentFacts,
  circumstances: Circumstances,
): Plan {
  const { extensions } = circumstances;
  const { from, to, options } = envelope;
  const used = new Set<string>();
  const use = (name: string, what: string) => {
    if (!extensions.has(name)) throw notOffered(name, what);
    used.add(name);
  };
  const binary = options.body === "binarymime";
  const utf8 = needsUtf8(envelope, content);
  if (utf8) use("SMTPUTF8", utf8);
  const spell = ({ address, ascii }: EnvelopeAddress) =>
    utf8 ? address : ascii ?? address;

  const mail = [`MAIL FROM:<${spell(from)}>`];
  const rcpt: string[] = [];
  planSize(content, extensions, (parameter) => {
    used.add("SIZE");
    mail.push(parameter);
  });
  planBody(options.body, content, extensions, use, mail);
  if (utf8) mail.push("SMTPUTF8");
  planServices(envelope, circumstances, use, mail);
  planDsn(envelope, use, mail, rcpt);
  override(mail, options.mailOptions);
  override(rcpt, options.rcptOptions);

  const { fitting, rejected } = withinLimits(to, extensions);
  const pipelining = extensions.has("PIPELINING");
  if (pipelining) used.add("PIPELINING");
  const chunking = extensions.has("CHUNKING") &&
    (binary || !content.whole || pipelining);
  if (chunking) used.add("CHUNKING");
  return {
    mail: mail.join(" "),
    recipients: fitting.map((one) => ({
      address: one.given,
      command: [
        `RCPT TO:<${spell(one)}>`,
        ...rcpt,
        ...originalRecipient(one, options.dsn?.orcpt),
      ].join(" "),
    })),
    rejected,
    pipelining,
    chunking,
    used,
  };
}

/** Adds the caller's own parameters, in place of ours of the same name. */
function override(parameters: string[], own: string[] = []): void {
  const names = new Set(own.map(nameOf));
  const kept = parameters.filter((one) =>
    one.includes(":<") || !names.has(nameOf(one))
  );
  parameters.splice(0, parameters.length, ...kept, ...own);
}

function nameOf(parameter: string): string {
  return parameter.split("=")[0]!.toUpperCase();
}

/** Why SMTPUTF8 is needed (RFC 6531 section 3.2); undefined where it is not. */
function needsUtf8(
  { from, to, options }: CheckedEnvelope,
  content: ContentFacts,
): string | undefined {
  if (options.smtpUtf8) return "the envelope";
  for (const one of [from, ...to]) {
    // Without it, a domain alone can go as A-labels, which all servers know.
    if (one.ascii === undefined) return JSON.stringify(one.given);
  }
  if (options.smtpUtf8 === undefined && content.utf8Header) {
    return "the message's header";
  }
  const more = [...options.mailOptions ?? [], ...options.rcptOptions ?? []];
  if (!more.every(isAscii)) return "an option";
  return undefined;
}

/** RFC 1870. */
function planSize(
  { size }: ContentFacts,
  extensions: ReadonlyMap<string, string>,
  add: (parameter: string) => void,
): void {
  if (size === undefined || !extensions.has("SIZE")) return;
  const limit = sizeLimit(extensions);
  if (limit !== undefined && size > limit) {
    throw new SmtpError(
      552,
      "5.3.4",
      `The message has ${size} bytes, the server takes at most ${limit}`,
      { doing: "send the message", foreseen: true },
    );
  }
  add(`SIZE=${size}`);
}

/** RFC 6152, RFC 3030. */
function planBody(
  body: CheckedEnvelope["options"]["body"],
  content: ContentFacts,
  extensions: ReadonlyMap<string, string>,
  use: (name: string, what: string) => void,
  mail: string[],
): void {
  if (body === "binarymime") {
    use("BINARYMIME", 'body: "binarymime"');
    use("CHUNKING", 'body: "binarymime"');
    mail.push("BODY=BINARYMIME");
  } else if (body === "8bitmime" || (!body && content.eightBit)) {
    // A stream that is not read yet is sent all the same.
    if (!body && !content.whole && !extensions.has("8BITMIME")) return;
    use(
      "8BITMIME",
      body
        ? 'body: "8bitmime"'
        : "the message: encode it as quoted-printable or base64, or set " +
          'body: "7bit" to send it as it is',
    );
    mail.push("BODY=8BITMIME");
  }
}

/** RFC 8689, RFC 2852, RFC 6710. */
function planServices(
  { options }: CheckedEnvelope,
  { extensions, secure }: Circumstances,
  use: (name: string, what: string) => void,
  mail: string[],
): void {
  const { requireTls, deliverBy, priority } = options;
  if (requireTls) {
    if (!secure) {
      throw new SmtpError(
        530,
        "5.7.10",
        "requireTls needs a connection with TLS",
        { doing: "send the message", foreseen: true },
      );
    }
    use("REQUIRETLS", "requireTls");
    mail.push("REQUIRETLS");
  }
  if (deliverBy) {
    use("DELIVERBY", "deliverBy");
    // Its parameter is the least number of seconds for "return".
    const least = Number(extensions.get("DELIVERBY") || 0);
    if (deliverBy.mode === "return" && deliverBy.seconds < least) {
      throw new SmtpError(
        555,
        "5.5.4",
        `deliverBy.seconds is ${deliverBy.seconds}, the server needs at ` +
          `least ${least}`,
        { doing: "send the message", foreseen: true },
      );
    }
    mail.push(
      `BY=${deliverBy.seconds};${deliverBy.mode === "return" ? "R" : "N"}`,
    );
  }
  if (priority !== undefined) {
    use("MT-PRIORITY", "priority");
    mail.push(`MT-PRIORITY=${priority}`);
  }
}

/** RFC 3461 section 4. */
function planDsn(
  { options: { dsn } }: CheckedEnvelope,
  use: (name: string, what: string) => void,
  mail: string[],
  rcpt: string[],
): void {
  if (!dsn) return;
  use("DSN", "dsn");
  const { ret, envId, notify } = dsn;
  if (ret) mail.push(`RET=${ret === "full" ? "FULL" : "HDRS"}`);
  if (envId !== undefined) mail.push(`ENVID=${xtext(envId)}`);
  if (notify === "never") rcpt.push("NOTIFY=NEVER");
  else if (notify) {
    rcpt.push(`NOTIFY=${[...new Set(notify)].join(",").toUpperCase()}`);
  }
}

/** ORCPT, with a type in front; that of an address where none is given. */
function originalRecipient(
  { given }: EnvelopeAddress,
  orcpt: Record<string, string> | undefined,
): string[] {
  if (!orcpt || !Object.hasOwn(orcpt, given)) return [];
  const original = orcpt[given]!;
  const typed = /^([a-z\d][a-z\d-]*);(.*)$/is.exec(original);
  const [type, address] = typed
    ? [typed[1]!, typed[2]!]
    // RFC 6533 section 3 for what is not in ASCII.
    : [isAscii(original) ? "rfc822" : "utf-8", original];
  if (/^utf-8$/i.test(type)) return [`ORCPT=${type};${utf8Xtext(address)}`];
  if (!isAscii(address)) {
    throw new TypeError(
      `Cannot send with dsn.orcpt ${JSON.stringify(original)}: beyond ASCII ` +
        'the type is "utf-8"',
    );
  }
  return [`ORCPT=${type};${xtext(address)}`];
}

/** xtext of RFC 3461 section 4. */
function xtext(text: string): string {
  return text.replace(
    /[^!-*,-<>-~]/g,
    (one) =>
      `+${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** utf-8-addr-xtext of RFC 6533 section 3, which is in ASCII. */
function utf8Xtext(text: string): string {
  return text.replace(
    /[^!-*,-<>-[\]-~]/gu,
    (one) => `\\x{${one.codePointAt(0)!.toString(16).toUpperCase()}}`,
  );
}

/**
 * The recipients that one message may have (RFC 9422 section 4). The others are
 * refused as the server would do it: for now, so that they can be sent to next.
 */
function withinLimits(
  to: EnvelopeAddress[],
  extensions: ReadonlyMap<string, string>,
): { fitting: EnvelopeAddress[]; rejected: RejectedRecipient[] } {
  const most = limitOf(extensions, "RCPTMAX");
  const mostDomains = limitOf(extensions, "RCPTDOMAINMAX");
  const domains = new Set<string>();
  const fitting: EnvelopeAddress[] = [];
  const rejected: RejectedRecipient[] = [];
  for (const one of to) {
    const address = one.ascii ?? one.address;
    const domain = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
    const fits = fitting.length < most &&
      (domains.has(domain) || domains.size < mostDomains);
    if (fits) {
      fitting.push(one);
      domains.add(domain);
      continue;
    }
    const text = "Too many recipients for one message: the server takes " +
      (fitting.length < most ? `${mostDomains} domains` : `${most}`);
    rejected.push({
      address: one.given,
      reply: { code: 452, enhancedCode: "4.5.3", lines: [text], text },
    });
  }
  return { fitting, rejected };
}

/** The refusal of what needs an extension that is not there. */
export function notOffered(
  extension: string,
  what: string,
  doing = "send the message",
): SmtpError {
  const utf8 = extension === "SMTPUTF8";
  return new SmtpError(
    utf8 ? 553 : 555,
    utf8 ? "5.6.7" : "5.5.4",
    `The server does not offer ${extension}, needed by ${what}`,
    { doing, foreseen: true },
  );
}
