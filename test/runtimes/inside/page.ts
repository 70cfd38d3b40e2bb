/** The page: runs the suite itself or has a worker do it, and hands the lines on. */
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

window.run = (target) => {
  const tell = (line: Line) => void window.tell(line)
  if (target.driver !== 'pglite' || !target.inWorker) {
    void runInBrowser(target, tell)
    return
  }
  const worker = new Worker('/page-worker.js', { type: 'module' })
  worker.onmessage = ({ data }: MessageEvent<Line>) => tell(data)
  worker.onerror = ({ message }) => tell({ kind: 'broken', error: message })
  worker.postMessage(target)
}
