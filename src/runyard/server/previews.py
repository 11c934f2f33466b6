"""Which files of users a browser may show, and how, so that none of them ever acts as Studio.

Studio and the files of runs come from one address, so a page among those files could otherwise read all that its reader
may and act in their name. Hence, for every file:

- Its type follows from the ending of its name and from a list; what is not on it is a download. `nosniff` keeps the browser
  from guessing another one.
- `sandbox` puts what is shown into an origin of its own, without cookies, storage or access to Studio, also where somebody
  opens its address in a tab. Only pages of HTML run scripts there, their own inline ones, because plots need them.
- `default-src 'none'` lets it ask nobody for anything: what it needs must lie in the file itself.
- An SVG is a picture and no page: its scripts do not run.
- A PDF has no `sandbox`, in which browsers show none. Their viewers run it apart from the page and give its scripts nothing.
"""

from __future__ import annotations

from runyard.server.files import ATTACHED, Display

FRAMED = "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
STILL = f"sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; {FRAMED}"
ALIVE = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "style-src 'unsafe-inline' data:; img-src data: blob:; font-src data:; media-src data: blob:; worker-src blob:; "
    f"{FRAMED}"
)
PAPER = f"default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; {FRAMED}"
TEXT = "text/plain; charset=utf-8"
PICTURES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "ico": "image/x-icon",
    "svg": "image/svg+xml",
}
SOUNDS_AND_FILMS = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "weba": "audio/webm",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "mov": "video/quicktime",
}
TEXTS = frozenset(
    (
        *("txt", "log", "out", "err", "md", "rst", "csv", "tsv", "json", "jsonl", "ndjson", "ipynb", "yaml", "yml", "toml"),
        *("ini", "cfg", "conf", "env", "xml", "py", "pyi", "r", "jl", "sh", "sql", "js", "ts", "css", "java", "c", "h"),
        *("cc", "cpp", "hpp", "cu", "rs", "go", "scala", "patch", "diff", "proto", "tex", "bib"),
    )
)  # fmt: skip
TEXT_NAMES = frozenset(
    ("mlmodel", "mlproject", "dockerfile", "makefile", "readme", "license", "requirements")
)


def display_of(name: str) -> Display:
    """How a browser shows a file of this name or path.

    Args:
        name: nothing but its last component counts, and of that the ending.
    """
    last = name.rpartition("/")[2].lower()
    ending = last.rpartition(".")[2] if "." in last else ""
    if ending in PICTURES:
        return Display(PICTURES[ending], STILL, inline=True)
    if ending in SOUNDS_AND_FILMS:
        return Display(SOUNDS_AND_FILMS[ending], STILL, inline=True)
    if ending in ("html", "htm"):
        return Display("text/html; charset=utf-8", ALIVE, inline=True)
    if ending == "pdf":
        return Display("application/pdf", PAPER, inline=True)
    if ending in TEXTS or last in TEXT_NAMES:
        return Display(TEXT, STILL, inline=True)
    return Display("application/octet-stream", ATTACHED, inline=False)
