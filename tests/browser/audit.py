# SPDX-License-Identifier: Apache-2.0
"""Checks of a page as it is shown: width, structure, scripts, and the contrast of every piece of its text."""

STRUCTURE = """() => ({
    language: document.documentElement.lang,
    title: document.title.trim(),
    headings: document.querySelectorAll('h1').length,
    viewport: document.querySelectorAll('meta[name=viewport]').length,
    scripts: document.querySelectorAll('script').length,
    handlers: [...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())
        .filter(n => n.startsWith('on')),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
})"""

# For every visible text: its colour and what it stands on, both blended to opaque, and the size of the letters.
# A canvas turns every CSS colour syntax into RGBA; 'Canvas' is the browser's own page colour in this scheme.
TEXTS = """() => {
    const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = colour => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    const over = (top, under) => [0, 1, 2].map(i => (top[i] * top[3] + under[i] * (255 - top[3])) / 255).concat(255);
    const probe = document.documentElement.appendChild(document.createElement('div'));
    probe.style.backgroundColor = 'Canvas';
    const page = rgba(getComputedStyle(probe).backgroundColor);
    probe.remove();
    const ground = element => {
        const under = element.parentElement ? ground(element.parentElement) : page;
        const style = getComputedStyle(element);
        if (style.backgroundImage !== 'none') throw new Error('text on a background image: ' + element.tagName);
        if (style.opacity !== '1') throw new Error('text in a translucent element: ' + element.tagName);
        return over(rgba(style.backgroundColor), under);
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
        if (!text || !element.checkVisibility({checkVisibilityCSS: true})) continue;
        const style = getComputedStyle(element), under = ground(element);
        found.push({text, ground: under, colour: over(rgba(style.color), under),
                    size: parseFloat(style.fontSize), weight: parseFloat(style.fontWeight)});
    }
    return found;
}"""


def luminance(colour):
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in colour[:3])]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def faint_texts(page):
    """Texts below WCAG AA: 4.5 to 1, for large letters 3 to 1."""
    faint = []
    for item in page.evaluate(TEXTS):
        large = item["size"] >= 24 or (item["size"] >= 18.66 and item["weight"] >= 700)
        ratio = contrast(item["colour"], item["ground"])
        if ratio < (3 if large else 4.5):
            faint.append(f"{ratio:.2f}: {item['text']!r}")
    return faint


def check(page):
    """Assert everything that holds for every page of the program, in every scheme and width."""
    found = page.evaluate(STRUCTURE)
    assert found["language"] == "en"
    assert found["title"]
    assert found["headings"] == 1
    assert found["viewport"] == 1
    assert found["scripts"] == 0 and not found["handlers"]
    assert found["overflow"] <= 0, f"scrolls {found['overflow']} px sideways"
    assert page.evaluate(TEXTS), "no text at all"
    assert not faint_texts(page)
