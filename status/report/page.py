"""The page: one file that needs nothing else, no network and no script."""

import datetime
import html
import pathlib

from charts import as_text, percent

STYLE = (pathlib.Path(__file__).parent / "page.css").read_text()
GAPS_TOLD = 10


def date(time):
    return datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")


def span(seconds):
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.0f} s"


def text(words):
    return html.escape(str(words))


def cards(numbers):
    """(what, figure, beside it): each of what there is."""
    history, out = numbers["history"], []
    if history["seconds"]:
        out.append(("recorded seconds with a sample", percent(min(history["samples"], history["seconds"]), history["seconds"]),
                    f"{history['samples']} of {history['seconds']}"))
    if error := numbers["clock_error_seconds"]:
        far = max(abs(error["p1"]), abs(error["p99"]))
        out.append(("clock against the pulses", f"± {as_text(far)}", f"98 of 100 {'minutes' if numbers['clock_error_from'] == 'history' else 'pulses'}"))
    if jitter := numbers["jitter_seconds"]:
        out.append(("jitter of a pulse", as_text(jitter["median"]), "median"))
    if frequency := numbers["frequency_ppm"]:
        out.append(("crystal", f"{frequency['median']:+.3f} ppm", f"{frequency['least']:+.3f} to {frequency['most']:+.3f}"))
    if temperature := numbers["temperature_celsius"]:
        out.append(("board", f"{temperature['median']:.0f} °C", f"{temperature['least']:.0f} to {temperature['most']:.0f}"))
    if used := numbers["satellites_used"]:
        out.append(("satellites in the fix", f"{used['median']}", f"{used['least']} to {used['most']}"))
    if clients := numbers["clients"]:
        out.append(("clients", f"{clients['most']:.0f}", f"at most within an hour; requests: {numbers['requests']:.0f}"))
    return "".join(f"<div>{text(what)}<b>{text(figure)}</b><span class=quiet>{text(beside)}</span></div>" for what, figure, beside in out)


def figure(chart):
    inside = (f'{chart.svg}<figcaption>{text(chart.caption)}</figcaption>' if chart.svg
              else f'<p class=none>Not drawn: {text(chart.missing)}.</p>')
    label = f'role=img aria-label="{text(chart.title)}" ' if chart.svg else ""
    return f'<figure id="{chart.key}" {label}data-points="{chart.points}"><h3>{text(chart.title)}</h3>{inside}</figure>'


def table(head, rows, counts=()):
    def row(cells, kind):
        return "<tr>" + "".join(f"<{kind}{' class=n' if place in counts else ''}>{text(cell)}</{kind}>"
                                for place, cell in enumerate(cells)) + "</tr>"
    return f"<div class=wide><table>{row(head, 'th')}{''.join(row(cells, 'td') for cells in rows)}</table></div>"


def pulses(history):
    rows = [("samples for chronyd", history["samples"]), *((f"refused: {reason}", count) for reason, count in history["refused"].items()),
            ("all pulses", history["pulses"]), ("edges that nobody fetched", history["missed"])]
    return table(("pulses", "count"), rows, counts=(1,))


def silence(numbers):
    """What is not covered."""
    gaps, out = numbers["gaps"], ""
    if numbers["begin"] - numbers["since"] > 3600:
        out += f"<p>Nothing is recorded before {date(numbers['begin'])}.</p>"
    if gaps:
        rows = [(date(begin), date(end), span(end - begin)) for begin, end in sorted(gaps, key=lambda gap: gap[0] - gap[1])[:GAPS_TOLD]]
        shown = "" if len(gaps) <= GAPS_TOLD else f", the longest {GAPS_TOLD}"
        out += (f"<p>The history has {len(gaps)} gap{'s' if len(gaps) > 1 else ''} of {span(sum(end - begin for begin, end in gaps))} "
                f"in all{shown}:</p>" + table(("from", "to", "for"), rows))
    elif numbers["history"]["minutes"]:
        out += "<p>The history has no gap.</p>"
    return out


def what_was_read(sources):
    items = []
    for source in sources:
        words = [*source.trouble, *(f"{path}, line {line}: {why}" for path, line, why in source.bad)]
        if source.bad_count > len(source.bad):
            words.append(f"and {source.bad_count - len(source.bad)} more")
        if not source.records and not source.trouble:
            words.append(source.missing())
        bad = f"{source.bad_count} bad line{'' if source.bad_count == 1 else 's'}"
        detail = "".join(f"<br>{text(each)}" for each in words)
        items.append(f"<li><b>{text(source.name)}</b> ({text(source.what)}): {len(source.records)} records, {bad} in "
                     f"{len(source.files)} file{'' if len(source.files) == 1 else 's'}<span class=quiet>{detail}</span></li>")
    return f"<ul>{''.join(items)}</ul>"


def page(evidence, numbers, charts, host, now, version):
    title = f"The time of {text(host)}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{STYLE}</style>
</head>
<body>
<h1>{title}</h1>
<p class=quiet>{date(numbers['begin'])} to {date(numbers['end'])} UTC ({span(numbers['end'] - numbers['begin'])}); made {date(now)} by ntsbox-report {text(version)}</p>
<div class=cards>{cards(numbers)}</div>
<div class=charts>
{chr(10).join(figure(chart) for chart in charts)}
</div>
<h2>Every pulse</h2>
{pulses(numbers['history'])}
<h2>What is missing</h2>
{silence(numbers)}
<h2>What was read</h2>
{what_was_read(evidence.sources())}
<p class=quiet>All times are UTC. A line is broken where nothing was recorded.</p>
</body>
</html>
"""
