// What tests ask of a page. Each function returns a list of complaints.

const seen = (e) => e.checkVisibility() && e.getClientRects().length > 0;
const named = (e) => `${e.tagName.toLowerCase()}.${e.getAttribute('class')} "${e.textContent.trim().slice(0, 60)}"`;

/** The page does not scroll sideways; what is wider scrolls in a box of its own. */
function tooWide() {
  const width = document.documentElement.clientWidth;
  const inBox = (e) => e.closest('.scroll, pre');
  const wide = [...document.querySelectorAll('body *')]
    .filter((e) => seen(e) && !inBox(e) && !e.closest('svg'))
    .filter((e) => e.getBoundingClientRect().right > width + 0.5);
  const boxes = [...document.querySelectorAll('.scroll, pre')]
    .filter((e) => seen(e) && e.getBoundingClientRect().right > width + 0.5);
  // A drawing's own margin may reach over the page's.
  const page = document.documentElement.scrollWidth > width ? [`the page is ${document.documentElement.scrollWidth} wide`] : [];
  return page.concat([...wide.filter((e) => !e.matches('figure')), ...boxes].map((e) => `${named(e)} ends at ${e.getBoundingClientRect().right}`));
}

function rgb(colour) {
  const parts = colour.match(/^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/);
  if (!parts) throw new Error(`a colour in another form: ${colour}`);
  return { rgb: parts.slice(1, 4).map(Number), alpha: parts[4] === undefined ? 1 : Number(parts[4]) };
}

function luminance(colour) {
  const linear = colour.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function contrast(a, b) {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function background(element) {
  const drawing = element.closest('svg.tf-plot');
  if (drawing) return rgb(getComputedStyle(drawing.querySelector('rect.tf-page')).fill).rgb;
  for (let e = element; e; e = e.parentElement) {
    const { rgb: colour, alpha } = rgb(getComputedStyle(e).backgroundColor);
    if (alpha === 1) return colour;
  }
  return [255, 255, 255];
}

/** WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for what else has to be seen (1.4.11). */
function faint() {
  const complaints = [];
  const judge = (e, colour, least) => {
    const ratio = contrast(rgb(colour).rgb, background(e));
    if (ratio < least) complaints.push(`${named(e)}: ${colour} has a contrast of ${ratio.toFixed(2)}`);
  };
  const texts = document.createTreeWalker(document.body ?? document.documentElement, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || e.closest('title, desc, style, script') || !seen(e)) continue;
    judge(e, e.closest('text') ? getComputedStyle(e).fill : getComputedStyle(e).color, 4.5);
  }
  for (const e of document.querySelectorAll('.tf-line, .tf-error, .tf-axis, .tf-reference, .tf-arrow')) judge(e, getComputedStyle(e).stroke, 3);
  for (const e of document.querySelectorAll('.tf-marker path')) judge(e, getComputedStyle(e).fill, 3);
  return complaints;
}

/** Texts of a drawing lie in it and apart from each other, and are not too small to read. */
function crowded(leastSize) {
  const complaints = [];
  for (const svg of document.querySelectorAll('svg.tf-plot')) {
    const frame = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll('text')].map((e) => ({ e, box: e.getBoundingClientRect() }));
    boxes.forEach(({ e, box }, i) => {
      if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom) complaints.push(`${named(e)} is cut`);
      const size = (parseFloat(getComputedStyle(e).fontSize) * frame.width) / svg.viewBox.baseVal.width;
      if (size < leastSize) complaints.push(`${named(e)} is ${size} pixels high`);
      for (const other of boxes.slice(0, i)) {
        // The box of a text is as high as its font, which is more than its letters are.
        const x = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const y = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (x > 1 && y > 0.2 * Math.min(box.height, other.box.height)) complaints.push(`${named(e)} overlaps ${named(other.e)}`);
      }
    });
  }
  return complaints;
}

/** Summary, then sections with figures before tables, then the configuration. */
function disordered() {
  const complaints = [];
  const parts = [...document.querySelector('main').children].filter((e) => !e.matches('nav'));
  if (!parts[0].matches('.summary')) complaints.push('the summary is not the first part');
  if (!parts.at(-1).matches('.configuration')) complaints.push('the configuration is not the last part');
  for (const part of parts) {
    const items = [...part.querySelectorAll('figure, table')].map((e) => e.tagName);
    if (items.lastIndexOf('FIGURE') > items.indexOf('TABLE') && items.includes('TABLE')) complaints.push(`a table stands before a figure in ${named(part)}`);
  }
  return complaints;
}

/** Landmarks, headings, captions, scopes and identifiers. */
function unstructured() {
  const complaints = [];
  const require = (good, what) => { if (!good) complaints.push(what); };
  const count = (selector) => document.querySelectorAll(selector).length;
  require(document.documentElement.lang === 'en', 'no language');
  require(document.title.trim(), 'no title');
  for (const one of ['main', 'h1', 'body > header']) require(count(one) === 1, `${count(one)} of ${one}`);
  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    const next = Number(heading.tagName[1]);
    require(next <= level + 1, `${named(heading)} skips a level`);
    level = next;
  }
  for (const table of document.querySelectorAll('table')) {
    require(table.parentElement.getAttribute('aria-label').trim(), `the box of ${named(table)} has no name`);
    require(table.caption?.textContent.trim(), `${named(table)} has no caption`);
    require([...table.tHead.rows[0].cells].every((c) => c.scope === 'col'), 'a header has no scope');
    require([...table.tBodies[0].rows].every((r) => r.cells[0].scope === 'row'), 'a row has no header');
  }
  for (const svg of document.querySelectorAll('svg.tf-plot')) {
    for (const tag of ['title', 'desc']) require(svg.querySelector(`:scope > ${tag}`)?.textContent.trim(), `a drawing has no ${tag}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  require(new Set(ids).size === ids.length, 'an identifier is there twice');
  for (const link of document.querySelectorAll('nav a')) require(document.querySelector(link.getAttribute('href')), `${named(link)} leads nowhere`);
  return complaints;
}

/** A table that is selected is copied with tabs between its cells and a line for each row. */
function copiedOtherwise() {
  return [...document.querySelectorAll('table')].flatMap((table) => {
    getSelection().selectAllChildren(table);
    const copied = getSelection().toString().trimEnd().split('\n');
    const expected = [...table.rows].map((row) => [...row.cells].map((c) => c.textContent).join('\t'));
    const rows = copied.slice(-expected.length);
    const at = expected.findIndex((row, i) => row.trim() !== rows[i].trim());
    return at < 0 ? [] : [`"${rows[at]}" is not "${expected[at]}"`];
  });
}
