/** Chromium, by Playwright: a browser of its own for each run, with storage on disk. */
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, extname, join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { newProfile, startChromium } from '../support/chromium.js'
import { bundleForBrowsers, type Edit, root } from './bundle.js'
import type { Run } from './follow.js'
import type { Target } from './inside/target.js'
import type { Line } from './lines.js'

/** Runs the suite in a page. */
export function runInChromium(target: Target, edit: Edit = (code) => code): Run {
  return async (onLine, signal) => {
    const profile = newProfile()
    const server = await serve(edit)
    let context: BrowserContext | undefined
    try {
      context = await startChromium(profile.path)
      const page = await context.newPage()
      const { ended } = await listen(page, onLine, signal)
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      await page.evaluate((given) => window.run(given), target)
      await ended
    } finally {
      await context?.close()
      server.closeAllConnections()
      server.close()
      profile.remove()
    }
  }
}

/** Hands lines on until the last one; fails if the page goes first. */
async function listen(page: Page, onLine: (line: Line) => void, signal: AbortSignal) {
  let end: () => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  const ended = new Promise<void>((resolve, reject) => {
    end = resolve
    fail = reject
  })
  page.on('crash', () => fail(new Error('the page crashed')))
  page.on('close', () => fail(new Error('the page was closed')))
  page.on('pageerror', (error) => fail(new Error(`the page threw ${error.name} ${error.message}`)))
  signal.addEventListener('abort', () => fail(new Error('stopped')))
  await page.exposeFunction('tell', (line: Line) => {
    onLine(line)
    if (line.kind === 'end' || line.kind === 'broken') end()
  })
  // The first failure may come before anybody waits.
  ended.catch(() => undefined)
  return { ended }
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
}

const html =
  '<!doctype html><title>Conformance</title><script type="module" src="page.js"></script>'

async function fileAt(url: string, edit: Edit): Promise<string | Buffer> {
  switch (url) {
    case '/':
      return html
    case '/page.js':
      return edit(await bundleForBrowsers('page'))
    case '/database.worker.js':
      return edit(await bundleForBrowsers('database.worker'))
    default:
      return pgliteFile(url)
  }
}

/** Serves the page, and the files of PGlite. */
async function serve(edit: Edit): Promise<Server> {
  const server = createServer(async ({ url = '/' }, response) => {
    try {
      const body = await fileAt(url, edit)
      response.setHeader(
        'content-type',
        types[extname(url) || '.html'] ?? 'application/octet-stream',
      )
      response.end(body)
    } catch {
      response.statusCode = 404
      response.end()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return server
}

function pgliteFile(url: string): Promise<Buffer> {
  const [, directory, ...rest] = url.split('/')
  const isIn = directory === 'pglite' && rest.length > 0 && !rest.includes('..')
  if (!isIn) return Promise.reject(new Error(`There is no ${basename(url)}.`))
  return readFile(join(root, 'node_modules/@electric-sql/pglite/dist', ...rest))
}
