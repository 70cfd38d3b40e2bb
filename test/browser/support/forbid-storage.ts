/** What a private window of some browsers does to a page. */
export function forbidStorage(): void {
  const refuse = () => {
    throw new DOMException('The operation is insecure.', 'SecurityError')
  }
  Object.defineProperty(globalThis, 'indexedDB', { get: refuse })
  Object.defineProperty(navigator.storage, 'getDirectory', { value: async () => refuse() })
}
