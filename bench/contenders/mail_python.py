"""Python's email, mailbox and their like, as mail_measure.mjs says:
OPERATION PATH often|once; prints what it took. Of what is parsed, the operations
in "-compat32" take the older interface, which does less unasked."""
import base64
import binascii
import email
import email.header
import email.message
import email.policy
import email.utils
import hashlib
import io
import json
import mailbox
import os
import quopri
import re
import sys
import time

LONG_ENOUGH = 0.6
OFTEN_ENOUGH = 3


def parse(data):
    message = email.message_from_bytes(data, policy=email.policy.default)
    people = message["from"].addresses + message["to"].addresses
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    return {
        "names": [s for one in people for s in (one.display_name, one.addr_spec)],
        "subject": str(message["subject"]),
        "date": message["date"].datetime,
        "text": text.get_content() if text else "",
        "html": html.get_content() if html else "",
        "files": [one.get_content() for one in message.iter_attachments()],
    }


def parse_compat32(data):
    message = email.message_from_bytes(data)
    people = email.utils.getaddresses([message["from"], message["to"]])
    mail = {
        "names": [s for name, address in people for s in (decoded(name), address)],
        "subject": decoded(message["subject"]),
        "date": email.utils.parsedate_to_datetime(message["date"]),
        "text": "",
        "html": "",
        "files": [],
    }
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        if part.get_content_disposition() == "attachment":
            mail["files"].append(content)
        else:
            kind = "html" if part.get_content_subtype() == "html" else "text"
            mail[kind] = content.decode(part.get_content_charset("utf-8"))
    return mail


def decoded(value):
    if "=?" not in value:
        return value
    return str(email.header.make_header(email.header.decode_header(value)))


def parsing(parse, paths):
    messages = [read(path) for path in paths]

    def work():
        mails = []
        for data in messages:
            mails.append(parse(data))
        return mails

    return work, check_mails


def check_mails(mails):
    def text(every):
        return digest(",".join("".join(one.split()) for one in every).encode())

    return {
        "names": text(name for mail in mails for name in mail["names"]),
        "subjects": text(mail["subject"] for mail in mails),
        "dates": int(sum(mail["date"].timestamp() for mail in mails)),
        "texts": text(mail["text"] for mail in mails),
        "htmls": text(mail["html"] for mail in mails),
        "files": digest(b"".join(b"".join(mail["files"]) for mail in mails)),
    }


def build(path):
    content = read(path)

    def work():
        message = email.message.EmailMessage(policy=email.policy.SMTP)
        message["From"] = "Ada Lovelace <ada@example.com>"
        message["To"] = "Jörg Müller <joerg@example.org>"
        message["Subject"] = "Der Bericht für heute"
        message["Date"] = email.utils.localtime()
        message["Message-ID"] = email.utils.make_msgid(domain="example.com")
        message.set_content("Der Bericht liegt bei.\n")
        message.add_alternative("<p>Der Bericht liegt bei.</p>\n", "html")
        message.add_attachment(
            content, "application", "octet-stream", filename="report.bin"
        )
        return message.as_bytes()

    def attached(data):
        start = data.index(b"\r\n\r\n", data.index(b"report.bin")) + 4
        return digest(base64.b64decode(data[start : data.index(b"\r\n--", start)]))

    return work, attached


def mbox_keys(path):
    def work():
        box = mailbox.mbox(path)
        keys = len(box.keys())
        box.close()
        return keys

    return work, lambda keys: {"keys": keys}


def mbox_read(path):
    def work():
        box = mailbox.mbox(path)
        messages = size = 0
        for key in box.keys():
            size += len(box.get_bytes(key))
            messages += 1
        box.close()
        return {"messages": messages, "bytes": size}

    return work, lambda found: found


def over(convert, original, path):
    data = read(path)
    return lambda: convert(data), lambda result: digest(original(result))


def files(convert):
    """What Python has in place of streams: from a file to another."""

    def work(data):
        output = io.BytesIO()
        convert(io.BytesIO(data), output)
        return output.getvalue()

    return work


def same(data):
    return data


def read(path):
    with open(path, "rb") as file:
        return file.read()


def in_directory(path):
    return [os.path.join(path, name) for name in sorted(os.listdir(path))]


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


OPERATIONS = {
    "large": lambda path: parsing(parse, [path]),
    "small": lambda path: parsing(parse, in_directory(path)),
    "large-compat32": lambda path: parsing(parse_compat32, [path]),
    "small-compat32": lambda path: parsing(parse_compat32, in_directory(path)),
    "build": build,
    "qp-encode": lambda path: over(binascii.b2a_qp, quopri.decodestring, path),
    "qp-decode": lambda path: over(binascii.a2b_qp, same, path),
    "base64-encode": lambda path: over(
        base64.encodebytes, base64.decodebytes, path
    ),
    "base64-decode": lambda path: over(binascii.a2b_base64, same, path),
    "qp-encode-stream": lambda path: over(
        files(lambda source, target: quopri.encode(source, target, False)),
        quopri.decodestring,
        path,
    ),
    "qp-decode-stream": lambda path: over(files(quopri.decode), same, path),
    "base64-encode-stream": lambda path: over(
        files(base64.encode), base64.decodebytes, path
    ),
    "base64-decode-stream": lambda path: over(files(base64.decode), same, path),
    "mbox-keys": mbox_keys,
    "mbox-read": mbox_read,
}


def main():
    if sys.argv[1] == "idle":
        return report(0, None)
    operation, path, how = sys.argv[1:4]
    work, check = OPERATIONS[operation](path)
    started = time.perf_counter()
    result = work()
    first = time.perf_counter() - started
    checked = check(result)
    del result
    if how == "once":
        return report(first, checked)
    while time.perf_counter() - started < LONG_ENOUGH:
        work()
    times = []
    while sum(times) < LONG_ENOUGH or len(times) < OFTEN_ENOUGH:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    report(sorted(times)[len(times) // 2], checked)


def report(seconds, check):
    # getrusage() would tell of whoever started this, where that is larger.
    with open("/proc/self/status") as status:
        peak = int(re.search(r"VmHWM:\s*(\d+)", status.read())[1]) * 1024
    print(json.dumps({"ms": seconds * 1000, "peak": peak, "check": check}))


main()
