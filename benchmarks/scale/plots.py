"""Plots on logarithmic axes, as SVG in the look of the reports: their style sheet, light and dark."""
import math
from html import escape

import costs

WIDTH, HEIGHT = 560, 400
LEFT, RIGHT, TOP, BOTTOM = 66, 14, 62, 50
STYLE = costs.ROOT / "src/main/resources/io/tangentflow/report/plot.css"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MARKERS = (
    "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z", "M-3.6,-3.6h7.2v7.2h-7.2z", "M0,-4.8l4.4,8h-8.8z", "M0,-5l5,5l-5,5l-5,-5z",
    "M0,4.8l4.4,-8h-8.8z")


class Line:
    """points: (x, y), all positive. marked: points are drawn; dashed: a reference."""

    def __init__(self, name, points, marked=True, joined=True, dashed=False):
        self.name, self.points = name, points
        self.marked, self.joined, self.dashed = marked, joined, dashed


class Axis:
    """Logarithmic; ticks at powers of ten, or at the given values."""

    def __init__(self, label, values, low, high, ticks=None, margin=0.06):
        self.label = label
        a, b = math.log10(min(values)), math.log10(max(values))
        pad = max(b - a, 0.3) * margin
        self.a, self.b, self.low, self.high = a - pad, b + pad, low, high
        if ticks is None:
            ticks = [10.0**k for k in range(math.ceil(self.a), math.floor(self.b) + 1)]
        self.ticks = [value for value in ticks if self.a <= math.log10(value) <= self.b]

    def at(self, value):
        return self.low + (math.log10(value) - self.a) / (self.b - self.a) * (self.high - self.low)


def tick(value):
    if 0.001 <= value < 1e6:
        return "{:,}".format(round(value)) if value >= 10 else "%g" % value
    return "10" + str(round(math.log10(value))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def number(value):
    return ("%.1f" % value).rstrip("0").rstrip(".")


def svg(title, subtitle, x_label, y_label, lines, x_ticks=None, y_ticks=None):
    """A plot as text."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    legend = 17 * ((len(lines) + 1) // 2)
    top = TOP + legend
    height = HEIGHT + legend
    x = Axis(x_label, xs, LEFT, WIDTH - RIGHT, x_ticks)
    y = Axis(y_label, ys, height - BOTTOM, top, y_ticks)
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<svg xmlns="http://www.w3.org/2000/svg" class="tf-plot" viewBox="0 0 %d %d" role="img" aria-label="%s" '
        'font-family="%s"><title>%s</title><desc>%s</desc>' % (
            WIDTH, height, escape(title), escape(FONT), escape(title), escape(describe(subtitle, x, y, lines))),
        "<style>%s</style>" % STYLE.read_text(encoding="utf-8").strip(),
        '<rect class="tf-page" width="100%" height="100%"/>',
        text(8, 23, title, "tf-ink tf-title", 15), text(8, 42, subtitle, "tf-muted", 12.5)]
    for k, line in enumerate(lines):
        at = (8 + (k % 2) * (WIDTH - 16) / 2, 60 + 17 * (k // 2))
        out.append(sample(line, k, *at))
        out.append(text(at[0] + 30, at[1] + 4, line.name, "tf-ink", 12.5))
    for value in x.ticks:
        at = number(x.at(value))
        out.append('<path class="tf-grid" d="M%s,%s V%s"/>' % (at, number(y.low), number(y.high)))
        out.append(text(x.at(value), y.low + 17, tick(value), "tf-muted", 12, "middle"))
    for value in y.ticks:
        at = number(y.at(value))
        out.append('<path class="tf-grid" d="M%s,%s H%s"/>' % (number(x.low), at, number(x.high)))
        out.append(text(x.low - 7, y.at(value) + 4, tick(value), "tf-muted", 12, "end"))
    out.append('<path class="tf-axis" d="M%s,%s V%s H%s"/>' % tuple(map(number, (x.low, y.high, y.low, x.high))))
    out.append(text((x.low + x.high) / 2, height - 10, x_label, "tf-ink", 13, "middle"))
    middle = (y.low + y.high) / 2
    out.append('<text transform="translate(15,%s) rotate(-90)" font-size="13" text-anchor="middle" class="tf-ink">%s'
               '</text>' % (number(middle), escape(y_label)))
    for k, line in enumerate(lines):
        places = [(number(x.at(a)), number(y.at(b))) for a, b in line.points]
        out.append('<g class="%s">' % colour(line, k))
        if line.joined:
            out.append('<path d="M%s" fill="none" stroke="currentColor" stroke-width="1.8"%s/>' % (
                " L".join("%s,%s" % place for place in places), ' stroke-dasharray="5 4"' if line.dashed else ""))
        if line.marked:
            out.extend(marker(k, *place) for place in places)
        out.append("</g>")
    out.append("</svg>\n")
    return "\n".join(out)


def describe(subtitle, x, y, lines):
    return "%s. %s (logarithmic) against %s (logarithmic). %s." % (
        subtitle, y.label, x.label, "; ".join("%s, points: %d" % (line.name, len(line.points)) for line in lines))


def colour(line, k):
    return "tf-s6" if line.dashed else "tf-s%d" % (k % 6)


def marker(k, x, y):
    return '<path class="tf-halo" transform="translate(%s,%s)" d="%s" fill="currentColor"/>' % (
        x, y, MARKERS[k % len(MARKERS)])


def sample(line, k, x, y):
    parts = ['<g class="%s">' % colour(line, k)]
    if line.joined:
        parts.append('<path d="M%s,%s h24" fill="none" stroke="currentColor" stroke-width="1.8"%s/>' % (
            number(x), number(y), ' stroke-dasharray="5 4"' if line.dashed else ""))
    if line.marked:
        parts.append(marker(k, number(x + 12), number(y)))
    return "".join(parts) + "</g>"


def text(x, y, words, kind, size, anchor="start"):
    return '<text x="%s" y="%s" font-size="%s" class="%s"%s>%s</text>' % (
        number(x), number(y), number(size), kind, "" if anchor == "start" else ' text-anchor="%s"' % anchor, escape(words))
