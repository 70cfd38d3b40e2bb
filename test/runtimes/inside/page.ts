/** The page: runs the suite, and hands the lines on. */
import type { Line } from '../lines.js'
import { runInBrowser } from './browser.js'
import type { Target } from './target.js'

declare global {
  interface Window {
    /** Given by those who opened the page. */
    tell(line: Line): Promise<void>
    /** Started by them. */
    run(target: Target): void
  }
}

window.run = (target) => void runInBrowser(target, (line) => void window.tell(line))
