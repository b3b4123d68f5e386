"""Sets one document in a process of its own, with limits, and ends. Standard library, limits and typst alone; run by path.

Standard input: a line of JSON `{"files": {name: length, …}, "fonts": [path, …], …}`, then the files' bytes one after
another. Standard output: the PDF. What is wrong goes to standard error as one line; status 3 is a document that cannot
be set. It reads from one folder with these files, and has no way to fetch packages.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile

from safeconduct.lib.limits import limit, limit_use, peak_kb


def main() -> int:
    """Read, set, write."""
    job = json.loads(sys.stdin.buffer.readline())
    files = {name: sys.stdin.buffer.read(length) for name, length in job["files"].items()}
    limit_use(cpu_seconds=job["cpu_seconds"], memory=job["memory"])
    import typst

    with tempfile.TemporaryDirectory(prefix="guide-") as folder:
        fonts = os.path.join(folder, "fonts")  # noqa: PTH118 - nothing else is imported than is needed
        root = os.path.join(folder, "root")  # noqa: PTH118
        os.mkdir(fonts)  # noqa: PTH102
        os.mkdir(root)  # noqa: PTH102
        for number, path in enumerate(job["fonts"]):
            os.symlink(path, os.path.join(fonts, f"{number}-{os.path.basename(path)}"))  # noqa: PTH118, PTH119, PTH211
        for name, content in files.items():
            with open(os.path.join(root, os.path.basename(name)), "wb") as file:  # noqa: PTH118, PTH119, PTH123
                file.write(content)
        limit(resource.RLIMIT_FSIZE, 0)
        try:
            pdf = typst.compile(
                os.path.join(root, "main.typ"), root=root, font_paths=[fonts], ignore_system_fonts=True,  # noqa: PTH118
                format="pdf", pdf_standards=["ua-1"], package_path=root, package_cache_path=root,
            )  # fmt: skip
        except typst.TypstError as error:
            sys.stderr.write(str(getattr(error, "diagnostic", error) if job.get("verbose") else error) + "\n")
            return 3
        finally:
            limit(resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)
    sys.stdout.buffer.write(pdf)
    sys.stdout.buffer.flush()
    if job.get("measure"):
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = used.ru_utime + used.ru_stime
        sys.stderr.write(json.dumps({"peak_kb": peak_kb(used.ru_maxrss), "seconds": seconds}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
