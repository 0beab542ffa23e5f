import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';

import { startService, type TestService } from './support/service.js';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const installed = existsSync(executablePath);
if (!installed)
  console.warn(`SKIPPED: no browser at ${executablePath}. Install Debian's chromium, or set CHROMIUM.`);

const photo = (name: string) => fileURLToPath(new URL(`../model/samples/${name}`, import.meta.url));

(installed ? describe : describe.skip)('in a real browser', () => {
  let service: TestService;
  let browser: Browser;

  beforeAll(async () => {
    service = await startService();
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });

  afterAll(async () => {
    await browser.close();
    await service[Symbol.asyncDispose]();
  });

  /** Opens a page and collects its script errors and violations of the Content-Security-Policy. */
  async function visit(
    path: string,
    { javaScriptEnabled = true } = {},
  ): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage({ javaScriptEnabled });
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(`${service.url}${path}`);
    return { page, complaints };
  }

  test.each([true, false])(
    'shows a label and five bars for a chosen file (JavaScript: %s)',
    async (javaScriptEnabled) => {
      const { page, complaints } = await visit('/vgg', { javaScriptEnabled });
      await page.setInputFiles('#file', photo('Ankle_boot-1.png'));
      await page.click('button[type=submit]');
      await page.waitForSelector('.result');
      expect(await page.textContent('.result .label')).toBe('Ankle boot');
      expect(await page.locator('.bars progress').count()).toBe(5);
      expect(await page.evaluate<number>(`document.querySelector('.result img').naturalWidth`)).toBe(224);
      expect(complaints).toEqual([]);
      await page.close();
    },
  );

  test('shows the chosen picture before it is sent', async () => {
    const { page, complaints } = await visit('/vgg');
    expect(await page.isVisible('.preview')).toBe(false);
    await page.setInputFiles('#file', photo('Bag-2.png'));
    await page.waitForSelector('.preview:visible');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('classifies a sample photo with one click', async () => {
    const { page, complaints } = await visit('/vgg');
    await page.click('[data-sample="Trouser-2.png"]');
    await page.waitForSelector('.result');
    expect(await page.textContent('.result .label')).toBe('Trouser');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('accepts a dropped file', async () => {
    const { page, complaints } = await visit('/vgg');
    // A string, because it runs in the browser, which has other types than Node.
    await page.evaluate(`(async () => {
      const bytes = await (await fetch('/samples/Coat-2.png')).blob();
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], 'coat.png', { type: 'image/png' }));
      document.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    })()`);
    await page.waitForSelector('.preview:visible');
    await page.click('button[type=submit]');
    await page.waitForSelector('.result');
    expect(await page.textContent('.result .label')).toBe('Coat');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('shows an error on a page with a link back to the form', async () => {
    const { page } = await visit('/vgg');
    await page.fill('#url', 'http://127.0.0.1/');
    await page.click('button[type=submit]');
    await page.waitForSelector('.problem');
    expect(await page.textContent('.problem')).toContain('private or reserved address');
    await page.click('.problem a');
    await page.waitForSelector('form');
    await page.close();
  });
});
