/**
 * Files as a tar archive, which PostgreSQL's own tools and PGlite's `loadDataDir` take once unpacked.
 *
 * @module
 */

/** A file with its path, without a slash in front. */
export interface StoredFile {
  readonly path: string
  readonly data: Uint8Array
}

const blockSize = 512

/** Packs files, in the format ustar. */
export async function toTar(files: AsyncIterable<StoredFile>): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  for await (const { path, data } of files) {
    const padding = (blockSize - (data.length % blockSize)) % blockSize
    parts.push(header(path, data.length), new Uint8Array(data), new Uint8Array(padding))
  }
  parts.push(new Uint8Array(2 * blockSize))
  return new Blob(parts, { type: 'application/x-tar' })
}

function header(path: string, size: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(blockSize)
  const write = (text: string, at: number) => block.set(new TextEncoder().encode(text), at)
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')
  write(path.slice(0, 99), 0)
  write(octal(0o600, 7), 100)
  write(octal(size, 11), 124)
  write(octal(Math.floor(Date.now() / 1000), 11), 136)
  // The checksum counts its own field as spaces.
  write('        ', 148)
  write('0', 156)
  write('ustar\u000000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  write(`${octal(sum, 6)}\0 `, 148)
  return block
}
