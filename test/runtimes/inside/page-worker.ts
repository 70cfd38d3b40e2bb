/** A worker of the page, which may write to OPFS. */
import { runInBrowser } from './browser.js'
import type { Target } from './target.js'

self.onmessage = ({ data }: MessageEvent<Target>) => {
  void runInBrowser(data, (line) => self.postMessage(line))
}
