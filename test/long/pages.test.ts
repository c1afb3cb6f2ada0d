/** The pages as people see them, in a real browser: nothing is loaded, nothing is cut, everything works that can be pressed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBrowser, INSTALL, openBrowser, type Browser, type Page, type Size } from './browser.ts';
import { makePages, PAGES, type PageName } from './page-files.ts';

const DESK: Size = { width: 1280, height: 800 };
const PHONE: Size = { width: 390, height: 844 };
/** What an A4 page has between its margins, at 96 px an inch. */
const PAPER: Size = { width: 695, height: 1017 };

const { why } = findBrowser();
if (why !== undefined) console.warn(why);

it('is installed by .ci/run and described in CONTRIBUTING.md with the command that the tests name', () => {
  expect(readFileSync('.ci/run', 'utf8')).toContain(INSTALL);
  expect(readFileSync('CONTRIBUTING.md', 'utf8')).toContain(INSTALL);
});

describe.skipIf(why !== undefined)('pages in a browser', () => {
  let browser: Browser;
  let files: Record<PageName, string>;
  const shots = resolve('out/pages');

  beforeAll(async () => {
    mkdirSync(shots, { recursive: true });
    [files, browser] = await Promise.all([makePages(), openBrowser()]);
    // Four whole runs and three assessments, beside whatever else the machine does.
  }, 900_000);
  afterAll(async () => browser?.close());

  /** Opens one; what its console said and what it asked for is in `said`. */
  async function open(which: PageName, viewport = DESK, colorScheme: 'light' | 'dark' = 'light'): Promise<{ page: Page; said: string[] }> {
    const page = await browser.newPage({ viewport, colorScheme });
    const said: string[] = [];
    const url = pathToFileURL(files[which]).href;
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => said.push(error.message));
    page.on('request', (request) => request.url() !== url && said.push(`asked for ${request.url()}`));
    await page.addInitScript({ path: resolve('test/long/page-checks.js') });
    await page.goto(url);
    return { page, said };
  }

  /** A picture for people who look. Chromium has none now and then on a machine that is busy with other things: that is no verdict on the page. */
  async function shoot(page: Page, name: string, fullPage = false): Promise<void> {
    await page
      .screenshot({ path: join(shots, `${name}.png`), fullPage })
      .catch((error: Error) => console.warn(`no picture of ${name}: ${error.message}`));
  }

  const wrong = (page: Page, check: string): Promise<string[]> => page.evaluate(`checks.${check}`);

  describe.each(PAGES)('%s', (which) => {
    it('loads nothing and has nothing to complain about', async () => {
      const { page, said } = await open(which);
      expect(await page.evaluate('checks.hasFonts()')).toBe(true);
      await page.evaluate('document.querySelectorAll("details").forEach((part) => { part.open = true; })');
      await shoot(page, which, true);
      expect(said).toEqual([]);
      await page.close();
    });

    it('has headings in order, words for every picture, links that lead somewhere', async () => {
      const { page } = await open(which);
      expect(await wrong(page, 'structure()')).toEqual([]);
      await page.close();
    });

    it.each([
      ['a desk', DESK],
      ['a phone', PHONE],
    ] as const)('fits %s, also with wider letters, and its pictures are not cut', async (_where, size) => {
      const { page } = await open(which, size);
      await shoot(page, `${which}-${size.width}`);
      expect(await wrong(page, 'sideways()')).toEqual([]);
      expect(await wrong(page, 'pictures()')).toEqual([]);
      await page.evaluate('document.querySelectorAll("details").forEach((part) => { part.open = true; })');
      expect(await wrong(page, 'sideways()')).toEqual([]);
      await page.evaluate('checks.spaceOut()');
      // A table that no width suits may be pushed then; the page itself may not.
      expect((await wrong(page, 'sideways()')).filter((words) => words.startsWith('the page'))).toEqual([]);
      await page.close();
    });

    it.each(['light', 'dark'] as const)('can be read in the %s', async (scheme) => {
      const { page } = await open(which, DESK, scheme);
      await shoot(page, `${which}-${scheme}`);
      expect(await wrong(page, 'faint()')).toEqual([]);
      await page.close();
    });

    it('prints, with every table inside of the paper and what is folded unfolded', async () => {
      const { page } = await open(which);
      const pdf = await page.pdf({ preferCSSPageSize: true });
      writeFileSync(join(shots, `${which}.pdf`), pdf);
      expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
      await page.emulateMedia({ media: 'print' });
      await page.setViewportSize(PAPER);
      expect(await wrong(page, 'sideways()')).toEqual([]);
      expect(await page.evaluate('checks.all("details.print:not([open])").length')).toBe(0);
      expect(await page.evaluate('checks.all(".screen").filter(checks.isShown).length')).toBe(0);
      await page.close();
    });
  });

  describe('the first screen', () => {
    it.each([
      ['good', ['h1', '.stamp', '.picture.wide path.verdict']],
      ['bad', ['h1', '.stamp', 'header .big', '.picture.wide path.verdict']],
      ['zero-day', ['h1', '.stamp', '.picture.wide path.verdict']],
      ['big', ['h1', '.stamp', '.picture.wide path.verdict']],
      ['assessment', ['h1', 'header .big', '#coverage svg', '#findings svg', '#findings .aside']],
    ] as const)('of %s has the verdict and why', async (which, selectors) => {
      const { page } = await open(which);
      expect(await wrong(page, `below(...${JSON.stringify(selectors)})`)).toEqual([]);
      await page.close();
    });
  });

  describe('a report', () => {
    const names = 'checks.all("#node-table tbody tr").filter(checks.isShown).map((row) => row.cells[0].firstChild.textContent)';
    const outcomes = 'checks.all("#node-table tbody tr").map((row) => row.cells[3].textContent)';

    it('is filtered by words, and says how many fit', async () => {
      const { page } = await open('good');
      await page.fill('#find input', 'production unreachable');
      expect(await page.evaluate(names)).toEqual(['plant-graz-2']);
      expect(await page.evaluate('document.querySelector("#find [role=status]").textContent')).toMatch(/^1 of \d+ rows$/);
      await page.fill('#find input', '');
      expect(await page.evaluate<string[]>(names)).toHaveLength(58);
      await page.close();
    });

    it('is sorted by a head, with the mouse and with the keyboard', async () => {
      const { page } = await open('good');
      await page.click('#node-table th:nth-child(4)');
      const up = await page.evaluate<string[]>(outcomes);
      expect(up).toEqual(up.toSorted());
      await page.focus('#node-table th:nth-child(4)');
      await page.keyboard.press('Space');
      expect(await page.evaluate<string[]>(outcomes)).toEqual(up.toReversed());
      expect(await page.evaluate('document.querySelector("#node-table th:nth-child(4)").ariaSort')).toBe('descending');
      await page.close();
    });

    it('leads from what is left to the node, and from there to what was changed', async () => {
      const { page } = await open('good');
      await page.click('#left a');
      expect(await wrong(page, 'below("tr:target")')).toEqual([]);
      await page.click('#node-table a');
      expect(await page.evaluate('checks.all("details:has(:target)").every((part) => part.open)')).toBe(true);
      expect(await wrong(page, 'below("pre:target")')).toEqual([]);
      await page.close();
    });

    it('tells the story of a zero-day, with who decided', async () => {
      const { page } = await open('zero-day');
      const story = await page.evaluate<string>('document.getElementById("story").innerText');
      expect(story).toMatch(
        /CISA lists CVE-[\s\S]*ana@example\.com approves[\s\S]*every ticket|every ticket[\s\S]*CISA lists CVE-[\s\S]*ana@example\.com approves/,
      );
      await page.close();
    });

    it('is reached by keyboard alone, and one sees where one is', async () => {
      const { page } = await open('good');
      const met: { what: string; id: string; seen: boolean }[] = [];
      for (let press = 0; press < 250; press++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate<(typeof met)[number] | undefined>('checks.focused()');
        if (at === undefined) break;
        met.push(at);
      }
      expect(met.filter(({ seen }) => !seen)).toEqual([]);
      expect(new Set(met.map(({ what }) => what))).toEqual(new Set(['a', 'summary', 'input', 'th']));
      // The marks of the picture lead where the table's rows are: nobody has to pass sixty of them.
      expect(met.filter(({ id }) => id === 'waves')).toEqual([]);
      await page.close();
    });
  });

  describe('an assessment', () => {
    it('leads from each number to its list', async () => {
      const { page } = await open('assessment');
      for (const id of ['unmanaged', 'self-updating', 'baselines']) {
        await page.click(`#findings a[href="#${id}"]`);
        expect(await wrong(page, `below("section:target h2")`)).toEqual([]);
      }
      await page.close();
    });

    it('tells in which lists a node is, and why, and no other node', async () => {
      const { page } = await open('assessment');
      const id = await page.evaluate<string>('document.querySelector("#unmanaged td .mono").textContent');
      await page.fill('#find input', id);
      const rows = 'checks.all("table.finds tbody tr").filter(checks.isShown)';
      expect(await page.evaluate<string[]>(`${rows}.map((row) => row.closest("section").id)`)).toEqual(['unmanaged']);
      expect(
        await page.evaluate<string[]>(`${rows}.filter((row) => !row.innerText.includes(${JSON.stringify(id)})).map((row) => row.innerText)`),
      ).toEqual([]);
      await page.close();
    });

    it('opens a folded list on the one node that is asked for', async () => {
      const { page } = await open('large assessment');
      const id = await page.evaluate<string>('[...document.querySelectorAll("#stopped details li .mono")].at(-1).textContent');
      await page.fill('#find input', id);
      expect(
        await page.evaluate<string[]>('checks.all("#stopped li").filter(checks.isShown).map((entry) => entry.querySelector(".mono").textContent)'),
      ).toEqual([id]);
      await page.close();
    });
  });

  describe('texts from outside', () => {
    it.each(['hostile report', 'hostile assessment'] as const)('stay text in the %s', async (which) => {
      const { page, said } = await open(which);
      expect(await page.evaluate('document.querySelectorAll("img, iframe, b, script:not(body > script)").length')).toBe(0);
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      expect(await page.evaluate('document.body.innerText')).toContain('<script>');
      expect(said).toEqual([]);
      await page.close();
    });
  });
});
