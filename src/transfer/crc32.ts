/**
 * CRC-32 as gzip and zlib compute it: enough to notice a file that is cut off or damaged.
 *
 * @module
 */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1
  return rest
})

const utf8 = new TextEncoder()

/** A checksum that grows with every text that it is given. */
export interface Crc32 {
  /** Adds the UTF-8 of `text`; how many bytes it has. */
  add(text: string): number
  /** The checksum so far, as eight hexadecimal digits. */
  hex(): string
}

/** Starts a checksum. */
export function createCrc32(): Crc32 {
  let rest = 0xffffffff
  return {
    add(text) {
      const bytes = utf8.encode(text)
      for (const byte of bytes) rest = (rest >>> 8) ^ (table[(rest ^ byte) & 255] ?? 0)
      return bytes.length
    },
    hex: () => (~rest >>> 0).toString(16).padStart(8, '0'),
  }
}
