"""The charts, by matplotlib, as SVG whose colours are the page's: it is light or dark, and so are they."""

import dataclasses
import io
import logging
import math
import re

from figures import States, banded, quantile, slope

# Colours that stand for the page's (the right ones are in page.css): matplotlib writes them as they are.
INK, MUTED, GRID, PAPER, ONE, TWO, THREE, GOOD, FAIR, POOR = (f"#00000{digit:x}" for digit in range(1, 11))
NAMES = dict(zip((INK, MUTED, GRID, PAPER, ONE, TWO, THREE, GOOD, FAIR, POOR),
                 ("ink", "muted", "grid", "paper", "one", "two", "three", "good", "fair", "poor")))
STATE_COLOURS = dict(zip(States, (GOOD, MUTED, MUTED, FAIR, POOR)))
STYLES = (ONE, TWO, THREE, FAIR, POOR, MUTED)
UNITS = ((1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1, "s"))
SIZE = (4.6, 2.75)  # inches: its 9 pt are readable on a phone


@dataclasses.dataclass
class Chart:
    key: str
    title: str
    points: int = 0
    caption: str = ""
    missing: str = ""  # why there is none
    svg: str = ""


def style():
    import matplotlib
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it logs its caches
    matplotlib.use("svg")
    matplotlib.rcParams.update({
        "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
        "axes.edgecolor": MUTED, "axes.labelcolor": INK, "text.color": INK, "xtick.color": MUTED, "ytick.color": MUTED,
        "xtick.labelcolor": INK, "ytick.labelcolor": INK, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.6,
        "axes.facecolor": "none", "figure.facecolor": "none", "lines.linewidth": 1.1, "legend.frameon": False,
        "legend.fontsize": 8, "axes.axisbelow": True, "axes.unicode_minus": True})


def in_svg(figure, key):
    """To stand in a page: without what only a file of its own needs, and with names that no other chart has."""
    import matplotlib
    from matplotlib import pyplot
    matplotlib.rcParams["svg.hashsalt"] = key
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    pyplot.close(figure)
    text = out.getvalue()
    text = text[text.index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    used = set(re.findall(r"#([\w-]+)\)|href=\"#([\w-]+)\"", text))
    used = {name for pair in used for name in pair if name}
    text = re.sub(r' id="([^"]+)"', lambda found: found.group(0) if found.group(1) in used else "", text)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r"<svg [^>]*viewBox=\"([^\"]*)\"[^>]*>", r'<svg viewBox="\1" aria-hidden="true">', text, count=1)
    text = re.sub(r"'(?:DejaVu Sans|Bitstream Vera)[^;\"]*", "inherit", text)
    text = re.sub(r"font: ([\d.]+px) inherit", r"font-size: \1", text)
    for colour, name in NAMES.items():
        text = text.replace(colour, f"var(--{name})")
    return re.sub(r"\n\s*", "\n", text).strip()


def unit_for(values, least=2):
    """(size, name) of the unit in which the greatest is a small number, but not below `least`."""
    most = max((abs(value) for value in values if not math.isnan(value)), default=0)
    return next((unit for unit in reversed(UNITS) if most >= least * unit[0]), UNITS[0])


def as_text(seconds):
    """For a caption: 1.23 µs."""
    size, name = unit_for([seconds], 0.9995)
    return f"{seconds / size:.3g} {name}"


def axes(figures=None, **more):
    from matplotlib import dates, pyplot
    figure, ax = pyplot.subplots(figsize=SIZE, layout="constrained", **more)
    if figures:
        half = figures.width / 2  # a bin's point is its middle
        ax.set_xlim((figures.begin - half) / 86400, (figures.end + half) / 86400)
        locator = dates.AutoDateLocator(minticks=3, maxticks=6)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, show_offset=False))
    return figure, ax


def days(points):
    return [point[0] / 86400 for point in points]


def lonely(bands):
    """Those with a gap on either side, which no line shows."""
    padded = [None, *bands, None]
    return [band for before, band, after in zip(padded, padded[1:], padded[2:])
            if not math.isnan(band.middle) and all(other is None or math.isnan(other.middle) for other in (before, after))]


def draw(ax, bands, colour, scale=1, label=None, filled=True):
    """A line of the middles in the band between the ends; nothing over a gap."""
    if filled:
        ax.fill_between(days(bands), [band.low / scale for band in bands], [band.high / scale for band in bands],
                        color=colour, alpha=0.22, linewidth=0)
    ax.plot(days(bands), [band.middle / scale for band in bands], color=colour, label=label)
    single = lonely(bands)
    ax.plot(days(single), [band.middle / scale for band in single], ".", color=colour, markersize=4)


def core(bands):
    """The limits of an axis that a few far points shall not flatten."""
    lows, highs = (sorted(value for value in each if not math.isnan(value))
                   for each in (([band.low for band in bands]), ([band.high for band in bands])))
    low, high = quantile(lows, 0.01), quantile(highs, 0.99)
    margin = 0.15 * (high - low) or abs(high) or 1e-9
    return low - margin, high + margin


def beyond(bands, limits):
    count = sum(band.low < limits[0] or band.high > limits[1] for band in bands)
    return f" {count} of {len(bands)} bins go beyond the edge." if count else ""


def clock(figures):
    bands = banded(figures.errors, figures.width)
    limits = core(bands)
    size, name = unit_for(limits)
    figure, ax = axes(figures)
    draw(ax, bands, ONE, size)
    ax.set_ylim(limits[0] / size, limits[1] / size)
    ax.set_ylabel(f"ahead of the pulse ({name})")
    return figure, len(figures.errors), ("Clock less pulse: the median, and all between the least and the most. "
                                         f"From {figures.errors_from}.{beyond(bands, limits)}")


def histogram(figures):
    values = sorted(middle for _, _, middle, _ in figures.errors)
    low, high = quantile(values, 0.005), quantile(values, 0.995)
    inside = [value for value in values if low <= value <= high]
    size, name = unit_for((low, high))
    figure, ax = axes()
    ax.hist([value / size for value in inside], bins=min(60, max(8, round(len(inside) ** 0.5))), color=ONE, alpha=0.8)
    ax.set_xlabel(f"ahead of the pulse ({name})")
    ax.set_ylabel("minutes" if figures.errors_from == "history" else "pulses")
    outside = len(values) - len(inside)
    return figure, len(values), (f"Median {as_text(quantile(values, 0.5))}; nine of ten between {as_text(quantile(values, 0.05))} and "
                                 f"{as_text(quantile(values, 0.95))}. {f'{outside} lie beyond the edges.' if outside else ''}")


def jitter(figures):
    bands = banded(figures.jitter, figures.width)
    floor = 1e-10
    figure, ax = axes(figures)
    bands = [band._replace(low=max(band.low, floor), middle=max(band.middle, floor), high=max(band.high, floor)) for band in bands]
    size, name = unit_for([quantile(sorted(band.middle for band in bands if not math.isnan(band.middle)), 0.5)])
    draw(ax, bands, TWO, size)
    ax.set_yscale("log")
    plain_log(ax.yaxis, subs=(1, 2, 5))
    ax.set_ylabel(f"off its neighbours ({name})")
    return figure, len(figures.jitter), "How far a pulse lies from the middle between its two neighbours: half of them, and the farthest."


def plain_log(axis, words="{:g}", subs=(1,)):
    """Its ticks in plain text."""
    from matplotlib import ticker
    axis.set_major_locator(ticker.LogLocator(subs=subs))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: words.format(value).replace("e-0", "e-")))
    axis.set_minor_formatter(ticker.NullFormatter())


def frequency(figures):
    bands = banded([(update.time, *[update.frequency] * 3) for update in figures.tracking], figures.width)
    figure, ax = axes(figures)
    draw(ax, bands, ONE, filled=False, label="frequency")
    limits = core(bands)
    ax.set_ylim(limits[0] - 0.01, limits[1] + 0.01)
    ax.set_ylabel("frequency, ppm fast", color=ONE)
    ax.ticklabel_format(axis="y", useOffset=False)
    if figures.temperatures:
        warm = ax.twinx()
        draw(warm, banded([(time, *[degrees] * 3) for time, degrees in figures.temperatures], figures.width), TWO, filled=False)
        warm.set_ylabel("board, °C", color=TWO)
        warm.grid(False)
    without = "" if figures.temperatures else " The kernel has no temperature."
    return figure, len(figures.tracking), f"The frequency of the clock as chronyd estimates it, and the temperature of the board.{without}"


def temperature(figures):
    pairs = figures.warmth
    shown = pairs[::max(1, len(pairs) // 600)]
    figure, ax = axes()
    ax.plot([x for x, _ in shown], [y for _, y in shown], ".", color=ONE, markersize=3, alpha=0.5)
    ax.set_xlabel("board, °C")
    ax.set_ylabel("frequency, ppm fast")
    ax.ticklabel_format(useOffset=False)
    steep = slope(pairs)
    words = "too little change for a slope" if steep is None else f"{steep:+.3f} ppm a degree"
    return figure, len(pairs), f"Each update of the clock beside that minute's temperature: {words}."


def allan(figures):
    figure, ax = axes()
    ax.loglog([tau for tau, _, _ in figures.allan], [value for _, value, _ in figures.allan], "o-", color=ONE, markersize=3)
    plain_log(ax.xaxis)
    plain_log(ax.yaxis, "{:.0e}")
    ax.set_xlabel("τ (s)")
    ax.set_ylabel("Allan deviation")
    return figure, len(figures.allan), "Of the clock as chronyd steers it, seen by the pulses: their own jitter is in it at the left."


def satellites(figures, history):
    used = banded([(minute.time, *[minute.used] * 3) for minute in history], figures.width)
    seen = banded([(minute.time, *[len(minute.sky)] * 3) for minute in history if minute.sky], figures.width)
    figure, ax = axes(figures)
    draw(ax, used, ONE, label="in the fix")
    if seen:
        draw(ax, seen, MUTED, label="in view", filled=False)
    ax.set_ylim(0, max(4, 1.15 * max(band.high for band in used + seen if not math.isnan(band.high))))
    ax.set_ylabel("satellites")
    ax.legend(loc="lower left", ncols=2)
    span = sum(minute.span for minute in history) or 1
    fixed = sum(minute.span for minute in history if minute.fix >= 2)
    return figure, len(history), f"A fix in {percent(fixed, span)} of the minutes."


def percent(part, whole):
    """Never rounded up to all of it."""
    value = 100 * part / whole
    return "100 %" if part == whole else f"{min(value, 99.99):.2f} %"


def sky(figures):
    figure, ax = axes(subplot_kw={"projection": "polar"})
    ax.set_theta_zero_location("N")
    ax.set_theta_direction(-1)
    classes = (("not received", MUTED, lambda signal: signal == 0), ("under 25", POOR, lambda signal: 0 < signal < 25),
               ("25 to 35", FAIR, lambda signal: 25 <= signal < 35), ("35 and more", GOOD, lambda signal: signal >= 35))
    middles = {place: quantile(sorted(signals), 0.5) for place, signals in figures.sky.items()}
    for name, colour, belongs in classes:
        places = [place for place, signal in middles.items() if belongs(signal)]
        ax.plot([math.radians(azimuth) for azimuth, _ in places], [90 - elevation for _, elevation in places], "o", color=colour,
                markersize=3, markeredgewidth=0, label=name)
    ax.set_rlim(0, 90)
    ax.set_rticks([30, 60], labels=["60°", "30°"], fontsize=7)
    ax.set_rlabel_position(22)
    ax.set_xticks([math.radians(angle) for angle in range(0, 360, 45)], labels=["N", "", "E", "", "S", "", "W", ""])
    ax.legend(loc="center left", bbox_to_anchor=(1.1, 0.5), title="dB-Hz", title_fontsize=8)
    count = sum(map(len, figures.sky.values()))
    return figure, count, f"Where satellites were received, and how well (the median of each 3 degrees; {count} sightings)."


def stretches(history):
    """(state, from, to), with nothing where the history has a gap."""
    out = []
    for minute in history:
        begin = minute.time - minute.span
        if out and out[-1][0] == minute.state and begin - out[-1][2] < minute.span / 2:
            out[-1][2] = max(out[-1][2], minute.time)
        else:
            out.append([minute.state, begin, minute.time])
    return out


def refusals(figures, history):
    rows = ["state", *figures.refusals]
    figure, ax = axes(figures)
    day = 86400
    for state, begin, end in stretches(history):
        ax.broken_barh([(begin / day, (end - begin) / day)], (-0.35, 0.7), color=STATE_COLOURS.get(state, MUTED), linewidth=0)
    for row, stretch in enumerate(figures.refusals.values(), 1):
        for begin, end, share in stretch:
            ax.broken_barh([(begin / day, (end - begin) / day)], (row - 0.35, 0.7), color=POOR, linewidth=0.8,
                           alpha=max(0.15, 1 + math.log10(share) / 4))
    ax.set_yticks(range(len(rows)), labels=[rows[0], *(f"{reason} ({figures.refused[reason]})" for reason in rows[1:])], fontsize=8)
    ax.set_ylim(max(len(rows), 3) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    return figure, len(history), ("Green: LOCKED; grey: waiting or acquiring; yellow: HOLD; red: FAULT. Below, when pulses were refused and why: "
                                  "the paler, the fewer of them." if figures.refused else
                                  "Green: LOCKED; grey: waiting or acquiring; yellow: HOLD; red: FAULT. No pulse was refused.")


def served(figures, collected):
    figure, ax = axes(figures)
    minutes = [(time, max(span, 1) / 60, requests, authenticated) for time, span, requests, authenticated, _ in figures.served]
    for place, colour, name in ((2, MUTED, "all"), (3, ONE, "authenticated")):
        points = [(each[0], *[each[place] / each[1]] * 3) for each in minutes]
        draw(ax, banded(points, figures.width), colour, label=name, filled=False)
    ax.set_ylabel("requests a minute")
    ax.set_ylim(0, 1.25 * (ax.get_ylim()[1] or 1))
    clients = banded([(minute.time, *[minute.clients] * 3) for minute in collected if minute.clients is not None], figures.width)
    second = ax.twinx()
    draw(second, clients, THREE, filled=False)
    second.set_ylim(0, max(2, 1.2 * max((band.high for band in clients if not math.isnan(band.high)), default=0)))
    second.set_ylabel("clients", color=THREE)
    second.grid(False)
    ax.legend(loc="upper left", ncols=2)
    return figure, len(figures.served), (f"{sum(each[3] for each in figures.served):.0f} of {sum(each[2] for each in figures.served):.0f} "
                                         "requests were authenticated (NTS, or a key). Clients: within an hour.")


def others(figures):
    figure, ax = axes(figures)
    shown = list(figures.estimates.items())[:len(STYLES)]
    bands = [banded([(time, *[error] * 3) for time, error in points], figures.width) for _, points in shown]
    size, name = unit_for([value for each in bands for value in core(each)])
    for (source, _), band, colour in zip(shown, bands, STYLES):
        draw(ax, band, colour, size, label=source, filled=False)
    ax.set_ylabel(f"ahead of the source ({name})")
    ax.legend(loc="best", ncols=2)
    more = len(figures.estimates) - len(shown)
    return figure, sum(len(points) for _, points in shown), ("What chronyd estimates from its other sources: the network's asymmetry is in it."
                                                             f"{f' {more} more sources are not shown.' if more > 0 else ''}")


def correction(figures, history):
    bands = banded([(minute.time - minute.span / 2, *(value * 1e-9 for value in minute.correction)) for minute in history
                    if minute.correction], figures.width)
    size, name = unit_for(core(bands))
    figure, ax = axes(figures)
    draw(ax, bands, THREE, size)
    ax.set_ylabel(f"taken off ({name})")
    return figure, sum(bool(minute.correction) for minute in history), "By how much late pulses were corrected (cable, interrupt)."


def all_charts(evidence, figures):
    """Each with its drawing, or with the reason why it has none."""
    style()
    history = evidence.history.records
    no_history, no_tracking = evidence.history.missing(), evidence.tracking.missing()
    no_pulses = no_history or "no pulse became a sample"
    plans = [
        ("clock", "The clock against the pulses", figures.errors, lambda: clock(figures), no_pulses),
        ("histogram", "How often it is how far off", figures.errors, lambda: histogram(figures), no_pulses),
        ("jitter", "Jitter of the pulses", figures.jitter, lambda: jitter(figures), no_pulses),
        ("refusals", "State, and refused pulses", history, lambda: refusals(figures, history), no_history),
        ("frequency", "Frequency and temperature", figures.tracking, lambda: frequency(figures), no_tracking),
        ("temperature", "Frequency against temperature", figures.warmth, lambda: temperature(figures),
         no_tracking or no_history or "the kernel had no temperature beside an update of the clock"),
        ("allan", "Allan deviation", figures.allan, lambda: allan(figures), no_history or "too few pulses without a gap"),
        ("satellites", "Satellites", history, lambda: satellites(figures, history), no_history),
        ("sky", "The sky", figures.sky, lambda: sky(figures), no_history or "gpsd reported the place of no satellite"),
        ("served", "Clients served", figures.served, lambda: served(figures, evidence.served.records),
         evidence.served.missing() or "one line of what was served is too few"),
        ("others", "What other sources say", figures.estimates, lambda: others(figures),
         evidence.statistics.missing() or "chronyd has no other source"),
    ]
    corrected = [minute for minute in history if minute.correction]
    if corrected:
        plans.append(("correction", "Correction of late pulses", corrected, lambda: correction(figures, history), ""))
    charts = []
    for key, title, data, make, missing in plans:
        chart = Chart(key, title)
        if data:
            figure, chart.points, chart.caption = make()
            chart.svg = in_svg(figure, key)
        else:
            chart.missing = missing
        charts.append(chart)
    return charts
