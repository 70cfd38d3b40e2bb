/** The example, driven as its visitors do. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { build, createServer } from 'vite'
import { afterAll, expect, it } from 'vitest'
import { describeInChromium, visit } from './support/describe-in-chromium.js'
import { serve } from './support/site.js'

describeInChromium('the example in the browser', { timeout: 120_000 }, () => {
  const built = mkdtempSync(join(tmpdir(), 'nvent-example-'))
  const complaints: string[] = []
  const browser = visit(async () => {
    await build({
      configFile: 'examples/browser/vite.config.ts',
      logLevel: 'error',
      build: { outDir: built },
    })
    return serve([built])
  })
  afterAll(() => rmSync(built, { recursive: true, force: true }))

  /** Opens the page, and hears what it complains about. */
  async function open(query: string): Promise<Page> {
    const page = await browser.context.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${browser.site.origin}/${query}`)
    await page.waitForSelector('html[data-ready]')
    return page
  }
  const runsShown = (page: Page) => page.locator('#run-list .run')

  it('runs a flow, shows it in another tab, and has it still after a reload', async () => {
    const page = await open('?name=reload')
    const other = await open('?name=reload')
    await page.getByRole('button', { name: 'Start a run' }).click()
    await page.locator('.bar.completed').first().waitFor()
    await runsShown(other).first().click()
    await other.locator('#events li').nth(2).waitFor()

    // Reloaded in the middle: the other tab, or the page itself, takes the run up.
    await page.reload()
    await page.waitForSelector('html[data-ready]')
    await page.locator('#detail-status .completed, #detail-status .failed').waitFor()
    const types = await page.locator('#events code').allTextContents()
    expect(types[0]).toBe('flow.start')
    expect(types.at(-1)).toMatch(/^flow\.(completed|failed)$/)
    expect(types.filter((type) => type.startsWith('flow.'))).toHaveLength(2)
    await other.close()
    await page.close()
  })

  it('filters and turns pages', async () => {
    const page = await open('?name=pages')
    await page.getByRole('button', { name: 'Start ten' }).click()
    await page.getByText('10 runs', { exact: false }).first().waitFor()
    expect(await runsShown(page).count()).toBe(8)
    await page.getByRole('button', { name: 'Older' }).click()
    await page.getByText('2 / 2').waitFor()
    expect(await runsShown(page).count()).toBe(2)
    await page.getByLabel('Status').selectOption('running')
    await page.getByText('1 /').waitFor()
    for (const state of await page.locator('.run-state').allTextContents()) {
      expect(state).toBe('running')
    }
    await page.getByLabel('Flow').selectOption('newsletter')
    await page.locator('#no-runs').waitFor()
    await page.close()
  })

  it('exports everything, deletes it, and imports it again', async () => {
    const page = await open('?name=transfer')
    await page.getByRole('button', { name: 'Start a run' }).click()
    await page.locator('#detail-status .completed, #detail-status .failed').waitFor()
    const events = await page.locator('#events code').allTextContents()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export' }).click(),
    ])
    const file = await download.path()
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(events.length)
    for (const line of lines) JSON.parse(line)

    await page.getByRole('button', { name: 'Delete all' }).click()
    await Promise.all([
      page.waitForEvent('load'),
      page.getByRole('button', { name: 'Delete', exact: true }).click(),
    ])
    await page.waitForSelector('html[data-ready]')
    expect(await runsShown(page).count()).toBe(0)

    await page.getByLabel('File to import').setInputFiles(file)
    await runsShown(page).first().click()
    await page
      .locator('#events li')
      .nth(events.length - 1)
      .waitFor()
    expect(await page.locator('#events code').allTextContents()).toEqual(events)
    await page.close()
  })

  it('works by keyboard alone, with a visible focus', async () => {
    const page = await open('?name=keyboard')
    const focused = () =>
      page.evaluate(() => {
        const at = document.activeElement as HTMLElement
        return {
          name: at.id || at.dataset.run || at.className,
          outline: getComputedStyle(at).outlineStyle,
        }
      })
    await page.keyboard.press('Tab')
    expect((await focused()).name).toBe('skip')
    await page.keyboard.press('Tab')
    expect(await focused()).toEqual({ name: 'start', outline: 'solid' })
    await page.keyboard.press('Enter')
    await page.locator('.run[aria-current]').waitFor()
    await page.locator('#start:enabled').focus()
    await page.keyboard.press('Enter')
    await runsShown(page).nth(1).waitFor()

    await page.locator('#status').focus()
    await page.keyboard.press('Tab')
    const first = await focused()
    await page.keyboard.press('ArrowDown')
    const second = await focused()
    expect(second.name).not.toBe(first.name)
    expect(second.outline).toBe('solid')
    await page.keyboard.press('Enter')
    await page.locator(`.run[aria-current][data-run="${second.name}"]`).waitFor()
    expect((await focused()).name).toBe(second.name)

    const unnamed = await page
      .locator('button, select, input, section, ul[aria-label], nav')
      .evaluateAll((elements) =>
        elements
          .filter((one) => {
            const labelledBy = one.getAttribute('aria-labelledby')
            const label = labelledBy === null ? null : document.getElementById(labelledBy)
            const name = one.getAttribute('aria-label') ?? label?.textContent ?? one.textContent
            return (name ?? '').trim() === '' && one.closest('label') === null
          })
          .map((one) => one.outerHTML.slice(0, 80)),
      )
    expect(unnamed).toEqual([])
    await page.close()
  })

  it.each(['light', 'dark'] as const)('fits a phone, in %s', async (colorScheme) => {
    const page = await open('?name=narrow')
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width: 360, height: 740 })
    await page.getByRole('button', { name: 'Start a run' }).click()
    await page.locator('#events li').first().waitFor()
    const { width, scheme } = await page.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      scheme: getComputedStyle(document.body).backgroundColor,
    }))
    expect(width).toBeLessThanOrEqual(360)
    const [red = 0] = (scheme.match(/\d+/g) ?? []).map(Number)
    expect(red > 128).toBe(colorScheme === 'light')
    await page.close()
  })

  it('never complains on the console', () => {
    expect(complaints).toEqual([])
  })
})

describeInChromium('the example under `npm run browser`', { timeout: 120_000 }, () => {
  const browser = visit(async () => {
    const server = await createServer({
      configFile: 'examples/browser/vite.config.ts',
      logLevel: 'error',
      server: { host: '127.0.0.1', port: 0 },
    })
    await server.listen()
    const [url = ''] = server.resolvedUrls?.local ?? []
    return { origin: new URL(url).origin, close: () => server.close() }
  })

  it('opens from the snapshot, and runs a flow to its end', async () => {
    const page = await browser.context.newPage()
    await page.goto(browser.site.origin)
    await page.waitForSelector('html[data-ready]', { timeout: 100_000 })
    await page.getByRole('button', { name: 'Start a run' }).click()
    await page.locator('#detail-status .completed, #detail-status .failed').waitFor()
    expect(await page.locator('.storage').textContent()).toContain('from snapshot')
    await page.close()
  })
})
