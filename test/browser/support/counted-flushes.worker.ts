/** Tells the page how many files the browser was asked to flush so far, and fails once if told to. */
import { serveDatabase } from 'nvent-store-postgres/browser/worker'

/** Only workers have it, and TypeScript knows it with the types of workers only. */
declare const FileSystemSyncAccessHandle: { readonly prototype: { flush(): void } }

let flushes = 0
let failsNext = false
const { flush } = FileSystemSyncAccessHandle.prototype
FileSystemSyncAccessHandle.prototype.flush = function () {
  flushes += 1
  if (failsNext) {
    failsNext = false
    throw new DOMException('The disk does not answer.', 'InvalidStateError')
  }
  flush.call(this)
}
const questions = new BroadcastChannel('flushes')
questions.onmessage = ({ data }: MessageEvent<'count' | 'fail' | number>) => {
  if (typeof data === 'number') return
  failsNext = data === 'fail'
  questions.postMessage(flushes)
}
serveDatabase()
