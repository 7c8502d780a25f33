"""Vega-Lite in, a small static SVG out: drawn by vl-convert, then cut down to what a picture needs.

Static, because Vega in the page would weigh 900 KB and need a policy that allows code from strings (``unsafe-eval``); an SVG is there at
once, prints, works where JavaScript is off, and takes its colours from the page's style, so that one drawing serves light and dark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from infercheck.errors import UsageError
from infercheck.render.html._theme import CONFIG

Spec = Mapping[str, Any]
VEGA_LITE = "v6.1"
_SVG = "{http://www.w3.org/2000/svg}"
# What may stand in the page: shapes and how they are painted. No script, no link, no style, no event.
_ELEMENTS = frozenset({"svg", "g", "path", "line", "rect", "text", "tspan", "circle", "clipPath", "defs"})
_ATTRIBUTES = frozenset(
    "viewBox transform d x y x1 x2 y1 y2 dx dy cx cy r rx ry width height fill fill-opacity stroke stroke-width stroke-dasharray stroke-opacity "
    "stroke-linecap stroke-linejoin stroke-miterlimit opacity text-anchor font-size font-weight font-style clip-path id".split()
)
_INHERITED = {"opacity": "1", "stroke-width": "0", "font-weight": "normal"}
_NUMBER = re.compile(r"-?\d+\.\d+")


def require() -> None:
    """UsageError where the extra is not installed."""
    try:
        import vl_convert  # noqa: F401
    except ImportError as err:
        raise UsageError("the HTML page needs its extra", where="--format html", hint="pip install infercheck[html]") from err


def svg(spec: Spec, name: str, label: str) -> str:
    """The drawing as markup; ``name`` keeps its ids apart from those of other drawings, ``label`` is what a screen reader says."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg({**spec, "config": CONFIG}, vl_version=VEGA_LITE, allowed_base_urls=[])
    root = ElementTree.fromstring(drawn)  # noqa: S314 written by the drawing library just now, and it knows no entities
    _clean(root, name)
    root.attrib = {"viewBox": root.get("viewBox", ""), "role": "img", "aria-label": label}
    return _short(ElementTree.tostring(root, encoding="unicode").replace("ns0:", "").replace(":ns0=", "="))


def _clean(node: ElementTree.Element, name: str) -> None:
    """Keep shapes that are seen; a mark's description becomes its tip."""
    for child in list(node):
        tag = child.tag.removeprefix(_SVG)
        if tag not in _ELEMENTS or child.get("display") == "none" or (tag == "path" and child.get("d") in ("", "M0,0h0v0h0Z")):
            node.remove(child)
            continue
        tip = child.get("aria-label") if child.get("role") == "graphics-symbol" and tag != "g" else None
        child.attrib = {key: _value(key, value, name) for key, value in child.attrib.items() if _kept(key, value)}
        if tip:
            child.set("data-tip", tip)
        _clean(child, name)
        if tag == "g" and not len(child):
            node.remove(child)
        elif tag == "g" and not child.attrib and len(child) == 1:  # a group that says nothing
            node[list(node).index(child)] = child[0]


def _kept(key: str, value: str) -> bool:
    return key in _ATTRIBUTES and _INHERITED.get(key) != value and value != "translate(0,0)"


def _value(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "clip-path":
        return value.replace("url(#", f"url(#{name}-")
    return _NUMBER.sub(lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), value) if key in ("d", "transform") else value


def _short(markup: str) -> str:
    return markup.replace(' xmlns="http://www.w3.org/2000/svg"', "").replace(" />", "/>")
