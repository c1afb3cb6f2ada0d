/** What the tests of pages ask inside of the browser. Each answers a list of what is wrong, in words; an empty one is what one wants. */
globalThis.checks = (() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const name = (element) => `${element.localName}${element.id ? `#${element.id}` : ''}${element.getAttribute('class') ? `.${element.getAttribute('class')}` : ''} "${(element.textContent ?? '').trim().slice(0, 40)}"`;
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;

  /** Elements that reach beyond the page's width, and tables that would have to be pushed sideways. */
  function sideways() {
    const width = document.documentElement.clientWidth;
    const wide = all('body *').filter((element) => isShown(element) && !element.closest('svg') && !element.closest('thead') && element.getBoundingClientRect().right > width + 1);
    const pushed = all('.wide-table').filter((element) => element.scrollWidth > element.clientWidth + 1);
    const page = document.documentElement.scrollWidth > width ? [`the page is ${document.documentElement.scrollWidth} wide`] : [];
    return [...page, ...wide.slice(0, 5).map(name), ...pushed.map((element) => `${element.scrollWidth} in ${element.clientWidth}: ${name(element)}`)];
  }

  /** Texts of pictures that are cut at its edge, or that stand on each other. */
  function pictures() {
    return all('svg.picture').filter(isShown).flatMap((picture) => {
      const frame = picture.getBoundingClientRect();
      const texts = all('text', picture).filter(isShown).map((text) => ({ text, box: text.getBoundingClientRect() }));
      const cut = texts.filter(({ box }) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1);
      const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
      const over = texts.flatMap((one, index) => texts.slice(index + 1).filter((other) => meet(one.box, other.box)).map((other) => `${name(one.text)} on ${name(other.text)}`));
      return [...cut.map(({ text }) => `cut: ${name(text)}`), ...over];
    });
  }

  function channels(colour) {
    const [red = 0, green = 0, blue = 0, alpha = 1] = colour.match(/[\d.]+/g)?.map(Number) ?? [];
    return { rgb: [red, green, blue], alpha };
  }

  /** Relative luminance (WCAG 2.2, definitions). */
  function luminance(rgb) {
    const [red, green, blue] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function ratio(a, b) {
    const [dark, light] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  }

  function backgroundOf(element) {
    for (let at = element; at; at = at.parentElement) {
      const { rgb, alpha } = channels(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return rgb;
    }
    return channels(getComputedStyle(document.body).backgroundColor).rgb;
  }

  /** Every ground that a picture's text may stand on: the page's, and those of windows and cuts. */
  function groundsOf(text) {
    const grounds = all('.window, .cut', text.ownerSVGElement).map((ground) => channels(getComputedStyle(ground).fill).rgb);
    return [backgroundOf(text.ownerSVGElement), ...grounds];
  }

  /** Texts that are too faint: less than 4.5 to 1, large ones 3 to 1 (WCAG 2.2, 1.4.3). */
  function faint() {
    const own = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '');
    const seen = new Set();
    return all('body *').filter((element) => own(element) && !['script', 'style', 'title'].includes(element.localName) && isShown(element)).flatMap((element) => {
      const style = getComputedStyle(element);
      const inPicture = element.ownerSVGElement !== null && element.ownerSVGElement !== undefined;
      const colour = channels(inPicture ? style.fill : style.color).rgb;
      const size = Number.parseFloat(style.fontSize);
      const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
      const worst = Math.min(...(inPicture ? groundsOf(element) : [backgroundOf(element)]).map((ground) => ratio(colour, ground)));
      const kind = `${style.color} ${element.className}`;
      if (worst >= needed || seen.has(kind)) return [];
      seen.add(kind);
      return [`${worst.toFixed(2)} to 1: ${name(element)}`];
    });
  }

  /** Headings that leave out a level, pictures without words, links that lead nowhere, inputs and tables without names. */
  function structure() {
    const levels = all('h1, h2, h3, h4').map((heading) => Number(heading.localName[1]));
    const jumps = levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1).map((level) => `a heading of level ${level} without one above`);
    const mute = all('svg, img').filter((picture) => picture.getAttribute('aria-hidden') !== 'true' && (!picture.getAttribute('role') || !picture.getAttribute('aria-label'))).map((picture) => `no words: ${name(picture)}`);
    const lost = all('a').filter((link) => !document.getElementById(decodeURIComponent((link.getAttribute('href') ?? '').slice(1)))).map((link) => `leads nowhere: ${name(link)}`);
    const nameless = all('input').filter((input) => !input.labels?.length && !input.getAttribute('aria-label')).map((input) => `no name: ${name(input)}`);
    const headless = all('table').filter((table) => !all('thead th[scope=col]', table).length).map((table) => `no heads: ${name(table)}`);
    const twice = all('[id]').filter((element) => all(`[id="${CSS.escape(element.id)}"]`).length > 1).map((element) => `twice: ${name(element)}`);
    return [...(levels.filter((level) => level === 1).length === 1 ? [] : ['not one h1']), ...jumps, ...mute, ...lost, ...nameless, ...headless, ...twice];
  }

  /** What of these is not on the screen as it stands. */
  function below(...selectors) {
    return selectors.flatMap((selector) => {
      const found = all(selector).filter(isShown);
      if (found.length === 0) return [`nothing is ${selector}`];
      return found.filter((element) => element.getBoundingClientRect().bottom > innerHeight || element.getBoundingClientRect().top < -2).map((element) => `${selector} ends at ${Math.round(element.getBoundingClientRect().bottom)}`);
    });
  }

  /** More space between letters, words and lines than the page asked for: it must bear it (WCAG 2.2, 1.4.12). */
  function spaceOut() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('body, body *:not(svg *) { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }');
    document.adoptedStyleSheets = [sheet];
  }

  /** Whether letters are drawn at all, and each with its own width: without fonts nothing above would be worth anything. */
  function hasFonts() {
    const context = document.createElement('canvas').getContext('2d');
    context.font = '20px sans-serif';
    return context.measureText('WWWW').width > context.measureText('iiii').width * 1.5;
  }

  /** The element that has the focus, and whether one sees that it has. */
  function focused() {
    const element = document.activeElement;
    if (!element || element === document.body) return undefined;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return { what: element.localName, id: element.closest('section')?.id ?? '', seen: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0 };
  }

  return { all, isShown, sideways, pictures, faint, structure, below, spaceOut, hasFonts, focused };
})();
