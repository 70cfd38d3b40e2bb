/** Tells the page how many files the browser was asked to flush so far, when it asks. */
import { serveDatabase } from 'nvent-store-postgres/browser/worker'

/** Only workers have it, and TypeScript knows it with the types of workers only. */
declare const FileSystemSyncAccessHandle: { readonly prototype: { flush(): void } }

let flushes = 0
const { flush } = FileSystemSyncAccessHandle.prototype
FileSystemSyncAccessHandle.prototype.flush = function () {
  flushes += 1
  flush.call(this)
}
const questions = new BroadcastChannel('flushes')
questions.onmessage = ({ data }: MessageEvent<'?' | number>) => {
  if (data === '?') questions.postMessage(flushes)
}
serveDatabase()
