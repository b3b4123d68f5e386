"""Reading XML that strangers wrote: no DTD, no entities, no network, no more than 20 MB.

The one place that parses XML. It takes bytes, honours their declaration, strips what real feeds put in
front of it, and refuses everything that is not a plain well-formed document before a parser that could
act on it has seen it. It refuses to write XML and to know any vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from io import BytesIO
from typing import Any, cast

from lxml import etree

Element = etree._Element

SIZE_LIMIT = 20 * 1024 * 1024
DEPTH_LIMIT = 200

_BOMS = (b"\xef\xbb\xbf", b"\xc3\xaf\xc2\xbb\xc2\xbf")
"""The UTF-8 mark, and the same mark encoded a second time as it was recorded in the wild."""
_WIDE = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_ENCODING = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_KNOWN_ENCODING = re.compile(
    r"(?i)^(utf-?8|utf-?16(le|be)?|us-ascii|ascii|(iso-8859|windows|koi8|shift|euc|gb|big)[-_]?\w*)$"
)
_HARDENED: dict[str, Any] = {
    "resolve_entities": False, "no_network": True, "load_dtd": False, "dtd_validation": False,
    "attribute_defaults": False, "huge_tree": False, "remove_comments": True, "remove_pis": True,
    "collect_ids": False,
}  # fmt: skip
_SKIPPED = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_HTML = re.compile(rb"(?i)<!doctype\s+html|<(html|head|body)[\s>]")


class Unreadable(ValueError):
    """A document that is refused; `code` is stable, the text says why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def read(data: bytes) -> Element:
    """The root element of a document; Unreadable when it is refused."""
    _check_size(data)
    data = _checked(data)
    try:
        root = etree.fromstring(data, etree.XMLParser(recover=False, **_HARDENED))
    except etree.XMLSyntaxError as error:
        raise _refusal(error, data) from None
    except (ValueError, LookupError) as error:
        raise Unreadable("not_well_formed", f"not well-formed XML: {error}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("dtd", "the document brings a document type definition (DOCTYPE)")
    return root


def root_name(data: bytes) -> str:
    """The root element's name without its namespace, read from the start tag alone."""
    _check_size(data)
    data = _checked(data)
    parser = etree.XMLPullParser(events=("start",), recover=False, **_HARDENED)
    try:
        for position in range(0, len(data), 65536):
            parser.feed(data[position : position + 65536])
            for _, element in parser.read_events():
                return local_name(cast(Element, element))
        root = parser.close()
        return local_name(root)
    except etree.XMLSyntaxError as error:
        raise _refusal(error, data) from None
    except (ValueError, LookupError) as error:
        raise Unreadable("not_well_formed", f"not well-formed XML: {error}") from None


def stream(data: bytes, names: Collection[str]) -> Iterator[Element]:
    """Outermost elements of those names one by one, then the root without them: memory stays that of one entry.

    An element is emptied when the next one is asked for. Unreadable may come at any step: then nothing of
    the document counts.
    """
    _check_size(data)
    data = _checked(data)
    source = BytesIO(data)
    tags = [f"{{*}}{name}" for name in names]
    done: Element | None = None
    depth = 0
    try:
        events = etree.iterparse(source, events=("start", "end"), tag=tags, recover=False, **_HARDENED)
        for event, element in events:
            depth += 1 if event == "start" else -1
            if depth or event == "start":
                continue
            yield element
            # The parser still holds the element that has just ended; the one before it may go.
            element.clear()
            if done is not None and (parent := done.getparent()) is not None:
                parent.remove(done)
            done = element
    except etree.XMLSyntaxError as error:
        raise _refusal(error, data) from None
    except (ValueError, LookupError) as error:
        raise Unreadable("not_well_formed", f"not well-formed XML: {error}") from None
    root = events.root
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("dtd", "the document brings a document type definition (DOCTYPE)")
    yield root


def _checked(data: bytes) -> bytes:
    """The bytes that a parser may see. Unreadable when none may."""
    data = _plain(data)
    if not data[:1024].strip(b"\x00 \t\r\n") and not data.strip(b"\x00 \t\r\n"):
        raise Unreadable("empty", "the document is empty")
    _check_start(data)
    return data


def _check_size(data: bytes) -> None:
    if len(data) > SIZE_LIMIT:
        raise Unreadable("too_large", f"{len(data):,} bytes: more than the limit of {SIZE_LIMIT:,}")


def _plain(data: bytes) -> bytes:
    """Without marks and blanks in front; UTF-16 and UTF-32 turned into UTF-8."""
    for mark, encoding in _WIDE:
        if data.startswith(mark):
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                raise Unreadable("encoding", f"the document is not what its mark says ({encoding})") from None
            return re.sub(r"^\s*<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).encode()
    stripped = data.lstrip(b" \t\r\n")
    while stripped.startswith(_BOMS):
        for mark in _BOMS:
            stripped = stripped.removeprefix(mark)
        stripped = stripped.lstrip(b" \t\r\n")
    return stripped


def _check_start(data: bytes) -> None:
    """Refuse by what stands before the root element, without a parser."""
    if b"\x00" in data[:64]:
        raise Unreadable("encoding", "the document is in an encoding without a mark")
    declared = _ENCODING.match(data)
    if declared and not _KNOWN_ENCODING.match(declared[1].decode()):
        raise Unreadable("encoding", f"the encoding “{declared[1].decode()}” is not read here")
    position = 0
    while skipped := _SKIPPED.match(data, position):
        position = skipped.end()
    start = data[position : position + 200]
    if _HTML.match(start):
        raise Unreadable("html", "this is an HTML page, not an XML document")
    if start.startswith(b"<!"):
        raise Unreadable("dtd", "the document brings a document type definition (DOCTYPE): refused unread")
    if not start.startswith(b"<"):
        raise Unreadable("not_xml", "this is not an XML document")


def _refusal(error: etree.XMLSyntaxError, data: bytes) -> Unreadable:
    text = str(error.msg or error)
    if "not proper" in text or "encoding" in text.lower() or "conversion failed" in text:
        return Unreadable("encoding", f"the bytes are not in the encoding that the document names: {text}")
    if "huge" in text.lower() or "depth" in text.lower():
        return Unreadable("too_large", f"nested or repeated beyond reason: {text}")
    if _is_cut_off(error, data):
        return Unreadable("truncated", f"the document ends too early: {text}")
    if "EndTag" in text or "start tag" in text or "was not found" in text:
        return Unreadable("truncated", f"the document is broken: {text}")
    return Unreadable("not_well_formed", f"not well-formed XML: {text}")


def _is_cut_off(error: etree.XMLSyntaxError, data: bytes) -> bool:
    """Whether the trouble is that the bytes stop: an element is open at their end, or they stop within mark-up."""
    if "Premature end" in str(error.msg):
        return True
    line = error.position[0] if error.position else 0
    is_at_the_end = line >= data.count(b"\n") + 1 and not data.rstrip().endswith(b">")
    return is_at_the_end and "Extra content" not in str(error.msg)


def local_name(element: Element) -> str:
    """The name without its namespace; empty for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace(element: Element) -> str:
    """The namespace of an element, empty when it has none."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def children(element: Element, name: str) -> Iterator[Element]:
    """Children by local name, whatever their namespace."""
    return (child for child in element if local_name(child) == name)


def child_text(element: Element, name: str) -> str:
    """All text within the first child of that name, without outer blanks; empty when absent."""
    for child in children(element, name):
        return text_of(child)
    return ""


def text_of(element: Element) -> str:
    """All text within an element, mark-up dropped, without outer blanks."""
    return "".join(str(part) for part in element.itertext()).strip()
