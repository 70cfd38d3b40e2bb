/** IndexedDB without space, whenever a page says so: browsers count it in ways of their own. */
export function obeyAllowance(): void {
  let isFull = false
  const allowance = new BroadcastChannel('allowance')
  allowance.onmessage = ({ data }: MessageEvent<'full' | 'free'>) => {
    isFull = data === 'full'
    allowance.postMessage('heard')
  }
  const { put } = IDBObjectStore.prototype
  IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...given) {
    if (isFull) throw new DOMException('The quota has been exceeded.', 'QuotaExceededError')
    return put.apply(this, given)
  }
}
