"""What infercheck is made of: `make audit` asks what is known of the run lock's versions, `make licences` what may be done with them.

The audit runs pip-audit in a venv of its own (.venv-audit, from requirements/audit.txt). pip-audit ends with exit code 0 also where its service told
it nothing; here that is said, and is no pass.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN = ROOT / "requirements" / "run.txt"
# Licences under which a program under the MIT licence may be handed on together with the package, without further duties for its users.
ALLOWED = frozenset(
    {"MIT", "BSD", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Apache-2.0", "PSF-2.0", "Python-2.0", "ISC", "MPL-2.0", "Unlicense"}
)
SAID = {  # what is said in words instead of by an SPDX name
    "mit license": "MIT", "the mit license": "MIT", "mit": "MIT", "bsd license": "BSD", "bsd": "BSD", "3-clause bsd license": "BSD-3-Clause",
    "apache software license": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache-2.0": "Apache-2.0",
    "python software foundation license": "PSF-2.0", "isc license (iscl)": "ISC", "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "the unlicense (unlicense)": "Unlicense", "bsd-2-clause": "BSD-2-Clause",
}  # fmt: skip


def locked(path: Path) -> list[tuple[str, str]]:
    """Name and version of everything in a lock."""
    return re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", path.read_text(encoding="utf-8"), re.MULTILINE)


def tool_venv(name: str, *locks: Path) -> Path:
    """Python of the venv of a tool, made where it is missing or older than its locks."""
    home = ROOT / f".venv-{name}"
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    ready = home / ".ready"
    if not ready.exists() or any(ready.stat().st_mtime < lock.stat().st_mtime for lock in locks):
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        for lock in locks:
            subprocess.run(
                [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", lock], check=True
            )
        ready.touch()
    return python


def audit() -> int:
    """0 where every package was looked up and nothing is known against it; 1 for a vulnerability; 2 where the service did not answer."""
    python = tool_venv("audit", ROOT / "requirements" / "audit.txt")
    command = [
        str(python),
        "-m",
        "pip_audit",
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner",
        "off",
        "-f",
        "json",
        "-r",
        str(RUN),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    code, said = verdict(done.stdout, done.stderr, [name for name, _ in locked(RUN)])
    print(said)
    return code


def verdict(out: str, err: str, names: list[str]) -> tuple[int, str]:
    """Exit code and the line to print, of what pip-audit wrote."""
    try:
        found = json.loads(out)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (err.strip().splitlines() or ["no answer"])[-1]
        return 2, f"not audited: the vulnerability service could not be asked ({last[:200]})"
    known = [f"{d['name']} {d['version']}: {v['id']}" for d in found for v in d.get("vulns", ())]
    if known:
        return 1, f"{len(known)} known vulnerabilities: " + "; ".join(known)
    asked = {d["name"].lower() for d in found if "vulns" in d}
    missed = [name for name in names if name.lower() not in asked]
    if missed:
        return 2, f"not audited: the vulnerability service told nothing of {len(missed)} of {len(names)} packages, such as {missed[0]}"
    return 0, f"audited {len(names)} packages of {RUN.name}: no known vulnerability"


def licence_of(name: str) -> str:
    """The SPDX name of a package's licence, as its metadata says; empty where it says nothing that is known here."""
    about = importlib.metadata.metadata(name)
    classifiers = [c.split(" :: ")[-1].lower() for c in about.get_all("Classifier") or () if c.startswith("License ::")]
    for said in (about.get("License-Expression") or "", *classifiers, (about.get("License") or "").split("\n")[0]):
        for part in re.split(r" AND | OR |/", said):
            spdx = SAID.get(part.strip().lower(), part.strip())
            if spdx in ALLOWED:
                return spdx
    return ""


def licences() -> int:
    """0 where every package that this Python installs of the run lock has a licence of the list."""
    found, bad = Counter[str](), []
    for name, version in locked(RUN):
        try:
            licence = licence_of(name)
        except importlib.metadata.PackageNotFoundError:
            found["not for this Python"] += 1
            continue
        found[licence or "other"] += 1
        bad += [] if licence else [f"{name} {version}"]
    print(", ".join(f"{n} {licence}" for licence, n in found.most_common()))
    if bad:
        print(f"no licence of the list: {', '.join(bad)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit({"audit": audit, "licences": licences}[sys.argv[1]]())
