"""Booking documents made for tests and figures: a PDF with a picture or text, a mail, a wallet pass. All fictitious."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from email.message import EmailMessage
from typing import Any

import numpy as np
import zxingcpp

FORMATS = {
    "Aztec": zxingcpp.BarcodeFormat.Aztec,
    "QR": zxingcpp.BarcodeFormat.QRCode,
    "PDF417": zxingcpp.BarcodeFormat.PDF417,
    "Data Matrix": zxingcpp.BarcodeFormat.DataMatrix,
}
BOARDING_PASS = (
    "M1ROE/JANE            EZX9KQ2 NBOCDGAF 0815 326Y014C0042 147"
    ">1181W 6325BAF 000000000000029057000000000000                          "
)
"""AF 815 from Nairobi to Paris on day 326, issued on day 325 of a year that ends in 6."""


def pdf(*contents: bytes, objects: tuple[bytes, ...] = (), resources: bytes = b"") -> bytes:
    """A PDF with a page for each content stream; `objects` are numbered from 10 on, `resources` name them."""
    count = len(contents)
    pages = [20 + 2 * number for number in range(count)]
    parts: dict[int, bytes] = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, b" ".join(b"%d 0 R" % page for page in pages)),
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
    }
    for number, content in enumerate(objects, start=10):
        parts[number] = content
    for page, content in zip(pages, contents, strict=True):
        parts[page] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>%s>>>>"
            % (page + 1, resources)
        )
        parts[page + 1] = stream(content)
    out, offsets = io.BytesIO(), {}
    out.write(b"%PDF-1.5\n")
    for number, part in sorted(parts.items()):
        offsets[number] = out.tell()
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, part))
    start = out.tell()
    out.write(b"xref\n0 1\n0000000000 65535 f \n")
    for number, offset in offsets.items():
        out.write(b"%d 1\n%010d 00000 n \n" % (number, offset))
    out.write(b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (max(parts) + 1, start))
    return out.getvalue()


def stream(content: bytes, head: bytes = b"") -> bytes:
    """A packed stream object."""
    packed = zlib.compress(content)
    return b"<<%s/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (head, len(packed), packed)


def text_pdf(*lines: str) -> bytes:
    """A PDF with lines of text."""
    shown = b"".join(
        b"(%s) Tj T* " % line.encode().replace(b"(", rb"\(").replace(b")", rb"\)") for line in lines
    )
    return pdf(b"BT /F1 6 Tf 10 TL 20 800 Td %s ET" % shown)


def barcode_pdf(text: str, format: str = "Aztec") -> bytes:
    """A PDF with a bar code, about 5 cm wide."""
    code = zxingcpp.create_barcode(text, FORMATS[format])
    image = np.array(zxingcpp.write_barcode_to_image(code, scale=4))
    height, width = image.shape[:2]
    head = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8" % (
        width,
        height,
    )
    drawn_height = round(150 * height / width)
    return pdf(
        b"q 150 0 0 %d 60 600 cm /Im Do Q" % drawn_height,
        objects=(stream(image.tobytes(), head),), resources=b"/XObject<</Im 10 0 R>>",
    )  # fmt: skip


def mail(*parts: tuple[bytes, str], sent: str = "Mon, 23 Nov 2026 09:00:00 +0000", **fields: str) -> bytes:
    """A mail of parts: (content, type such as "text/html")."""
    message = EmailMessage()
    message["From"], message["To"] = fields.get("sender", "booking@example.com"), "jane.roe@example.edu"
    message["Subject"] = "Your booking"
    if sent:
        message["Date"] = sent
    message.set_content("See the attachments.")
    for content, kind in parts:
        main, sub = kind.split("/")
        message.add_attachment(content, maintype=main, subtype=sub)
    return message.as_bytes()


def html_with(*nodes: dict[str, Any]) -> bytes:
    """A page with JSON-LD."""
    return (
        b'<html><body><script type="application/ld+json">%s</script></body></html>'
        % json.dumps(list(nodes)).encode()
    )


def wallet_pass(value: dict[str, Any], **members: bytes) -> bytes:
    """A wallet pass, without the signature that only Wallet looks at."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pass.json", json.dumps(value))
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()
